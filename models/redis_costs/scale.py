"""What a factor makes of a profile: a slower processor, another node type, or another reading of what was published.

Costs go with the factor, and so do draws that replace them; a draw that is a factor on costs is one on the new ones.
"""

import math
from collections.abc import Callable, Sequence
from types import MappingProxyType

from scipy.special import ndtri

from models.redis_costs.parts import ENGINE_CPU_TIMES, Beyond, Draws, Quantity, Range
from models.redis_costs.profile import Profile

SLOWNESS = ("near_slow", "far_slow")
"""Of the engine's costs those that say how much slower work is on cold caches: a ratio to the work."""
PER_KEY = {f"commands.KEYS.{term}": term for term in ("per_key_us", "per_key_doubling_us")}
ALL = "commands.*"
DRAWS = 100
"""As many as the shipped profiles have."""
RATIOS = MappingProxyType(dict.fromkeys((*(f"engine.{name}" for name in SLOWNESS), "engine.listing_swing"), 1.0))
"""Costs by dotted path that are no time."""


def log_factor(path: str, work: float, cold: float) -> float:
    """Return the logarithm of the factor on the cost at a dotted *path*.

    *work* is that on all CPU time, *cold* that on what cold caches add. Time that passes has none.
    """
    kind, _, name = path.partition(".")
    if kind == "engine" and name in SLOWNESS:
        return cold - work
    return work if kind != "engine" or name in ENGINE_CPU_TIMES else 0.0


def scaled(profile: Profile, factor: float) -> Profile:
    """Return *profile* with all its CPU times times *factor*. ValueError if that is beyond what a profile may hold."""
    log = math.log(factor)
    found = profile.times(lambda path: math.exp(log_factor(path, log, log)))
    return found.model_copy(update={"beyond": _seen_beyond(profile, factor)})


def dilated(profile: Profile, factor: float) -> Profile:
    """Return *profile* as it is of an engine thread that meets its load *factor* times more slowly, its draws too.

    Every time of the mechanism is *factor* times as long, so it is as busy at 1/*factor* of the rate as it was before.
    KEYS keeps its costs per key: no published load tells of them. ValueError as `scaled`.
    """

    def of(path: str) -> float:
        return 1.0 if path in RATIOS or path.startswith("commands.KEYS.per_key") else factor

    changes: dict[str, object] = {
        "draws": draws_times(profile.draws, of),
        "beyond": _seen_beyond(profile, factor),
    }
    if rates := profile.measured_over.get("rate_rps"):
        slower = Range(low=rates.low / factor, high=rates.high / factor)
        changes["measured_over"] = {**profile.measured_over, "rate_rps": slower}
    return profile.times(of).model_copy(update=changes)


def spread(profile: Profile, low: float, best: float, high: float) -> Profile:
    """Return *profile* with all its CPU times times *best*, and draws that say that it may be *low* to *high*.

    That is a 95 % interval, lognormal with a side of its own below and above the best. ValueError as `scaled`.
    """
    rows = profile.draws.values or ((),)
    factors = quantiles(low, best, high, DRAWS)
    drawn = scaled_draws(profile, [rows[k % len(rows)] for k in range(DRAWS)], factors, best)
    return scaled(profile, best).model_copy(update={"draws": drawn})


def quantiles(low: float, best: float, high: float, count: int) -> list[float]:
    """Return *count* quantiles of a factor whose 95 % interval is *low* to *high*, in a fixed shuffled order.

    Lognormal with a side of its own below and above the *best*; 37 and *count* have no divisor in common.
    """
    found = []
    for k in range(count):
        z = float(ndtri(((37 * k) % count + 0.5) / count))
        side = math.log(high / best) if z > 0 else math.log(best / low)
        found.append(best * math.exp(z * side / 1.96))
    return found


def scaled_draws(profile: Profile, rows: Sequence[tuple[float, ...]], factors: Sequence[float], best: float) -> Draws:
    """Return *rows* of the draws of *profile* times their *factors*, for a profile whose own costs are times *best*.

    Commands that no row names are those of the profile, so a row's factor for all of them is over the best one; a
    command's cost that it replaces later is not.
    """
    parameters = profile.draws.parameters
    costs = {f"engine.{name}": float(getattr(profile.engine, name)) for name in ENGINE_CPU_TIMES}
    costs |= {f"scripts.{name}.overhead_us": cost.overhead_us for name, cost in profile.scripts.items()}
    costs |= {"script_overhead_us": profile.script_overhead_us}
    costs |= {path: float(getattr(profile.commands["KEYS"], term)) for path, term in PER_KEY.items()}
    added = {name: cost for name, cost in costs.items() if name not in parameters}
    if ALL not in parameters:
        added[ALL] = 1.0
    names = (*parameters, *added)
    before_all = names.index(ALL)

    def times(place: int, factor: float) -> float:
        name = names[place]
        if name == ALL:
            return factor / best
        if name in costs:
            return factor
        if name.startswith("engine.") or name.endswith(".*"):
            return 1.0
        return best if place < before_all else factor

    return Draws(
        parameters=names,
        values=tuple(
            tuple(float(f"{value * times(place, factor):.5g}") for place, value in enumerate((*row, *added.values())))
            for row, factor in zip(rows, factors, strict=True)
        ),
    )


def _seen_beyond(profile: Profile, factor: float) -> dict[Quantity, Beyond]:
    return {
        quantity: seen.model_copy(update={"adds_us": float(f"{seen.adds_us * factor:.4g}")})
        for quantity, seen in profile.beyond.items()
    }


def draws_times(draws: Draws, factor: Callable[[str], float]) -> Draws:
    """Return *draws* with each cost that they put in place times the *factor* of its path.

    What ends with ".*" is a factor on costs, which have been scaled already, and stays.
    """
    factors = [1.0 if path.endswith(".*") else factor(path) for path in draws.parameters]
    rows = (tuple(float(f"{v * f:.6g}") for v, f in zip(row, factors, strict=True)) for row in draws.values)
    return Draws(parameters=draws.parameters, values=tuple(rows))
