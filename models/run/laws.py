"""Laws that every run obeys, checked on its recording: a run that breaks one is a defect of the engine, not a result.

Each `check_...` raises `LawBroken` with the numbers that contradict each other.
"""

import numpy as np
from numpy.typing import NDArray

from models.edge.state import ABANDONED, PAUSED, SHOWN, SOLVED
from models.engine.record import BUSY_NS, CLIENTS, FAILURES, NODES, PER_NODE, WAIT, Column, Level
from models.engine.recording import Recording
from models.plan.clients import ONSALE
from models.plan.edge import Action
from models.plan.events import events_of
from models.plan.plan import Plan
from models.plan.room_rules import MICRO
from models.vocabulary.operations import ENDPOINTS, Op
from models.vocabulary.units import SECOND


class LawBroken(AssertionError):
    """A recording contradicts itself: the message names the law and the numbers."""


def check(plan: Plan, recording: Recording) -> None:
    """Raise LawBroken if *recording*, of a run of *plan*, breaks any law."""
    check_requests(recording)
    check_edge(plan, recording)
    check_places(plan, recording)
    check_seats(plan, recording)
    check_admissions(plan, recording)
    check_work(plan, recording)
    check_pods(plan, recording)
    check_waits(plan, recording)
    check_littles_law(plan, recording)


def check_requests(recording: Recording) -> None:
    """Conservation: what came to a part has gone or is in it; for clients, in totals, series and histograms alike.

    A client's request has come when it is sent, and has gone when it is answered, refused at the edge, or has failed.
    """
    r, endpoints = recording, len(ENDPOINTS)
    for part, flow in r.flows.items():
        _demand(
            flow.came == flow.went + flow.inside,
            f"{part}: {flow.came} requests came, but {flow.went} went and {flow.inside} are in it",
        )
    _demand(r.awaited == len(r.in_the_air), f"{r.awaited} requests awaited, but {len(r.in_the_air)} are in the air")
    counted = r.record.series.sum(axis=0)
    sent, answered = counted[Column.SENT :][:endpoints], counted[Column.ANSWERED :][:endpoints]
    failed = counted[Column.FAILED_POOL_TIMEOUT :][: len(FAILURES)].sum()
    for name, total, by_second in (
        ("sent", r.sent, sent.sum()),
        ("answered", r.answered, answered.sum()),
        ("failed", r.failed, failed),
        ("failed", r.failed, r.record.failed.sum()),
    ):
        _demand(total == by_second, f"{total} requests {name}, but {by_second} by the second")
    latencies = r.record.counts[:, :endpoints].sum(axis=(0, 2))
    for k, name in enumerate(ENDPOINTS):
        _demand(answered[k] == latencies[k], f"{answered[k]} answers to {name}, but {latencies[k]} latencies of it")


def check_edge(plan: Plan, recording: Recording) -> None:
    """Every request that is refused at the edge is refused by one rule, nobody is told of more than that, and pods see
    none of them."""
    edge, rules = recording.edge, plan.params.edge.rules
    ends = np.isin(rules[:, 1], (Action.BLOCK, Action.CAPTCHA, Action.CHALLENGE))
    by_rule, told = int(edge.acted[ends].sum()), edge.turned_away + edge.unheard
    _demand(edge.refused == by_rule, f"{edge.refused} requests refused at the edge, but {by_rule} by its rules")
    _demand(told <= edge.refused, f"{edge.refused} requests refused at the edge, but {told} refusals came back")
    heard = int(edge.refusals.sum())
    _demand(heard == edge.turned_away, f"{edge.turned_away} requests turned away, but {heard} by session")
    shown, ended = int(edge.asked[SHOWN].sum()), int(edge.asked[SOLVED].sum() + edge.asked[ABANDONED].sum())
    _demand(shown == ended, f"{shown} CAPTCHAs shown, but {ended} solved or abandoned")
    came, passed = recording.parts["service"].came, recording.sent - edge.refused
    if plan.scenario.autoscaling is None:  # else the kubelet's probes come, too
        _demand(came <= passed, f"{came} requests came to pods, but only {passed} passed the edge")
    by_second = int(edge.by_second.sum())
    _demand(by_second == edge.refused, f"{edge.refused} requests refused at the edge, but {by_second} by the second")


def check_places(plan: Plan, recording: Recording) -> None:
    """Conservation: every place ever taken is waiting, called, admitted, left, expired, lapsed or lost with a primary.

    What went with a primary comes back if it was that a place had been let in, left or removed.
    """
    counted = recording.record.series.sum(axis=0)
    taken = plan.params.waiting_room.prejoined + int(counted[Column.JOINED]) + int(counted[Column.PLACES_RETURNED])
    waiting, called = int(recording.waiting.sum()), int(recording.called.sum())
    ways_out = ("ADMITTED_BY_BUCKET", "LEFT", "EXPIRED", "LAPSED", "PLACES_LOST")
    gone = {name: int(counted[Column[name]]) for name in ways_out}
    _demand(
        taken == waiting + called + sum(gone.values()),
        f"{taken} places taken, but {waiting} waiting, {called} called, {gone['ADMITTED_BY_BUCKET']} admitted, "
        f"{gone['LEFT']} left, {gone['EXPIRED']} expired, {gone['LAPSED']} lapsed and {gone['PLACES_LOST']} lost",
    )
    if plan.params.clients.load == ONSALE:
        held = int(recording.sessions.in_place.sum())
        _demand(held == waiting + called, f"{held} sessions hold a place, but {waiting} wait and {called} are called")
        known, granted = int(recording.sessions.admitted.sum()), gone["ADMITTED_BY_BUCKET"]
        _demand(known <= granted, f"{known} sessions know that they were admitted, but only {granted} were")


