// A balancer that knows no sessions: each request goes to the other node than the one before it. It remembers what went
// where, and can cut a stream in the middle of an event.

import { once } from "node:events";
import { createServer, request } from "node:http";

export class Balancer {
  #ports;
  #next = 0;
  /** By the method of the request: how many events may still pass before a stream is cut. */
  #left = {};
  #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));

  /** The requests that were passed on, oldest first: `{ node, method, message, lastEventId, cut }`. */
  seen = [];

  static async start(ports) {
    const balancer = new Balancer();
    balancer.#ports = ports;
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    return balancer;
  }

  get url() {
    return new URL(`http://127.0.0.1:${this.#server.address().port}/mcp`);
  }

  /** Of what requests of this method are answered with, `events` more pass, and the connection ends within the next. */
  cut(method, events) {
    this.#left[method] = events;
  }

  async remove() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming, outgoing) {
    const { method, url, headers } = incoming;
    const body = Buffer.concat(await incoming.toArray());
    if (url.startsWith("/balancer/")) return this.#obey(url, outgoing);
    const seen = { node: this.#next, method, message: named(body), lastEventId: headers["last-event-id"] };
    this.seen.push(seen);
    this.#next = (this.#next + 1) % this.#ports.length;
    const onward = request({ host: "127.0.0.1", port: this.#ports[seen.node], method, path: url, headers, agent: false });
    outgoing.on("close", () => onward.destroy());
    onward.on("error", () => outgoing.destroy());
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      outgoing.flushHeaders();
      answer.on("error", () => outgoing.destroy());
      if (answer.headers["content-type"]?.startsWith("text/event-stream")) this.#pass(answer, outgoing, seen);
      else answer.pipe(outgoing);
    });
    onward.end(body);
  }

  /** For clients in other processes: `/balancer/seen` and `/balancer/cut/METHOD/EVENTS`. */
  #obey(url, outgoing) {
    const [what, method, events] = url.split("/").slice(2);
    if (what === "cut") this.cut(method, Number(events));
    outgoing.end(JSON.stringify(this.seen));
  }

  #pass(stream, outgoing, seen) {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text) => {
      const events = (rest + text).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        if (seen.cut) return;
        if (/^data: ./m.test(event) && this.#isLast(seen.method)) {
          seen.cut = true;
          outgoing.write(event.slice(0, -10), () => outgoing.destroy());
        } else {
          outgoing.write(`${event}\n\n`);
        }
      }
    });
    stream.on("end", () => seen.cut || outgoing.end(rest));
  }

  #isLast(method) {
    const left = this.#left[method];
    if (left === undefined) return false;
    this.#left[method] = left > 0 ? left - 1 : undefined;
    return left === 0;
  }
}

/** The method of the JSON-RPC message, or `answer`. */
function named(body) {
  return body.length === 0 ? undefined : (JSON.parse(body).method ?? "answer");
}
