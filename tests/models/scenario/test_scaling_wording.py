"""What a user reads when pods and nodes are set to what cannot be: the field, the value, what is allowed."""

import pytest

from models.scenario import load_scenario
from sim.errors import BadInput

NODES = "autoscaling.nodes"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            ["autoscaling.min_pods=40"],
            "autoscaling.min_pods: 40 is not allowed; must be at most autoscaling.max_pods = 30",
        ),
        (
            ["gateway.pods=2"],
            "gateway.pods: 2 is not allowed; must be from autoscaling.min_pods = 3 to autoscaling.max_pods = 30",
        ),
        (
            ["autoscaling.cpu_percent=null", "autoscaling.memory_percent=null"],
            "autoscaling.cpu_percent: null is not allowed with autoscaling.memory_percent = null; one must be given",
        ),
        (
            ["gateway.cpu_request_cores=2"],
            "gateway.cpu_request_cores: 2 is not allowed; must be at most the limit, gateway.cpu_cores = 1.2",
        ),
        (
            ["gateway.cpu_request_cores=16", "gateway.cpu_cores=16"],
            "gateway.cpu_request_cores: a pod of 16 cores and 512 MiB fits no node beside the daemons; the types are",
        ),
        ([f"{NODES}.spot_percent=130"], f"{NODES}.spot_percent: 130 is not allowed; must be a number from 0 to 100"),
        (
            [f"{NODES}.budget_percent=-1"],
            f"{NODES}.budget_percent: -1 is not allowed; must be an integer from 0 to 100",
        ),
        (
            [f"{NODES}.instance_types=[m9z.large]"],
            f"{NODES}.instance_types: 'm9z.large' is not known; must be of c7g.2xl",
        ),
        (
            [f"{NODES}.launch_p95_s=9"],
            f"{NODES}.launch_p95_s: 9 is not allowed; must be at least {NODES}.launch_median_s",
        ),
        (
            [f"{NODES}.batch_max_s=0.5"],
            f"{NODES}.batch_max_s: 0.5 is not allowed; must be at least {NODES}.batch_idle_s",
        ),
        (
            ["gateway.rollout.pre_stop_s=31"],
            "gateway.rollout.pre_stop_s: 31 is not allowed; must be at most gateway.rollout.grace_s = 30",
        ),
        (
            ["gateway.rollout={max_surge_percent: 0, max_unavailable_percent: 0}"],
            "gateway.rollout.max_surge_percent: 0 is not allowed with gateway.rollout.max_unavailable_percent = 0",
        ),
        (
            ["gateway.rollout={max_surge_pods: 0, max_unavailable_pods: 0}"],
            "gateway.rollout.max_surge_pods: 0 is not allowed with gateway.rollout.max_unavailable_pods = 0",
        ),
        (
            ["gateway.disruption_budget={min_available_pods: 2, max_unavailable_percent: 10}"],
            "gateway.disruption_budget: min_available_pods and max_unavailable_percent is not allowed; must have "
            "exactly one of min_available_pods, min_available_percent, max_unavailable_pods, max_unavailable_percent",
        ),
        (
            ["gateway.disruption_budget={unready: always_allow}"],
            "gateway.disruption_budget: none of its numbers is not allowed; must have exactly one of min_available",
        ),
        (
            ["gateway.probes.liveness={success_threshold: 2}"],
            "gateway.probes.liveness.success_threshold: 2 is not allowed; must be 1",
        ),
        (
            ["gateway.probes.startup.success_threshold=3"],
            "gateway.probes.startup.success_threshold: 3 is not allowed; must be 1",
        ),
        (
            ["autoscaling.behavior=absent", "autoscaling.up.select=Min"],
            "autoscaling.behavior: absent is not allowed with autoscaling.up or autoscaling.down, which are it",
        ),
        (
            ["autoscaling.before=[{ago_s: 60, recommended_pods: 3}, {ago_s: 60, recommended_pods: 5}]"],
            "autoscaling.before: two spells begin at the same ago_s; each must begin at a moment of its own",
        ),
        (
            ["autoscaling.before=[{ago_s: 60}]"],
            "autoscaling.before.0.recommended_pods: missing; must be an integer from 0 to 2000",
        ),
        (
            ["autoscaling.down.policies=[]"],
            "autoscaling.down.policies: an empty list is not allowed; must be a list of 1 to 10 items",
        ),
        (
            ["gateway.probes.readiness.period_s=0"],
            "gateway.probes.readiness.period_s: 0 is not allowed; must be a number",
        ),
    ],
)
def test_one_line_names_the_field_and_what_is_allowed(settings, line):
    with pytest.raises(BadInput) as caught:
        load_scenario("autoscale-from-3", settings)
    said = str(caught.value)
    assert said.startswith(line)
    assert "\n" not in said


def test_scaling_settings_are_fine_without_autoscaling_as_long_as_they_are_not_used():
    assert (
        load_scenario("onsale-small", ["gateway.cpu_request_cores=9", "cost.node_type=m7g.4xlarge"]).autoscaling is None
    )