def check_seats(plan: Plan, recording: Recording) -> None:
    """Nothing oversells, and every seat sold is held by somebody who was admitted to its event."""
    per_order, sessions = plan.params.backend.seats_per_order, recording.sessions
    event = events_of(plan.params.waiting_room.event_cycle, sessions.holds.size)
    held = per_order * np.bincount(event[sessions.holds], minlength=plan.params.waiting_room.events)
    for k, (seats, sold) in enumerate(zip(plan.seats.tolist(), recording.sold.tolist(), strict=True)):
        _demand(sold <= seats, f"event {k} has {seats} seats and sold {sold}")
        _demand(sold == held[k], f"event {k} sold {sold} seats, but {held[k]} are held")
    by_second = int(recording.record.series[:, Column.SOLD].sum())
    _demand(by_second == recording.sold.sum(), f"{recording.sold.sum()} seats sold, but {by_second} by the second")
    bought = int((sessions.bought & ~sessions.holds).sum())
    _demand(bought == 0, f"{bought} sessions believe to have seats that they do not hold")
    strangers = int((sessions.holds & ~sessions.admitted).sum())
    _demand(strangers == 0, f"{strangers} sessions hold seats without having been admitted")


def check_admissions(plan: Plan, recording: Recording) -> None:
    """In no window of whole seconds are more admitted than burst + rate x time, by the clock of the token buckets.

    A bucket refills by the latest stamp of a pod it has seen, in whole milliseconds: the first and the last admission
    of a window of W seconds are at most 1000 W - 1 ms apart. What a bucket gave and went with its primary it gives
    again.
    """
    series = recording.record.series[:-1]
    granted = series[:, Column.ADMITTED_BY_BUCKET] - series[:, Column.ADMISSIONS_LOST]
    rate = sum(rules.rate_micro_per_ms for rules in plan.rules)
    allowed = sum(rules.burst_micro for rules in plan.rules) - rate
    excess, first, last = _most_in_excess(granted * MICRO, 1000 * rate)
    _demand(
        excess <= allowed,
        f"{granted[first : last + 1].sum()} admissions in seconds {first} to {last}; burst and rate allow "
        f"{(allowed + 1000 * rate * (last + 1 - first)) // MICRO}",
    )


def _most_in_excess(amounts: NDArray[np.int64], rate: int) -> tuple[int, int, int]:
    """Return by how much the worst window of consecutive amounts exceeds *rate* per entry, its first and last index."""
    above = np.concatenate([[0], np.cumsum(amounts - rate)])
    lowest = np.minimum.accumulate(above[:-1])
    last = int((above[1:] - lowest).argmax())
    return int(above[last + 1] - lowest[last]), int(above[: last + 1].argmin()), last


def check_work(plan: Plan, recording: Recording) -> None:
    """No server works longer than time passes, in any second."""
    p, series = plan.params, recording.record.series[:-1]
    for node in range(p.redis.nodes):
        _demand_room(series[:, NODES + PER_NODE * node + BUSY_NS], SECOND, f"engine thread {node}")
    _demand_room(
        series[:, Column.GATEWAY_BUSY_NS],
        SECOND * p.service.pods * p.service.cores,
        f"{p.service.pods} pods of {p.service.cores} cores",
    )


def check_pods(plan: Plan, recording: Recording) -> None:
    """Pods wanted stay within the autoscaler's limits, no more run than there is room for, and only those that run
    hold connections, of which no node accepts more than it may."""
    for node in range(plan.params.redis.nodes):
        clients, most = recording.column(NODES + PER_NODE * node + CLIENTS), plan.params.redis.max_clients
        _demand(clients.min() >= 0 and clients.max() <= most, f"node {node} has {clients.max()} clients, of {most}")
    scaling = plan.scenario.autoscaling
    if scaling is None:
        return
    wanted, running, connections = (
        recording.column(Column.LEVELS + level) for level in (Level.PODS_WANTED, Level.PODS_RUNNING, Level.CONNECTIONS)
    )
    _demand(
        scaling.min_pods <= wanted.min() and wanted.max() <= scaling.max_pods,
        f"{wanted.min()} to {wanted.max()} pods wanted, of {scaling.min_pods} to {scaling.max_pods}",
    )
    p = plan.params
    _demand(running.max() <= p.service.pods, f"{running.max()} pods run, of {p.service.pods}")
    excess = connections - running * p.redis.nodes * p.service.pool_size
    _demand(excess.max() <= 0, f"{excess.max()} connections more than the pools of the pods that run can hold")


