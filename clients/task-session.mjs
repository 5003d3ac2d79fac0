// @modelcontextprotocol/ext-tasks over HTTP.

import { createTaskSessionFromClient, resultFromTaskOutcome } from "@modelcontextprotocol/ext-tasks/client";
import { until } from "./check.mjs";

export const VERSION = "2026-07-28";
export const INFO = { name: "clients", version: "1" };
export const CAPABILITIES = { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } };

export const textOf = (settled) => resultFromTaskOutcome(settled.outcome).content[0].text;

/** A session of ext-tasks, and the questions it was asked; it gives this answer to each. */
export function taskSession(client, url, content) {
  const asked = [];
  const session = createTaskSessionFromClient(client, {
    endpointId: "demo",
    rawDispatch: rawDispatch(url),
    v2RequestFraming: { protocolVersion: VERSION, clientInfo: INFO, clientCapabilities: CAPABILITIES },
    onInputRequest: async (request) => {
      asked.push(request);
      return { action: "accept", content };
    },
  });
  return { session, asked };
}

/** What ext-tasks leaves to its host: a request, as it is framed already, over HTTP; again, if it is safe to repeat. */
function rawDispatch(url) {
  let id = 0;
  return async (request, options) => {
    id += 1;
    const headers = new Headers({
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": request.method,
    });
    if (request.method === "tools/call") headers.set("mcp-name", request.params.name);
    // Those of a task are ext-tasks's own.
    for (const [name, value] of Object.entries(options?.context?.headers ?? {})) headers.set(name, value);
    const body = JSON.stringify({ jsonrpc: "2.0", id, ...request });
    const send = async () => {
      const response = await fetch(url, { method: "POST", headers, body, signal: options?.signal });
      const text = await response.text();
      const streamed = response.headers.get("content-type")?.startsWith("text/event-stream");
      return JSON.parse(streamed ? text.split("\n").findLast((line) => line.startsWith("data: {")).slice(6) : text);
    };
    const repeat = (error) => {
      if (options?.signal?.aborted) throw error;
    };
    const message = request.method === "tasks/get" ? await until(() => send().catch(repeat)) : await send();
    return message.error ? { kind: "error", error: message.error } : { kind: "result", result: message.result };
  };
}
