"""Tasks through docket: each added by itself, run by one worker that fetches in batches, each one acknowledged.

Answers lines on standard input as the other peers do (`benches/src/peer.rs` has the table). Durability is that of the
server, which both sides share.
"""

import asyncio
import itertools
import logging
import sys
import time
from datetime import timedelta

from docket import Docket, Worker

SEEDS = itertools.count(1)


class Run:
    """How many tasks of a run were carried out."""

    def __init__(self, total: int) -> None:
        self.left = total
        self.done = asyncio.Event()


RUN: Run


async def work(payload: bytes) -> None:
    RUN.left -= 1
    if RUN.left == 0:
        RUN.done.set()


def payload() -> bytes:
    """256 bytes that no other task has."""
    return next(SEEDS).to_bytes(8, "big") * 32


async def tasks(url: str, producers: int, batch: int, total: int) -> float:
    """Tasks per second from the first `add` until the last one is carried out and acknowledged."""
    global RUN
    RUN = Run(total)
    name = f"run-{next(SEEDS)}-{time.monotonic_ns()}"
    async with Docket(name=name, url=url) as docket:
        docket.register(work)
        turns = iter(range(total))

        async def produce() -> None:
            for _ in turns:
                await docket.add(work)(payload())

        interval = timedelta(milliseconds=5)
        async with Worker(docket, concurrency=batch, minimum_check_interval=interval) as worker:
            start = time.perf_counter()
            working = asyncio.create_task(worker.run_forever())
            await asyncio.gather(*(produce() for _ in range(producers)))
            await asyncio.wait_for(RUN.done.wait(), 120)
            while await waiting(docket) > 0:
                await asyncio.sleep(0.002)
            rate = total / (time.perf_counter() - start)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            return rate


async def waiting(docket: Docket) -> int:
    """Tasks that are not acknowledged yet."""
    async with docket.redis() as redis:
        groups = await redis.xinfo_groups(docket.stream_key)
        return await redis.xlen(docket.stream_key) + sum(group["pending"] for group in groups)


async def main() -> None:
    url = ""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        match line.split(" "):
            case ["open", at]:
                url, answer = at, "ok"
            case ["tasks", producers, batch, total]:
                try:
                    answer = f"rate {await tasks(url, int(producers), int(batch), int(total))}"
                except Exception as error:  # noqa: BLE001 - what went wrong is the answer
                    answer = f"failed: {error!r}"
            case _:
                answer = "failed: unknown line"
        print(answer, flush=True)


logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
asyncio.run(main())
