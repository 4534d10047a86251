"""The waiting room of one event on a real server: the operations and replies of `specification.WaitingRoom`.

`RoomCalls` says what each operation sends, `answer_of` what came back means; `RedisRoom` does one operation after the
other with them. Whoever wants many in flight sends the calls itself (`run_pipelined`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import redis

from models.plan.room_rules import RoomRules
from models.vocabulary.operations import Answer, Reply
from models.vocabulary.script_limits import EXPIRED_PER_CALL
from models.waiting_room.scripts import FOLDER, SCRIPTS, Script, load_script, room_keys, token_text
from real_adapter.room.state import RULE_FIELDS, RoomState, read_state
from sim.errors import BadInput

Client = redis.Redis | redis.RedisCluster
EXACT = 2**53
"""Whole numbers below this are exact in Lua, whose only numbers are float64."""
PASS_TTL_MS = 600_000
"""The scenarios' default, `admission.pass_ttl_s`."""


class Call(NamedTuple):
    """A script with its keys and arguments."""

    script: Script
    keys: tuple[str, ...]
    arguments: tuple[str, ...]


class Answered(NamedTuple):
    """A reply, and the server's clock in us of the epoch if the operation took a place by it (else None)."""

    reply: Reply
    time_us: int | None = None


class RoomCalls:
    """What the operations of one event send. All raise BadInput for a number that the scripts cannot take."""

    def __init__(self, tag: str, prefix: str, pass_ttl_ms: int, scripts: Mapping[str, Script]) -> None:
        self.keys = room_keys(tag, prefix)
        self.pass_ttl_ms = pass_ttl_ms
        self.scripts = scripts

    def open(self, now_ms: int, rules: RoomRules) -> Call:
        """Begin to call and to admit by *rules*."""
        return self._call("open", 0, _whole("now_ms", now_ms), *rule_texts(rules).values())

    def join(self, token: int, now_ms: int, score: float | None, asks_time: bool) -> Call:
        """Take a place, by *score*, by the next number of the event (None), or by the server's clock."""
        order = "time" if asks_time else "counter" if score is None else "score"
        text = "0" if score is None or asks_time else score_text(score)
        return self._call("join", token, token_text(token), _whole("now_ms", now_ms), order, text)

    def status(self, token: int, now_ms: int) -> Call:
        """Ask for the place in line; a sign of life."""
        return self._call("status", token, token_text(token), _whole("now_ms", now_ms))

    def status_read(self, token: int, now_ms: int) -> Call:
        """Ask for the place in line and change nothing."""
        return self._call("status_read", token, token_text(token), _whole("now_ms", now_ms))

    def status_keys(self, token: int, now_ms: int, pattern: str) -> Call:
        """Ask as the first version did, which listed the keys that match *pattern*."""
        return self._call("status_keys", token, token_text(token), _whole("now_ms", now_ms), pattern)

    def enter(self, token: int, now_ms: int) -> Call:
        """Ask to go in."""
        times = (_whole("now_ms", now_ms), _whole("pass_ttl_ms", self.pass_ttl_ms))
        return self._call("enter", token, token_text(token), *times)

    def leave(self, token: int) -> Call:
        """Give up the place."""
        return self._call("leave", token, token_text(token))

    def expire(self, limit: int, now_ms: int) -> Call:
        """Remove silent places and lapsed calls, at most *limit* of each."""
        if not 1 <= limit <= EXPIRED_PER_CALL:
            raise BadInput(f"limit: {limit} is not allowed; allowed: 1 to {EXPIRED_PER_CALL}")
        return self._call("expire", 0, _whole("now_ms", now_ms), str(limit))

    def _call(self, name: str, token: int, *arguments: str) -> Call:
        script = self.scripts[name]
        return Call(script, self.keys.of(script, token), arguments)


