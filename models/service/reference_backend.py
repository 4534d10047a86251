"""The reservation service: a FIFO station of many servers in front of the stock of seats."""

from models.engine.record import Column
from models.engine.recording import Flow
from models.engine.reference_run import Process, Request, Run, Servers
from models.vocabulary.instants import Kind
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Answer, Reply
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream


class Backend:
    """Servers and stock. By event, `sold` counts seats and `sold_out_at` is when it sold out, ns, or -1."""

    def __init__(self, run: Run) -> None:
        self.run, self.p, self.env = run, run.p, run.env
        self.servers = Servers(run.env, run.p.backend.servers)
        self.seats = [int(seats) for seats in run.plan.seats]
        self.sold = [0] * run.p.waiting_room.events
        self.sold_out_at = [-1] * run.p.waiting_room.events
        self.came = self.went = 0

    def reserve(self, r: Request) -> Process:
        """Be served by the first free of many servers; the seats are taken when the service is done."""
        yield self.run.forward(r, Place.GATEWAY, Place.RESERVATION)
        self.came += 1
        yield from self.servers.acquire()
        service = self.run.draw(self.run.p.backend.service_time, Stream.BACKEND, r.entity, r.number)
        yield self.run.after(service, Kind.BACKEND_DONE, r.entity, r.number)
        r.reply = Reply(self._take_seats(r.entity, self.run.event_of(r.token)))
        self.servers.release()
        self.went += 1
        yield self.run.forward(r, Place.RESERVATION, Place.GATEWAY)

    def flow(self) -> Flow:
        """Return the reservations that came and went."""
        return Flow(self.came, self.went, self.servers.held())

    def is_sold_out(self, event: int) -> bool:
        """Tell whether an event has too few seats left for another order."""
        return self.seats[event] - self.sold[event] < self.p.backend.seats_per_order

    def _take_seats(self, s: int, event: int) -> Answer:
        """Take seats atomically and once per session: who asks again is told what it has."""
        buyer = self.run.sessions[s]
        if buyer.holds:
            return Answer.SOLD
        if self.env.now > buyer.pass_until:
            return Answer.PASS_EXPIRED
        if self.is_sold_out(event):
            return Answer.SOLD_OUT
        buyer.holds = True
        self.sold[event] += self.p.backend.seats_per_order
        self.run.count(Column.SOLD, self.p.backend.seats_per_order)
        if self.is_sold_out(event):
            self.run.tell(Told(News.SOLD_OUT, event))
            self.sold_out_at[event] = int(self.env.now)
        return Answer.SOLD