def _demand_room(busy: NDArray[np.int64], most: int, who: str) -> None:
    if busy.size:
        second = int(busy.argmax())
        _demand(
            busy.min() >= 0 and busy[second] <= most, f"{who}: {busy[second]} ns of work in second {second}, of {most}"
        )


def check_waits(plan: Plan, recording: Recording) -> None:
    """Every first admission has its wait, and together they end when the seconds say that people were admitted."""
    if plan.params.clients.load != ONSALE:
        return
    admitted = recording.record.series[:, Column.ADMITTED]
    sessions = recording.sessions.admitted
    waits, known = int(recording.record.counts[:, WAIT].sum()), int(sessions.sum())
    _demand(
        waits == known == admitted.sum(), f"{known} sessions admitted, {waits} waits, {admitted.sum()} by the second"
    )
    began = int(plan.params.clients.first_send[sessions].sum(dtype=np.int64))
    ended = began + int(recording.record.total[:, WAIT].sum())
    earliest = int(admitted @ np.arange(admitted.size)) * SECOND
    _demand(
        earliest <= ended <= earliest + known * SECOND,
        f"admissions end at {earliest} to {earliest + known * SECOND} ns in sum by the second, by waits at {ended}",
    )


def check_littles_law(plan: Plan, recording: Recording) -> None:
    """Little's law: the time that people spent in line is what the length of the line adds up to.

    L = lambda W over the whole run, as sums: line lengths by the second on one side, on the other the waits of those
    admitted and of those still in line. A wait begins with the first click and ends with the answer, so it is longer
    than the place is held by the latencies of joining and entering; sampling by the second is off by at most a second
    for each place taken, and one given up; and a failure or a lost place sends people round once more.

    What a client has given up on may still be executed, much later. So any failure can take a place for somebody who
    is in or has gone, which nobody waits in from then on; and any of those in line at the end may have come in so, or
    just now, by a request that is still awaited.
    """
    if plan.params.clients.load != ONSALE:
        return
    r, sessions = recording, recording.sessions
    levels = r.column(Column.LEVELS + Level.WAITING) + r.column(Column.LEVELS + Level.CALLED)
    in_line = int(levels.sum())
    waits = int(r.record.total[:, WAIT].sum())
    since = np.maximum(r.end_ns - plan.params.clients.first_send, 0)
    still, elsewhere = sessions.in_place & ~sessions.admitted, ~sessions.in_place & ~sessions.admitted
    sampling = 2 * int(r.record.series[:, Column.JOINED].sum()) + int(sessions.in_place.sum())
    surely = np.sort(since[still])[: max(0, int(still.sum()) - r.failed - r.awaited)]
    most = (waits + int(since[still].sum()) + int(since[elsewhere].sum())) / SECOND + sampling + _ghosts_s(r)
    least = (waits + int(surely.sum())) / SECOND - sampling - _time_without_place_s(plan, r)
    _demand(
        least <= in_line <= most,
        f"Little's law: the line's lengths add up to {in_line} s of waiting, the waits to {least:.0f} to {most:.0f} s",
    )


def _time_without_place_s(plan: Plan, recording: Recording) -> float:
    """Return how long at most, in sum, people who wait hold no place: while joining, entering, and after mishaps."""
    counted, clients = recording.record.series.sum(axis=0), plan.scenario.clients
    latencies = int(recording.record.total[:, [Op.JOIN, Op.ENTER]].sum()) / SECOND
    outage = sum(failover.back_at + failover.refresh - failover.at for failover in plan.failovers) / SECOND
    lost = int(counted[Column.PLACES_LOST]) * outage
    gone = [Column.EXPIRED, Column.LAPSED, Column.LEFT, Column.PLACES_LOST]
    refused = recording.edge.turned_away
    mishaps = 2 * recording.failed + 2 * refused + int(counted[gone].sum())
    hidden_s = clients.hidden.poll_interval_s if clients.hidden.share else 0.0
    polls = [clients.poll_interval_s, clients.bots.poll_interval_s, *(line.interval_s for line in clients.poll_advised)]
    slowest = min(rules.rate_micro_per_ms for rules in plan.rules)
    throttled_s = max(clients.refused_wait_s, hidden_s, MICRO / slowest / 1000)
    unheard_s = plan.params.clients.write_every / SECOND if plan.params.waiting_room.replica_reads else 0.0
    each_s = clients.timeout_s + max(clients.backoff_max_s, hidden_s) + 2 * max(*polls, hidden_s)
    paused_s = int(recording.edge.asked[PAUSED].sum()) / SECOND
    return latencies + lost + paused_s + mishaps * (each_s + throttled_s + unheard_s)


def _ghosts_s(recording: Recording) -> int:
    """Return how long at most, in sum, places stand in line that nobody waits in: see above, or because they came back.

    What a failed request did may have been done before its client heard of the failure: it waited until then.
    """
    failed = [recording.column(Column.FAILED_POOL_TIMEOUT + cause) for cause in range(len(FAILURES))]
    return int(sum(failed, recording.column(Column.PLACES_RETURNED)).cumsum().sum())


def _demand(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise LawBroken(otherwise)
