"""What the network of a scenario's Redis nodes lets through."""

from models.catalogues.redis_nodes import bytes_per_s, redis_nodes
from models.redis_costs.network_allowance import NetworkAllowance
from models.scenario import Scenario
from models.vocabulary.units import SECOND, ns

LINE_S = 1.0
"""Seconds' worth of a bandwidth that pass at once: shorter bursts are buffered (assumption; KPIs are by second)."""


def network_gbps(scenario: Scenario) -> tuple[float, float] | None:
    """Return the baseline and the burst bandwidth of a node; None where they are not known.

    One that the scenario states bounds the other, which its type has.
    """
    redis = scenario.redis
    kind = redis_nodes()[redis.node_type]
    baseline, burst = redis.network_baseline_gbps or kind.baseline_gbps, redis.network_burst_gbps or kind.burst_gbps
    if baseline is None or burst is None:
        return None
    if redis.network_baseline_gbps is None:
        return min(baseline, burst), burst
    return baseline, max(baseline, burst)


def network_allowance(scenario: Scenario) -> NetworkAllowance:
    """Return what a node may send; no limit where its bandwidth is not known.

    Each request counts as in `results.node_use`: the larger of what comes and what goes, as either has the full rate.
    """
    redis, known = scenario.redis, network_gbps(scenario)
    primary = max(redis.reply_bytes + redis.replicas_per_shard * redis.replicated_bytes, redis.request_bytes)
    replica = max(redis.reply_bytes, redis.request_bytes)
    if known is None:
        return NetworkAllowance(0.0, 0.0, 0, 0, primary, replica)
    baseline, burst = (bytes_per_s(gbps) for gbps in known)
    return NetworkAllowance(
        baseline_ns=SECOND / baseline,
        burst_ns=SECOND / burst,
        credit=ns(max(redis.network_credit_s * (burst / baseline - 1), LINE_S)),
        line=ns(LINE_S),
        primary_bytes=primary,
        replica_bytes=replica,
    )
