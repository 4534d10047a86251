"""Pods and the backend alone: whatever is scarce in them, both engines agree, with trivial clients and nodes."""

from hypothesis import given

from models.plan.making import make_plan
from tests.models.runs import BY_ITSELF, assert_agreement
from tests.strategies.alone import SIZES, service_alone


@BY_ITSELF
@given(service_alone(), SIZES)
def test_engines_agree_on_anything_that_is_scarce_in_pods_and_the_backend(case, sizes):
    assert_agreement(make_plan(*case), sizes=sizes)
