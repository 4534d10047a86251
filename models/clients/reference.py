"""The people in front of their browsers: they join, poll, enter, choose a seat and buy; or give up.

Whatever a tab decides is what to send next and when, or None: nothing more.
"""

import simpy

from models.clients.waits import backoff, spread
from models.engine.neighbours import Service, WebAcl
from models.engine.record import WAIT, Column
from models.engine.reference_run import At, Process, Request, Run, Session
from models.vocabulary.instants import Kind
from models.vocabulary.operations import FIRST_FAILURE, FIRST_REFUSAL, Answer, Op, Reply
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from models.vocabulary.units import FOREVER, MILLISECOND

Next = tuple[Op, int] | None
FAILED = {
    Answer.POOL_TIMEOUT: Column.FAILED_POOL_TIMEOUT,
    Answer.REFUSED: Column.FAILED_REFUSED,
    Answer.CONNECTION: Column.FAILED_CONNECTION,
    Answer.MAX_CLIENTS: Column.FAILED_MAX_CLIENTS,
    Answer.OUT_OF_MEMORY: Column.FAILED_OUT_OF_MEMORY,
}


class Clients:
    """Whoever sends requests and waits for the answers."""

    def __init__(self, run: Run, gateway: Service, web_acl: WebAcl | None) -> None:
        self.run, self.p, self.env, self.gateway, self.web_acl = run, run.p, run.env, gateway, web_acl
        self.advice = [(int(last), int(interval)) for last, interval in run.p.clients.advice]

    def person(self, c: Session) -> Process:
        """One tab, from its first click to its last answer."""
        while True:
            yield self.run.forward(c, Place.CLIENT, Place.GATEWAY, c.send_at)
            if self.run.bought_at[c.person] < c.send_at:
                break  # in another tab: this one has been closed
            reply = yield self.ask_as(c, c.op, c.s)
            if reply is not None and reply.answer >= FIRST_REFUSAL:
                following = self._after_refusal(c, reply.answer)
            elif reply is None or reply.answer >= FIRST_FAILURE:
                following = self._after_failure(c)
            else:
                following = self._after_answer(c, reply)
            if following is None:
                break
            c.op, c.send_at = following
            c.number += 1
            if c.op != Op.STATUS_READ:
                c.contact_at = c.send_at
        c.done = True
        self.run.active -= 1

    # -- from the load balancer and back ----------------------------------------------------------------------------

    def ask_as(self, c: Session, op: Op, token: int, stage: int = 0) -> simpy.Event:
        """Let a session ask, which is at the load balancer now, and return what `ask` does."""
        if c.came_at < 0:
            c.came_at = int(self.env.now)
        r = Request(self.run, c.s, c.number, op, token, c.send_at)
        r.base_delay, r.stage = c.base_delay, stage
        return self.ask(r)

    def ask(self, r: Request) -> simpy.Event:
        """Let a request run that has reached the load balancer, and its client's clock; return what settles it."""
        self.run.totals["sent"] += 1
        self.run.totals["awaited"] += 1
        self.run.unsettled.add(r)
        self.run.count(Column.SENT + r.endpoint)
        expires = max(r.sent_at + self.p.clients.timeout, int(self.env.now))
        clock = self.run.timer(expires, Kind.CLIENT_TIMEOUT, r.entity, r.number)
        clock.callbacks.append(lambda _: self._give_up_on(r, clock))
        self.env.process(self._travel(r))
        return r.settled

    def _travel(self, r: Request) -> Process:
        """Bring a request through the gateway, unless it is refused before, and its answer to the client."""
        refusal = None if self.web_acl is None else self.web_acl.judge(r)
        if refusal is None:
            yield from self.gateway.handle(r)
        else:
            r.reply = Reply(refusal)
        yield self.run.forward(r, Place.GATEWAY, Place.CLIENT)
        self.run.in_flight -= 1
        if r.settled.triggered:
            self.run.totals["late"] += 1
            self.run.totals["unheard"] += r.reply.answer >= FIRST_REFUSAL
        elif r.reply.answer >= FIRST_REFUSAL:
            self._settle(r, r.reply, None, "turned_away")
        elif r.reply.answer >= FIRST_FAILURE:
            self._settle(r, r.reply, FAILED[r.reply.answer], "failed")
        else:
            self.run.add_latency(r.stage, r.endpoint, int(self.env.now) - r.sent_at)
            self._settle(r, r.reply, Column.ANSWERED + r.endpoint, "answered")

    def _give_up_on(self, r: Request, clock: At) -> None:
        """Stop waiting for an answer, if it has not come."""
        if not r.settled.triggered:
            self.run.note(clock)
            self._settle(r, None, Column.FAILED_CLIENT_TIMEOUT, "failed")

    def _settle(self, r: Request, reply: Reply | None, column: int | None, total: str) -> None:
        if column is not None:
            self.run.count(column)
        self.run.totals[total] += 1
        self.run.totals["awaited"] -= 1
        self.run.unsettled.remove(r)
        if total == "failed":
            self.run.record.failed[r.stage, r.endpoint] += 1
        r.settled.succeed(reply)

    # -- decisions ---------------------------------------------------------------------------------------------------

    def _after_answer(self, c: Session, reply: Reply) -> Next:
        """Act on an answer."""
        answer, now = reply.answer, int(self.env.now)
        c.attempt = 0
        if c.op == Op.RESERVE and answer == Answer.SOLD:
            c.bought = True
            self.run.bought_at[c.person] = now
        if c.op in (Op.RESERVE, Op.LEAVE):
            return None
        if answer == Answer.SOLD_OUT:
            c.told, c.settled_at = True, now
            return None
        if answer == Answer.GRANTED:
            return self._let_in(c, now)
        if answer == Answer.THROTTLED:
            return Op.ENTER, now + c.slowed(max(reply.wait_ms * MILLISECOND, self.p.clients.refused_wait))
        c.waiting = answer in (Answer.WAITING, Answer.NOT_CALLED)
        if c.waiting:
            return self._poll(c, reply.position if answer == Answer.WAITING else 1)
        if answer == Answer.READY:
            return Op.ENTER, now
        if answer == Answer.UNKNOWN:
            return self._turn(c, Op.JOIN, now)  # the place was removed
        raise ValueError(f"{answer!r} is no answer to {c.op!r}")

    def _let_in(self, c: Session, now: int) -> Next:
        """Choose a seat, once inside, and try to reserve it; some only look."""
        c.waiting = False
        c.pass_until = now + self.p.clients.pass_ttl
        if not c.admitted:
            c.admitted, c.settled_at = True, now
            self.run.count(Column.ADMITTED)
            self.run.add_latency(0, WAIT, now - int(self.p.clients.first_send[c.s]))
        if self.run.chance(Stream.CONVERT, c.s, 0) >= self.p.clients.conversion:
            return None
        return Op.RESERVE, now + self.run.draw(
            self.p.clients.bot_choose if c.bot else self.p.clients.choose, Stream.CHOOSE, c.s, 0
        )

    def _poll(self, c: Session, position: int) -> Next:
        """Ask for the status after an interval, by the server's advice for this place if it gives any."""
        interval = c.slowed(next((advised for last, advised in self.advice if position <= last), c.interval))
        u = self.run.chance(Stream.POLL, c.s, c.number)
        now = int(self.env.now)
        began = c.send_at if self.p.clients.poll_from_schedule else now
        at = max(now, began + spread(u, interval, self.p.clients.poll_fraction))
        replica = self.p.waiting_room.replica_reads and at - c.contact_at < self.p.clients.write_every
        return self._turn(c, Op.STATUS_READ if replica else Op.STATUS, at)

    def _turn(self, c: Session, op: Op, at: int) -> Next:
        """Join or poll at `at`, unless patience ends before: leave, or just stop."""
        if at < c.gives_up_at:
            return op, at
        if c.waiting and c.says_leave:
            return Op.LEAVE, max(int(self.env.now), c.gives_up_at)
        return None

    def _after_failure(self, c: Session) -> Next:
        """Retry with backoff; after the last retry wait a poll interval and begin anew."""
        p, now = self.p, int(self.env.now)
        if c.attempt < p.clients.retries:
            u = self.run.chance(Stream.BACKOFF, c.s, c.number)
            at = now + c.slowed(backoff(u, p.clients.backoff_base, p.clients.backoff_max, c.attempt))
            c.attempt += 1
            return self._turn(c, c.op, at) if c.op in (Op.JOIN, Op.STATUS, Op.STATUS_READ) else (c.op, at)
        c.attempt = 0
        if c.op == Op.LEAVE:
            return None
        if c.op == Op.RESERVE:
            return Op.RESERVE, now + c.interval
        if c.op == Op.JOIN:
            return self._turn(c, Op.JOIN, now + c.interval)
        if c.op in (Op.STATUS, Op.STATUS_READ, Op.ENTER):
            c.waiting = True
            return self._poll(c, 1)
        raise ValueError(f"no client asks for {c.op!r}")

    def _after_refusal(self, c: Session, answer: Answer) -> Next:
        """Pause and ask the same again, or give up: the edge has refused."""
        assert self.web_acl is not None
        self.web_acl.refused[c.s] += 1
        if c.op == Op.LEAVE:
            return None
        waits = c.op != Op.RESERVE
        pause = self.web_acl.pause_after(c.s, c.number, answer, c.gives_up_at if waits else FOREVER)
        if pause is None:
            return None
        at = int(self.env.now) + pause
        return self._turn(c, c.op, at) if waits else (c.op, at)
