// The example `everything` under two versions of @modelcontextprotocol/sdk, with sessions: over two nodes, where a
// balancer sends each request to the other one, and over standard input and output.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";
import { Client as Client112 } from "sdk-1-12/client/index.js";
import { StdioClientTransport as Stdio112 } from "sdk-1-12/client/stdio.js";
import { StreamableHTTPClientTransport as Http112 } from "sdk-1-12/client/streamableHttp.js";
import * as types112 from "sdk-1-12/types.js";
import { check, until } from "./check.mjs";
import { Nodes } from "./nodes.mjs";

const SDKS = [
  {
    name: "sdk 1.32",
    version: "2025-11-25",
    elicits: true,
    comesBack: true,
    Client,
    Stdio: StdioClientTransport,
    Http: StreamableHTTPClientTransport,
    types,
  },
  // Of a time before elicitation and tasks.
  { name: "sdk 1.12", version: "2025-03-26", Client: Client112, Stdio: Stdio112, Http: Http112, types: types112 },
];

const text = (result) => result.content[0].text;
const note = (name) => `notes://note/${name}`;
const call = (client, name, args = {}, options) => client.callTool({ name, arguments: args }, undefined, options);
const write = (client, name, text) => call(client, "write_note", { name, text });

/** A client that answers whatever it is asked, and all that it heard. */
function user({ Client, types, elicits }) {
  const heard = { logs: [], updates: [], lists: [], questions: [], errors: [] };
  const capabilities = { sampling: {}, roots: {}, ...(elicits && { elicitation: { form: {} } }) };
  const client = new Client({ name: "clients", version: "1" }, { capabilities });
  const asked = (answer) => ({ method, params }) => {
    heard.questions.push({ method, params });
    return answer;
  };
  const told = (list, of) => (notification) => void list.push(of(notification));
  if (elicits) {
    client.setRequestHandler(types.ElicitRequestSchema, asked({ action: "accept", content: { name: "Ada" } }));
  }
  client.setRequestHandler(
    types.CreateMessageRequestSchema,
    asked({ role: "assistant", model: "none", content: { type: "text", text: "42" } }),
  );
  client.setRequestHandler(types.ListRootsRequestSchema, asked({ roots: [{ uri: "file:///a" }, { uri: "file:///b" }] }));
  const level = ({ params }) => `${params.level}: ${params.data}`;
  client.setNotificationHandler(types.LoggingMessageNotificationSchema, told(heard.logs, level));
  const uri = ({ params }) => params.uri;
  client.setNotificationHandler(types.ResourceUpdatedNotificationSchema, told(heard.updates, uri));
  for (const list of ["Tool", "Prompt", "Resource"]) {
    const schema = types[`${list}ListChangedNotificationSchema`];
    client.setNotificationHandler(schema, told(heard.lists, ({ method }) => method));
  }
  client.onerror = (error) => heard.errors.push(error);
  return { client, heard };
}

