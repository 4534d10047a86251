"""Whom the talk's rate rule refuses, against the same worked out from the laws of who shares an address."""

import math

import pytest

from models.ledger.arithmetic import redone
from models.ledger.claims import claims
from models.ledger.shared_addresses import line_s, people_refused, requests_refused, sharing
from models.scenario.edge import Addresses

MIX = Addresses()


def test_the_line_lasts_as_long_as_the_talk_has_it():
    assert line_s() == 300_000 / 1_000


def test_who_shares_an_address_is_by_the_mix():
    """At home a pair; on a carrier's network, with x others on average, all but e^-x; of offices a tenth is here."""
    home = MIX.household.share * MIX.household.paired
    mobile = MIX.carrier_nat.share * -math.expm1(-MIX.carrier_nat.subscribers * MIX.taking_part)
    assert home + mobile < sharing(2) / 100 < home + mobile + MIX.office.share
    assert sharing(1) == 100


@pytest.mark.parametrize("line", [300.0, 600.0])
def test_more_are_refused_of_a_longer_line_and_of_more_behind_an_address(line):
    assert people_refused(line) < people_refused(2 * line) < sharing(2)
    assert people_refused(line, 32) < people_refused(line, 512) < people_refused(line, 2048)
    assert requests_refused(line) < people_refused(line)


def test_a_captcha_is_seen_by_few_if_few_are_behind_an_address_of_a_carrier():
    own = redone(claims()["waf.captcha"])
    (flip,) = [flip for flip in own.flips if flip.setting == "edge.addresses.carrier_nat.subscribers"]
    at = float(flip.at.removeprefix("above "))
    assert flip.verdict == "refuted"
    assert people_refused(line_s(), math.floor(at)) <= 2 < people_refused(line_s(), math.ceil(at))
