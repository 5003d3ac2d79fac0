"""mcp 1.14: at the URL of a balancer before two nodes, or with the command of a server on standard input and output."""

import sys

import anyio
from checks import Balancer, Heard, check, drive, drive_answers, drive_nodes, drive_session, equal, leave, refused, stopped, text
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.message import ClientMessageMetadata
from pydantic import AnyUrl

REFERENCES = types.PromptReference, types.ResourceTemplateReference


def session(read, write, heard):
    async def elicit(_, params):
        heard.questions.append(params.message)
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async def sample(_, params):
        heard.questions.append(params.messages[0].content.text)
        content = types.TextContent(type="text", text="42")
        return types.CreateMessageResult(role="assistant", model="none", content=content)

    async def roots(_):
        heard.questions.append("roots")
        return types.ListRootsResult(roots=[types.Root(uri="file:///a"), types.Root(uri="file:///b")])

    return ClientSession(
        read,
        write,
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=roots,
        logging_callback=heard.on_log,
        message_handler=heard.on_message,
    )


def countdown(steps, step_ms):
    params = types.CallToolRequestParams(name="countdown", arguments={"from": steps, "step_ms": step_ms})
    return types.ClientRequest(types.CallToolRequest(method="tools/call", params=params))


async def cancels(client, is_answered):
    """This version leaves it to its user to say so, and to know the id of the request. Over HTTP a stream ends with an answer,
    one that was cancelled, too.
    """
    request, begun = client._request_id, anyio.Event()

    async def on_progress(done, *_):
        if done == 2:
            begun.set()

    async def call():
        await refused(499, lambda: client.send_request(countdown(1000, 50), types.CallToolResult, progress_callback=on_progress))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await begun.wait()
        params = types.CancelledNotificationParams(requestId=request, reason="enough")
        cancelled = types.CancelledNotification(method="notifications/cancelled", params=params)
        await client.send_notification(types.ClientNotification(cancelled))
        left = await stopped(client, AnyUrl)
        assert left > 900, f"it went on until {left}"
        if not is_answered:
            tasks.cancel_scope.cancel()


async def resumes(client, heard, balancer):
    """This version leaves it to its user to ask for the rest."""
    before = len(balancer.seen())
    tokens, progress, cut = [], [], anyio.Event()

    async def on_token(token):
        tokens.append(token)

    async def on_progress(done, *_):
        progress.append(done)

    async def first():
        metadata = ClientMessageMetadata(on_resumption_token_update=on_token)
        await client.send_request(countdown(8, 100), types.CallToolResult, metadata=metadata, progress_callback=on_progress)

    heard.take("logs")
    balancer.cut("POST", 5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        while not heard.errors:
            await anyio.sleep(0.05)
        heard.take("errors")
        metadata = ClientMessageMetadata(resumption_token=tokens[-1])
        result = await client.send_request(countdown(8, 100), types.CallToolResult, metadata=metadata)
        tasks.cancel_scope.cancel()
    equal(text(result), "liftoff")
    equal(progress, list(range(8)))
    equal(heard.take("logs"), [f"info: {8 - step} to go" for step in range(8)] + ["notice: liftoff"])
    call, resumed = balancer.seen()[before:]
    equal((call["method"], call.get("cut"), resumed["method"]), ("POST", True, "GET"))
    assert call["node"] != resumed["node"]


async def run(name, streams, balancer=None):
    heard = Heard()
    async with streams as (read, write, *_), session(read, write, heard) as client:

        async def negotiates():
            equal((await client.initialize()).protocolVersion, "2025-06-18")

        await check(name("agrees on a revision"), negotiates)
        await drive(name, client, heard, AnyUrl, REFERENCES)
        await drive_session(name, client, heard, AnyUrl)
        await check(name("a call that is cancelled stops"), lambda: cancels(client, balancer))
        if balancer:
            await drive_nodes(name, client, balancer)
            await drive_answers(name, client, heard, balancer, "answer")

        async def complains():
            equal(heard.errors, [])

        await check(name("the client had nothing to complain about"), complains)
        if balancer:
            resume = name("a cut stream of a call is resumed on the other node")
            await check(resume, lambda: resumes(client, heard, balancer))


async def main():
    target, *args = sys.argv[1:]
    if args:
        command = StdioServerParameters(command=target, args=args)
        await run(lambda what: f"python mcp 1.14, stdio: {what}", stdio_client(command))
    else:
        await run(lambda what: f"python mcp 1.14, two nodes: {what}", streamablehttp_client(target), Balancer(target))


anyio.run(main)
leave()
