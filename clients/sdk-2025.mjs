// @modelcontextprotocol/sdk 1.x on 2025-11-25, with its experimental tasks.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { check, until } from "./check.mjs";
import { HttpServer, Store } from "./server.mjs";

const RELATED = "io.modelcontextprotocol/related-task";

/** A connected client, and the questions it was asked; it says yes to each. */
async function connect(transport) {
  const asked = [];
  const client = new Client({ name: "clients", version: "1" }, { capabilities: { elicitation: { form: {} } } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params);
    return { action: "accept", content: { ok: true } };
  });
  await client.connect(transport);
  await client.listTools();
  return { client, tasks: client.experimental.tasks, asked };
}

/** Starts a task and lets go of it; its id. */
async function start(tasks, name, args) {
  for await (const message of tasks.callToolStream({ name, arguments: args }, CallToolResultSchema, { task: {} })) {
    if (message.type === "taskCreated") return message.task.taskId;
    assert.notEqual(message.type, "error", String(message.error));
  }
  assert.fail("no task was created");
}

const textOf = (result) => result.content[0].text;
const visits = async (client) => (await client.callTool({ name: "visit", arguments: {} })).structuredContent.visits;
const rejectsWith = (promise, code) => assert.rejects(promise, (error) => error.code === code);

export async function overHttp() {
  const server = await HttpServer.start();
  const transport = new StreamableHTTPClientTransport(server.url);
  const { client, tasks, asked } = await connect(transport);
  const name = (check) => `sdk 1.x, 2025-11-25, http: ${check}`;

  await check(name("declares what it can"), async () => {
    const { tasks, tools } = client.getServerCapabilities();
    assert.ok(tools && tasks.list && tasks.cancel && tasks.requests.tools.call);
  });

  await check(name("values and session survive a kill -9"), async () => {
    assert.equal(await visits(client), 1);
    const session = transport.sessionId;
    await server.killAndRestart();
    assert.equal(await visits(client), 2);
    assert.equal(transport.sessionId, session);
  });

  await check(name("a task is streamed to its end"), async () => {
    const seen = [];
    const call = { name: "countdown", arguments: { from: 4, step_ms: 100 } };
    for await (const message of tasks.callToolStream(call, CallToolResultSchema, { task: { ttl: 60_000 } })) {
      assert.notEqual(message.type, "error", String(message.error));
      seen.push(message);
    }
    assert.equal(seen[0].type, "taskCreated");
    assert.equal(seen[0].task.ttl, 60_000);
    assert.ok(seen.some(({ type, task }) => type === "taskStatus" && task.status === "working"));
    assert.equal(textOf(seen.at(-1).result), "liftoff");
  });

  await check(name("a task goes on after a kill -9"), async () => {
    const id = await start(tasks, "countdown", { from: 15, step_ms: 100 });
    await until(async () => Number((await tasks.getTask(id)).statusMessage) <= 13);
    await server.killAndRestart();
    assert.equal((await tasks.getTask(id)).status, "working");
    const result = await tasks.getTaskResult(id, CallToolResultSchema);
    assert.equal(textOf(result), "liftoff");
    assert.equal(result._meta[RELATED].taskId, id);
    assert.equal((await tasks.getTask(id)).status, "completed");
  });

  await check(name("a question in a task is answered"), async () => {
    const id = await start(tasks, "book_trip", { city: "Rome" });
    await until(async () => (await tasks.getTask(id)).status === "input_required");
    const result = await tasks.getTaskResult(id, CallToolResultSchema);
    assert.equal(textOf(result), "booked Rome");
    const question = asked.splice(0);
    assert.equal(question.length, 1);
    assert.equal(question[0]._meta[RELATED].taskId, id);
  });

  await check(name("a question is answered on the stream of the call"), async () => {
    let last;
    for await (const message of tasks.callToolStream({ name: "book_trip", arguments: { city: "Oslo" } })) last = message;
    assert.equal(last.type, "result", String(last.error));
    assert.equal(textOf(last.result), "booked Oslo");
    assert.equal(asked.splice(0).length, 1);
  });

  await check(name("a question outlives a kill -9"), async () => {
    const id = await start(tasks, "book_trip", { city: "Lima" });
    await until(async () => (await tasks.getTask(id)).status === "input_required");
    await server.killAndRestart();
    assert.equal(textOf(await tasks.getTaskResult(id, CallToolResultSchema)), "booked Lima");
    assert.equal(asked.splice(0).length, 1);
  });

  await check(name("a cancelled task is cancelled at once and for good"), async () => {
    const id = await start(tasks, "countdown", { from: 1000, step_ms: 100 });
    assert.equal((await tasks.cancelTask(id)).status, "cancelled");
    assert.equal((await tasks.getTask(id)).status, "cancelled");
    await rejectsWith(tasks.cancelTask(id), -32602);
    await assert.rejects(tasks.getTaskResult(id, CallToolResultSchema));
  });

  await check(name("the list has every task of the session, newest first"), async () => {
    const made = [];
    for (let round = 0; round < 103; round += 1) made.unshift(await start(tasks, "countdown", { from: 0 }));
    const listed = [];
    let page = {};
    do {
      page = await tasks.listTasks(page.nextCursor);
      listed.push(...page.tasks.map(({ taskId }) => taskId));
    } while (page.nextCursor);
    assert.equal(new Set(listed).size, listed.length);
    assert.ok(made.every((id) => listed.includes(id)) && listed.length > made.length);
    await rejectsWith(tasks.listTasks("forged"), -32602);
  });

  await check(name("what is unknown or not allowed is refused"), async () => {
    await rejectsWith(tasks.getTask("task-of-nobody"), -32602);
    await rejectsWith(client.callTool({ name: "nope", arguments: {} }), -32602);
    const wrong = await client.callTool({ name: "visit", arguments: { handle: 7 } });
    assert.equal(wrong.isError, true);
  });

  await check(name("the session ends with DELETE"), async () => {
    const old = transport.sessionId;
    await transport.terminateSession();
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const init = { method: "POST", headers: { ...headers, "mcp-session-id": old }, body: JSON.stringify(ping) };
    assert.equal((await fetch(server.url, init)).status, 404);
  });

  await client.close();
  await server.remove();
}

export async function overStdio() {
  const store = new Store();
  const name = (check) => `sdk 1.x, 2025-11-25, stdio: ${check}`;
  const open = async () => {
    const transport = new StdioClientTransport(store.command("--stdio"));
    return { ...(await connect(transport)), pid: transport.pid };
  };
  let current = await open();

  await check(name("values and tasks survive a kill -9"), async () => {
    assert.equal(await visits(current.client), 1);
    const trip = await start(current.tasks, "book_trip", { city: "Rome" });
    const countdown = await start(current.tasks, "countdown", { from: 15, step_ms: 100 });
    const closed = new Promise((resolve) => (current.client.onclose = resolve));
    process.kill(current.pid, "SIGKILL");
    await closed;
    current = await open();
    assert.equal(await visits(current.client), 2);
    assert.equal(textOf(await current.tasks.getTaskResult(trip, CallToolResultSchema)), "booked Rome");
    assert.equal(current.asked.length, 1);
    assert.equal(textOf(await current.tasks.getTaskResult(countdown, CallToolResultSchema)), "liftoff");
  });

  await check(name("the list is the principal's"), async () => {
    assert.equal((await current.tasks.listTasks()).tasks.length, 2);
  });

  await current.client.close();
  store.remove();
}
