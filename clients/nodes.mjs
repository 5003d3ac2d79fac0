// Two processes of the example `everything` on one store, behind a balancer; or one, on standard input and output.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Balancer } from "./balancer.mjs";

const COMMAND = join(dirname(process.env.FASTESTMCP), "examples", "everything");

/** What would outlive these checks if they ended too early. */
const started = new Set();
process.on("exit", () => started.forEach((child) => child.kill("SIGKILL")));

export class Nodes {
  #folder = mkdtempSync(join(tmpdir(), "fastestmcp-nodes-"));
  #children = [];

  static async start() {
    const nodes = new Nodes();
    const urls = [await nodes.#spawn(), await nodes.#spawn()];
    nodes.balancer = await Balancer.start(urls.map((url) => url.port));
    return nodes;
  }

  /** The command line of a server of standard input and output, on a store of its own. */
  static stdio() {
    const nodes = new Nodes();
    nodes.command = { command: COMMAND, args: [nodes.#store, "stdio"] };
    return nodes;
  }

  get #store() {
    return `sqlite:${join(this.#folder, "state.db")}`;
  }

  get url() {
    return this.balancer.url;
  }

  async #spawn() {
    const child = spawn(COMMAND, [this.#store, "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
    this.#children.push(child);
    started.add(child);
    const exited = once(child, "exit").then(([code]) => {
      throw new Error(`a node ended with ${code}`);
    });
    exited.catch(() => {});
    const lines = createInterface({ input: child.stderr });
    const [url] = await Promise.race([once(lines, "line"), exited]);
    lines.on("line", (line) => console.error(line));
    return new URL(url);
  }

  async remove() {
    await this.balancer?.remove();
    for (const child of this.#children.filter((child) => child.exitCode === null)) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      started.delete(child);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
