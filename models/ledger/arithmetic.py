"""The talk's sums, redone: each claim that stands on arithmetic, prices and sourced limits, from what it states itself.

Pure. Nothing here is simulated or measured: a claim about behaviour may still fall where its sum is right.
"""

from __future__ import annotations

from models.catalogues.redis_nodes import bytes_per_s, redis_nodes
from models.judge.wording import number
from models.ledger import sums_backend, sums_edge, sums_mesh, sums_money
from models.ledger.claims import Claim, claims
from models.ledger.entry import about, at_least, at_most, exactly, weakest
from models.ledger.sums import ROUNDING, STATED, Redone, Sum
from models.scenario import Scenario

REDIS_NODE = "cache.m7g.xlarge"
"""The node type that the talk names."""


def sums_redone() -> tuple[Redone, ...]:
    """Return every claim that stands on arithmetic, prices or limits, in the order of the claims."""
    return tuple(redone(claim) for name, claim in claims().items() if name in SUMS)


def redone(claim: Claim) -> Redone:
    """Return a claim's own sum, recomputed. KeyError if it has none."""
    return SUMS[claim.id].redone(claim)


def _status_rps(claim: Claim) -> Redone:
    rate = exactly(claim.number("clients") / claim.number("poll_s"))
    why = "As a mean, if everybody polls until the end and evenly."
    return Redone(claim, rate, about(rate, claim.figure, ROUNDING), why, (STATED,))


def _seats_rate(claim: Claim) -> Redone:
    rate = exactly(claim.number("seats") / claim.number("sale_s"))
    sold = claim.figure * claim.number("sale_s")
    why = f"At the published rate {number(sold)} of {number(claim.number('seats'))} seats are sold in that time."
    return Redone(claim, rate, about(rate, claim.figure, ROUNDING), why, (STATED,))


def _wait_rate(claim: Claim) -> Redone:
    people, wait = claim.number("clients"), claim.number("mean_wait_s")
    mean_rate, longest_rate = exactly(people / (2 * wait)), people / wait
    why = (
        f"{number(longest_rate)} per second keep the longest wait under {number(wait)} s; the mean, half of it in a "
        f"line that empties evenly, needs {number(mean_rate.best)}."
    )
    return Redone(claim, mean_rate, about(mean_rate, claim.figure, ROUNDING), why, (STATED,))


def _memory(claim: Claim) -> Redone:
    data_mb = claim.number("clients") * claim.number("bytes_per_client") / 1e6 + claim.number("index_mb")
    needed = exactly(2 * data_mb)
    usable_mb = (redis_nodes()[REDIS_NODE].usable_bytes(Scenario().redis.reserved_memory_percent) or 0.0) / 1e6
    verdict = weakest([about(needed, claim.figure, ROUNDING), at_most(needed, usable_mb)])
    why = (
        f"The sum comes to {number(needed.best)} MB; a {REDIS_NODE} holds {number(usable_mb)} MB of data, "
        f"{number(usable_mb / needed.best)} times as much."
    )
    return Redone(claim, needed, verdict, why, (STATED, "AWS ElastiCache node types"))


def _network(claim: Claim) -> Redone:
    needed = exactly(claim.number("status_rps") * claim.number("reply_bytes") / 1e6)
    stated_gbps, stated_mb = claim.number("node_gbps"), claim.number("node_mb_per_s")
    burst = exactly(bytes_per_s(stated_gbps) / 1e6)
    sustained = bytes_per_s(redis_nodes()[REDIS_NODE].baseline_gbps or 0.0) / 1e6
    agrees = about(burst, stated_mb, ROUNDING) == "confirmed"
    why = (
        f"The sum comes to {number(needed.best)} MB/s. {number(stated_gbps)} Gbps are {number(burst.best)} MB/s"
        f"{'' if agrees else f', not {number(stated_mb)}'}, and only in bursts; {number(sustained)} MB/s are sustained."
    )
    verdict = about(needed, claim.figure, ROUNDING) if agrees else "inconsistent"
    return Redone(claim, needed, verdict, why, (STATED, "AWS ElastiCache user guide, supported node types"))


def _cpu(claim: Claim) -> Redone:
    cores = exactly(claim.number("status_rps") * claim.number("zrank_ms") / 1000)
    several = at_least(cores, 1.0) == "confirmed"
    why = (
        f"{number(cores.best)} of a core is {'one or more' if several else 'less than one'}, so this sum needs "
        f"{'a' if several else 'no'} second one; and Redis runs commands on one thread, so more cores of a node would "
        "not help."
    )
    verdict = about(cores, claim.figure, ROUNDING) if several else "inconsistent"
    return Redone(claim, cores, verdict, why, (STATED,))


SUMS = {
    "demand.status_rps": Sum(_status_rps),
    "admission.seats_rate": Sum(_seats_rate),
    "admission.wait_rate": Sum(_wait_rate),
    "redis.memory": Sum(_memory),
    "redis.network": Sum(_network),
    "redis.cpu_600ms": Sum(_cpu),
    **sums_money.SUMS,
    **sums_backend.SUMS,
    **sums_edge.SUMS,
    **sums_mesh.SUMS,
}
"""How each claim is recomputed, by its id."""
