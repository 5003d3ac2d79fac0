"""Checks that are reported one by one, and what a client of any version finds in the example `everything`."""

import json
import logging
import sys
import urllib.request

import anyio

PATIENCE = 30
_failed = 0

# What a stream that was cut is told of is what is looked for here.
logging.disable(logging.CRITICAL)


async def check(name, run):
    """Runs one check; a failure does not stop the others."""
    global _failed
    try:
        with anyio.fail_after(PATIENCE):
            await run()
        print(f"ok {name}", flush=True)
    except Exception as error:
        _failed += 1
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        why = " ".join(f"{type(error).__name__} {error}".split())
        print(f"not ok {name}: {why}", flush=True)


def leave():
    """Ends the process: 0 if all passed, 3 if a check failed."""
    sys.exit(3 if _failed else 0)


def equal(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


async def until(probe):
    """Asks until the answer is truthy."""
    while True:
        found = await probe()
        if found:
            return found
        await anyio.sleep(0.05)


async def refused(code, call):
    try:
        await call()
    except Exception as error:
        equal(getattr(getattr(error, "error", None), "code", error), code)
    else:
        raise AssertionError("it was not refused")


class Balancer:
    """What stands before the nodes."""

    def __init__(self, url):
        self._url = url.removesuffix("mcp") + "balancer/"

    def seen(self):
        return self._get("seen")

    def cut(self, method, events):
        self._get(f"cut/{method}/{events}")

    def _get(self, path):
        with urllib.request.urlopen(self._url + path, timeout=PATIENCE) as response:
            return json.load(response)


class Heard:
    """What a client was told and asked."""

    def __init__(self):
        self.logs, self.updates, self.lists, self.questions, self.errors = [], [], [], [], []

    def take(self, what):
        taken = getattr(self, what)
        setattr(self, what, [])
        return taken

    async def on_log(self, params):
        self.logs.append(f"{params.level}: {params.data}")

    async def on_message(self, message):
        if isinstance(message, Exception):
            self.errors.append(message)
            return
        notification = wire(message)
        if notification["method"] == "notifications/resources/updated":
            self.updates.append(notification["params"]["uri"])
        elif notification["method"].endswith("/list_changed"):
            self.lists.append(notification["method"])


def wire(model):
    """As it came over the wire."""
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


def text(result):
    return result.content[0].text


def note(name):
    return f"notes://note/{name}"


TOOLS = ["count", "countdown", "greet", "ask_model", "list_roots", "write_note", "unlock", "announce"]


async def drive(name, client, heard, uri, references):
    """What holds over any transport, in any era."""

    async def lists():
        equal([tool.name for tool in (await client.list_tools()).tools], TOOLS)
        equal([str(it.uri) for it in (await client.list_resources()).resources], ["notes://index"])
        templates = wire(await client.list_resource_templates())["resourceTemplates"]
        equal([template["uriTemplate"] for template in templates], [note("{name}")])
        prompts = wire(await client.list_prompts())["prompts"]
        arguments = [(argument["name"], argument["required"]) for argument in prompts[0]["arguments"]]
        equal((prompts[0]["name"], arguments), ("poem", [("about", True), ("form", False)]))

    await check(name("lists its tools, resources and prompts"), lists)

    async def reports():
        progress = []

        async def on_progress(done, total, message):
            progress.append((done, total, message))

        result = await client.call_tool("countdown", {"from": 3, "step_ms": 20}, progress_callback=on_progress)
        equal(text(result), "liftoff")
        equal(progress, [(0, 3, "3"), (1, 3, "2"), (2, 3, "1")])
        equal(heard.take("logs"), ["info: 3 to go", "info: 2 to go", "info: 1 to go", "notice: liftoff"])

    await check(name("a call reports progress and messages in order"), reports)

    async def reads():
        for written in [("milk", "two bottles"), ("mill", "closed")]:
            await client.call_tool("write_note", dict(zip(("name", "text"), written)))
        equal((await client.read_resource(uri("notes://index"))).contents[0].text, '["milk","mill"]')
        equal((await client.read_resource(uri(note("milk")))).contents[0].text, "two bottles")

    await check(name("resources are read"), reads)

    async def prompts():
        messages = wire(await client.get_prompt("poem", {"about": "rain", "form": "sonnet"}))["messages"]
        equal(messages, [{"role": "user", "content": {"type": "text", "text": "Write a sonnet about rain."}}])
        await refused(-32602, lambda: client.get_prompt("poem", {}))

    await check(name("prompts are read"), prompts)

    async def completes():
        prompt, template = references
        completed = await client.complete(prompt(type="ref/prompt", name="poem"), {"name": "form", "value": "li"})
        equal(completed.completion.values, ["limerick"])
        of_notes = template(type="ref/resource", uri=note("{name}"))
        completed = await client.complete(of_notes, {"name": "name", "value": "mil"})
        equal(completed.completion.values, ["milk", "mill"])

    await check(name("arguments are completed"), completes)

    async def asks():
        equal(text(await client.call_tool("greet", {})), "Hello, Ada!")
        equal(text(await client.call_tool("ask_model", {"question": "6 * 7?"})), "42")
        equal(text(await client.call_tool("list_roots", {})), "file:///a, file:///b")
        equal(heard.take("questions"), ["Who are you?", "6 * 7?", "roots"])

    await check(name("the user, the model and the roots are asked in a call"), asks)

    async def refuses():
        await refused(-32602, lambda: client.call_tool("nothing", {}))
        assert wire(await client.call_tool("countdown", {"from": "ten"}))["isError"]

    await check(name("what is unknown or wrong is refused"), refuses)


async def drive_session(name, client, heard, uri):
    """What a session has besides."""

    async def levels():
        heard.take("logs")
        await client.set_logging_level("notice")
        await client.call_tool("countdown", {"from": 2, "step_ms": 1})
        await client.set_logging_level("debug")
        await client.call_tool("countdown", {"from": 1, "step_ms": 1})
        equal(heard.take("logs"), ["notice: liftoff", "info: 1 to go", "notice: liftoff"])

    await check(name("messages below the level that was set are left out"), levels)

    async def updates():
        async def heard_of(count):
            return len(heard.updates) >= count

        await client.subscribe_resource(uri(note("milk")))
        await client.call_tool("write_note", {"name": "milk", "text": "one bottle"})
        await until(lambda: heard_of(1))
        await client.unsubscribe_resource(uri(note("milk")))
        await client.subscribe_resource(uri(note("mill")))
        await client.call_tool("write_note", {"name": "milk", "text": "none"})
        await client.call_tool("write_note", {"name": "mill", "text": "open"})
        await until(lambda: heard_of(2))
        await client.unsubscribe_resource(uri(note("mill")))
        equal(heard.take("updates"), [note("milk"), note("mill")])

    await check(name("who is subscribed hears of changes, until they unsubscribe"), updates)

    async def changes():
        async def heard_of_one():
            return heard.lists

        for changed in ["tools", "prompts", "resources"]:
            await client.call_tool("announce", {"list": changed})
            await until(heard_of_one)
            equal(heard.take("lists"), [f"notifications/{changed}/list_changed"])

    await check(name("a list that changed is announced"), changes)


async def stopped(client, uri):
    """How much was left of the countdown that was cancelled."""

    async def probe():
        try:
            return (await client.read_resource(uri(note("countdown")))).contents[0].text
        except Exception:
            return None

    said = await until(probe)
    return int(said.removeprefix("stopped with ").removesuffix(" to go"))


async def drive_nodes(name, client, balancer):
    """What takes two nodes and a session."""

    async def counts():
        counted = [json.loads(text(await client.call_tool("count", {}))) for _ in range(4)]
        equal([it["count"] for it in counted], [1, 2, 3, 4])
        one, two = counted[0]["process"], counted[1]["process"]
        assert one != two
        equal([it["process"] for it in counted], [one, two, one, two])

    await check(name("both nodes count in one session"), counts)


async def drive_answers(name, client, heard, balancer, answer):
    """What is asked on one node is answered through the other."""

    async def answers():
        for tool, arguments in [("greet", {}), ("ask_model", {"question": "?"}), ("list_roots", {})]:
            assert not wire(await client.call_tool(tool, arguments)).get("isError")
            asked, answered = balancer.seen()[-2:]
            equal((asked["message"], answered["message"]), ("tools/call", answer))
            assert asked["node"] != answered["node"]
        equal(len(heard.take("questions")), 3)

    await check(name("an answer that comes to the other node reaches the call"), answers)
