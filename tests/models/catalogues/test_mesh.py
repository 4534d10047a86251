from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.catalogues.mesh import CATALOGUE, MeshFigures, mesh_figures
from tests.models.damaged import copied, places, refused, shipped

SHIPPED = shipped(CATALOGUE)


def test_the_figures_are_those_that_were_published() -> None:
    """Istio 1.22: two ztunnels; Istio 1.24: a proxy of each kind at 1,000 requests a second."""
    figures = mesh_figures()
    assert (figures.ambient.pair_p90_ms.value, figures.ambient.pair_p99_ms.value) == (0.17, 0.20)
    kinds = (figures.sidecar, figures.waypoint, figures.ambient)
    assert [kind.cores_per_1000_rps.value for kind in kinds] == [0.20, 0.25, 0.06]
    assert [kind.memory_mb.value for kind in kinds] == [60, 60, 12]


@pytest.mark.parametrize("kind", ["sidecar", "waypoint", "ambient"])
def test_percentiles_are_in_order_and_a_proxy_asks_for_more_memory_than_it_uses(kind: str) -> None:
    figures = getattr(mesh_figures(), kind)
    assert 0 < figures.pair_p90_ms.value <= figures.pair_p99_ms.value
    assert figures.memory_mb.value < figures.request_mib.value


@given(st.sampled_from(places(SHIPPED)), st.sampled_from(["free", -1, float("nan"), [], {}, True, 10**30]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, path: tuple[str, ...], bad: object) -> None:
    if path[-1] == "source" and bad == "free":
        return
    data, part = copied(SHIPPED, path)
    part[path[-1]] = bad
    assert path[0] in refused(tmp_path, MeshFigures, data)
