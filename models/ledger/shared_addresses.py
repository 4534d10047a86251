"""Whom the talk's rate rule refuses because others are behind the same address, by how addresses are shared.

The people and their polls are the talk's, the rule is that of `models.edge`, the mix of addresses an assumption.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.edge.crowds import Refused, Rule, refused, share_of
from models.ledger.claims import claims
from models.plan.addresses import addresses_of
from models.scenario.edge import Addresses, RateLimit
from models.vocabulary.streams import Stream
from sim.draws import stream_starts

MIX = "assumption: edge.addresses, as nobody publishes how many people share one"
RULE = "AWS WAF developer guide, rate-based rules (2026-11)"
SUBSCRIBERS = (32, 64, 128, 512, 2048)
"""Subscribers behind one address of a carrier that may well be, as nobody publishes them for Korea: a block of ports
each of 2,016 down to 31."""
DRAWN = 300_000
"""People whose addresses are drawn."""


def line_s() -> float:
    """Return how long the talk's line lasts, if all its people join at once and it empties at the talk's rate."""
    return claims()["demand.status_rps"].number("clients") / claims()["admission.wait_rate"].figure


def people_refused(line_s: float, subscribers: int | None = None) -> float:
    """Return the share of people who are refused at least once, of a line that lasts that long, in percent.

    *subscribers* behind an address of a carrier; None: as many as in the shipped mix.
    """
    found = _refused(line_s)
    return 100 * share_of(found.people, found, _crowds(subscribers))


def requests_refused(line_s: float) -> float:
    """Return the share of people's requests that are refused, of a line that lasts that long, in percent."""
    found = _refused(line_s)
    return 100 * share_of(found.requests, found, _crowds(None))


def sharing(people: int) -> float:
    """Return the share of people who are at least so many behind their address, themselves counted, in percent."""
    return 100 * float((_crowds(None) >= people).mean())


def _refused(line_s: float) -> Refused:
    rule, claim = RateLimit(), claims()["waf.rate_rule"]
    limit, window_s = round(claim.figure), claim.number("window_s")
    own = Rule(limit, window_s, rule.look_every_s, rule.delay_s, rule.lift_delay_s, rule.most_limited)
    return _tried(own, claim.number("poll_s"), line_s)


_tried = cache(refused)


@cache
def _crowds(subscribers: int | None) -> NDArray[np.int64]:
    """Return how many people are behind the address of each of DRAWN people, that person counted, int64[DRAWN]."""
    mix = Addresses()
    if subscribers is not None:
        carrier = mix.carrier_nat.model_copy(update={"subscribers": subscribers})
        mix = mix.model_copy(update={"carrier_nat": carrier})
    address = addresses_of(mix, stream_starts(1, len(Stream)), DRAWN)
    crowds: NDArray[np.int64] = np.bincount(address)[address]
    return crowds