class RedisRoom:
    """One event on a server or cluster; *client* stays the caller's to close.

    The rules are written when there are none yet, so that places can be taken before the opening. A read-only status
    goes to a replica if *client* reads from replicas. With *lease_s* the keys expire by themselves after so many
    seconds, should nobody be left to delete them; whoever uses `evaluate` says `lease` himself. BadInput if the event
    already has other rules, or if one of these is not a whole number from 1 to 2**53 - 1.
    """

    def __init__(
        self,
        client: Client,
        tag: str,
        rules: RoomRules,
        prefix: str = "",
        *,
        pass_ttl_ms: int = PASS_TTL_MS,
        scripts: Mapping[str, Script] | None = None,
        lease_s: int | None = None,
    ) -> None:
        self.client = client
        self.rules = rules
        self.prefix = prefix
        self.lease_s = lease_s
        self.calls = RoomCalls(tag, prefix, pass_ttl_ms, scripts or all_scripts())
        self.keys = self.calls.keys
        self.server_time_us: int | None = None
        """What the server's clock said at the last join that took a place by it, us of the epoch."""
        self._write_rules(tag)

    def open(self, now_ms: int) -> None:
        """Begin to call and to admit: the bucket starts full, the call credit empty."""
        self.evaluate(self.calls.open(now_ms, self.rules))
        self.lease()

    def join(self, token: int, now_ms: int, score: float | None, asks_time: bool = False) -> Reply:
        """Take a place, or be told the one held. `score` None: the event's next number; `asks_time`: by TIME."""
        return self._run(self.calls.join(token, now_ms, score, asks_time))

    def status(self, token: int, now_ms: int) -> Reply:
        """Tell the place in line, or that the turn has come; a sign of life."""
        return self._run(self.calls.status(token, now_ms))

    def status_read(self, token: int, now_ms: int) -> Reply:
        """Tell the same without a sign of life and without calling anybody: what a replica can answer."""
        return self._run(self.calls.status_read(token, now_ms))

    def status_keys(self, token: int, now_ms: int, pattern: str | None = None) -> Reply:
        """List the node's keys by *pattern* (of the event's own keys if None), count, then answer as `status`."""
        return self._run(self.calls.status_keys(token, now_ms, pattern or f"{self.keys.stem}*"))

    def enter(self, token: int, now_ms: int) -> Reply:
        """Go in, if the place has been called and the bucket has an admission."""
        return self._run(self.calls.enter(token, now_ms))

    def leave(self, token: int) -> Reply:
        """Give up the place, wherever it is."""
        return self._run(self.calls.leave(token))

    def expire(self, limit: int, now_ms: int) -> Reply:
        """Remove at most `limit` places without a sign of life for the TTL, then at most `limit` lapsed calls."""
        return self._run(self.calls.expire(limit, now_ms))

    def state(self, tokens: Iterable[int]) -> RoomState:
        """Return all that the server holds of this event; *tokens* are those that may have a pass."""
        return read_state(self.client, self.keys, tokens)

    def delete(self, tokens: Iterable[int]) -> None:
        """Delete every key of this event, passes of these *tokens* included."""
        passes = [self.keys.passes(token) for token in tokens]
        self.client.unlink(*self.keys.lasting, *passes)

    def lease(self) -> None:
        """Let the keys of this event expire `lease_s` from now, if that is wanted."""
        if self.lease_s is not None:
            pipeline = self.client.pipeline(transaction=False)
            for key in self.keys.lasting:
                pipeline.expire(key, self.lease_s)
            pipeline.execute()

    def _run(self, call: Call) -> Reply:
        answered = answer_of(call, self.evaluate(call))
        self.lease()
        if answered.time_us is not None:
            self.server_time_us = answered.time_us
        return answered.reply

    def evaluate(self, call: Call) -> Any:
        """Run the script of *call*, loading it where it is not yet known, and return its reply as it is.

        Before each EVALSHA_RO redis-py's cluster client asks a primary for its keys (COMMAND GETKEYS).
        """
        evaluate = self.client.evalsha if call.script.writes else self.client.evalsha_ro
        try:
            return evaluate(call.script.sha1, len(call.keys), *call.keys, *call.arguments)
        except redis.exceptions.NoScriptError:
            load_for(self.client, call)
            return evaluate(call.script.sha1, len(call.keys), *call.keys, *call.arguments)

    def _write_rules(self, tag: str) -> None:
        texts = rule_texts(self.rules)
        pipeline = self.client.pipeline(transaction=False)
        for field, text in texts.items():
            pipeline.hsetnx(self.keys.gate, field, text)
        pipeline.hmget(self.keys.gate, list(texts))
        *made, found = pipeline.execute()
        for (field, text), new, held in zip(texts.items(), made, found, strict=True):
            # what has just been written may not have reached the replica that reads
            if not new and held is not None and held.decode() != text:
                raise BadInput(f"event {tag}: has {field} {held.decode()} on the server already, not {text}")
        self.lease()


