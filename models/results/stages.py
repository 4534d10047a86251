"""The steps of a generated load, each with its figures."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.engine.record import BUSY_NS, COMMANDS, FAILURES, NODES, PER_NODE, Column
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.results.latencies import latency_ms
from models.results.result import Stage
from models.scenario.load_kinds import OnsaleLoad, RateStage, UserStage
from models.vocabulary.operations import ENDPOINTS, Op
from models.vocabulary.units import SECOND


def stages_of(plan: Plan, recording: Recording, hot_node: int) -> tuple[Stage, ...]:
    """Return the stages of the load, their settling time left out; none for an on-sale.

    Engine CPU and commands are those of *hot_node*. Rates are over the measured time; a second that only partly
    belongs to it counts in part. Latencies are of all requests sent in that time (see
    `latencies`); errors are the share of those that came to an end in it.
    """
    load = plan.scenario.clients.load
    if isinstance(load, OnsaleLoad):
        return ()
    found = []
    begin = 0.0
    stages: Iterable[RateStage | UserStage] = load.stages
    for number, stage in enumerate(stages):
        end = begin + stage.duration_s
        found.append(
            _stage(recording, number, stage, begin + load.settle_s, end, hot_node, plan.params.clients.timeout)
        )
        begin = end
    return tuple(found)


def _stage(
    recording: Recording, number: int, stage: RateStage | UserStage, start: float, end: float, node: int, timeout: int
) -> Stage:
    second = np.arange(recording.seconds)
    share = np.clip(np.minimum(second + 1, end) - np.maximum(second, start), 0.0, 1.0)
    column = NODES + PER_NODE * node
    answered = _sum(recording, Column.ANSWERED, len(ENDPOINTS), share)
    failed = _sum(recording, Column.FAILED_POOL_TIMEOUT, len(FAILURES), share)
    return Stage(
        name=f"{stage.users:,} users" if isinstance(stage, UserStage) else f"{stage.rate_rps:,.10g} RPS",
        rate_rps=None if isinstance(stage, UserStage) else stage.rate_rps,
        users=stage.users if isinstance(stage, UserStage) else None,
        start_s=start,
        end_s=end,
        engine_cpu_percent=100 * _sum(recording, column + BUSY_NS, 1, share) / SECOND / (end - start),
        status_p50_ms=latency_ms(recording, [Op.STATUS], 50, timeout, number),
        status_p99_ms=latency_ms(recording, [Op.STATUS], 99, timeout, number),
        answered_rps=answered / (end - start),
        error_percent=100 * failed / (answered + failed) if failed else 0.0,
        commands_per_s=_sum(recording, column + COMMANDS, 1, share) / (end - start),
    )


def _sum(recording: Recording, first: int, columns: int, share: NDArray[np.float64]) -> float:
    """Return the sum of neighbouring columns of the series, each second by its share."""
    return float(share @ recording.record.series[: recording.seconds, first : first + columns].sum(axis=1))
