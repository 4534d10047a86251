"""What a user reads when a mesh is set to what cannot be: the field, the value, what is allowed."""

import pytest

from models.scenario import load_scenario
from models.scenario.packing import backend_nodes_needed, daemons, nodes_needed, pod_request, pods_per_node
from sim.errors import BadInput


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["mesh.mode=linkerd"], "mesh.mode: 'linkerd' is not allowed; must be"),
        (
            ["mesh.mode=sidecar", "mesh.waypoint=true"],
            "mesh.waypoint: true is not allowed with mesh.mode = sidecar; waypoints are part of ambient",
        ),
        (["mesh.waypoint=true"], "mesh.waypoint: true is not allowed with mesh.mode = none"),
        (
            ["mesh.mode=ambient", "mesh.waypoint=true", "mesh.figures=talk"],
            "mesh.figures: talk is not allowed with mesh.waypoint",
        ),
        (
            ["mesh.mode=sidecar", "mesh.figures=talk", "mesh.captures_clients=false"],
            "mesh.captures_clients: false is not allowed with mesh.figures = talk",
        ),
        (["mesh.first_connection_ms=-1"], "mesh.first_connection_ms: -1 is not allowed; must be a number from 0"),
        (["mesh.waypoint_pods=0"], "mesh.waypoint_pods: 0 is not allowed; must be an integer from 1"),
        (["mesh.mod=sidecar"], "mesh.mod"),
        (
            # 8 GiB less the hypervisor's 7.5 %, the kubelet's 674 MiB and 300 for daemons: 6,603
            ["cost.node_type=m7g.large", "mesh.mode=sidecar", "gateway.memory_request_mib=6500"],
            "does not hold one pod that requests 0.8 cores and 6,628 MiB with its sidecar",
        ),
    ],
)
def test_each_mistake_is_one_line(settings: list[str], line: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_scenario("onsale-small", settings)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sidecar_makes_a_pod_larger_and_daemons_make_a_node_smaller() -> None:
    """Istio's charts: a sidecar asks for 100m and 128 MiB, a ztunnel for 200m and 512; Falco's for 100m and 512."""
    plain, sidecar, ambient = (load_scenario("onsale-300k", [f"mesh.mode={mode}"]) for mode in MODES)
    watched = load_scenario("onsale-300k", ["mesh.mode=ambient", "mesh.falco=true"])
    assert pod_request(sidecar).milli - pod_request(plain).milli == 100
    assert pod_request(sidecar).mib - pod_request(plain).mib == 128
    assert (daemons(ambient).milli, daemons(ambient).mib) == (150 + 200, 300 + 512)
    assert (daemons(watched).milli, daemons(watched).mib) == (150 + 200 + 100, 300 + 512 + 512)
    # 3,920 millicores: 3,770 of 700, 3,770 of 800, 3,570 of 700, 3,470 of 700
    assert [pods_per_node(scenario) for scenario in (plain, sidecar, ambient, watched)] == [5, 4, 5, 4]
    assert [nodes_needed(30, scenario) for scenario in (plain, sidecar)] == [6, 8]


MODES = ("none", "sidecar", "ambient")


def test_waypoints_go_where_the_backend_leaves_room_until_there_is_none() -> None:
    """Nine pods of 500m on two nodes of 3,570m leave 2,640m, which are 26 waypoints of 100m."""
    few, just, more = (
        load_scenario("onsale-300k", ["mesh.mode=ambient", "mesh.waypoint=true", f"mesh.waypoint_pods={pods}"])
        for pods in (2, 26, 27)
    )
    assert [backend_nodes_needed(scenario) for scenario in (few, just, more)] == [2, 2, 3]
