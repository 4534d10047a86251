"""Values of a scenario that are fine alone and impossible together; each line names a field and a remedy."""

import itertools
import math
from collections.abc import Iterator

from models.scenario.arrival import PiecewiseArrival
from models.scenario.clients import Clients
from models.scenario.edge_checks import edge_contradictions
from models.scenario.fault_checks import fault_contradictions
from models.scenario.load_kinds import ClosedLoopLoad, Mix, OpenLoopLoad, RateStage, UserStage
from models.scenario.mesh import mesh_contradictions
from models.scenario.number_checks import number_contradictions
from models.scenario.scaling_checks import scaling_contradictions
from models.scenario.sections import Sections
from models.scenario.share_checks import SHARE_TOLERANCE, share_contradictions
from models.vocabulary.script_limits import RATE_STEPS_PER_RPS
from models.vocabulary.units import HOURS_PER_MONTH

#: Browser tabs in all: the state of one is some tens of bytes, and everything must fit into memory.
MAX_SESSIONS = 50_000_000
#: Requests of an open loop in all.
MAX_OPEN_LOOP_REQUESTS = 200_000_000
#: Requests by polling or thinking alone; more than this would run for hours.
MAX_REQUESTS = 10_000_000_000
#: Reservations in service at the same time.
MAX_SERVERS = 100_000


def contradictions(scenario: Sections) -> Iterator[str]:
    """Yield one line for everything in `scenario` that cannot be."""
    yield from _time(scenario)
    yield from _people(scenario.clients)
    yield from _arrival(scenario.clients)
    yield from _advice(scenario.clients)
    yield from _polling(scenario)
    yield from _load(scenario)
    yield from _events(scenario)
    yield from share_contradictions(scenario)
    yield from _extra_calls(scenario)
    yield from _admission(scenario)
    yield from _platform(scenario)
    yield from _month(scenario)
    yield from fault_contradictions(scenario)
    yield from scaling_contradictions(scenario)
    yield from number_contradictions(scenario)
    yield from mesh_contradictions(scenario.mesh)
    yield from edge_contradictions(scenario)


def _time(s: Sections) -> Iterator[str]:
    if s.event.opens_at_s >= s.run.duration_s:
        yield (
            f"event.opens_at_s: {s.event.opens_at_s:g} is not allowed; "
            f"must be before the end of the run (run.duration_s = {s.run.duration_s:g})"
        )


def _people(c: Clients) -> Iterator[str]:
    total = sum(c.tabs.values())
    if abs(total - 1) > SHARE_TOLERANCE:
        yield f"clients.tabs: the shares sum to {total:g}; they must sum to 1"
        return
    sessions = c.count * sum(k * share for k, share in c.tabs.items())
    if sessions > MAX_SESSIONS:
        yield f"clients.tabs: {sessions:,.0f} tabs (count x tabs) do not fit; at most {MAX_SESSIONS:,}"
    if c.backoff_max_s < c.backoff_base_s:
        yield (
            f"clients.backoff_max_s: {c.backoff_max_s:g} is not allowed; "
            f"must be at least clients.backoff_base_s = {c.backoff_base_s:g}"
        )


def _arrival(c: Clients) -> Iterator[str]:
    if not isinstance(c.arrival, PiecewiseArrival):
        return
    path = "clients.arrival.points"
    times = [t for t, _ in c.arrival.points]
    rates = [rate for _, rate in c.arrival.points]
    for k, (before, after) in enumerate(itertools.pairwise(times)):
        if after <= before:
            yield f"{path}.{k + 1}: time {after:g} is not allowed; must be after the one before ({before:g})"
            return
    if times[0] < 0 or times[-1] > 86_400:
        yield f"{path}: times {times[0]:g} to {times[-1]:g} are not allowed; must lie in 0 to 86,400 s"
    if min(rates) < 0 or max(rates) > 1e9:
        yield f"{path}: a rate of {min(rates):g} to {max(rates):g} is not allowed; must lie in 0 to 1e9"
    elif max(rates) < 1e-9:
        yield f"{path}: all rates are 0, so nobody would arrive; at least one must be 1e-9 or more"


