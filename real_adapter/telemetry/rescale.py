"""The profile that a factor makes of another one: the same costs for another server, with what the fit left over.

Both uncertainties go on together: a draw of the new profile is a row of the old one's draws, times the factor that
fits best to it, times one of the factor's own draws over that of the best. So a row that is dear as a whole, of which
the telemetry tells, is not dear any more, while what it says of one cost against another is kept.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from pydantic import ValidationError

from models.redis_costs.parts import Case, Draws, Fit, Interval, Measured, Precision, Range
from models.redis_costs.profile import Profile
from models.redis_costs.scale import scaled, scaled_draws
from real_adapter.telemetry.load import Calls, Requests, calls_of
from real_adapter.telemetry.minutes import Telemetry
from real_adapter.telemetry.scale_fit import Scale, fit_scale, relative_factors
from sim.errors import BadInput

MOST_DRAWS = 100
"""Each row is a refit; the shipped profiles have as many."""
MOST_CASES = 12


def rescale(
    profile: Profile,
    telemetry: Telemetry,
    *,
    name: str | None = None,
    machine: str = "the server of the telemetry",
    requests: Requests | None = None,
    members: int = 100_000,
    replicas: int = 0,
    node_type: str | None = None,
) -> Profile:
    """Return *profile* with all its costs times the one factor that fits *telemetry* best.

    *name* None: that of *profile* with "-rescaled" behind it. *machine* says what the numbers are of then, and
    *node_type* which ElastiCache node that is (None: not known). For the rest see `load.calls_of`. The
    result's `precision` says what the telemetry does not show. BadInput in one line if it cannot be fitted.
    """
    calls = calls_of(telemetry, requests, members, replicas)
    scale = fit_scale(profile, telemetry, calls)
    found = _profile(profile, scale, telemetry, calls, name or f"{profile.name[:54]}-rescaled", machine)
    return found.model_copy(update={"node_types": () if node_type is None else (node_type,)})


def _profile(profile: Profile, scale: Scale, telemetry: Telemetry, calls: Calls, name: str, machine: str) -> Profile:
    """Put the new profile together. BadInput if its costs are beyond what a profile may hold."""
    factor = scale.factor.best
    first, last = (datetime.fromtimestamp(time, UTC) for time in telemetry.time_s[[0, -1]])
    dropped = ", ".join(f"{count} {reason}" for reason, count in scale.dropped.items() if count) or "none"
    try:
        dearer = scaled(profile, factor)
        document = profile.model_copy(
            update={
                "name": name,
                "title": f"{profile.title[:150]}, times {factor:.3g}",
                "kind": "rescaled",
                "date": f"{last:%Y-%m-%d}",
                "machine": machine,
                "machine_state": None,
                "server": None,
                "precision": Precision(reached=not scale.doubts, not_reached=scale.doubts),
                "source": f"{telemetry.source}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC: "
                f"{scale.rate_rps.size} minutes used, dropped: {dropped}; on profile {profile.name} ({profile.date})",
                "caveat": "Only the scale is of this server: what the costs are to each other is that of profile "
                f"{profile.name}. {_trend(scale)} Of that profile: {profile.caveat}",
                "engine": dearer.engine,
                "script_overhead_us": dearer.script_overhead_us,
                "scripts": dearer.scripts,
                "commands": dearer.commands,
                "fit": _fit(profile.fit, scale, calls),
                "node_types": (),
                "beyond": dearer.beyond,
                "measured_over": {**profile.measured_over, "rate_rps": _rates(scale)},
                "readings": {},  # the telemetry is of one server, so there is one way to read it
                "draws": _draws(profile, scale, telemetry, calls),
            }
        )
        return Profile.model_validate(document.model_dump())
    except ValueError as error:
        where = error.errors(include_url=False)[0]["loc"] if isinstance(error, ValidationError) else None
        what = str(error).split(":", 1)[0] if where is None else ".".join(map(str, where)) or "draws"
        line = f"profile {profile.name} times {factor:.3g} is beyond what a profile may hold"
        raise BadInput(f"{telemetry.source}: {line} ({what})") from None


def _rates(scale: Scale) -> Range:
    """Return the rates that the telemetry shows."""
    return Range(low=float(scale.rate_rps.min()), high=float(scale.rate_rps.max()))


def _trend(scale: Scale) -> str:
    trend = scale.trend_percent
    return (
        f"From the lowest rate to the highest the residual changes by {trend.best:+.1f} % "
        f"({trend.low:+.1f} to {trend.high:+.1f})."
    )


def _fit(fit: Fit, scale: Scale, calls: Calls) -> Fit:
    errors = np.abs(scale.residuals_percent)
    factor = scale.factor
    assert factor.low is not None
    assert factor.high is not None
    return Fit(
        parameters={"factor": Interval(low=factor.low, best=factor.best, high=factor.high)},
        cases=tuple(_cases(scale)),
        mean_error_percent=round(float(errors.mean()), 1),
        worst_error_percent=round(float(errors.max()), 1),
        leave_one_out_percent=round(scale.left_out_percent, 1),
        not_identifiable=("what the costs are to each other", *fit.not_identifiable),
        assumed=(*calls.assumed, *fit.assumed),
    )


def _cases(scale: Scale) -> Iterator[Case]:
    """Yield the minutes in groups of like rates, from the lowest: their means."""
    order = np.argsort(scale.rate_rps, kind="stable")
    for group in np.array_split(order, min(MOST_CASES, order.size)):
        measured, fitted = scale.measured_us[group], float(scale.fitted_us[group].mean())
        best, error = float(measured.mean()), 0.0
        if group.size > 1:
            error = 1.96 * float(measured.std(ddof=1)) / float(np.sqrt(group.size))
        rate_rps, slowest, fastest = (float(of(scale.rate_rps[group])) for of in (np.mean, np.min, np.max))
        yield Case(
            name=f"{rate_rps:,.0f}/s",
            what=f"{group.size} minutes of production, {slowest:,.0f} to {fastest:,.0f}/s",
            rate_rps=rate_rps,
            together=1,
            windows=group.size,
            measured_us=Measured(
                low=max(best - error, 0.0) if group.size > 1 else None,
                best=best,
                high=best + error if group.size > 1 else None,
            ),
            fitted_us=fitted,
            residual_percent=round(100 * (fitted / best - 1), 1),
            measured_sleeps=None,
            predicted_sleeps=float(np.clip(scale.sleeps[group].mean(), 0, 1)),
        )


def _draws(profile: Profile, scale: Scale, telemetry: Telemetry, calls: Calls) -> Draws:
    """Return the rows of the old profile's draws as rows of the new one's (see the module)."""
    held = len(profile.draws.values)
    if not held:
        return scaled_draws(profile, ((),) * MOST_DRAWS, scale.draws[:MOST_DRAWS].tolist(), scale.factor.best)
    count = min(held, MOST_DRAWS)
    spread = [k * held // count for k in range(count)]
    drawn = [profile.drawn((k + 0.5) / held) for k in spread]
    factors = scale.draws[:count] * relative_factors(profile, drawn, telemetry, calls, scale)
    return scaled_draws(profile, [profile.draws.values[k] for k in spread], factors.tolist(), scale.factor.best)