/** What holds over any transport. */
async function drive(sdk, name, { client, heard }) {
  await check(name("declares what it can, and lists its tools"), async () => {
    const { tools, resources, prompts, completions, logging } = client.getServerCapabilities();
    assert.ok(tools.listChanged && resources.subscribe && resources.listChanged && prompts && completions && logging);
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.deepEqual(names, ["count", "countdown", "greet", "ask_model", "list_roots", "write_note", "unlock", "announce"]);
  });

  await check(name("a call reports progress and messages in order"), async () => {
    const progress = [];
    const onprogress = (step) => progress.push(step);
    assert.equal(text(await call(client, "countdown", { from: 3, step_ms: 20 }, { onprogress })), "liftoff");
    assert.deepEqual(progress.map(({ progress, total, message }) => [progress, total, message]), [
      [0, 3, "3"],
      [1, 3, "2"],
      [2, 3, "1"],
    ]);
    assert.deepEqual(heard.logs.splice(0), ["info: 3 to go", "info: 2 to go", "info: 1 to go", "notice: liftoff"]);
  });

  await check(name("messages below the level that was set are left out"), async () => {
    await client.setLoggingLevel("notice");
    await call(client, "countdown", { from: 2, step_ms: 1 });
    await client.setLoggingLevel("debug");
    await call(client, "countdown", { from: 1, step_ms: 1 });
    assert.deepEqual(heard.logs.splice(0), ["notice: liftoff", "info: 1 to go", "notice: liftoff"]);
  });

  await check(name("resources are listed and read"), async () => {
    assert.deepEqual((await client.listResources()).resources.map(({ uri }) => uri), ["notes://index"]);
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate), [note("{name}")]);
    await write(client, "milk", "two bottles");
    await write(client, "mill", "closed");
    assert.equal((await client.readResource({ uri: "notes://index" })).contents[0].text, '["milk","mill"]');
    assert.equal((await client.readResource({ uri: note("milk") })).contents[0].text, "two bottles");
    await assert.rejects(client.readResource({ uri: note("bread") }), (error) => error.code === -32002);
  });

  await check(name("who is subscribed hears of changes, until they unsubscribe"), async () => {
    await client.subscribeResource({ uri: note("milk") });
    await write(client, "milk", "one bottle");
    await until(() => heard.updates.length > 0);
    await client.unsubscribeResource({ uri: note("milk") });
    await client.subscribeResource({ uri: note("mill") });
    await write(client, "milk", "none");
    await write(client, "mill", "open");
    await until(() => heard.updates.length > 1);
    await client.unsubscribeResource({ uri: note("mill") });
    assert.deepEqual(heard.updates.splice(0), [note("milk"), note("mill")]);
  });

  await check(name("prompts are listed and read"), async () => {
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map(({ name, arguments: args }) => [name, args.map(({ name, required }) => [name, required])]), [
      ["poem", [["about", true], ["form", false]]],
    ]);
    const { messages } = await client.getPrompt({ name: "poem", arguments: { about: "rain", form: "sonnet" } });
    assert.deepEqual(messages, [{ role: "user", content: { type: "text", text: "Write a sonnet about rain." } }]);
    await assert.rejects(client.getPrompt({ name: "poem", arguments: {} }), (error) => error.code === -32602);
  });

  await check(name("arguments are completed"), async () => {
    const complete = async (ref, name, value) =>
      (await client.complete({ ref, argument: { name, value } })).completion.values;
    assert.deepEqual(await complete({ type: "ref/prompt", name: "poem" }, "form", "li"), ["limerick"]);
    const notes = { type: "ref/resource", uri: note("{name}") };
    assert.deepEqual(await complete(notes, "name", "mil"), ["milk", "mill"]);
  });

  await check(name("the user, the model and the roots are asked in a call"), async () => {
    if (sdk.elicits) {
      assert.equal(text(await call(client, "greet")), "Hello, Ada!");
      assert.deepEqual(heard.questions.splice(0).map(({ params }) => params.message), ["Who are you?"]);
    } else {
      assert.equal((await call(client, "greet")).isError, true);
    }
    assert.equal(text(await call(client, "ask_model", { question: "6 * 7?" })), "42");
    assert.equal(heard.questions.splice(0)[0].params.messages[0].content.text, "6 * 7?");
    assert.equal(text(await call(client, "list_roots")), "file:///a, file:///b");
    assert.deepEqual(heard.questions.splice(0).map(({ method }) => method), ["roots/list"]);
  });

  await check(name("a list that changed is announced"), async () => {
    for (const list of ["tools", "prompts", "resources"]) {
      await call(client, "announce", { list });
      await until(() => heard.lists.length > 0);
      assert.deepEqual(heard.lists.splice(0), [`notifications/${list}/list_changed`]);
    }
  });

  await check(name("a tool that is unlocked is there and announced, until it is locked again"), async () => {
    const listed = async () => (await client.listTools()).tools.some((tool) => tool.name === "shout");
    const shout = () => call(client, "shout", { text: "hey" });
    const turn = async (locked) => {
      await call(client, "unlock", { locked });
      await until(() => heard.lists.length > 0);
      assert.deepEqual(heard.lists.splice(0), ["notifications/tools/list_changed"]);
    };
    await turn(false);
    assert.deepEqual([await listed(), await listed()], [true, true]);
    assert.deepEqual([text(await shout()), text(await shout())], ["HEY", "HEY"]);
    await turn(true);
    assert.deepEqual([await listed(), await listed()], [false, false]);
    for (let round = 0; round < 2; round += 1) await assert.rejects(shout(), (error) => error.code === -32602);
  });

  await check(name("a call that is cancelled stops"), async () => {
    const stop = new AbortController();
    const onprogress = ({ progress }) => progress === 2 && stop.abort("enough");
    const options = { onprogress, signal: stop.signal };
    await assert.rejects(call(client, "countdown", { from: 1000, step_ms: 50 }, options), /enough/);
    const stopped = await until(() => client.readResource({ uri: note("countdown") }).catch(() => undefined));
    const left = Number(/^stopped with (\d+) to go$/.exec(stopped.contents[0].text)[1]);
    assert.ok(left > 900, `it went on until ${left}`);
    heard.logs.splice(0);
  });

  await check(name("what is unknown or wrong is refused"), async () => {
    await assert.rejects(call(client, "nothing"), (error) => error.code === -32602);
    assert.equal((await call(client, "countdown", { from: "ten" })).isError, true);
  });
}

