"""Which windows are measured: a design that tells all costs apart, then those that sharpen what is still too wide."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from real_adapter.fit.engine_fit import EngineFit
from real_adapter.measure.bench import Bench
from real_adapter.measure.cases import Case, Load, burst, poisson, saturated
from real_adapter.measure.probes import plain_probes, sorted_set_probes
from real_adapter.measure.work import KEYS_NEAR, WALKS_FROM

SIZES = (WALKS_FROM, 100_000, 300_000)
"""People in line: those of most loads is `LARGE`, and walks are measured to the line of the largest shipped on-sale."""
LARGE = SIZES[1]
RATES_RPS = (20, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
KEYS_ON_SERVER = (4_000, KEYS_NEAR, 100_000, 300_000)
"""Keys that KEYS lists, ascending: a ladder's, the most that the caches hold, and on to those of the same on-sale."""
KEY_WINDOW_S = 0.5, 3e-6
"""Of a window with KEYS: at least, and for each key, so that some runs fit into it."""
NEW_S = 0.08
"""Of a saturated window in which every request adds members: short, so that the set does not grow many times over."""

TRIED_S = 0.001
"""How long each operation is tried before any is measured."""

NARROW_PERCENT = 5.0
"""What a request costs in a case is known well enough if its 95 % interval is this wide to either side."""


def load_cases() -> list[Case]:
    """Return the loads that bend the curve: rates, bursts and closed loops of the operations."""
    found = [poisson("status", LARGE, rate) for rate in RATES_RPS]
    found += [poisson("ping", LARGE, rate) for rate in (200, 2_000, 20_000)]
    found += [poisson("mix", LARGE, rate) for rate in (1_000, 10_000, 25_000)]
    found += [poisson("status", SIZES[0], rate) for rate in (1_000, 10_000)]
    found += [poisson(operation, LARGE, 4_000) for operation in ("join", "enter")]
    found += [burst("status", LARGE, together) for together in (2, 5, 20, 50)]
    found += [saturated(operation, LARGE) for operation in ("ping", "status", "enter", "mix")]
    found += [saturated("join", LARGE, seconds=NEW_S), saturated("status", SIZES[0])]
    return found


def probe_cases() -> list[Case]:
    """Return one saturated case of every probe."""
    probes = [*plain_probes(), *(probe for size in SIZES for probe in sorted_set_probes(size))]
    return [saturated(probe.name, probe.members, users=20) for probe in probes]


def replicated_cases() -> list[Case]:
    """Return the loads that are measured with a replica attached."""
    return [
        Case(operation, SIZES[0], Load(0.5, rate), replicas=1)
        for operation in ("status", "join")
        for rate in (2_000.0, 8_000.0)
    ]


def key_case(keys: int) -> Case:
    """Return the load with KEYS over so many keys in it: two users, each of whom holds the other up."""
    least_s, each_s = KEY_WINDOW_S
    return Case("status_keys", SIZES[0], Load(max(least_s, each_s * keys), users=2), keys=keys)


def key_cases() -> list[Case]:
    """Return the loads with KEYS in them, by rising numbers of keys."""
    return [key_case(keys) for keys in KEYS_ON_SERVER]


def prepare(bench: Bench) -> None:
    """Put all rooms and probes of the design on the server, and try every operation there is.

    What the server refuses is so told at once, and not after minutes of measuring.
    """
    for members in (0, *SIZES):
        bench.add_room(members)
    bench.add_probes([*plain_probes(), *(probe for size in SIZES for probe in sorted_set_probes(size))])
    tried = dict.fromkeys((case.operation, case.members) for case in (*load_cases(), *probe_cases()))
    for operation, members in tried:
        bench.drive(Case(operation, members, Load(TRIED_S, users=1)), seed=1)


def widths_percent(fit: EngineFit) -> dict[str, float]:
    """Return by case how wide half the 95 % interval of the fitted CPU per request is, in percent of it.

    That is the joint precision of all costs, where they are used: costs that replace one another are each far wider.
    """
    variances = np.einsum("kp,pq,kq->k", fit.gradients, fit.covariance, fit.gradients)
    return dict(zip(fit.cases, (100 * 1.96 * np.sqrt(variances)).tolist(), strict=True))


def most_useful(fit: EngineFit, candidates: Sequence[Case], noise: Mapping[str, float]) -> Case:
    """Return the case whose next window takes most off the variances of all that is too wide, per second of measuring.

    An optimal design for what is predicted (I-optimal), one window at a time: Atkinson, Donev and Tobias 2007, section
    10.6. *noise* is the relative standard deviation of a window by the name of its case.
    """
    wide = np.array(list(widths_percent(fit).values())) > NARROW_PERCENT
    gains = []
    for case in candidates:
        gradient: NDArray[np.float64] = fit.gradients[fit.cases.index(case.name)]
        moved = fit.covariance @ gradient
        taken = ((fit.gradients[wide] @ moved) ** 2).sum()
        gain = taken / (noise.get(case.name, 0.05) ** 2 + float(gradient @ moved))
        gains.append(gain / (case.load.seconds + 0.05))
    return candidates[int(np.argmax(gains))]
