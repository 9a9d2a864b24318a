#!/usr/bin/python3
"""Runs ad-hoc commands (XEP-0050) through slixmpp, so that tests check the component
against a client library that this project did not write.

    slixmpp_commands.py HOST PORT JID PASSWORD

It logs in without TLS, so HOST must be this machine. Every line of the standard input
is a request, a JSON object. The answer is one line of JSON on the standard output:

    {"op": "list",   "service": JID}
    {"op": "form",   "service": JID, "node": NODE}
    {"op": "run",    "service": JID, "node": NODE, "values": {VAR: TEXT or [TEXT, ...]}}
    {"op": "cancel", "service": JID, "node": NODE}
    {"op": "say",    "service": JID, "body": TEXT}
    {"op": "hear",   "service": JID}

"say" sends a chat message. "hear" waits for the next message from the service:
{"from": JID, "type": TYPE, "body": TEXT}.

"form" leaves its command session open. "run" and "cancel" continue that session if the
request has its "sessionid"; otherwise they start a session of their own. The answer to a
failed request is {"error": {"condition": ..., "text": ...}}. The program ends at the end
of its input. Its exit status is 1 if it could not log in.
"""

import asyncio
import json
import logging
import sys

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout, XMPPError
from slixmpp.plugins.xep_0004.stanza import FormField

LIMIT = 20  # seconds for the login and for each request
PLAIN_TEXT = {"feature_mechanisms": {"unencrypted_plain": True, "unencrypted_scram": True}}


class Commands(slixmpp.ClientXMPP):
    """A client that carries out one request at a time."""

    def __init__(self, jid, password):
        super().__init__(jid, password, plugin_config=PLAIN_TEXT)
        self.register_plugin("xep_0050")  # with the plugins on which it depends
        self.open_sessions = {}
        self.messages = asyncio.Queue()
        self.add_event_handler("message", self.messages.put_nowait)

    async def log_in(self, host, port):
        """Returns when the session is ready. Raises an exception if the login fails."""
        ready = self.loop.create_future()

        def settle(event, detail):
            if not ready.done():
                ready.set_result((event, detail))

        for event in ("session_start", "failed_all_auth", "connection_failed", "disconnected"):
            self.add_event_handler(event, lambda detail, event=event: settle(event, detail))
        self.connect(address=(host, port), use_ssl=False, force_starttls=False, disable_starttls=True)
        event, detail = await asyncio.wait_for(ready, LIMIT)
        if event != "session_start":
            raise ConnectionError(f"login failed: {event} {detail or ''}")

    async def answer(self, request):
        """Carries out one request and returns what to print."""
        try:
            return await getattr(self, "do_" + request["op"])(request)
        except IqTimeout:
            return failure("remote-server-timeout", f"no reply in {LIMIT} s")
        except XMPPError as error:
            return failure(error.condition, error.text)

    async def do_list(self, request):
        reply = await self["xep_0050"].get_commands(request["service"], timeout=LIMIT)
        # The interface "items" is a set. The substanzas keep the order of the reply.
        items = reply["disco_items"]["substanzas"]
        return {"commands": [{"node": i["node"], "name": i["name"], "jid": str(i["jid"])} for i in items]}

    async def do_form(self, request):
        reply, session = await self.start(request)
        self.open_sessions[session["id"]] = (reply, session)
        return described(reply["command"])

    async def do_run(self, request):
        reply, session = await self.continued(request)
        command = reply["command"]
        if command["status"] == "completed":
            return described(command)
        form = form_of(command) or self["xep_0004"].make_form()
        form["type"] = "submit"
        form["values"] = {var: unwrapped(value) for var, value in request.get("values", {}).items()}
        session["payload"] = form
        reply, _ = await self.follow(session, self["xep_0050"].complete_command)
        return described(reply["command"])

    async def do_cancel(self, request):
        _, session = await self.continued(request)
        reply, _ = await self.follow(session, self["xep_0050"].cancel_command)
        return described(reply["command"])

    async def do_say(self, request):
        self.send_message(mto=request["service"], mbody=request["body"], mtype="chat")
        return {}

    async def do_hear(self, request):
        while True:
            try:
                message = await asyncio.wait_for(self.messages.get(), LIMIT)
            except asyncio.TimeoutError:
                raise IqTimeout(None) from None
            if message["from"].bare == request["service"]:
                return {"from": str(message["from"]), "type": message["type"], "body": message["body"]}

    async def continued(self, request):
        """Returns the open session that the request names, or starts a new one."""
        if "sessionid" in request:
            return self.open_sessions.pop(request["sessionid"])
        return await self.start(request)

    async def start(self, request):
        """Starts a command and returns its first stage as (IQ, plugin session)."""
        start = self["xep_0050"].start_command
        return await self.follow({}, lambda session: start(request["service"], request["node"], session))

    async def follow(self, session, step):
        """Takes a step of the session and waits for the plugin's handlers.

        The plugin drops the error of a later stage unless the error repeats the command
        with its session. Here that is a timeout, as in any program that uses the plugin.
        """
        outcome = self.loop.create_future()

        def handle(iq, session):
            if not outcome.done():
                outcome.set_result((iq, session))

        session["next"] = session["error"] = handle
        step(session)
        try:
            reply, session = await asyncio.wait_for(outcome, LIMIT)
        except asyncio.TimeoutError:
            raise IqTimeout(None) from None
        if reply["type"] == "error":
            raise IqError(reply)
        return reply, session


def failure(condition, text):
    return {"error": {"condition": condition, "text": text or ""}}


def unwrapped(value):
    """Returns the element of a list of one, because slixmpp takes a list only for a
    field of several values."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def form_of(command):
    """Returns the data form of a command element, or None if it has none."""
    return command.get_plugin("form", check=True)


def described(command):
    """Returns a stage of a command as slixmpp has read it."""
    form = form_of(command)
    fields = [] if form is None else [f for f in form["substanzas"] if isinstance(f, FormField)]
    return {
        "status": command["status"],
        "sessionid": command["sessionid"],
        "actions": sorted(command["actions"]),
        "notes": [[kind, text or ""] for kind, text in command["notes"]],
        "title": "" if form is None else form["title"],
        "instructions": "" if form is None else form["instructions"],
        "fields": [described_field(field) for field in fields],
    }


def described_field(field):
    """Returns a field. Its options are objects with label and value. Its value is a bool,
    a list or a string, depending on slixmpp's rules for the type, or None if it has none."""
    return {
        "var": field["var"],
        "type": field["type"],
        "label": field["label"],
        "required": field["required"],
        "options": field.get_options(),
        "value": field["value"],
    }


async def serve(client, host, port):
    await client.log_in(host, port)
    while line := await client.loop.run_in_executor(None, sys.stdin.readline):
        try:
            answer = await client.answer(json.loads(line))
        except Exception as error:  # the test must see it, and the next request must work
            logging.exception("request %s", line.strip())
            answer = failure("request-failed", f"{type(error).__name__}: {error}")
        print(json.dumps(answer), flush=True)
    await client.disconnect()


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    host, port, jid, password = sys.argv[1:]
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    # asyncio complains because slixmpp never awaits the futures of error replies, nor its
    # sending task.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    client = Commands(jid, password)
    try:
        client.loop.run_until_complete(serve(client, host, int(port)))
    except (ConnectionError, asyncio.TimeoutError) as error:
        sys.exit(f"{jid}: {error}")


if __name__ == "__main__":
    main()