def all_scripts(folder: Path = FOLDER) -> dict[str, Script]:
    """Return every script of the Lua core by name, as they stand in *folder*. BadInput as `load_script`."""
    return {name: load_script(name, folder) for name in SCRIPTS}


def load_for(client: Client, call: Call) -> None:
    """Load the script of *call* where it will run: of a cluster, on the nodes of its slot that may be asked."""
    if not isinstance(client, redis.RedisCluster):
        client.script_load(call.script.source)
        return
    cluster: Any = client  # its client has no types for these
    nodes = cluster.nodes_manager.slots_cache[cluster.keyslot(call.keys[0])]
    replicas_too = not call.script.writes and cluster.load_balancing_strategy is not None
    for node in nodes if replicas_too else nodes[:1]:
        cluster.execute_command("SCRIPT LOAD", call.script.source, target_nodes=node)


def run_pipelined(client: "redis.Redis", calls: Sequence[Call]) -> list[Any]:
    """Send all *calls* at once and return what came back, each a reply or the error raised in its place.

    The scripts must be loaded.
    """
    pipeline = client.pipeline(transaction=False)
    for call in calls:
        evaluate = pipeline.evalsha if call.script.writes else pipeline.evalsha_ro
        evaluate(call.script.sha1, len(call.keys), *call.keys, *call.arguments)
    return pipeline.execute(raise_on_error=False)


def answer_of(call: Call, raw: Any) -> Answered:
    """Return what the script's reply *raw* to *call* means."""
    name = call.script.name
    if name == "join" and isinstance(raw, list):
        position, time = raw
        return Answered(_place(int(position)), int(time) if time else None)
    number = int(raw)
    if name == "enter":
        return Answered(_ENTER.get(number) or Reply(Answer.THROTTLED, wait_ms=number))
    if name == "leave":
        return Answered(Reply(Answer.LEFT if number else Answer.UNKNOWN))
    if name == "expire":
        return Answered(Reply(Answer.EXPIRED, removed=number))
    if name in ("join", "status", "status_keys", "status_read", "open"):  # nobody reads what open returns
        return Answered(_place(number))
    raise ValueError(f"nothing is known of what {name!r} replies")


def score_text(score: float) -> str:
    """Return *score* in decimal, from which the server reads the same float64. BadInput unless it is finite."""
    if not math.isfinite(score):
        raise BadInput(f"score: {score} is not allowed; allowed: a finite number")
    return f"{score:.0f}" if score == int(score) else repr(score)


def rule_texts(rules: RoomRules) -> dict[str, str]:
    """Return *rules* by their fields of the gate, in the order in which `open` takes them."""
    texts: dict[str, str] = {}
    for name, field in RULE_FIELDS.items():
        texts[field] = _whole(name, getattr(rules, name), least=1)
    return texts


_ENTER = {0: Reply(Answer.GRANTED), -1: Reply(Answer.NOT_CALLED), -2: Reply(Answer.UNKNOWN)}


def _place(number: int) -> Reply:
    if number > 0:
        return Reply(Answer.WAITING, number)
    return Reply(Answer.UNKNOWN if number else Answer.READY)


def _whole(name: str, number: int, least: int = 0) -> str:
    if not least <= number < EXACT:
        raise BadInput(f"{name}: {number} is not allowed; allowed: {least} to 2**53 - 1")
    return str(number)
