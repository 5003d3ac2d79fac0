// @modelcontextprotocol/client 2.x on 2026-07-28, with @modelcontextprotocol/ext-tasks.

import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { check, until } from "./check.mjs";
import { HttpServer, Store } from "./server.mjs";
import { CAPABILITIES, INFO, VERSION, taskSession, textOf } from "./task-session.mjs";

async function connect(transport) {
  const client = new Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: { pin: VERSION } } });
  await client.connect(transport);
  return client;
}

const visit = async (client, handle) =>
  (await client.callTool({ name: "visit", arguments: handle ? { handle } : {} })).structuredContent;

export async function overHttp() {
  const server = await HttpServer.start();
  const client = await connect(new StreamableHTTPClientTransport(server.url));
  const { session, asked } = taskSession(client, server.url, { ok: true });
  const name = (check) => `client 2.x, 2026-07-28, http: ${check}`;

  await check(name("declares what it can"), async () => {
    assert.equal(client.getProtocolEra(), "modern");
    assert.ok(client.getServerCapabilities().extensions["io.modelcontextprotocol/tasks"]);
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), ["visit", "countdown", "charge", "charges", "book_trip"]);
  });

  await check(name("values under a handle survive a kill -9"), async () => {
    const { visits, handle } = await visit(client);
    assert.equal(visits, 1);
    await server.killAndRestart();
    assert.equal((await visit(client, handle)).visits, 2);
    const forged = await client.callTool({ name: "visit", arguments: { handle: "x".repeat(43) } });
    assert.equal(forged.isError, true);
  });

  await check(name("a task runs to its end"), async () => {
    const execution = await session.callTool("countdown", { from: 4, step_ms: 100 });
    assert.equal(execution.kind, "task");
    const seen = [];
    const settled = await execution.settle({ onEvent: (event) => void seen.push(event) });
    assert.equal(textOf(settled), "liftoff");
    assert.ok(seen.some(({ task }) => task?.status === "working"));
  });

  await check(name("a task is picked up by its reference after a kill -9"), async () => {
    const execution = await session.callTool("countdown", { from: 15, step_ms: 100 });
    const reference = execution.serializeReference();
    const task = session.task(reference.taskId);
    await until(async () => Number((await task.snapshot()).statusMessage) <= 13);
    await execution.detach();
    await server.killAndRestart();
    assert.equal((await task.snapshot()).status, "working");
    const resumed = await session.resumeTask(reference);
    assert.equal(textOf(await resumed.settle()), "liftoff");
  });

  await check(name("a call goes on over a kill -9 under the client's own polling"), async () => {
    const execution = await session.callTool("countdown", { from: 15, step_ms: 100 });
    const settled = execution.settle();
    await server.killAndRestart();
    assert.equal(textOf(await settled), "liftoff");
  });

  await check(name("a question in a task is answered"), async () => {
    const execution = await session.callTool("book_trip", { city: "Rome" });
    assert.equal(textOf(await execution.settle()), "booked Rome");
    const question = asked.splice(0);
    assert.equal(question.length, 1);
    assert.equal(question[0].kind, "elicitation");
    assert.equal(question[0].params.message, "Book a trip to Rome?");
  });

  await check(name("a cancelled task stays cancelled"), async () => {
    const execution = await session.callTool("countdown", { from: 1000, step_ms: 100 });
    const { taskId } = execution.handle;
    await execution.cancel();
    assert.equal((await session.task(taskId).snapshot()).status, "cancelled");
    assert.equal((await session.task(taskId).result()).status, "cancelled");
    await session.task(taskId).cancel();
  });

  await check(name("what is unknown is refused"), async () => {
    await assert.rejects(session.task("task-of-nobody").snapshot(), (error) => error.code === -32602);
    await assert.rejects(session.callTool("nope", {}), (error) => error.code === -32602);
  });

  await session.close();
  await client.close();
  await server.remove();
}

export async function overStdio() {
  const store = new Store();
  const name = (check) => `client 2.x, 2026-07-28, stdio: ${check}`;
  const open = async () => {
    const transport = new StdioClientTransport(store.command("--stdio"));
    return { client: await connect(transport), pid: () => transport.pid };
  };
  let current = await open();

  await check(name("values are the principal's and survive a kill -9"), async () => {
    assert.deepEqual(await visit(current.client), { visits: 1 });
    const closed = new Promise((resolve) => (current.client.onclose = resolve));
    process.kill(current.pid(), "SIGKILL");
    await closed;
    current = await open();
    assert.deepEqual(await visit(current.client), { visits: 2 });
  });

  await current.client.close();
  store.remove();
}
