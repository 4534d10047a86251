"""The numbers of the edge: its rules, who each session is to them, and what whoever is refused does."""

from enum import auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.addresses import addresses_of
from models.plan.population import Population
from models.plan.quantiles import lognormal
from models.scenario import Scenario
from models.scenario.edge import BotControl, Edge, Geo, RateRule, Refused, Rule
from models.vocabulary.numbered import Numbered
from models.vocabulary.streams import Stream
from models.vocabulary.units import FOREVER, ns
from sim.draws import uniforms

Ints = NDArray[np.int64]


class Match(Numbered):
    """What a rule matches."""

    RATE = auto()
    RECOGNISED = auto()
    ABROAD = auto()


class Action(Numbered):
    """What is done with what a rule matches."""

    ALLOW = auto()
    BLOCK = auto()
    COUNT = auto()
    CAPTCHA = auto()
    CHALLENGE = auto()


PERSON = 0
"""The kind of people; kinds of bots follow in their order."""


class EdgeParams(NamedTuple):
    """The edge, if it is `on`.

    `rules` int64[N, 2] are Match and Action of each in its order. The rate rule counts by token if `by_token`, else by
    address; it has `keys`, and looks `every` ns over `spans` of that; the rest of it is as in `edge.rate_rule`. Of S
    sessions: `kind` int64[S], its first `address` int64[S], whether bot control takes it for a bot, `recognised`, and
    whether it is `abroad`, bool[S]. By kind, PERSON first: the odds that one who is refused `gives_up` float64[K], and
    else tries `again` after ns, and the next of its `addresses`, int64[K]; whether it passes a challenge, `scripts`, or
    a CAPTCHA, `solves`, bool[K], which takes a draw from `solve` and `fails` with those odds, and for how many ns
    each counts then (`captcha_immunity`, `challenge_immunity`).
    """

    on: bool
    rules: Ints
    by_token: bool
    keys: int
    limit: int
    every: int
    spans: int
    delay: int
    lift_delay: int
    most: int
    kind: Ints
    address: Ints
    recognised: NDArray[np.bool_]
    abroad: NDArray[np.bool_]
    gives_up: NDArray[np.float64]
    again: Ints
    addresses: Ints
    scripts: NDArray[np.bool_]
    solves: NDArray[np.bool_]
    solve: Ints
    fails: float
    captcha_immunity: int
    challenge_immunity: int


def edge_params(scenario: Scenario, starts: NDArray[np.uint64], population: Population) -> EdgeParams:
    """Return the numbers of the edge; without one there is nobody whom it knows."""
    edge, who = scenario.edge or Edge(), population
    on = scenario.edge is not None
    sessions = who.person.size if on else 0
    person, bot = who.person[:sessions], who.bot[:sessions]
    kind = np.zeros(sessions, np.int64)
    address, keys = np.zeros(sessions, np.int64), 0
    if on:
        kind = _kinds(edge, uniforms(starts[Stream.EDGE_KIND], who.people))[person] * bot
        address, keys = _addresses(edge, starts, person, kind, who.people)
    rate = edge.rate_rule or RateRule()
    if edge.rate_rule is None:
        keys = 0
    kinds: tuple[Refused, ...] = (edge.people, *edge.bot_kinds)
    page = edge.captcha.integration == "page"
    return EdgeParams(
        on=on,
        rules=np.array([[_match(rule), Action[rule.action.upper()]] for rule in edge.web_acl], np.int64),
        by_token=rate.key == "token",
        keys=sessions if rate.key == "token" else keys,
        limit=rate.limit,
        every=FOREVER if edge.rate_rule is None else ns(rate.look_every_s),
        spans=round(rate.window_s / rate.look_every_s),
        delay=ns(rate.delay_s),
        lift_delay=ns(rate.lift_delay_s),
        most=rate.most_limited,
        kind=kind,
        address=address,
        recognised=_drawn(_odds(edge, "recognised"), kind, starts[Stream.EDGE_RECOGNISED], person, who.people),
        abroad=_drawn(_odds(edge, "abroad"), kind, starts[Stream.EDGE_ABROAD], person, who.people),
        gives_up=np.array([each.gives_up for each in kinds]),
        again=np.array([ns(each.again_s) for each in kinds], np.int64),
        addresses=np.array([1, *(each.addresses for each in edge.bot_kinds)], np.int64),
        scripts=np.array([page, *(page and each.runs_script for each in edge.bot_kinds)]),
        solves=np.array([page, *(page and each.solves_captcha for each in edge.bot_kinds)]),
        solve=lognormal(edge.captcha.solve.median_s, edge.captcha.solve.sigma, 1e9),
        fails=edge.captcha.fails,
        captcha_immunity=ns(edge.captcha.immunity_s),
        challenge_immunity=ns(edge.captcha.challenge_immunity_s),
    )


def _match(rule: Rule) -> Match:
    if isinstance(rule, RateRule):
        return Match.RATE
    return Match.RECOGNISED if isinstance(rule, BotControl) else Match.ABROAD


def _kinds(edge: Edge, u: NDArray[np.float64]) -> Ints:
    """Return the kind that each would be of if it were a bot, from 1, of one uniform draw each."""
    borders = np.cumsum([kind.share for kind in edge.bot_kinds])
    return np.minimum(np.searchsorted(borders, u, side="right"), borders.size - 1).astype(np.int64) + 1


def _odds(edge: Edge, what: str) -> NDArray[np.float64]:
    """Return by kind how likely one is recognised, or abroad; people are so by the first rule that says it."""
    rule = BotControl if what == "recognised" else Geo
    field = "mistaken" if what == "recognised" else "abroad"
    own = next((getattr(each, field) for each in edge.web_acl if isinstance(each, rule)), 0.0)
    return np.array([own, *(getattr(kind, what) for kind in edge.bot_kinds)])


def _drawn(odds: NDArray[np.float64], kind: Ints, start: np.uint64, person: Ints, people: int) -> NDArray[np.bool_]:
    """Return of each session whether that is so of its person, by the odds of its kind."""
    drawn: NDArray[np.bool_] = uniforms(start, people if person.size else 0)[person] < odds[kind]
    return drawn


def _addresses(edge: Edge, starts: NDArray[np.uint64], person: Ints, kind: Ints, people: int) -> tuple[Ints, int]:
    """Return the first address of each session, and how many addresses there are: people's, then every kind's.

    So many bots of a kind as are `behind_each` share a row of addresses, of which each has the one that it takes next.
    """
    address = addresses_of(edge.addresses, starts, people)[person]
    end = people
    for number, each in enumerate(edge.bot_kinds, start=1):
        mine = kind == number
        rank = np.unique(person[mine], return_inverse=True)[1].astype(np.int64).reshape(-1)
        group = rank // each.behind_each
        address[mine] = end + group * each.addresses
        end += (int(group.max()) + 1) * each.addresses if group.size else 0
    return address, end
