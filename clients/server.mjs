// The demo server as a process that can be killed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const BINARY = process.env.FASTESTMCP;
if (!BINARY) throw new Error("FASTESTMCP is not set: the path of the fastestmcp binary");

/** A store of its own. */
export class Store {
  #folder = mkdtempSync(join(tmpdir(), "fastestmcp-clients-"));

  /** The command line of a server on it. */
  command(...more) {
    const store = `sqlite:${join(this.#folder, "state.db")}`;
    return { command: BINARY, args: ["demo", "--store", store, "--lease", "1s", ...more] };
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** An HTTP server at one address over its restarts, since clients keep the address. */
export class HttpServer {
  #store = new Store();
  #port;
  #child;

  static async start() {
    const server = new HttpServer();
    server.#port = await freePort();
    await server.#spawn();
    return server;
  }

  get url() {
    return new URL(`http://127.0.0.1:${this.#port}/mcp`);
  }

  async #spawn() {
    const { command, args } = this.#store.command("--addr", `127.0.0.1:${this.#port}`);
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(this.#child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}`);
    });
    exited.catch(() => {});
    await Promise.race([once(this.#child.stdout, "data"), exited]);
    this.#child.stdout.resume();
  }

  async #kill() {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  /** kill -9 and a new process on the same store. */
  async killAndRestart() {
    await this.#kill();
    await this.#spawn();
  }

  async remove() {
    await this.#kill();
    this.#store.remove();
  }
}

/** One of the examples, which keeps nothing. */
export class ExampleServer {
  #port;
  #child;

  static async start(name) {
    const server = new ExampleServer();
    server.#port = await freePort();
    const command = join(dirname(BINARY), "examples", name);
    server.#child = spawn(command, [`127.0.0.1:${server.#port}`], { stdio: ["ignore", "ignore", "pipe"] });
    await once(server.#child.stderr, "data");
    server.#child.stderr.pipe(process.stderr);
    return server;
  }

  get url() {
    return new URL(`http://127.0.0.1:${this.#port}/mcp`);
  }

  async remove() {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

async function freePort() {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
