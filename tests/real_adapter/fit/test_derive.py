"""The derived profile: what its factor rests on, and that it is the shipped one."""

import numpy as np
import pytest

from models.redis_costs.parts import ENGINE_CPU_TIMES, EngineCosts
from models.redis_costs.profile import load_profile
from real_adapter.fit.derive import BASE, NAME, PUBLISHED_GET_US, derived


def test_the_shipped_profile_is_derived_from_the_measured_one() -> None:
    assert derived(load_profile(BASE)) == load_profile(NAME)


def test_a_get_costs_what_was_published_and_time_is_not_scaled() -> None:
    base, found = load_profile(BASE), load_profile(NAME)
    assert found.engine.io_us + found.commands["GET"].call_us == pytest.approx(PUBLISHED_GET_US, rel=0.002)
    for name in set(EngineCosts.model_fields) - set(ENGINE_CPU_TIMES):
        assert getattr(found.engine, name) == getattr(base.engine, name)


def test_its_draws_reach_as_far_as_its_interval_says() -> None:
    found = load_profile(NAME)
    interval = found.fit.parameters["cost_factor"]
    io = np.array([found.drawn((k + 0.5) / 100).engine.io_us for k in range(100)]) / load_profile(BASE).engine.io_us
    assert np.median(io) == pytest.approx(interval.best, rel=0.15)
    assert np.quantile(io, 0.025) == pytest.approx(interval.low, rel=0.25)
    assert np.quantile(io, 0.975) == pytest.approx(interval.high, rel=0.25)


def test_a_profile_without_draws_is_refused() -> None:
    base = load_profile(BASE)
    none = base.model_copy(update={"draws": base.draws.model_copy(update={"parameters": (), "values": ()})})
    with pytest.raises(ValueError, match="no draws to derive from"):
        derived(none)
