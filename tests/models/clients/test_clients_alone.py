"""Clients alone: whatever they do, both engines agree, where what they ask takes no time and is never refused."""

from hypothesis import given
from hypothesis import strategies as st

from models.plan.making import make_plan
from tests.models.runs import BY_ITSELF, assert_agreement
from tests.strategies.alone import SIZES, clients_alone


@BY_ITSELF
@given(data=st.data())
def test_engines_agree_on_anything_that_clients_do(tmp_path_factory, data):
    case = data.draw(clients_alone(tmp_path_factory.getbasetemp()))
    assert_agreement(make_plan(*case), sizes=data.draw(SIZES))
