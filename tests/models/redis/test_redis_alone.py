"""Redis alone: whatever its nodes cost and whatever becomes of them, both engines agree on a quiet sale."""

from hypothesis import given

from models.plan.making import make_plan
from tests.models.runs import BY_ITSELF, assert_agreement
from tests.strategies.alone import SIZES, redis_alone


@BY_ITSELF
@given(redis_alone(), SIZES)
def test_engines_agree_on_nodes_of_any_cost_that_may_die(case, sizes):
    assert_agreement(make_plan(*case), sizes=sizes)
