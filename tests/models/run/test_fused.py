"""Steps are fused where nothing can come between them, and only there; agreement shows that results are the same."""

import pytest

from models.engine.world import LATEST
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.run import run_under
from tests.models.recordings import planned

SMALL = ("clients.count=300", "run.duration_s=20")
NO_WAY = (
    "network.client_one_way={median_ms: 0, sigma: 0}",
    "network.same_zone_one_way_us=0",
    "network.cross_zone_one_way_us=0",
    "gateway={worker_slots: 2, backlog: 100}",
)


def latest_known(*changes, traced=0):
    plan = planned(*SMALL, *changes, name="onsale-small")
    plane = KernelPlane(plan, traced)
    run_under(Control, plan, plane)
    return int(plane.world.total[LATEST])


def test_an_ordinary_run_knows_answers_before_they_come_and_a_traced_one_does_not():
    assert latest_known() > 0
    assert latest_known(traced=1) == 0


@pytest.mark.parametrize("setting", NO_WAY)
def test_nothing_is_known_in_advance_where_a_way_takes_no_time_or_workers_are_waited_for(setting):
    assert latest_known(setting) == 0
