"""The generated loads of the ladders: an open loop, which sends whatever happens, and the users of a closed one."""

from models.clients.reference import Clients
from models.clients.waits import exponential, next_source_time
from models.engine.reference_run import Process, Request, Run, Session
from models.vocabulary.instants import Kind
from models.vocabulary.operations import Op
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from sim.draws import below


class Loads:
    """Requests by a mix of operations on tokens that have been put into line before."""

    def __init__(self, run: Run, clients: Clients) -> None:
        self.run, self.p, self.env, self.clients = run, run.p, run.env, clients
        self.stages = list(zip(run.p.clients.stage_end.tolist(), run.p.clients.stage_rate.tolist(), strict=True))

    def user(self, c: Session) -> Process:
        """A user of a closed loop: send, wait, think, again, while a stage has room for it."""
        while c.send_at >= 0:
            yield self.run.forward(c, Place.CLIENT, Place.GATEWAY, c.send_at)
            op = self._op(c.s, c.number)
            yield self.clients.ask_as(c, op, self._token(c.s, c.number, op), self._stage(c.send_at))
            thinks = exponential(self.run.chance(Stream.THINK, c.s, c.number), self.p.clients.think)
            c.send_at = self._next_room(c.s, int(self.env.now) + thinks)
            c.number += 1
        c.done = True
        self.run.active -= 1

    def _next_room(self, s: int, at: int) -> int:
        """Return the first time from `at` on at which a stage has user `s`, or -1."""
        for end, users in self.stages:
            if at < end:
                if s < users:
                    return at
                at = end
        return -1

    def begin(self) -> None:
        """Let the source of an open loop begin, if it sends anything in the run; if not, it never was active."""
        first = self._next_sending(0)
        if first >= 0:
            self.run.active += 1
            self.env.process(self._source(first))

    def _source(self, at: int) -> Process:
        """An open loop: requests at the stages' rates, each on its own, the first *at*; numbered from 0 as entities."""
        entity = 0
        while at >= 0:
            yield self.run.at(at, Kind.SOURCE, entity, 0)
            op = self._op(entity, 0)
            r = Request(self.run, entity, 0, op, self._token(entity, 0, op), at)
            r.base_delay, r.stage = self.run.draw(self.p.network.base, Stream.NET_BASE, entity, 0), self._stage(at)
            self.env.process(self._send(r))
            entity += 1
            at = self._next_sending(entity)
        self.run.active -= 1

    def _next_sending(self, entity: int) -> int:
        """Return when the source sends its request of this number, or -1: never."""
        u = self.run.chance(Stream.SOURCE_GAP, entity, 0)
        return int(next_source_time(self.p.clients.stage_end, self.p.clients.stage_rate, int(self.env.now), u))

    def _send(self, r: Request) -> Process:
        yield self.run.forward(r, Place.CLIENT, Place.GATEWAY)
        self.clients.ask(r)

    def _op(self, entity: int, number: int) -> Op:
        u = self.run.chance(Stream.SOURCE_OP, entity, number)
        if u < self.p.clients.mix_join:
            return Op.JOIN
        return Op.ENTER if u < self.p.clients.mix_join + self.p.clients.mix_enter else Op.STATUS

    def _token(self, entity: int, number: int, op: Op) -> int:
        """Return whose place a request is about: a new one's for a join, else one in line."""
        p = self.p
        if op == Op.JOIN:
            self.run.totals["source joins"] += 1
            return p.waiting_room.prejoined + (self.run.totals["source joins"] - 1) % (
                p.waiting_room.tokens - p.waiting_room.prejoined
            )
        return int(below(self.run.starts[Stream.SOURCE_TOKEN], entity, number, p.waiting_room.prejoined))

    def _stage(self, sent_at: int) -> int:
        """Return the stage whose figures a request belongs to; the last row is for those of none."""
        begin = 0
        for stage, (end, _) in enumerate(self.stages):
            if sent_at < end:
                return len(self.stages) if sent_at - begin < self.p.clients.settle else stage
            begin = end
        return len(self.stages)
