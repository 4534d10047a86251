"""Settings that let one session, or the kubelet, ask more often than the number in an event's key can count."""

import math
from collections.abc import Iterator

from models.scenario.load_kinds import ClosedLoopLoad, OpenLoopLoad
from models.scenario.sections import Sections
from models.vocabulary.instants import NUMBERS

FASTEST_S = 0.001
"""Nobody answers faster, or so: the network alone takes that (assumption)."""


def number_contradictions(s: Sections) -> Iterator[str]:
    """Yield one line for whatever could ask too often, at the pace that it keeps on average."""
    load, clients = s.clients.load, s.clients
    if isinstance(load, ClosedLoopLoad):
        length = math.fsum(stage.duration_s for stage in load.stages)
        yield from _too_many("clients.load.think_s", load.think_s, "of one user", length / max(load.think_s, FASTEST_S))
    elif not isinstance(load, OpenLoopLoad):
        # the retries of a request can all be at once; after the last one a page waits for a poll interval
        tries = s.run.duration_s * (1 + clients.retries)
        polls = (line.interval_s for line in clients.poll_advised)
        shortest = min(clients.poll_interval_s, clients.bots.poll_interval_s, *polls)
        yield from _too_many("clients.poll_interval_s", shortest, "of one page", tries / shortest)
        wait = clients.refused_wait_s
        yield from _too_many("clients.refused_wait_s", wait, "to enter, of one page", tries / max(wait, FASTEST_S))
    if s.autoscaling is not None:
        yield from _probes(s)


def _probes(s: Sections) -> Iterator[str]:
    probes = s.gateway.probes
    kinds = [probe for probe in (probes.readiness, probes.liveness, probes.startup) if probe is not None]
    pods = max(s.gateway.pods, 0 if s.autoscaling is None else s.autoscaling.max_pods)
    asked = sum(pods * s.run.duration_s / probe.period_s for probe in kinds)
    yield from _too_many("gateway.probes.readiness.period_s", probes.readiness.period_s, "of the kubelet", asked)


def _too_many(path: str, value: float, whose: str, requests: float) -> Iterator[str]:
    if requests > NUMBERS:
        yield (
            f"{path}: with {value:g} there could be {requests:,.0f} requests {whose} in the run; at most {NUMBERS:,} "
            "can be told apart: make it longer, or run.duration_s shorter"
        )
