// The example `everything` under @modelcontextprotocol/client 2.x on 2026-07-28, without sessions: over two nodes, where a
// balancer sends each request to the other one, and over standard input and output.

import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { check, until } from "./check.mjs";
import { Nodes } from "./nodes.mjs";
import { CAPABILITIES, INFO, VERSION, taskSession, textOf } from "./task-session.mjs";

const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

const text = (result) => result.content[0].text;
const note = (name) => `notes://note/${name}`;

/** A client that answers whatever it is asked, and all that it heard. It knows no tasks, which would come in place of results. */
function user() {
  const heard = { logs: [], news: [], questions: [], errors: [] };
  const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
  const client = new Client(INFO, { capabilities, versionNegotiation: { mode: { pin: VERSION } } });
  const asked = (answer) => ({ method }) => {
    heard.questions.push(method);
    return answer;
  };
  client.setRequestHandler("elicitation/create", asked({ action: "accept", content: { name: "Ada" } }));
  client.setRequestHandler(
    "sampling/createMessage",
    asked({ role: "assistant", model: "none", content: { type: "text", text: "42" } }),
  );
  client.setRequestHandler("roots/list", asked({ roots: [{ uri: "file:///a" }, { uri: "file:///b" }] }));
  client.setNotificationHandler("notifications/message", ({ params }) => {
    heard.logs.push(`${params.level}: ${params.data}`);
  });
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => void heard.news.push(params.uri));
  for (const list of ["tools", "prompts", "resources"]) {
    client.setNotificationHandler(`notifications/${list}/list_changed`, ({ method }) => void heard.news.push(method));
  }
  client.onerror = (error) => heard.errors.push(error);
  return { client, heard };
}

/** What holds over any transport. */
async function drive(name, { client, heard }) {
  const call = (name, args = {}, options) => client.callTool({ name, arguments: args }, options);
  const write = (name, text) => call("write_note", { name, text });

  await check(name("lists its tools, resources and prompts"), async () => {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.deepEqual(names, ["count", "countdown", "greet", "ask_model", "list_roots", "write_note", "unlock", "announce"]);
    assert.deepEqual((await client.listResources()).resources.map(({ uri }) => uri), ["notes://index"]);
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate), [note("{name}")]);
    assert.deepEqual((await client.listPrompts()).prompts.map(({ name }) => name), ["poem"]);
  });

  await check(name("a call reports progress, and messages of the level that it asks for"), async () => {
    const progress = [];
    const onprogress = (step) => progress.push([step.progress, step.total, step.message]);
    const countdown = (level) => ({
      name: "countdown",
      arguments: { from: 3, step_ms: 20 },
      ...(level && { _meta: { [LOG_LEVEL]: level } }),
    });
    assert.equal(text(await client.callTool(countdown("info"), { onprogress })), "liftoff");
    assert.deepEqual(progress, [[0, 3, "3"], [1, 3, "2"], [2, 3, "1"]]);
    assert.deepEqual(heard.logs.splice(0), ["info: 3 to go", "info: 2 to go", "info: 1 to go", "notice: liftoff"]);
    await client.callTool(countdown());
    await client.callTool(countdown("notice"));
    assert.deepEqual(heard.logs.splice(0), ["notice: liftoff"]);
  });

  await check(name("resources are read"), async () => {
    await write("milk", "two bottles");
    await write("mill", "closed");
    assert.equal((await client.readResource({ uri: "notes://index" })).contents[0].text, '["milk","mill"]');
    assert.equal((await client.readResource({ uri: note("milk") })).contents[0].text, "two bottles");
    await assert.rejects(client.readResource({ uri: note("bread") }), (error) => error.code === -32602);
  });

  await check(name("prompts are read, and arguments completed"), async () => {
    const { messages } = await client.getPrompt({ name: "poem", arguments: { about: "rain", form: "sonnet" } });
    assert.deepEqual(messages, [{ role: "user", content: { type: "text", text: "Write a sonnet about rain." } }]);
    const complete = async (ref, name, value) =>
      (await client.complete({ ref, argument: { name, value } })).completion.values;
    assert.deepEqual(await complete({ type: "ref/prompt", name: "poem" }, "form", "li"), ["limerick"]);
    const notes = { type: "ref/resource", uri: note("{name}") };
    assert.deepEqual(await complete(notes, "name", "mil"), ["milk", "mill"]);
  });

  await check(name("the user, the model and the roots are asked in a call"), async () => {
    assert.equal(text(await call("greet")), "Hello, Ada!");
    assert.equal(text(await call("ask_model", { question: "6 * 7?" })), "42");
    assert.equal(text(await call("list_roots")), "file:///a, file:///b");
    const asked = ["elicitation/create", "sampling/createMessage", "roots/list"];
    assert.deepEqual(heard.questions.splice(0), asked);
  });

  await check(name("who listens hears of what they asked for"), async () => {
    const listening = await client.listen({ toolsListChanged: true, resourceSubscriptions: [note("milk")] });
    await write("mill", "open");
    await write("milk", "one bottle");
    await until(() => heard.news.length > 0);
    await call("announce", { list: "prompts" });
    await call("announce", { list: "tools" });
    await until(() => heard.news.length > 1);
    assert.deepEqual(heard.news.splice(0), [note("milk"), "notifications/tools/list_changed"]);
    await listening.close();
  });

  await check(name("a call that is cancelled stops"), async () => {
    const stop = new AbortController();
    const onprogress = ({ progress }) => progress === 2 && stop.abort(new Error("enough"));
    await assert.rejects(call("countdown", { from: 1000, step_ms: 50 }, { onprogress, signal: stop.signal }), /enough/);
    const stopped = await until(() => client.readResource({ uri: note("countdown") }).catch(() => undefined));
    const left = Number(/^stopped with (\d+) to go$/.exec(stopped.contents[0].text)[1]);
    assert.ok(left > 900, `it went on until ${left}`);
  });

  await check(name("what is unknown or wrong is refused"), async () => {
    await assert.rejects(call("nothing"), (error) => error.code === -32602);
    assert.equal((await call("countdown", { from: "ten" })).isError, true);
    // With what it listens to, it also closes a request that has no stream any more, by a notification without a header that
    // its revision asks for.
    const unexpected = (error) => !error.data?.text?.includes("missing required Mcp-Method header");
    assert.deepEqual(heard.errors.filter(unexpected), []);
  });
}

