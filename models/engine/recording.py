"""What a finished run leaves behind, of either engine: the one thing that results and laws are worked out from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.catalogues.ec2_capacity import Capacity
from models.engine.record import Column, Record
from models.vocabulary.units import SECOND


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


class EdgeRecord(NamedTuple):
    """What a web ACL did: requests `refused`, of which clients were `turned_away` or had given up before, `unheard`.

    By kind, people first: `acted` int64[N, K] requests that each rule ended or counted; `asked` int64[5, K] CAPTCHAs
    shown, solved and abandoned, sessions that gave up for having been refused otherwise, and ns that the others paused.
    `refusals` int64[S]: how often each session was turned away. `by_second` int64[R, E]: requests refused, by second
    and endpoint; it has no rows without an edge.
    """

    refused: int
    turned_away: int
    unheard: int
    acted: NDArray[np.int64]
    asked: NDArray[np.int64]
    refusals: NDArray[np.int64]
    by_second: NDArray[np.int64]

    @property
    def captchas_shown(self) -> int:
        """How many CAPTCHAs were shown, to whomever."""
        return int(self.asked[0].sum())


class Flow(NamedTuple):
    """Requests that a part has taken in, that it has let go, and that were still in it at the end."""

    came: int
    went: int
    inside: int


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
    `event_sold_out_at`. `throttled` int64[nodes, 3] is when a Redis node's replies were first held up by its network,
    ns, -1 if never, by how much at most, ns, and how many. What the `edge` refused was neither answered nor failed;
    without one nothing is. `parts` are the requests of every part behind the load balancer. `nodes` are those that
    autoscaling bought; none where pods are fixed in number.
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
    throttled: NDArray[np.int64]
    sessions: Sessions
    edge: EdgeRecord
    parts: Mapping[str, Flow]
    nodes: tuple[PaidNode, ...] = ()

    @property
    def flows(self) -> dict[str, Flow]:
        """The requests of every part, by its name."""
        heard_of = self.answered + self.edge.turned_away + self.failed
        return {"clients": Flow(self.sent, heard_of, self.awaited), **self.parts}

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

    def past_the_edge(self, endpoint: int) -> NDArray[np.int64]:
        """Return how many requests to an endpoint were let through to the load balancer, for each second of the run."""
        sent = self.column(Column.SENT + endpoint)
        refused = self.edge.by_second[: self.seconds, endpoint]
        return sent - refused if refused.size else sent


def in_order(awaited: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows in order, for two engines that find them in different ones."""
    return awaited[np.lexsort(awaited.T[::-1])]
