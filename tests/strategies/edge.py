"""Web ACLs of every kind of rule and action, small crowds behind few addresses, tokens, bots that rotate."""

from hypothesis import strategies as st

from tests.strategies.base import Draw, Section, durations, pick


@st.composite
def edges(draw: Draw, in_steps: bool, slowest_s: float) -> Section:
    """An edge that refuses many: limits are low and looks are near, as runs are short. Nobody tries again before
    *slowest_s*."""
    rules = [draw(other_rules()) for _ in range(draw(st.integers(0, 3)))]
    if not rules or draw(st.booleans()):
        given = {rule["action"] for rule in rules} & {"captcha", "challenge"}
        rules.insert(draw(st.integers(0, len(rules))), draw(rate_rules(given)))
    return {
        "addresses": {
            "household": {"share": draw(pick([0, 0.3])), "paired": draw(pick([0, 1]))},
            "office": {"share": draw(pick([0, 0.3])), "median": draw(pick([1, 40])), "sigma": draw(pick([0, 1]))},
            "carrier_nat": {"share": draw(pick([0, 0.4])), "subscribers": 1},
            "taking_part": draw(pick([0.05, 1])),
        },
        "web_acl": rules,
        "captcha": {
            "integration": draw(pick(["page", "page", "none"])),
            "solve": draw(durations(in_steps, [0, 0.5, 3])),
            "fails": draw(pick([0, 0.5, 1])),
            "immunity_s": 60,
        },
        "people": draw(reactions(slowest_s)),
        "bot_kinds": [
            {"name": "many", "share": 0.5, "recognised": 0.5, "addresses": 3, **draw(reactions(slowest_s))},
            {
                "name": "few",
                "share": 0.5,
                "recognised": draw(pick([0, 1])),
                "abroad": draw(pick([0, 1])),
                "behind_each": draw(pick([1, 20])),
                "runs_script": draw(st.booleans()),
                "solves_captcha": draw(st.booleans()),
                **draw(reactions(slowest_s)),
            },
        ],
    }


@st.composite
def rate_rules(draw: Draw, given: set[str]) -> Section:
    """A rate rule; one by token only where others of these actions give one."""
    action = draw(pick(["block", "count", "captcha", "challenge"]))
    return {
        "kind": "rate",
        "limit": draw(pick([10, 30])),
        "window_s": draw(pick([60, 120])),
        "look_every_s": draw(pick([1, 2, 10])),
        "delay_s": draw(pick([0, 0.5, 3])),
        "lift_delay_s": draw(pick([0, 2])),
        "most_limited": draw(pick([1, 10_000])),
        "action": action,
        "key": draw(pick(["address", "token"] if given - {action} else ["address"])),
    }


@st.composite
def other_rules(draw: Draw) -> Section:
    """Bot control or a geo rule."""
    action = draw(pick(["allow", "block", "count", "captcha", "challenge"]))
    if draw(st.booleans()):
        return {"kind": "bot_control", "action": action, "mistaken": draw(pick([0, 0.3]))}
    return {"kind": "geo", "action": action, "abroad": draw(pick([0, 0.3]))}


@st.composite
def reactions(draw: Draw, slowest_s: float) -> Section:
    """What whoever is refused does."""
    return {"gives_up": draw(pick([0, 0.2, 1])), "again_s": max(slowest_s, draw(pick([0.1, 0.5, 3])))}
