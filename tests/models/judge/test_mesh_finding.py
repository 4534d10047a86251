"""What is said of a mesh: what it adds, what it takes, and whether its proxies can."""

import pytest

from models.judge.finding import Finding, Severity
from models.judge.findings import findings_of
from models.judge.limits import limits_of
from models.judge.mesh import mesh
from models.results.result import Kpi
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result


def found(busy_percent: float, *settings: str) -> dict[str, Finding]:
    scenario = load_scenario("onsale-300k", settings)
    measured = {
        "arrival_p50_ms": 0.06,
        "arrival_p99_ms": 0.1,
        "cpu_mean_cores": 1.5,
        "cpu_of_gateway_percent": 46.0,
        "proxy_peak_percent": busy_percent,
    }
    kpis = {f"mesh.{name}": Kpi(None, value, None, "") for name, value in measured.items()}
    result = onsale_result(scenario, kpis=kpis)
    return {item.topic: item for item in findings_of(result, scenario, limits_of(result, scenario))}


def test_what_a_mesh_adds_and_takes_is_said_in_a_sentence() -> None:
    said = found(31.0, "mesh.mode=ambient")["Mesh"]
    assert said.text == (
        "The ambient mesh adds 0.06 ms at p50 and 0.1 ms at p99 to a client's request. Proxies take 1.5 cores on "
        "average, those of the gateway 46 % of what its pods take themselves; in the worst second they are 31 % busy."
    )
    assert said.severity is Severity.NEUTRAL


def test_proxies_that_have_more_to_do_than_they_can_are_a_remark() -> None:
    said = found(130.0, "mesh.mode=sidecar")["Mesh"]
    assert "queues at proxies are not simulated, so latencies are worse than shown" in said.text
    assert said.severity is Severity.REMARK


def test_busy_proxies_that_take_much_longer_are_a_remark() -> None:
    """0.97 of 1.00 idle when Istio measured, 0.3 left: 3.23 times as long by M/M/1."""
    said = found(70.0, "mesh.mode=ambient")["Mesh"]
    assert "then they add 3.23 times as much (M/M/1)" in said.text
    assert said.severity is Severity.REMARK


@pytest.mark.parametrize("scaled", [True, False])
def test_first_connections_are_spoken_of_where_pods_start(scaled: bool) -> None:
    scenario = load_scenario("prewarmed-30" if scaled else "onsale-300k", ["mesh.mode=ambient"])
    text = mesh(onsale_result(scenario), scenario).text
    assert ("waits up to 500 ms for its proxy's first connection" in text) == scaled


def test_nothing_is_said_without_a_mesh() -> None:
    assert "Mesh" not in found(31.0)
