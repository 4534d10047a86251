"""What a finished run leaves behind, of either engine: the one thing that results and laws are worked out from."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.catalogues.ec2_capacity import Capacity
from models.engine.record import Record
from models.engine.world import ANSWERED, DONE, FAILED, LATE, SENT, SOURCE, TOLD, World
from models.plan.plan import ONSALE
from models.vocabulary.operations import Op
from models.vocabulary.streams import Stream
from models.vocabulary.units import SECOND
from models.waiting_room.state import OUT
from sim.draws import from_table


class Sessions(NamedTuple):
    """How every session (tab; or user of a closed loop) ended, each array of length S.

    `came_at` int64 is when its first request reached the load balancer, -1 if none did; `call_number` int32 the place
    of its first call among its event's, from 1, 0 if it was never called; `settled_at` int64 when its client learned
    that it is let in, or that the seats are gone, ns, -1 if it never did. bool: `admitted` and `bought` as its client
    knows, `told` that the seats are gone, `holds` as the stock does, `in_place` in line or called at the end, `done`
    sends nothing more.
    """

    came_at: NDArray[np.int64]
    call_number: NDArray[np.int32]
    settled_at: NDArray[np.int64]
    admitted: NDArray[np.bool_]
    told: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    in_place: NDArray[np.bool_]
    done: NDArray[np.bool_]


class PaidNode(NamedTuple):
    """An EC2 node: its type, how it was bought, and from when until when it was paid for, ns; None: to the end."""

    kind: str
    capacity: Capacity
    since: int
    until: int | None


@dataclass(frozen=True, eq=False)
class Recording:
    """A finished run.

    It ended at `end_ns`. Of the requests `sent` (arrived at the load balancer) so many were `answered` in time,
    `failed`, or still `awaited` by their client at the end; `late` answers found nobody. `in_the_air` int64[A, 3]
    are those still awaited, ordered: stage, endpoint, and how long ago they were sent, ns. By event, int64[E]:
    places `waiting` in line and `called` at the end, seats `sold`, and when it sold out, ns, or -1,
    `event_sold_out_at`. `nodes` are those that autoscaling bought; none where pods are fixed in number.
    """

    end_ns: int
    record: Record
    sent: int
    answered: int
    failed: int
    awaited: int
    late: int
    in_the_air: NDArray[np.int64]
    waiting: NDArray[np.int64]
    called: NDArray[np.int64]
    sold: NDArray[np.int64]
    event_sold_out_at: NDArray[np.int64]
    sessions: Sessions
    nodes: tuple[PaidNode, ...] = ()

    @property
    def seconds(self) -> int:
        """How many rows of the series the run filled, the last one perhaps in part."""
        return max(1, -(-self.end_ns // SECOND))

    @property
    def end_s(self) -> float:
        """When the run ended, in seconds; a nanosecond for one in which nobody ever came, so that it has means."""
        return max(self.end_ns, 1) / SECOND

    @property
    def sold_out_at(self) -> int:
        """When the last event sold out, ns; -1 if one did not."""
        return int(self.event_sold_out_at.max()) if (self.event_sold_out_at >= 0).all() else -1

    def column(self, column: int) -> NDArray[np.int64]:
        """Return one column of the series, a value for each second of the run."""
        return self.record.series[: self.seconds, column]


def of_kernel(w: World, now: int) -> Recording:
    """Return the recording of a run of the compiled engine that ended at `now` ns."""
    awaited = np.concatenate([_awaited_by_sessions(w, now), _awaited_of_source(w, now)])
    return Recording(
        end_ns=now,
        record=w.record,
        sent=int(w.total[SENT]),
        answered=int(w.total[ANSWERED]),
        failed=int(w.total[FAILED]),
        awaited=len(awaited),
        late=int(w.total[LATE]),
        in_the_air=in_order(awaited),
        waiting=w.rooms.line.members.copy(),
        called=w.rooms.room["called"].copy(),
        sold=w.sold.copy(),
        event_sold_out_at=w.sold_out_at.copy(),
        sessions=_sessions_of(w),
    )


def _sessions_of(w: World) -> Sessions:
    session, sessions = w.session, w.p.sessions
    # on-sale: a session is the token of its number; the tokens of a generated load belong to nobody
    place = w.rooms.place[:sessions] if w.p.prejoined == 0 else np.zeros(sessions, w.rooms.place.dtype)
    return Sessions(
        came_at=session["came_at"].copy(),
        call_number=place["call_number"].copy(),
        settled_at=np.where(
            session["admitted"] == 1,
            session["pass_until"] - w.p.pass_ttl,
            np.where(session["traits"] & TOLD, session["pass_until"], -1),
        ),
        admitted=session["admitted"] == 1,
        told=session["traits"] & TOLD != 0,
        bought=session["bought"] == 1,
        holds=session["holds"] == 1,
        in_place=place["where"] != OUT,
        done=session["phase"] == DONE,
    )


def in_order(awaited: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows in order, for two engines that find them in different ones."""
    return awaited[np.lexsort(awaited.T[::-1])]


def _awaited_by_sessions(w: World, now: int) -> NDArray[np.int64]:
    """Return stage, endpoint and age of the requests that sessions have at the load balancer and still wait for."""
    mine = w.session[w.session["awaiting"] == 1]
    return _rows(_stages(w, mine["sent_at"]), mine["op"], now - mine["sent_at"])


def _stages(w: World, sent_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stages whose figures requests belong to that were sent then, as `loads.measured_stage` does."""
    if w.p.load == ONSALE:
        return np.zeros(sent_at.size, np.int64)
    ends = w.x.stage_end
    stage = np.searchsorted(ends, sent_at, side="right").astype(np.int64)
    begin = np.concatenate([[0], ends])[stage]
    return np.where(sent_at - begin < w.p.settle, ends.size, stage)


def _awaited_of_source(w: World, now: int) -> NDArray[np.int64]:
    """Return the same of an open-loop source."""
    x = w.x
    mine = w.slot[(w.slot["origin"] == SOURCE) & (w.slot["entity"] >= 0) & (w.slot["abandoned"] == 0)]
    base, out = x.starts[Stream.NET_BASE], x.starts[Stream.NET_OUT]
    arrived = np.zeros(mine.size, np.bool_)
    for k, (sent_at, entity) in enumerate(zip(mine["sent_at"].tolist(), mine["entity"].tolist(), strict=True)):
        delay = from_table(x.base, base, entity, 0) + from_table(x.jitter, out, entity, 0)
        arrived[k] = sent_at + delay < now
    return _rows(mine["stage"][arrived], mine["op"][arrived], now - mine["sent_at"][arrived])


def _rows(stages: NDArray[np.int64], ops: NDArray[Any], ages: NDArray[np.int64]) -> NDArray[np.int64]:
    endpoints = np.where(ops == Op.STATUS_READ, Op.STATUS, ops)
    return np.column_stack([stages.astype(np.int64), endpoints.astype(np.int64), ages.astype(np.int64)])
