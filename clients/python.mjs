// The example `everything` under two versions of the Python SDK, which have scripts of their own in `python/`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { check, countFailures } from "./check.mjs";
import { Nodes } from "./nodes.mjs";

const SCRIPTS = new URL("python/", import.meta.url).pathname;
const VERSIONS = [
  ["mcp-1.14", "mcp_1.py"],
  ["mcp-2.3", "mcp_2.py", "legacy"],
  ["mcp-2.3", "mcp_2.py", "2026-07-28"],
];
/** All checks of a script together. */
const PATIENCE_MS = 120_000;
const A_CHECK_FAILED = 3;

/** Runs a script, which reports its checks itself, and checks that it came to its end. */
async function run([version, script, ...mode], server) {
  const python = join(process.env.FASTESTMCP_PYTHONS, version, "bin/python");
  const child = spawn(python, [join(SCRIPTS, script), ...mode, ...server], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  const [code, signal] = await once(child, "exit");
  if (code === A_CHECK_FAILED) countFailures();
  await check(`${[script, ...mode].join(" ")} ran to its end`, () => {
    assert.equal(signal, null);
    assert.ok([0, A_CHECK_FAILED].includes(code), `it ended with ${code}`);
  });
}

export async function overTwoNodes() {
  for (const version of VERSIONS) {
    const nodes = await Nodes.start();
    await run(version, [nodes.url.href]);
    await nodes.remove();
  }
}

export async function overStdio() {
  for (const version of VERSIONS) {
    const nodes = Nodes.stdio();
    await run(version, [nodes.command.command, ...nodes.command.args]);
    await nodes.remove();
  }
}
