"""A Redis primary dies and another node takes its place: what breaks, and what is lost.

The node stops at once: its pass and what it had not read are broken off. The pods see their connections reset, a
network delay later, or, if the host is gone, wait until their read timeout; and so with all they send there until they
have learned of the successor. Then they connect anew, which costs the new node as starting pods do.

*What is lost.* Replication is asynchronous: a pass's writes leave the primary with its replies, at its end. So the
successor has what all passes had written that ended by a lag before the death; the pass under way, and those that ended
within the lag, it never hears of. Nobody was told of the pass under way, but in a saturated shard that pass is half a
second of everybody's requests. A copy of the room at one instant would not do, as a pass is applied when it starts: the
copy must be of the moment before the pass that straddles the lag. So from the start of the run every place is kept as
it was before its first change since the last pass that is known to have been copied (`waiting_room.state.keep`), and
those marks stop advancing a lag before the death. A shard without a replica is the same without any mark: nothing was
ever copied.

Places come and go by this: one that was taken is lost; one that was let in, left or removed is back. Whoever was let in
and whose pass is lost keeps what its client knows, and can be let in again: that admission is counted as repeated.

The successor stands in for the dead node, as far from the pods as that was, with cold caches; that it has executed the
writes before, and that zones change places, is left out.
"""

import numpy as np
from numpy.typing import NDArray

from models.engine.agenda import free_slot
from models.engine.network import delay, let_reply
from models.engine.record import BUSY_NS, NODES, PER_NODE, Column, row_of_bucket, spread_busy
from models.engine.requests import DIALLER
from models.engine.world import World
from models.plan.events import events_of
from models.redis.state import WENT
from models.vocabulary.codes import ANSWER_CONNECTION, PLACE_GATEWAY, PLACE_REDIS
from models.vocabulary.units import SECOND
from models.waiting_room.state import CALLED, LINE, OUT, PASS_LOST, PASSED
from sim import batches, deadlines, ranked
from sim.batches import LENGTH
from sim.jit import compiled


@compiled
def break_off(w: World, now: int, slot: int) -> None:
    """A request is with a node that has died: its pod sees the connection reset, or waits until it gives up."""
    r = w.requests.slot[slot]
    if r.origin > DIALLER:
        w.redis.node[r.node].expiring -= 1
        free_slot(w, slot)
        return
    r.answer = ANSWER_CONNECTION
    patience = w.p.failover.give_up[r.node]
    if patience < 0:
        let_reply(w, now + delay(w, slot, PLACE_REDIS, PLACE_GATEWAY), slot)
    else:
        let_reply(w, max(now, r.queued_at + patience), slot)


@compiled
def die(w: World, now: int, k: int) -> None:
    """End a node's process: its pass stops, and what it was working on or had not read yet is broken off."""
    node = w.redis.node[k]
    if node.ends > now:
        spread_busy(w.record, NODES + PER_NODE * k + BUSY_NS, now, node.ends - now, -1)
    node.dead, node.busy, node.effect_ns = 1, 0, 0
    node.life += 1
    node.clients = 0
    node.passes += 1
    for inbox in (w.redis.in_pass, w.redis.inbox):
        w.redis.total[WENT] += inbox[k, LENGTH]
        place = batches.first(inbox, k)
        for _ in range(inbox[k, LENGTH]):
            break_off(w, now, w.requests.batches.item[place])
            place = batches.following(w.requests.batches, place)
        batches.empty(inbox, k, w.requests.batches)


@compiled
def revive(w: World, now: int, k: int) -> None:
    """Begin the next process of a node, with cold caches."""
    node = w.redis.node[k]
    node.dead, node.idle_since = 0, now
    node.near, node.far = 1.0, 1.0
    node.scripts = node.collected_at = node.listed = 0
    node.credit_full_at = node.line_full_at = 0


def fall_back(w: World, view: World, now: int, shard: int) -> None:
    """Let the rooms of a shard be what its successor knows of them, and count what that loses.

    `view` is *w* as compiled code sees it; there must be as many free chunks for lines as any line can fill.
    """
    for event in np.flatnonzero(w.p.redis.event_node == shard).tolist():
        _count_admissions(w, event)
        _put_back(w, view, now, event, shard)
        w.waiting_room.room[event] = w.waiting_room.kept_room[event]


def _count_admissions(w: World, event: int) -> None:
    """Count the admissions that are lost, in the second the token bucket goes by: it gives them again."""
    room, series = w.waiting_room.room[event], w.record.series
    lost = room["granted"] - w.waiting_room.kept_room[event]["granted"]
    series[row_of_bucket(series.shape[0], int(room["bucket_at_ms"])), Column.ADMISSIONS_LOST] += lost


def _put_back(w: World, view: World, now: int, event: int, shard: int) -> None:
    """Put the places of an event back to what they were."""
    rooms, series = w.waiting_room, w.record.series
    tokens = np.flatnonzero(events_of(w.p.waiting_room.event_cycle, rooms.place.size) == event)
    was, kept = rooms.place[tokens], rooms.kept[tokens]
    changed = rooms.marked[tokens] == rooms.mark[shard]
    back = was.copy()
    back[changed] = kept[changed]
    held, holds = was["where"] != OUT, back["where"] != OUT
    row = min(now // SECOND, series.shape[0] - 1)
    series[row, Column.PLACES_LOST] += np.count_nonzero(held & ~holds)
    series[row, Column.PLACES_RETURNED] += np.count_nonzero(holds & ~held)
    back["passed"][(was["passed"] == PASSED) & (back["passed"] != PASSED)] = PASS_LOST
    called, line = back["where"] == CALLED, back["where"] == LINE
    back["in_seen"], back["in_called"] = holds, called
    rooms.place[tokens] = back
    rooms.listed_ms[tokens] = back["seen_ms"]
    deadlines.refill(rooms.seen, event, back["seen_ms"][holds], tokens[holds])
    deadlines.refill(rooms.called, event, back["deadline_ms"][called], tokens[called])
    score, member = back["score"][line], tokens[line]
    order = np.lexsort((member, score))
    refill_line(view, event, score[order], member[order])


@compiled
def refill_line(w: World, event: int, score: NDArray[np.float64], member: NDArray[np.int64]) -> None:
    """Make an event's line anew, of members in the order of their scores."""
    ranked.refill(w.waiting_room.line, event, score, member)
