"""A profile for `cache.m7g.xlarge`, derived from one measured here and from what others have published.

Nothing was measured on that node. One factor is put on every CPU cost of the measured profile: what a GET costs the
engine thread of a real ElastiCache node over what it costs the measured one. Its interval is wide, as what is
published differs in generation and in the I/O that the node takes off the engine thread.

`python -m real_adapter.fit.derive` writes the profile anew.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from models.redis_costs.parts import CommandCost, Draws, EngineCosts, Fit, Interval, Precision, ScriptCost
from models.redis_costs.profile import PROFILES, Profile, load_profile, profile_json
from models.redis_costs.scale import DRAWS, log_factor, quantiles, scaled

BASE, NAME = "x86-valkey", "m7g-xlarge-derived"
PUBLISHED_GET_US = 1e6 * 0.80 / 96_000
"""94,000 to 98,000 GETs per second at 80 % EngineCPUUtilization, the same on 4, 8 and 16 cores: P. Raffa, "Redis engine
CPU investigation", 2020."""
GRAVITON3 = 1.28
"""Up to +28 % requests per second over Graviton2: AWS, "Achieve over 500 million requests per second per cluster"."""
MULTIPLEXING = 1.72
"""Up to +72 % throughput with enhanced I/O multiplexing: AWS Database Blog, on Redis 7.0 for ElastiCache."""
DEARER = 1.5
"""Assumption: thousands of connections and other neighbours make a request dearer by up to half."""


def derived(base: Profile) -> Profile:
    """Return the profile derived from *base*, which was measured. ValueError if it has no draws."""
    if not base.draws.values:
        raise ValueError(f"profile {base.name} has no draws to derive from")
    get_us = base.engine.io_us + base.commands["GET"].call_us
    best = PUBLISHED_GET_US / get_us
    low, high = best / GRAVITON3 / MULTIPLEXING, best * DEARER
    parameters = base.draws.parameters
    costly = np.array([log_factor(path, 1.0, 1.0) > 0 for path in parameters])
    rows = []
    for k, factor in enumerate(quantiles(low, best, high, DRAWS)):
        row = np.array(base.draws.values[k % len(base.draws.values)])
        rows.append(np.where(costly, row * factor, row))
    node = scaled(base, best)
    return base.model_copy(
        update={
            "name": NAME,
            "title": "cache.m7g.xlarge, derived from a measured x86 server and published figures",
            "kind": "derived",
            "machine": "cache.m7g.xlarge (AWS Graviton3, 4 vCPU); nothing was measured on it",
            "node_types": ("cache.m7g.xlarge",),
            "machine_state": None,
            "server": None,
            "precision": Precision(reached=False, not_reached=("nothing was measured on this node type",)),
            "source": f"profile {BASE}, every CPU cost times {best:.2f} ({low:.2f} to {high:.2f}): "
            "94,000 to 98,000 GETs per second at 80 % engine CPU (P. Raffa 2020), "
            "Graviton3 and I/O multiplexing by AWS' own figures",
            "caveat": "An order of magnitude with a wide interval, not a measurement: calibrate on the node itself, or "
            "rescale to its telemetry, before betting on it.",
            "beyond": node.beyond,
            "engine": EngineCosts(**{name: _rounded(value) for name, value in node.engine}),
            "script_overhead_us": _rounded(node.script_overhead_us),
            "scripts": {
                name: ScriptCost(overhead_us=_rounded(cost.overhead_us)) for name, cost in node.scripts.items()
            },
            "commands": {
                name: CommandCost(**{term: _rounded(value) for term, value in cost})
                for name, cost in node.commands.items()
            },
            "fit": Fit(
                parameters={"cost_factor": Interval(low=_rounded(low), best=_rounded(best), high=_rounded(high))},
                cases=(),
                mean_error_percent=None,
                worst_error_percent=None,
                leave_one_out_percent=None,
                not_identifiable=("what a script, a command and the socket cost apart: one factor scales them all",),
                assumed=(
                    "ratios between costs, caches and the wake-up delay are those of the measured server",
                    f"a node may be up to {DEARER:g} times dearer than published, with many connections",
                    "the engine thread gains from Graviton3 and I/O multiplexing what throughput does",
                ),
            ),
            "draws": Draws(
                parameters=parameters, values=tuple(tuple(_rounded(float(value)) for value in row) for row in rows)
            ),
        }
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Derive the shipped profile anew; exit code 2 for any argument but --help."""
    argparse.ArgumentParser(
        "python -m real_adapter.fit.derive", description=f"Derive {NAME} from {BASE} anew and rewrite its file."
    ).parse_args(arguments)
    (PROFILES / f"{NAME}.json").write_text(profile_json(derived(load_profile(BASE))), encoding="utf-8")


if __name__ == "__main__":
    main()
