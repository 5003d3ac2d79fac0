"""mcp 2.3 in an era, `legacy` or a revision: at the URL of a balancer before two nodes, or with the command of a server on
standard input and output.
"""

import sys
import warnings

import anyio
from checks import (
    Balancer,
    Heard,
    check,
    drive,
    drive_answers,
    drive_nodes,
    drive_session,
    equal,
    leave,
    note,
    refused,
    stopped,
    text,
    until,
)
from mcp import Client, StdioServerParameters
from mcp import types
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged

# Of what newer revisions have no more.
warnings.simplefilter("ignore")

REFERENCES = types.PromptReference, types.ResourceTemplateReference


def connect(server, mode, heard):
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

    return Client(
        server,
        mode=mode,
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=roots,
        logging_callback=heard.on_log,
        log_level="debug",
        message_handler=heard.on_message,
        cache=None,
    )


async def cancels(client):
    with anyio.CancelScope() as scope:

        async def on_progress(done, *_):
            if done == 2:
                scope.cancel()

        await client.call_tool("countdown", {"from": 1000, "step_ms": 50}, progress_callback=on_progress)
    assert scope.cancelled_caught
    left = await stopped(client, str)
    assert left > 900, f"it went on until {left}"


async def resumes(client, heard, balancer):
    before = len(balancer.seen())
    progress = []

    async def on_progress(done, *_):
        progress.append(done)

    heard.take("logs")
    balancer.cut("POST", 5)
    result = await client.call_tool("countdown", {"from": 8, "step_ms": 100}, progress_callback=on_progress)
    equal(text(result), "liftoff")
    equal(progress, list(range(8)))
    equal(heard.take("logs"), [f"info: {8 - step} to go" for step in range(8)] + ["notice: liftoff"])
    call, resumed = balancer.seen()[before:]
    equal((call["method"], call.get("cut"), resumed["method"]), ("POST", True, "GET"))
    assert call["node"] != resumed["node"]


async def listens_again(client, heard, balancer):
    """What was told before the cut may be told again (contract C8); nothing is left out."""

    async def heard_of(count, name):
        return heard.updates.count(note(name)) >= count

    for name in "abc":
        await client.subscribe_resource(note(name))
    balancer.cut("GET", 1)
    await client.call_tool("write_note", {"name": "a", "text": "1"})
    await until(lambda: heard_of(1, "a"))
    for name in "bc":
        await client.call_tool("write_note", {"name": name, "text": "1"})
    seen = balancer.seen()
    cut = next(request for request in seen if request["method"] == "GET" and request.get("cut"))
    if seen[-1]["node"] != cut["node"]:
        # It is the next request that comes back, to the other node.
        await client.list_tools()
    before = len(balancer.seen())
    for name in "bc":
        await until(lambda: heard_of(1, name))
    resumed = balancer.seen()[before]
    assert resumed["method"] == "GET" and resumed["lastEventId"], resumed
    assert cut["node"] != resumed["node"]
    equal([heard.updates.count(note(name)) for name in "bc"], [1, 1])
    told = heard.updates.count(note("a"))
    assert told <= 2, heard.updates
    await client.call_tool("write_note", {"name": "a", "text": "2"})
    await until(lambda: heard_of(told + 1, "a"))


async def listens(client):
    listening = client.listen(tools_list_changed=True, resource_subscriptions=[note("milk")])
    async with listening as news:
        await client.call_tool("write_note", {"name": "mill", "text": "open"})
        await client.call_tool("write_note", {"name": "milk", "text": "one bottle"})
        equal(await anext(news), ResourceUpdated(note("milk")))
        await client.call_tool("announce", {"list": "prompts"})
        await client.call_tool("announce", {"list": "tools"})
        equal(await anext(news), ToolsListChanged())


async def run(name, server, mode, balancer=None):
    heard = Heard()
    async with connect(server, mode, heard) as client:

        async def negotiates():
            equal(client.protocol_version, "2025-11-25" if mode == "legacy" else mode)

        await check(name("agrees on a revision"), negotiates)
        await drive(name, client, heard, str, REFERENCES)
        await check(name("a call that is cancelled stops"), lambda: cancels(client))
        if mode == "legacy":
            await drive_session(name, client, heard, str)
            await check(name("an unknown resource is refused"), lambda: refused(-32002, lambda: client.read_resource(note("x"))))
        else:
            await check(name("who listens hears of what they asked for"), lambda: listens(client))
        if balancer:
            if mode == "legacy":
                await drive_nodes(name, client, balancer)
            await drive_answers(name, client, heard, balancer, "answer" if mode == "legacy" else "tools/call")

        async def complains():
            equal(heard.errors, [])

        await check(name("the client had nothing to complain about"), complains)
        if balancer and mode == "legacy":
            cut = name("a cut stream of a call is resumed on the other node")
            await check(cut, lambda: resumes(client, heard, balancer))
            cut = name("a cut stream of the session goes on at the other node, with all that changed")
            await check(cut, lambda: listens_again(client, heard, balancer))


async def main():
    mode, target, *args = sys.argv[1:]
    era = "2025-11-25" if mode == "legacy" else mode
    if args:
        command = StdioServerParameters(command=target, args=args)
        await run(lambda what: f"python mcp 2.3, {era}, stdio: {what}", command, mode)
    else:
        await run(lambda what: f"python mcp 2.3, {era}, two nodes: {what}", target, mode, Balancer(target))


anyio.run(main)
leave()
