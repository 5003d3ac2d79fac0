// A real browser: what a page of an allowed origin can do with the server, and one of another origin cannot.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { check } from "./check.mjs";
import { HttpServer } from "./server.mjs";

/** Not loopback to the server, and a name of this machine to the browser. */
const ELSEWHERE = "elsewhere.example";

/** Runs in the page. */
async function visit(url) {
  const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const post = (message, headers = {}) =>
    fetch(url, {
      method: "POST",
      headers: { ...json, ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
  const client = { capabilities: {}, clientInfo: { name: "page", version: "1" } };
  const begun = await post({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", ...client } });
  await begun.text();
  const within = { "mcp-session-id": begun.headers.get("mcp-session-id"), "mcp-protocol-version": "2025-11-25" };
  await post({ method: "notifications/initialized" }, within);
  const call = { id: 2, method: "tools/call", params: { name: "visit", arguments: {} } };
  const visited = await (await post(call, within)).text();
  await fetch(url, { method: "DELETE", headers: within });
  const gone = await post({ id: 3, method: "ping" }, within);
  return `${/"visits":\d+/.exec(visited)} then ${gone.status}`;
}

async function pages(url) {
  const script = `(${visit})(${JSON.stringify(String(url))})
    .then((done) => done, (error) => String(error))
    .then((said) => { document.querySelector("output").textContent = said; });`;
  const html = `<!doctype html><title>page</title><output></output><script>${script}</script>`;
  const pages = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  return pages;
}

/** What a page says once it has nothing more to do. */
async function open(page) {
  const profile = mkdtempSync(join(tmpdir(), "fastestmcp-browser-"));
  const headless = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`];
  const names = `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`;
  try {
    const patience = ["--virtual-time-budget=20000", "--dump-dom"];
    const run = promisify(execFile);
    const { stdout } = await run("chromium", [...headless, names, ...patience, page], { timeout: 60_000 });
    return /<output>(.*)<\/output>/.exec(stdout)?.[1];
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

export async function overHttp() {
  const server = await HttpServer.start();
  const served = await pages(server.url);
  const { port } = served.address();

  await check("browser: a page of an allowed origin has a session and reads what it is answered", async () => {
    assert.equal(await open(`http://127.0.0.1:${port}/`), '"visits":1 then 404');
  });

  await check("browser: a page of another origin gets nothing", async () => {
    assert.equal(await open(`http://${ELSEWHERE}:${port}/`), "TypeError: Failed to fetch");
  });

  served.close();
  await server.remove();
}
