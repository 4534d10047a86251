"""The waiting rooms of all events on their primaries, and the scripts that the nodes run on them."""

from collections.abc import Callable, Mapping

from models.engine.record import Column, row_of_bucket
from models.engine.reference_run import Request, Run
from models.plan.waiting_room import COUNTER, REDIS_TIME
from models.redis_costs.commands import Command
from models.vocabulary.operations import Answer, Op, Reply
from models.vocabulary.units import EPOCH_NS, MILLISECOND
from models.waiting_room.reference_cost import Bill
from models.waiting_room.specification import KEYS_PER_EVENT, Effect, WaitingRoom


class Scripts:
    """What the nodes execute: `rooms` by event, their `home` nodes, and what replicas have of them, `kept`."""

    def __init__(self, run: Run, to_replicas: Callable[[int], Effect]) -> None:
        self.run, self.p = run, run.p
        self.home = [int(node) for node in run.p.redis.event_node]
        self.rooms = [
            WaitingRoom(rules, self._call, to_replicas(node))
            for rules, node in zip(run.plan.rules, self.home, strict=True)
        ]
        self.kept = [room.clone() for room in self.rooms]  # as a replica knows them, where a primary will die
        self.positions_wanted = run.p.clients.advice.shape[0] > 0
        self.new_bill()

    def new_bill(self) -> Bill:
        """Begin to bill what is called from now on."""
        self.bill = Bill(self.p.redis.costs.calls)
        return self.bill

    def prejoin(self) -> None:
        """Put the tokens of a generated load into line, at no cost, in the order of their numbers."""
        count = self.p.waiting_room.prejoined
        for token in range(count):
            score = float(EPOCH_NS - count + token)
            self.rooms[self.run.event_of(token)].join(token, EPOCH_NS // MILLISECOND, score)

    def open(self, now_ms: int) -> None:
        """Begin to call and to admit in every event; that is never lost."""
        for room in (*self.rooms, *self.kept):
            room.open(now_ms)

    def copy(self, k: int) -> None:
        """Take note of what a node's replica has: all that its rooms hold now."""
        for event in self._on(k):
            self.kept[event] = self.rooms[event].clone()

    def fall_back(self, k: int) -> None:
        """Let a node's rooms become what its replica has of them; count what is lost, and what comes back."""
        for event in self._on(k):
            room, kept = self.rooms[event], self.kept[event]
            self.run.count(Column.PLACES_LOST, len(room.seen.keys() - kept.seen.keys()))
            self.run.count(Column.PLACES_RETURNED, len(kept.seen.keys() - room.seen.keys()))
            self._count_by_bucket_time(room, Column.ADMISSIONS_LOST, room.granted - kept.granted)
            kept.lost_passes = room.passes - kept.passes
            self.rooms[event] = kept

    def execute(self, k: int, r: Request, known: Mapping[int, tuple[Answer, int]]) -> Reply:
        """Run a request's script on node `k`; `known` is what that has heard of tokens, if it is a replica."""
        room, now_ms = self.rooms[self.run.event_of(r.token)], r.stamp // MILLISECOND
        if r.op == Op.STATUS and self.p.waiting_room.key_scan:
            return self._without_position(room.status_keys(r.token, now_ms, self.keys(k)))
        if r.op == Op.STATUS:
            return self._without_position(room.status(r.token, now_ms))
        if r.op == Op.STATUS_READ:
            return self._without_position(self._read(k, room, r.token, now_ms, known))
        if r.op == Op.JOIN:
            return self._join(room, r, now_ms)
        if r.op == Op.ENTER:
            return self._enter(room, r.token, now_ms)
        if r.op == Op.LEAVE:
            reply = room.leave(r.token)
            self.run.count(Column.LEFT, reply.answer == Answer.LEFT)
            return reply
        if r.op != Op.EXPIRE:
            raise ValueError(f"no script is for {r.op!r}")
        silent, lapsed = room.silent, room.lapsed
        reply = room.expire(self.p.waiting_room.expire_limit, now_ms)
        self.run.count(Column.EXPIRED, room.silent - silent)
        self.run.count(Column.LAPSED, room.lapsed - lapsed)
        return reply

    def bill_changes(self, r: Request) -> None:
        """Bill what the request's script calls more or fewer than the specification."""
        room = self.rooms[self.run.event_of(r.token)]
        for entry in self.run.plan.scenario.waiting_room.extra_calls:
            if Op[entry.operation.upper()] == r.op:
                sizes = {"none": 0, "line": len(room.line), "called": len(room.called), "seen": len(room.seen)}
                self.bill.change(entry, sizes[entry.on])

    def keys(self, k: int) -> int:
        """Return how many keys a node has in the first version: a stream per place, and some an event."""
        return sum(len(self.rooms[event].seen) + KEYS_PER_EVENT for event in self._on(k))

    def _on(self, k: int) -> list[int]:
        """Return the events whose keys a node has."""
        return [event for event, home in enumerate(self.home) if home == k]

    def _places(self, k: int) -> int:
        """Return how many places a primary holds."""
        return sum(len(self.rooms[event].seen) for event in self._on(k))

    def _join(self, room: WaitingRoom, r: Request, now_ms: int) -> Reply:
        if r.token not in room.seen and self._places(r.node) >= self.p.redis.most_places:
            return Reply(Answer.OUT_OF_MEMORY)
        had_place, lapsed = r.token in room.score, room.lapsed
        score: float | None = float(r.stamp)
        if self.p.waiting_room.ticket_order == REDIS_TIME:
            score = float((EPOCH_NS + int(self.run.env.now)) // 1000)
        elif self.p.waiting_room.ticket_order == COUNTER:
            score = None
        reply = room.join(r.token, now_ms, score, asks_time=self.p.waiting_room.ticket_order == REDIS_TIME)
        self.run.count(Column.LAPSED, room.lapsed - lapsed)
        self.run.count(Column.JOINED, r.token in room.score and not had_place)
        return reply

    def _enter(self, room: WaitingRoom, token: int, now_ms: int) -> Reply:
        repeated = room.repeated
        reply = room.enter(token, now_ms)
        if reply.answer == Answer.GRANTED:
            self._count_by_bucket_time(room, Column.ADMITTED_BY_BUCKET, 1)
        self.run.count(Column.ADMISSIONS_REPEATED, room.repeated - repeated)
        self.run.count(Column.THROTTLED, reply.answer == Answer.THROTTLED)
        return reply

    def _count_by_bucket_time(self, room: WaitingRoom, column: int, amount: int) -> None:
        """Count in the second that the room's token bucket goes by."""
        self.run.series[row_of_bucket(self.run.last_row + 1, room.bucket_at_ms), column] += amount

    def _read(
        self, k: int, room: WaitingRoom, token: int, now_ms: int, heard: Mapping[int, tuple[Answer, int]]
    ) -> Reply:
        """Answer a read-only status from what this node knows: a primary all, a replica what has reached it."""
        if k < self.p.redis.shards:
            known = Answer.WAITING if token in room.score else Answer.READY if token in room.called else Answer.UNKNOWN
            deadline = room.called.get(token, 0)
        else:
            known, deadline = heard.get(token, (Answer.UNKNOWN, 0))
        if known == Answer.READY and deadline <= now_ms:
            known = Answer.UNKNOWN
        return Reply(known, room.status_read(token, known))

    def _without_position(self, reply: Reply) -> Reply:
        """Drop the place unless the clients are advised by it: what nobody reads is not worked out."""
        return reply if self.positions_wanted else reply._replace(position=0)

    def _call(self, command: Command, elements: int, members: int) -> None:
        self.bill.call(command, elements, members)
