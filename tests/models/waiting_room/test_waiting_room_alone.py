"""The waiting room alone: whatever its rules, both engines agree, where its node works for nothing."""

from hypothesis import given

from models.plan.making import make_plan
from tests.models.runs import BY_ITSELF, assert_agreement
from tests.strategies.alone import SIZES, waiting_room_alone


@BY_ITSELF
@given(waiting_room_alone(), SIZES)
def test_engines_agree_on_a_room_of_any_rules(case, sizes):
    assert_agreement(make_plan(*case), sizes=sizes)