def _polling(s: Sections) -> Iterator[str]:
    if s.clients.load.mode != "onsale":
        return
    polls = s.clients.count * sum(k * share for k, share in s.clients.tabs.items())
    polls *= s.run.duration_s / min(poll_intervals_s(s.clients))
    if polls > MAX_REQUESTS:
        yield (
            f"clients.poll_interval_s: up to {polls:.2g} polls in the run are too many to simulate; at most "
            f"{MAX_REQUESTS:.0e}: poll less often, or lower clients.count or run.duration_s"
        )


def poll_intervals_s(c: Clients) -> list[float]:
    """Return every poll interval in use, in seconds, of people and of bots."""
    intervals = [line.interval_s for line in c.poll_advised]
    if not c.poll_advised or c.poll_advised[-1].up_to_position is not None:
        intervals.append(c.poll_interval_s)
    if c.bots.share > 0:
        intervals.append(c.bots.poll_interval_s)
    return intervals


def _advice(c: Clients) -> Iterator[str]:
    for k, (line, following) in enumerate(itertools.pairwise(c.poll_advised)):
        path = f"clients.poll_advised.{k + 1}.up_to_position"
        if line.up_to_position is None:
            yield f"clients.poll_advised.{k}.up_to_position: missing; only the last line may leave it out"
        elif following.up_to_position is not None and following.up_to_position <= line.up_to_position:
            yield (
                f"{path}: {following.up_to_position} is not allowed; "
                f"must be above the line before it ({line.up_to_position})"
            )


def _mix(mix: Mix) -> Iterator[str]:
    total = mix.status + mix.join + mix.enter
    if abs(total - 1) > SHARE_TOLERANCE:
        yield f"clients.load.mix: the shares sum to {total:g}; they must sum to 1 (those not named are 0)"


def _load(s: Sections) -> Iterator[str]:
    load = s.clients.load
    if not isinstance(load, OpenLoopLoad | ClosedLoopLoad):
        return
    yield from _mix(load.mix)
    stages: tuple[RateStage | UserStage, ...] = load.stages
    for k, stage in enumerate(stages):
        if stage.duration_s <= load.settle_s:
            yield (
                f"clients.load.stages.{k}.duration_s: {stage.duration_s:g} is not allowed; "
                f"must be above clients.load.settle_s = {load.settle_s:g}, or nothing is left to measure"
            )
    length = math.fsum(stage.duration_s for stage in stages)
    if length > s.run.duration_s + 1e-9:
        yield (
            f"run.duration_s: {s.run.duration_s:g} is not allowed; "
            f"must be at least the {length:g} s that the stages of clients.load take together"
        )
    if isinstance(load, OpenLoopLoad):
        yield from _open_loop(load)
    else:
        yield from _closed_loop(load)
        if load.think_s == 0 and s.network.client_one_way.median_ms == 0:
            yield (
                "clients.load.think_s: 0 is not allowed with network.client_one_way.median_ms = 0; one of them must be "
                "above 0, or a refused user sends again at the same instant for ever"
            )


def _open_loop(load: OpenLoopLoad) -> Iterator[str]:
    requests = sum(stage.rate_rps * stage.duration_s for stage in load.stages)
    if requests <= 0:
        yield "clients.load.stages: every rate_rps is 0; at least one stage must send requests"
    if requests > MAX_OPEN_LOOP_REQUESTS:
        most = f"{MAX_OPEN_LOOP_REQUESTS:,}"
        yield f"clients.load.stages: {requests:,.0f} requests in all are too many; at most {most}"


