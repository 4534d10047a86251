"""How pods are probed, replaced and scaled, and the nodes under them."""

from hypothesis import strategies as st

from tests.strategies.base import Draw, Section, pick


@st.composite
def probes(draw: Draw) -> Section:
    """Probes that come often and fail easily."""
    settings = {
        "initial_delay_s": pick([0, 0.5]),
        "period_s": pick([1, 2.5]),
        "timeout_s": pick([0.01, 0.2, 1, 3]),
        "failure_threshold": pick([1, 2]),
    }
    often = st.fixed_dictionaries(settings)
    return {
        "readiness": draw(st.fixed_dictionaries({**settings, "success_threshold": pick([1, 2])})),
        "liveness": draw(st.none() | often),
        "startup": draw(st.none() | often),
        "redis_ping": draw(pick(["random_shard", "every_shard"])),
        "cpu_us": draw(pick([0, 50, 5000])),
    }


@st.composite
def rollouts(draw: Draw) -> Section:
    """Ends of a pod, from at once to longer than the run."""
    grace_s = draw(pick([0.1, 1, 30]))
    return {
        "max_surge_percent": draw(pick([25, 100])),
        "max_unavailable_percent": draw(pick([0, 50])),
        "max_surge_pods": draw(pick([None, None, 1, 3])),
        "max_unavailable_pods": draw(pick([None, None, 0, 1])),
        "pre_stop_s": grace_s * draw(pick([0, 0.5])),
        "grace_s": grace_s,
    }


@st.composite
def disruption_budgets(draw: Draw) -> Section | None:
    """None, as by default, or one of each kind."""
    number = draw(pick([None, ("min_available_pods", 1), ("min_available_percent", 80)]))
    number = draw(pick([number, ("max_unavailable_pods", 1), ("max_unavailable_percent", 0)]))
    if number is None:
        return None
    return dict([number, ("unready", draw(pick(["if_healthy_budget", "always_allow"])))])


def spells(most: int) -> st.SearchStrategy[list[Section]]:
    """What the autoscaler remembers: nothing, or some seconds of another size."""
    spell = st.fixed_dictionaries(
        {"ago_s": pick([0.5, 2, 5]), "recommended_pods": st.integers(0, most), "added_pods": pick([0, 1, -1])}
    )
    return st.lists(spell, max_size=2, unique_by=lambda each: each["ago_s"])


@st.composite
def scalings(draw: Draw, gateway: Section) -> Section:
    """An autoscaler in a hurry, on nodes that come and go."""
    low, high = draw(st.integers(1, gateway["pods"])), gateway["pods"] + draw(st.integers(0, 4))
    rules: Section = {"policies": [{"type": "Percent", "value": 100, "period_s": 1}]}
    behavior: Section = {
        "up": {**rules, "tolerance": draw(pick([None, 0]))},
        "down": {**rules, "stabilization_s": draw(pick([0, 3]))},
    }
    if draw(pick([False, False, True])):
        behavior = {"behavior": "absent", "downscale_stabilization_s": draw(pick([0, 3]))}
    return {
        **behavior,
        "before": draw(spells(high)),
        "min_pods": low,
        "max_pods": high,
        "cpu_percent": draw(pick([1, 20, 60])),
        "memory_percent": draw(st.none() | pick([5, 80])),
        "sync_s": 1,
        "metrics_s": draw(pick([1, 2])),
        "metrics_lag_s": draw(pick([0, 0.3])),
        "cpu_initialization_s": draw(pick([0, 3])),
        "endpoints_delay_s": draw(pick([0, 0.2, 1])),
        "nodes": {
            "provisioner": draw(pick(["karpenter", "karpenter", "cluster_autoscaler"])),
            "instance_types": draw(pick([["c7g.large"], ["m7g.large", "c7g.large"]])),
            "spot_percent": draw(pick([0, 70, 100])),
            "spare_nodes": draw(pick([0, 1])),
            "batch_idle_s": draw(pick([0, 0.5])),
            "batch_max_s": 1,
            "scan_s": 1,
            "launch_median_s": draw(pick([0, 1])),
            "launch_p95_s": 2,
            "image_pull_s": draw(pick([0, 1])),
            "start_s": draw(pick([0, 0.2])),
            "consolidate_after_s": draw(pick([0, 3])),
            "budget_percent": 100,
            "budget_nodes": draw(pick([None, None, 0, 1])),
            "termination_handler": draw(st.booleans()),
            "interruptions_percent_per_month": draw(pick([5, 1e6])),
        },
    }