/** Tasks, which the client of 2025-11-25 has as an experiment. */
async function driveTasks(name, { client, heard }) {
  const { tasks } = client.experimental;
  const run = async (name, args) => {
    const seen = [];
    const params = { name, arguments: args };
    const stream = tasks.callToolStream(params, types.CallToolResultSchema, { task: { ttl: 60_000 } });
    for await (const message of stream) seen.push(message);
    return { id: seen[0].task?.taskId, last: seen.at(-1) };
  };

  await check(name("a task runs to its end and is listed"), async () => {
    const { id, last } = await run("countdown", { from: 3, step_ms: 50 });
    assert.equal(text(last.result), "liftoff", String(last.error));
    assert.deepEqual((await tasks.listTasks()).tasks.map(({ taskId }) => taskId), [id]);
    assert.equal((await tasks.getTask(id)).status, "completed");
    assert.equal(text(await tasks.getTaskResult(id, types.CallToolResultSchema)), "liftoff");
  });

  await check(name("a task asks the user"), async () => {
    const { last } = await run("greet", {});
    assert.equal(text(last.result), "Hello, Ada!", String(last.error));
    assert.equal(heard.questions.splice(0).length, 1);
  });

  await check(name("a task is cancelled"), async () => {
    const params = { name: "countdown", arguments: { from: 1000, step_ms: 50 } };
    const stream = tasks.callToolStream(params, types.CallToolResultSchema, { task: {} });
    const { value } = await stream.next();
    const { taskId } = value.task;
    assert.equal((await tasks.cancelTask(taskId)).status, "cancelled");
    assert.equal((await tasks.getTask(taskId)).status, "cancelled");
  });
}

/** What takes two nodes. */
async function driveNodes(sdk, name, nodes, transport, { client, heard }) {
  const { balancer } = nodes;

  await check(name("both nodes count in one session"), async () => {
    const counts = [];
    for (let round = 0; round < 4; round += 1) counts.push(JSON.parse(text(await call(client, "count"))));
    assert.deepEqual(counts.map(({ count }) => count), [1, 2, 3, 4]);
    const [one, two] = counts.map(({ process }) => process);
    assert.notEqual(one, two);
    assert.deepEqual(counts.map(({ process }) => process), [one, two, one, two]);
  });

  await check(name("an answer that comes to the other node reaches the call"), async () => {
    const questions = [["ask_model", { question: "?" }], ["list_roots"], ...(sdk.elicits ? [["greet"]] : [])];
    for (const [tool, args] of questions) {
      assert.notEqual((await call(client, tool, args)).isError, true);
      const [asking, answer] = balancer.seen.slice(-2);
      assert.deepEqual([asking.message, answer.message], ["tools/call", "answer"]);
      assert.notEqual(asking.node, answer.node);
    }
    heard.questions.splice(0);
  });

  await check(name("the session has one stream, and the client has nothing to complain about"), async () => {
    // Longer than the client waits before it comes back for what was cancelled or refused.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const opened = balancer.seen.filter(({ method, lastEventId }) => method === "GET" && !lastEventId);
    assert.equal(opened.length, 1);
    // The answer of a call that was cancelled.
    const unexpected = ({ message }) => !message.startsWith("Received a response for an unknown message ID");
    assert.deepEqual(heard.errors.filter(unexpected), []);
  });

  await check(name("a session that was ended is gone from both nodes"), async () => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-session-id": transport.sessionId,
      "mcp-protocol-version": sdk.version,
    };
    const ping = async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
      const response = await fetch(nodes.url, { method: "POST", headers, body });
      await response.text();
      return response.status;
    };
    assert.deepEqual([await ping(), await ping()], [200, 200]);
    await transport.terminateSession();
    assert.deepEqual([await ping(), await ping()], [404, 404]);
  });
}

