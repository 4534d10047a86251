"""What a run shows of its web ACL: whom it refused, and whether a rule hurts more people than bots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.judge.finding import Finding, Severity
from models.judge.wording import clock, number

if TYPE_CHECKING:
    from models.results.result import RunResult

RULES = {"rate": "rate rule", "bot_control": "bot control", "geo": "geo rule"}
DOES = {
    "allow": "lets through",
    "block": "blocks",
    "count": "counts",
    "captcha": "asks for a CAPTCHA at",
    "challenge": "challenges",
}


def edge_finding(result: RunResult) -> Finding | None:
    """Return whom the web ACL refused, and which of its rules ends more requests of people than of bots."""
    if "edge" not in result.facts:
        return None
    share = result.best("edge.refused_percent")
    if share is None:
        return Finding("Edge", "No request came.")
    rules = result.facts["edge"]["rules"]
    by_rule = ", ".join(
        f"the {RULES[rule['rule']]} {DOES[rule['action']]} {number(rule['people'])} of people's and "
        f"{number(rule['bots'])} of bots'"
        for rule in rules
    )
    text = f"{number(share)} % of requests are refused: {by_rule}. {_people(result)}"
    wrong = [rule for rule in rules if rule["action"] != "allow" and rule["people"] > rule["bots"]]
    refused = result.best("edge.people_refused_percent")
    if not wrong:
        return Finding("Edge", text, Severity.REMARK if refused else Severity.GOOD)
    worst = max(wrong, key=lambda rule: int(rule["people"]) - int(rule["bots"]))
    hurts = "would hurt" if worst["action"] == "count" else "hurts"
    return Finding("Edge", f"{text} The {RULES[worst['rule']]} {hurts} more people than bots.", Severity.REMARK)


def _people(result: RunResult) -> str:
    """How many people are refused at least once, how many bots, and how those people fared beside the others."""
    people, bots = result.best("edge.people_refused_percent"), result.best("edge.bots_refused_percent")
    text = f"At least once it refuses {number(people)} % of people and {number(bots)} % of bots"
    waits = [result.best(f"edge.{group}_people_wait_mean_s") for group in ("refused", "other")]
    unserved = [result.best(f"edge.{group}_people_unserved_percent") for group in ("refused", "other")]
    if not people or None in waits:
        return f"{text}."
    return (
        f"{text}; those people wait {clock(waits[0])} on average and the others {clock(waits[1])}, and "
        f"{number(unserved[0])} % of them are never served, of the others {number(unserved[1])} %. Not all of that is "
        "the rules' doing, as who waits longer sends more: the same with action = count shows how much."
    )
