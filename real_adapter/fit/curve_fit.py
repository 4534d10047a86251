"""Fit of a profile to a curve of engine CPU per request against offered load.

The fit runs the mechanism itself: the batch server (`models.redis_costs.engine_thread.replay`) on fixed Poisson
arrivals with the calls of the waiting room in the measured mix. Three numbers are fitted, by least squares on the
logarithms: the mean cost of a request, the warm wake-up, and how fast the wake-up grows with the sleep before it, (cold
- warm) / tau. The ratios between commands come from operations measured one by one; one factor scales them all. Gaps at
1,000 requests per second last a millisecond, less than tau, so a curve from there up shows that slope only: tau is
chosen and cold follows from it.

`python -m real_adapter.fit.curve_fit` fits every shipped profile again and rewrites its file.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from models.redis_costs.commands import Command
from models.redis_costs.engine_thread import EngineThread, replay
from models.redis_costs.parts import Case, CommandCost, Draws, Interval, Measured
from models.redis_costs.profile import (
    PROFILES,
    Profile,
    load_profile,
    profile_json,
    profile_names,
)
from real_adapter.fit.curves import CURVES, Curve, Shape, calls_by_operation, read_curve, read_shape
from real_adapter.measure.work import MIX

Vector = NDArray[np.float64]

REQUESTS = 100_000  # replayed per point: sampling error of CPU per request under 0.5 %
SEED = 1
PARAMETERS = ("request_us", "wake_warm_us", "wake_slope_us_per_ms")
START = np.array([20.0, 30.0, 30.0])  # starts a factor of 3 away end within 1 % of the same fit
DIFFERENCE = 0.03  # step of the derivatives: wide, as a replay is smooth only above its sampling error
RESAMPLES = 400
DRAWS = 100  # of them are kept in the profile, to be drawn from


class Mechanism:
    """The engine thread under the mix, as a function of the three parameters."""

    def __init__(self, shape: Shape, members: int, tau_ms: float) -> None:
        # Shuffled quantiles instead of free draws: gaps and mix have exactly their distributions, and what is
        # left of the sampling error is far below the residuals.
        generator = np.random.Generator(np.random.PCG64(SEED))
        quantiles = (np.arange(REQUESTS) + 0.5) / REQUESTS
        self._unit_arrivals = np.cumsum(generator.permutation(-np.log1p(-quantiles)))
        calls = calls_by_operation(members)
        costs_us = np.array([shape.request_us(calls[operation]) for operation in MIX])
        drawn_us = costs_us[np.searchsorted(np.cumsum(list(MIX.values())), generator.permutation(quantiles))]
        self.mean_us = float(drawn_us.mean())
        self._relative_cost = drawn_us / self.mean_us
        self.tau_ms = tau_ms

    def replayed(self, parameters: Vector, rate_rps: Vector) -> tuple[Vector, Vector]:
        """Return CPU in us per request and sleeps per request at each rate, from the batch server itself."""
        request_us, warm_us, slope_us_per_ms = parameters
        request_ns = np.rint(self._relative_cost * request_us * 1e3).astype(np.int64)
        cold_us = warm_us + slope_us_per_ms * self.tau_ms
        thread = EngineThread(round(warm_us * 1e3), round(cold_us * 1e3), round(self.tau_ms * 1e6))
        cpu_us, sleeps = np.empty(rate_rps.size), np.empty(rate_rps.size)
        for i, rate in enumerate(rate_rps):
            arrivals_ns = np.rint(self._unit_arrivals * (1e9 / rate)).astype(np.int64)
            busy_ns, slept, _, _ = replay(arrivals_ns, request_ns, thread)
            cpu_us[i], sleeps[i] = busy_ns / REQUESTS / 1e3, slept / REQUESTS
        return cpu_us, sleeps

    def expected_us(self, parameters: Vector, rate_rps: Vector) -> Vector:
        """Return what the replayed CPU in us per request tends to: the exact law for Poisson arrivals."""
        request_us, warm_us, slope_us_per_ms = parameters
        rate_per_ms = rate_rps / 1e3
        wake_us = warm_us + slope_us_per_ms * self.tau_ms / (1 + rate_per_ms * self.tau_ms)
        shared_us = (wake_us + request_us) / (1 + rate_per_ms * wake_us / 1e3)
        # Beyond the ceiling it never sleeps.
        cpu_us: Vector = np.maximum(shared_us, request_us)
        return cpu_us

    def fit(self, curve: Curve, start: Vector = START) -> Vector:
        """Return the parameters with which the replay has the least squared logarithmic error on *curve*."""
        return _least_squares(
            lambda parameters: np.log(self.replayed(parameters, curve.rate_rps)[0] / curve.cpu_us), start
        )

    def bootstrap(self, curve: Curve, best: Vector) -> Vector:
        """Return float64[RESAMPLES, 3]: parameters fitted to *curve* with its residuals resampled.

        Residuals are widened by sqrt(n / (n - 3)), since three parameters have been fitted to n points
        (Efron and Tibshirani 1993, chapter 9). The expectation stands in for the replay: the same fit,
        hundreds of times.
        """
        generator = np.random.Generator(np.random.PCG64(SEED))
        fitted_us = self.replayed(best, curve.rate_rps)[0]
        points = curve.cpu_us.size
        residuals = np.log(curve.cpu_us / fitted_us) * np.sqrt(points / (points - best.size))
        resampled = np.empty((RESAMPLES, best.size))
        for i in range(RESAMPLES):
            drawn_us = fitted_us * np.exp(generator.choice(residuals, points))

            def errors(parameters: Vector, drawn_us: Vector = drawn_us) -> Vector:
                return np.log(self.expected_us(parameters, curve.rate_rps) / drawn_us)

            resampled[i] = _least_squares(errors, best)
        return resampled

    def left_out_us(self, curve: Curve, best: Vector) -> Vector:
        """Return float64[n]: CPU in us per request as predicted for each point by a fit to the others."""
        predicted_us = np.empty(curve.rate_rps.size)
        for i in range(predicted_us.size):
            here = np.arange(predicted_us.size) == i
            others = self.fit(curve.only(~here), best)
            predicted_us[i] = self.replayed(others, curve.rate_rps[here])[0][0]
        return predicted_us


def refit(profile: Profile, curve: Curve, shape: Shape) -> Profile:
    """Return *profile* with its costs fitted to *curve*.

    What such a curve cannot tell is kept: tau, the cost of feeding a replica, KEYS per key, and all the text.
    """
    engine = profile.engine
    mechanism = Mechanism(shape, curve.members, engine.wake_tau_ms)
    best = mechanism.fit(curve)
    resampled = mechanism.bootstrap(curve, best)
    parameters = {name: _interval(best[i], resampled[:, i]) for i, name in enumerate(PARAMETERS)}

    feed_us = engine.replica_feed_us * curve.replicas  # every operation of the mix writes
    factor = (best[0] - feed_us) / mechanism.mean_us
    parameters["command_factor"] = _interval(factor, (resampled[:, 0] - feed_us) / mechanism.mean_us)
    _, warm_us, slope_us_per_ms = best
    engine_costs = {
        "wake_warm_us": round(warm_us, 3),
        "wake_cold_us": round(warm_us + slope_us_per_ms * engine.wake_tau_ms, 3),
        "io_us": round(shape.io_us * factor, 3),
    }
    cases = _cases(mechanism, curve, best)
    errors_percent = [abs(case.residual_percent) for case in cases]
    left_out_error = np.abs(mechanism.left_out_us(curve, best) / curve.cpu_us - 1)
    fit = {
        "parameters": parameters,
        "cases": cases,
        "mean_error_percent": round(float(np.mean(errors_percent)), 1),
        "worst_error_percent": round(max(errors_percent), 1),
        "leave_one_out_percent": round(float(left_out_error.mean()) * 100, 1),
    }
    return profile.model_copy(
        update={
            "engine": engine.model_copy(update=engine_costs),
            "script_overhead_us": round(shape.script_overhead_us * factor, 3),
            "commands": _scaled(shape, factor, profile.commands[Command.KEYS.name]),
            "fit": profile.fit.model_copy(update=fit),
            "draws": _draws(resampled[:DRAWS], engine.wake_tau_ms, shape, mechanism.mean_us, feed_us, factor),
        }
    )


def _least_squares(residuals: Callable[[Vector], Vector], start: Vector) -> Vector:
    """Minimise over the logarithms of the parameters, which keeps them positive."""

    def of_logarithms(logarithms: Vector) -> Vector:
        return residuals(np.exp(logarithms))

    steps = np.full(start.size, DIFFERENCE)
    found: Vector = least_squares(of_logarithms, np.log(start), diff_step=steps).x
    return np.exp(found)


def _interval(best: float, resampled: Vector) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(low=round(float(low), 3), best=round(float(best), 3), high=round(float(high), 3))


def _draws(resampled: Vector, tau_ms: float, shape: Shape, mean_us: float, feed_us: float, factor: float) -> Draws:
    """Return rows of parameters as draws: the costs of a request all follow the one factor of their row."""
    factors = (resampled[:, 0] - feed_us) / mean_us
    columns = {
        "engine.wake_warm_us": resampled[:, 1].round(2),
        "engine.wake_cold_us": (resampled[:, 1] + resampled[:, 2] * tau_ms).round(2),
        "engine.io_us": (shape.io_us * factors).round(3),
        "script_overhead_us": (shape.script_overhead_us * factors).round(3),
        "commands.*": (factors / factor).round(4),
    }
    return Draws(
        parameters=tuple(columns), values=tuple(zip(*(column.tolist() for column in columns.values()), strict=True))
    )


def _cases(mechanism: Mechanism, curve: Curve, best: Vector) -> tuple[Case, ...]:
    fitted_us, sleeps = mechanism.replayed(best, curve.rate_rps)
    mix = ", ".join(f"{share * 100:g} % {operation}" for operation, share in MIX.items())
    return tuple(
        Case(
            name=f"{curve.rate_rps[i]:,.0f}/s",
            what=f"{mix}; {curve.members:,} people in line, replicas: {curve.replicas}",
            rate_rps=float(curve.rate_rps[i]),
            together=1,
            windows=None,
            measured_us=Measured(low=None, best=float(curve.cpu_us[i]), high=None),
            fitted_us=round(float(fitted_us[i]), 2),
            residual_percent=round(float(fitted_us[i] / curve.cpu_us[i] - 1) * 100, 1),
            measured_sleeps=None if np.isnan(curve.sleeps[i]) else float(curve.sleeps[i]),
            predicted_sleeps=round(float(sleeps[i]), 3),
        )
        for i in range(curve.rate_rps.size)
    )


def _scaled(shape: Shape, factor: float, keys: CommandCost) -> dict[str, CommandCost]:
    """Return the costs of all commands; what a key costs *keys*, KEYS as it was, is measured or assumed on its own."""
    rows = np.round(shape.table_us * factor, 3).tolist()
    found = {
        command.name: CommandCost(call_us=call_us, element_us=element_us, depth_us=depth_us)
        for command, (call_us, element_us, depth_us) in zip(Command, rows, strict=True)
    }
    per_key = {"per_key_us": keys.per_key_us, "per_key_doubling_us": keys.per_key_doubling_us}
    return found | {Command.KEYS.name: found[Command.KEYS.name].model_copy(update=per_key)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit every shipped profile that has a curve to it again and rewrite its file; exit code 2 for any but --help."""
    argparse.ArgumentParser(
        "python -m real_adapter.fit.curve_fit", description="Fit every shipped profile again and rewrite its file."
    ).parse_args(arguments)
    shape = read_shape()
    for name in profile_names():
        if not (CURVES / f"{name}.csv").exists():
            continue
        fitted = refit(load_profile(name), read_curve(name), shape)
        (PROFILES / f"{name}.json").write_text(profile_json(fitted), encoding="utf-8")


if __name__ == "__main__":
    main()
