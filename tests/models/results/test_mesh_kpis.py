"""What a mesh and daemons took in a run, against the same worked out by hand from its requests."""

from dataclasses import replace

import numpy as np
import pytest

from models.plan.plan import Plan
from models.results.kpis import kpis_of
from models.results.result import Kpi
from models.vocabulary.operations import ENDPOINTS
from tests.models.recordings import planned
from tests.models.runs import recording_of

LADDER = (
    "clients.load.stages=[{rate_rps: 1000, duration_s: 20}]",
    "clients.load.settle_s=0",
    "clients.count=3000",
    "run.duration_s=20",
    "gateway.pods=10",
)


def kpis(*settings: str) -> tuple[Plan, dict[str, Kpi]]:
    plan = planned(*LADDER, *settings, name="ladder-index")
    return plan, kpis_of(plan, recording_of(plan))


def test_nothing_is_said_of_a_mesh_where_there_is_none() -> None:
    assert [name for name in kpis()[1] if name.startswith("mesh")] == []


@pytest.mark.parametrize(("mode", "cores"), [("sidecar", 0.2), ("ambient", 0.06)])
def test_a_thousand_requests_a_second_take_the_published_cores(mode: str, cores: float) -> None:
    plan, found = kpis(f"mesh.mode={mode}")
    rate = found["requests.rps_mean"].best / 1000
    assert found["mesh.cpu_mean_cores"].best == pytest.approx(cores * rate, rel=0.01)
    own = plan.scenario.gateway.cpu_us
    # of joins and enters there are some; statuses take least
    assert 100 * 1000 * cores / own.join < found["mesh.cpu_of_gateway_percent"].best < 100 * 1000 * cores / own.status
    proxies = 10 if mode == "sidecar" else 2  # five pods of 0.7 cores to a node
    assert found["mesh.proxy_peak_percent"].best == pytest.approx(100 * cores / 2 / proxies, rel=0.15)
    assert (found["mesh.cpu_mean_cores"].unit, found["mesh.memory_mib"].unit) == ("cores", "MiB")


def test_what_a_web_acl_refuses_passes_no_proxy() -> None:
    """As if half of the requests of every second had been refused."""
    plan = planned(*LADDER, "mesh.mode=ambient", name="ladder-index")
    whole = recording_of(plan)
    sent = np.stack([whole.past_the_edge(op) for op in range(len(ENDPOINTS))], axis=1)
    half = replace(whole, edge=whole.edge._replace(by_second=sent // 2))
    cores = [kpis_of(plan, recording)["mesh.cpu_mean_cores"].best for recording in (whole, half)]
    assert cores[1] == pytest.approx(cores[0] / 2, rel=0.01)


def test_proxies_hold_memory_and_certificates_by_pod_or_by_node() -> None:
    _, sidecar = kpis("mesh.mode=sidecar")
    _, ambient = kpis("mesh.mode=ambient")
    # ten pods and nine of the backend, each with an Envoy of 60 MB; two nodes and two of the backend, of 12 MB
    assert sidecar["mesh.memory_mib"].best == pytest.approx(19 * 60e6 / 2**20)
    assert ambient["mesh.memory_mib"].best == pytest.approx(4 * 12e6 / 2**20)
    # a certificate lives 24 h and is renewed after 12; a ztunnel has one for each of four services
    length_s = sidecar["run.length_s"].best
    assert sidecar["mesh.certificates_renewed"].best == pytest.approx(19 * length_s / 43_200)
    assert ambient["mesh.certificates_renewed"].best == pytest.approx(4 * 4 * length_s / 43_200)


def test_falco_takes_more_with_more_system_calls_and_a_log_agent_what_aws_measured() -> None:
    _, found = kpis("mesh.falco=true", "mesh.log_agent=true", "mesh.syscalls_per_request=100")
    rate = found["requests.rps_mean"].best
    assert found["mesh.falco_mean_cores"].best == pytest.approx(rate * 100 * 0.8e-6, rel=0.01)
    # two nodes of four cores
    assert found["mesh.falco_peak_percent"].best == pytest.approx(100 * rate * 100 * 0.8e-6 / 8, rel=0.15)
    # 500 lines a second on each of two nodes, between 0.02 at 100 and 0.11 at 1,000
    assert found["mesh.log_agents_mean_cores"].best == pytest.approx(2 * (0.02 + 0.09 * 400 / 900), rel=0.05)
    assert "mesh.cpu_mean_cores" not in found


def test_the_figures_of_the_talk_are_shares_of_the_pods_own_cpu() -> None:
    for mode, percent in (("sidecar", 15), ("ambient", 5)):
        _, found = kpis(f"mesh.mode={mode}", "mesh.figures=talk", "gateway.cpu_sigma=0")
        assert found["mesh.cpu_of_gateway_percent"].best == pytest.approx(percent, rel=0.01)
