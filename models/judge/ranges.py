"""Where a run went beyond what its costs were measured over, and what is not known of its node type: in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.judge.wording import listed, number
from models.redis_costs.node_standing import node_standing
from models.redis_costs.profile import load_profile

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

WORDS = {
    "members": ("{} people in one line", "what a walk through a line costs", "{}"),
    "keys": ("{} keys on one node", "what KEYS costs", "{} keys"),
    "rate_rps": (
        "{} requests in a second at one engine thread (counted as a pass begins, so a burst before it is worked off)",
        "what a wake-up and a request cost",
        "{} a second",
    ),
    "connections": ("{} open connections to a node", "what a request costs", "{} connections"),
    "payload_bytes": ("requests or replies of {} bytes", "what a request costs", "{} bytes"),
}
"""By quantity: what was used, what depends on it, and up to where that is known."""

BEYOND = {
    "connections": "with 10,000 connections a server was seen to answer 38 % less than with 500 (Huawei DCS)",
    "payload_bytes": "up to 1,000 bytes no difference is documented (Redis, benchmarks)",
}
"""What is known of the way on."""


def range_notes(result: RunResult) -> Iterator[str]:
    """Yield a sentence for each cost that was used outside of its range, one for all whose range is not known."""
    profile = result.manifest["profile"]
    unknown = []
    for quantity, used, high, at, adds_us in result.facts["outside_ranges"]:
        what, cost, limit = WORDS[quantity]
        if high is None:
            unknown.append(what.format(number(used)))
            continue
        if adds_us is not None:
            more = f"; with {number(at)} it was seen to take {number(adds_us)} us more, which is not in the costs"
        else:
            more = f"; {BEYOND[quantity]}" if quantity in BEYOND else ""
        yield (
            f"Outside of what was measured: {what.format(number(used))}; {cost} is known up to "
            f"{limit.format(number(high))} (profile {profile}){more}."
        )
    if unknown:
        yield f"Profile {profile} does not say whether its costs hold for {listed(unknown)}."


def reading_note(result: RunResult) -> Iterator[str]:
    """Yield how the profile was read, if it can be read in other ways that fit as well."""
    readings = result.manifest["profile_readings"]
    if not readings:
        return
    read = result.manifest["profile_reading"]
    others = ", ".join(f"{name} (x {factor / readings[read]:g})" for name, factor in readings.items() if name != read)
    yield (
        f"The costs are read as {read}; other readings of the same figures fit as well: {others}. "
        f"--set redis.profile_reading={next(name for name in readings if name != read)} takes one of them."
    )


def node_notes(result: RunResult) -> tuple[str, ...]:
    """Return what is to be known beside the headline of a node type that the profile is not of; nothing if it is."""
    note = result.facts["node_standing"]
    return (note,) if note else ()


def compared_node_notes(*scenarios: Scenario) -> tuple[str, ...]:
    """Return what is to be known of the nodes of compared scenarios, each once; nothing if the profiles are of them."""
    found = (node_standing(load_profile(s.redis.profile), s.redis.node_type).text for s in scenarios)
    return tuple(dict.fromkeys(text for text in found if text))


def with_node(headline: str, result: RunResult) -> str:
    """Return the *headline* as what it is for a node type of which nothing is known: open."""
    if result.facts["node_known"]:
        return headline
    node_type = result.manifest["scenario_full"]["redis"]["node_type"]
    where = f"by the costs of profile {result.manifest['profile']}, which are of another machine"
    return f"Open for {node_type}: nothing is known of its Redis CPU. {where[0].upper()}{where[1:]}: {headline}"