/** Streams that are cut, each of a session of its own, with nothing else under way. */
async function driveCuts(sdk, name, { url, balancer }) {
  const alone = async (run) => {
    const at = user(sdk);
    const before = balancer.seen.length;
    await at.client.connect(new sdk.Http(url));
    const stream = await until(() => balancer.seen.slice(before).find(({ method }) => method === "GET"));
    const connected = balancer.seen.length;
    try {
      await run(at, () => balancer.seen.slice(connected), stream);
    } finally {
      await at.client.close();
    }
  };

  await check(name("a cut stream of a call is resumed on the other node, again and again"), () =>
    alone(async ({ client, heard }, requests) => {
      const progress = [];
      const onprogress = (step) => progress.push(step.progress);
      balancer.cut("POST", 3);
      balancer.cut("GET", 4);
      const result = await call(client, "countdown", { from: 12, step_ms: 100 }, { onprogress });
      assert.equal(text(result), "liftoff");
      assert.deepEqual(progress, Array.from({ length: 12 }, (_, step) => step));
      const left = Array.from({ length: 12 }, (_, step) => `info: ${12 - step} to go`);
      assert.deepEqual(heard.logs, [...left, "notice: liftoff"]);
      const [called, resumed, again] = requests();
      assert.deepEqual([called, resumed, again].map(({ method, cut }) => [method, cut]), [
        ["POST", true],
        ["GET", true],
        ["GET", undefined],
      ]);
      assert.ok(resumed.lastEventId && again.lastEventId && resumed.lastEventId !== again.lastEventId);
      assert.deepEqual([resumed.node, again.node], [1 - called.node, called.node]);
    }),
  );

  // Without ids of its own revision to come back with, this client never does.
  if (sdk.comesBack) {
    await check(name("a cut stream of the session goes on at the other node, with all that changed"), () =>
      alone(async ({ client, heard }, requests, stream) => {
        const told = (name) => heard.updates.filter((uri) => uri === note(name)).length;
        for (const name of ["a", "b", "c"]) await client.subscribeResource({ uri: note(name) });
        balancer.cut("GET", 1);
        await write(client, "a", "1");
        await until(() => told("a") === 1);
        await write(client, "b", "1");
        await write(client, "c", "1");
        await until(() => told("b") > 0 && told("c") > 0);
        const resumed = requests().find(({ method }) => method === "GET");
        assert.ok(stream.cut && resumed.lastEventId);
        assert.notEqual(stream.node, resumed.node);
        assert.deepEqual([told("b"), told("c")], [1, 1]);
        // What was told before may be told again (contract C8).
        const before = told("a");
        assert.ok(before <= 2);
        await write(client, "a", "2");
        await until(() => told("a") === before + 1);
      }),
    );
  }
}

export async function overTwoNodes() {
  for (const sdk of SDKS) {
    const nodes = await Nodes.start();
    const transport = new sdk.Http(nodes.url);
    const at = user(sdk);
    const name = (check) => `${sdk.name}, two nodes: ${check}`;
    await at.client.connect(transport);
    await drive(sdk, name, at);
    if (sdk.elicits) await driveTasks(name, at);
    await driveNodes(sdk, name, nodes, transport, at);
    await at.client.close();
    await driveCuts(sdk, name, nodes);
    await nodes.remove();
  }
}

export async function overStdio() {
  for (const sdk of SDKS) {
    const nodes = Nodes.stdio();
    const at = user(sdk);
    const name = (check) => `${sdk.name}, stdio: ${check}`;
    await at.client.connect(new sdk.Stdio(nodes.command));
    await drive(sdk, name, at);
    if (sdk.elicits) await driveTasks(name, at);
    await check(name("the client had nothing to complain about"), () => assert.deepEqual(at.heard.errors, []));
    await at.client.close();
    await nodes.remove();
  }
}
