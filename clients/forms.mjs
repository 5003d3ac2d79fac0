// Every kind of form field, and results that are no objects, with the official clients of both eras: they refuse a form
// or a list of tools as a whole if one thing in it is not in the words of the specification.

import assert from "node:assert/strict";
import { Client as Client2026, StreamableHTTPClientTransport as Transport2026 } from "@modelcontextprotocol/client";
import { Client as Client2025 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport2025 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema, ElicitRequestSchema, PrimitiveSchemaDefinitionSchema } from "@modelcontextprotocol/sdk/types.js";
import { check } from "./check.mjs";
import { ExampleServer } from "./server.mjs";

const INFO = { name: "clients", version: "1" };
const CAPABILITIES = { elicitation: { form: {} } };

/** What a person fills in who leaves out what may be left out. */
const LEAST = {
  name: "Ada",
  email: "ada@example.com",
  age: 36,
  size: "small",
  pay: "card",
  sizes: ["medium", "large"],
};
const MOST = {
  ...LEAST,
  homepage: "https://example.com/ada",
  birthday: "1815-12-10",
  call_at: "2026-01-31T12:00:00Z",
  greeting: "good day",
  height: 1.65,
  newsletter: true,
  backup: "account",
  payments: ["card", "account"],
};
const OPTIONAL = { homepage: null, birthday: null, call_at: null, height: null, backup: null };
const DEFAULTS = { greeting: "hello", newsletter: false, payments: [] };

const TITLED = [
  { const: "card", title: "With a card, now." },
  { const: "account", title: "On account" },
];
const SIZES = { type: "string", enum: ["small", "medium", "large"] };
const FORM = {
  name: { type: "string", title: "Name", description: "What shall we call you?", minLength: 1, maxLength: 40 },
  email: { type: "string", format: "email" },
  homepage: { type: "string", format: "uri" },
  birthday: { type: "string", format: "date" },
  call_at: { type: "string", format: "date-time" },
  greeting: { type: "string", default: "hello" },
  age: { type: "integer", minimum: 0, maximum: 150 },
  height: { type: "number", description: "In metres." },
  newsletter: { type: "boolean", default: false },
  size: SIZES,
  pay: { type: "string", description: "How would you pay?", oneOf: TITLED },
  backup: { type: "string", oneOf: TITLED },
  sizes: { type: "array", minItems: 1, maxItems: 2, items: SIZES },
  payments: { type: "array", description: "What else would you take?", items: { anyOf: TITLED }, default: [] },
};

/** The form as it was asked, which the client has let through; nothing of it may be lost in the client's own types. */
function assertForm({ message, requestedSchema }) {
  assert.equal(message, "Tell us about yourself.");
  assert.deepEqual(requestedSchema.properties, FORM);
  assert.deepEqual([...requestedSchema.required].sort(), Object.keys(LEAST).sort());
  for (const [name, field] of Object.entries(requestedSchema.properties)) {
    assert.deepEqual(PrimitiveSchemaDefinitionSchema.parse(field), field, name);
  }
}

/** Asks with each answer; `ask` gives the result of the tool. */
async function answers(user, ask) {
  for (const [filled, expected] of [
    [LEAST, { ...OPTIONAL, ...DEFAULTS, ...LEAST }],
    [MOST, MOST],
  ]) {
    user.content = filled;
    const { isError, structuredContent } = await ask();
    assert.ok(!isError);
    assert.deepEqual(structuredContent, expected);
    assert.equal(user.asked.length, 1);
    assertForm(user.asked.pop());
  }
}

export async function overHttp() {
  const server = await ExampleServer.start("forms");
  await over2025(server);
  await over2026(server);
  await server.remove();
}

async function over2025(server) {
  const name = (check) => `sdk 1.x, 2025-11-25, forms: ${check}`;
  const user = { asked: [], content: {} };
  const client = new Client2025(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    user.asked.push(params);
    return { action: "accept", content: user.content };
  });
  await client.connect(new Transport2025(server.url));

  await check(name("a tool whose result is no object is listed and called"), async () => {
    const { tools } = await client.listTools();
    assert.equal(tools.length, 2);
    assert.equal(tools.find((tool) => tool.name === "sizes").outputSchema, undefined);
    const result = await client.callTool({ name: "sizes", arguments: {} });
    assert.equal(result.structuredContent, undefined);
    assert.equal(result.content[0].text, '["small","medium","large"]');
  });

  await check(name("every field is asked in a call"), () =>
    answers(user, () => client.callTool({ name: "survey", arguments: {} })));

  await check(name("every field is asked in a task"), () =>
    answers(user, async () => {
      let last;
      const call = { name: "survey", arguments: {} };
      const stream = client.experimental.tasks.callToolStream(call, CallToolResultSchema, { task: {} });
      for await (const message of stream) last = message;
      assert.equal(last.type, "result", String(last.error));
      return last.result;
    }));

  await client.close();
}

async function over2026(server) {
  const name = (check) => `client 2.x, 2026-07-28, forms: ${check}`;
  const user = { asked: [], content: {} };
  const versionNegotiation = { mode: { pin: "2026-07-28" } };
  const client = new Client2026(INFO, { capabilities: CAPABILITIES, versionNegotiation });
  client.setRequestHandler("elicitation/create", ({ params }) => {
    user.asked.push(params);
    return { action: "accept", content: user.content };
  });
  await client.connect(new Transport2026(server.url));

  await check(name("a tool whose result is no object is listed and called"), async () => {
    const { tools } = await client.listTools();
    assert.equal(tools.find((tool) => tool.name === "sizes").outputSchema.type, "array");
    const result = await client.callTool({ name: "sizes", arguments: {} });
    assert.deepEqual(result.structuredContent, ["small", "medium", "large"]);
  });

  await check(name("every field is asked in a call"), () =>
    answers(user, () => client.callTool({ name: "survey", arguments: {} })));

  await client.close();
}