/** What takes two nodes. */
async function driveNodes(name, { url, balancer }, { client, heard }) {
  const nodesOf = (from) => new Set(balancer.seen.slice(from).map(({ node }) => node));

  await check(name("an answer that comes to the other node goes on with the call"), async () => {
    for (const [tool, args] of [["greet", {}], ["ask_model", { question: "?" }], ["list_roots", {}]]) {
      const before = balancer.seen.length;
      assert.notEqual((await client.callTool({ name: tool, arguments: args })).isError, true);
      assert.deepEqual(balancer.seen.slice(before).map(({ message }) => message), ["tools/call", "tools/call"]);
      assert.equal(nodesOf(before).size, 2);
    }
    heard.questions.splice(0);
  });

  const knowing = new Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: { pin: VERSION } } });
  await knowing.connect(new StreamableHTTPClientTransport(url));
  const { session, asked } = taskSession(knowing, url, { name: "Ada" });

  await check(name("a task is followed and asks, over both nodes"), async () => {
    const before = balancer.seen.length;
    const countdown = await session.callTool("countdown", { from: 5, step_ms: 100 });
    assert.equal(countdown.kind, "task");
    assert.equal(textOf(await countdown.settle()), "liftoff");
    assert.equal(nodesOf(before).size, 2);
    const greeting = await session.callTool("greet", {});
    assert.equal(textOf(await greeting.settle()), "Hello, Ada!");
    assert.deepEqual(asked.splice(0).map(({ params }) => params.message), ["Who are you?"]);
  });

  await check(name("a task is cancelled through the other node"), async () => {
    const execution = await session.callTool("countdown", { from: 1000, step_ms: 50 });
    await execution.cancel();
    const task = session.task(execution.handle.taskId);
    assert.deepEqual([(await task.snapshot()).status, (await task.snapshot()).status], ["cancelled", "cancelled"]);
  });

  await session.close();
  await knowing.close();
}

export async function overTwoNodes() {
  const nodes = await Nodes.start();
  const at = user();
  const name = (check) => `client 2.x, 2026-07-28, two nodes: ${check}`;
  await at.client.connect(new StreamableHTTPClientTransport(nodes.url));
  await drive(name, at);
  await driveNodes(name, nodes, at);
  await at.client.close();
  await nodes.remove();
}

export async function overStdio() {
  const nodes = Nodes.stdio();
  const at = user();
  await at.client.connect(new StdioClientTransport(nodes.command));
  await drive((check) => `client 2.x, 2026-07-28, everything over stdio: ${check}`, at);
  await at.client.close();
  await nodes.remove();
}
