"""Settings of the edge that are fine alone and impossible together."""

import math
from collections.abc import Iterator

from models.scenario.edge import Edge, RateRule
from models.scenario.load_kinds import OnsaleLoad
from models.scenario.sections import Sections
from models.scenario.share_checks import SHARE_TOLERANCE

MAX_BYTES = 4_000_000_000
"""Of the counts of a rate rule."""


def edge_contradictions(s: Sections) -> Iterator[str]:
    """Yield one line for everything at the edge that cannot be."""
    if s.edge is None:
        return
    if not isinstance(s.clients.load, OnsaleLoad):
        yield f"edge: a load that is generated ({s.clients.load.mode}) comes from no address; set edge=null"
        return
    yield from _rules(s.edge)
    yield from _kinds(s.edge)
    yield from _addresses(s.edge, s.clients.count)
    yield from _memory(s, s.edge)


def _rules(edge: Edge) -> Iterator[str]:
    rates = [number for number, rule in enumerate(edge.web_acl) if isinstance(rule, RateRule)]
    if len(rates) > 1:
        yield f"edge.web_acl.{rates[1]}: a second rate rule is not modelled; have one"
    rate = edge.rate_rule
    if rate is None:
        return
    # what the rule itself asks for, whoever has a token already has, or it would have to come from this rule
    givers = {"captcha", "challenge"} - {rate.action}
    if rate.key == "token" and not any(rule.action in givers for rule in edge.web_acl if rule is not rate):
        yield (
            f"edge.web_acl.{rates[0]}.key: token is not allowed without another rule whose action is "
            f"{' or '.join(sorted(givers))}: nobody would have one"
        )
    looks = rate.window_s / rate.look_every_s
    if not math.isclose(looks, round(looks), rel_tol=1e-9) or looks < 1:
        yield (
            f"edge.web_acl.{rates[0]}.look_every_s: {rate.look_every_s:g} is not allowed; must divide "
            f"window_s = {rate.window_s}"
        )


def _kinds(edge: Edge) -> Iterator[str]:
    total = math.fsum(kind.share for kind in edge.bot_kinds)
    if abs(total - 1) > SHARE_TOLERANCE:
        yield f"edge.bot_kinds: the shares sum to {total:g}; they must sum to 1"
    names = [kind.name for kind in edge.bot_kinds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"edge.bot_kinds: {twice[0]} stands there twice; each kind has a name of its own"


def _memory(s: Sections, edge: Edge) -> Iterator[str]:
    """What the rate rule counts, a number for each address and look of its window, must fit."""
    rate = edge.rate_rule
    if rate is None:
        return
    people, bots = s.clients.count * max(s.clients.tabs), s.clients.count * s.clients.bots.share
    rows = {
        f"edge.bot_kinds.{number}.addresses": bots * kind.share / kind.behind_each * kind.addresses
        for number, kind in enumerate(edge.bot_kinds)
    }
    each = 4 * (rate.window_s / rate.look_every_s + 1) + 16
    total = each * (people + math.fsum(rows.values()))
    if total > MAX_BYTES:
        most = max(rows, key=lambda name: rows[name])
        field = most if rows[most] > people else f"edge.web_acl.{edge.web_acl.index(rate)}.look_every_s"
        yield (
            f"{field}: the rate rule would need {total / 1e9:,.0f} GB for what it counts; at most {MAX_BYTES / 1e9:g} "
            "GB (fewer addresses, a shorter window, or longer between looks)"
        )


def _addresses(edge: Edge, people: int) -> Iterator[str]:
    kinds = edge.addresses.household, edge.addresses.office, edge.addresses.carrier_nat
    total = math.fsum(kind.share for kind in kinds)
    if total > 1 + SHARE_TOLERANCE:
        yield f"edge.addresses: household, office and carrier_nat have shares of {total:g} together; at most 1"
    nat, most = edge.addresses.carrier_nat, people / edge.addresses.taking_part
    if nat.share > 0 and nat.subscribers > most:
        yield (
            f"edge.addresses.carrier_nat.subscribers: {nat.subscribers:,} are more than there are people: "
            f"{people:,} take part, a share of {edge.addresses.taking_part:g} of all; at most {most:,.0f}"
        )
