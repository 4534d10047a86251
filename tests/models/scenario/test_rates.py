"""What the admission settings let through in closed form, against draws and against a run."""

import numpy as np
import pytest

from models.experiments.simulate import simulate
from models.judge.sale import achieved_admissions_rps
from models.scenario import load_scenario
from models.scenario.rates import groups_of, held_s, lapsing


@pytest.mark.parametrize("ttl_s", [2, 5, 20, 90])
def test_a_call_is_held_until_the_next_poll_or_lapses(ttl_s: float) -> None:
    clients = load_scenario("onsale-300k", ["clients.hidden.share=0.25", "clients.bots.poll_interval_s=2"]).clients
    assert [(group.share, group.poll_s) for group in groups_of(clients)] == [
        (pytest.approx(0.6), 5),
        (0.2, 2),
        (pytest.approx(0.2), 60),
    ]
    random = np.random.default_rng(ttl_s)
    polls = random.choice([5.0, 2.0, 60.0], size=400_000, p=[0.6, 0.2, 0.2]) * random.random(400_000)
    assert held_s(clients, ttl_s) == pytest.approx(np.minimum(polls, ttl_s).mean(), rel=0.01)
    assert lapsing(clients, ttl_s) == pytest.approx((polls > ttl_s).mean(), abs=0.003)


def test_a_run_gets_no_more_than_its_window_lets_through() -> None:
    narrow = load_scenario("onsale-small", ["admission.call_window=100", "clients.bots.share=0"])
    most = narrow.admission.call_window / held_s(narrow.clients, narrow.admission.call_ttl_s)
    assert most == 40  # a window of 100 calls, each held for half a poll interval of 5 s
    reached = achieved_admissions_rps(simulate(narrow), narrow)
    assert reached is not None
    assert 0.85 * most < reached < 1.02 * most