def _closed_loop(load: ClosedLoopLoad) -> Iterator[str]:
    if not any(stage.users for stage in load.stages):
        yield "clients.load.stages: every users is 0; at least one stage must send requests"
    # nobody answers faster than in a millisecond or so: the network alone takes that
    requests = sum(stage.users * stage.duration_s for stage in load.stages) / max(load.think_s, 0.001)
    if requests > MAX_REQUESTS:
        yield (
            f"clients.load.stages: up to {requests:.2g} requests are too many to simulate; at most "
            f"{MAX_REQUESTS:.0e}: fewer users, shorter stages or a longer think_s"
        )


def _events(s: Sections) -> Iterator[str]:
    events = s.waiting_room.events
    tags = s.waiting_room.event_tags
    if tags is not None and len(tags) != events:
        yield (
            f"waiting_room.event_tags: {len(tags)} tags are not allowed; "
            f"must be as many as waiting_room.events = {events}, or null"
        )
    if tags is not None and len(set(tags)) != len(tags):
        twice = next(tag for k, tag in enumerate(tags) if tag in tags[:k])
        yield f"waiting_room.event_tags: {twice!r} stands there twice; every event needs a tag of its own"
    for path, total, shares in (
        ("event.seats", s.event.seats, s.event.seat_shares),
        ("admission.burst", s.admission.burst, s.event.admission_shares),
        ("admission.call_window", s.admission.call_window, s.event.admission_shares),
    ):
        if total < events and shares is None:
            yield (
                f"{path}: {total} is not allowed; it is split evenly over the events, "
                f"so it must be at least waiting_room.events = {events}"
            )
    if events <= s.event.seats < events * s.event.seats_per_order and s.event.seat_shares is None:
        yield (
            f"event.seats: {s.event.seats} is not allowed; must be at least "
            f"{events * s.event.seats_per_order}, one order of event.seats_per_order = "
            f"{s.event.seats_per_order} for each event"
        )


def _extra_calls(s: Sections) -> Iterator[str]:
    for k, entry in enumerate(s.waiting_room.extra_calls):
        if entry.calls == 0:
            yield (
                f"waiting_room.extra_calls.{k}.calls: 0 is not allowed; "
                "must be an integer from -1,000 to 1,000 other than 0"
            )


def _admission(s: Sections) -> Iterator[str]:
    a = s.admission
    if s.event.admission_shares is None and a.rate_rps / s.waiting_room.events * RATE_STEPS_PER_RPS < 1:
        yield (
            f"admission.rate_rps: {a.rate_rps:g} is not allowed; must be at least "
            f"{s.waiting_room.events / RATE_STEPS_PER_RPS:g}, a thousandth per second for each event: the scripts' step"
        )
    if a.call_window < a.rate_rps:
        advised = 2 * a.rate_rps * s.clients.poll_interval_s
        yield (
            f"admission.call_window: {a.call_window} is not allowed; must be at least admission.rate_rps = "
            f"{a.rate_rps:g}, and keeps that rate from {advised:,.0f} on (2 x rate x poll interval)"
        )


def _platform(s: Sections) -> Iterator[str]:
    baseline, burst = s.redis.network_baseline_gbps, s.redis.network_burst_gbps
    if baseline is not None and burst is not None and baseline > burst:
        yield (
            f"redis.network_burst_gbps: {burst:g} is not allowed; "
            f"must be at least redis.network_baseline_gbps = {baseline:g}"
        )
    if s.backend.servers > MAX_SERVERS:
        yield (
            f"backend.reservation_capacity_rps: times service time is {s.backend.servers:,} reservations at "
            f"the same time; at most {MAX_SERVERS:,} fit"
        )


def _month(s: Sections) -> Iterator[str]:
    hours = s.cost.event_hours(s.run.duration_s)
    if s.cost.events_per_month * hours > HOURS_PER_MONTH:
        yield (
            f"cost.events_per_month: {s.cost.events_per_month:g} is not allowed; must be at most "
            f"{HOURS_PER_MONTH / hours:.10g}, as one takes {hours:.10g} h (cost.warm_up_h, run.duration_s and "
            f"cost.cool_down_h) of the month's {HOURS_PER_MONTH:g}"
        )
