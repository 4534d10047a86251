"""Settings of pods and nodes that are fine alone and impossible together; each line names a field and a remedy."""

from collections.abc import Iterator

from models.catalogues.ec2_capacity import fits
from models.catalogues.ec2_nodes import ec2_nodes
from models.scenario.autoscaling import Autoscaling, ScaleDown, ScaleUp
from models.scenario.packing import daemons, pod_request
from models.scenario.pods import DisruptionBudget
from models.scenario.sections import Sections


def scaling_contradictions(s: Sections) -> Iterator[str]:
    """Yield one line for everything about pods and nodes that cannot be."""
    rollout = s.gateway.rollout
    if rollout.pre_stop_s > rollout.grace_s:
        yield (
            f"gateway.rollout.pre_stop_s: {rollout.pre_stop_s:g} is not allowed; "
            f"must be at most gateway.rollout.grace_s = {rollout.grace_s:g}, which it is part of"
        )
    surge, unavailable = (
        f"{name}_percent" if getattr(rollout, f"{name}_pods") is None else f"{name}_pods"
        for name in ("max_surge", "max_unavailable")
    )
    if getattr(rollout, surge) == 0 and getattr(rollout, unavailable) == 0:
        yield (
            f"gateway.rollout.{surge}: 0 is not allowed with gateway.rollout.{unavailable} = 0; "
            "one of them must be above 0, or no pod can be replaced"
        )
    if s.gateway.disruption_budget is not None:
        yield from _budget(s.gateway.disruption_budget)
    if s.autoscaling is not None:
        yield from _autoscaler(s, s.autoscaling)
        yield from _nodes(s, s.autoscaling)


def _budget(budget: DisruptionBudget) -> Iterator[str]:
    numbers = ("min_available_pods", "min_available_percent", "max_unavailable_pods", "max_unavailable_percent")
    given = [name for name in numbers if getattr(budget, name) is not None]
    if len(given) != 1:
        yield (
            f"gateway.disruption_budget: {' and '.join(given) or 'none of its numbers'} is not allowed; "
            f"must have exactly one of {', '.join(numbers)}"
        )


def _autoscaler(s: Sections, scaling: Autoscaling) -> Iterator[str]:
    if scaling.min_pods > scaling.max_pods:
        yield (
            f"autoscaling.min_pods: {scaling.min_pods} is not allowed; "
            f"must be at most autoscaling.max_pods = {scaling.max_pods}"
        )
    elif not scaling.min_pods <= s.gateway.pods <= scaling.max_pods:
        yield (
            f"gateway.pods: {s.gateway.pods} is not allowed; must be from autoscaling.min_pods = {scaling.min_pods} "
            f"to autoscaling.max_pods = {scaling.max_pods}"
        )
    if scaling.cpu_percent is None and scaling.memory_percent is None:
        yield "autoscaling.cpu_percent: null is not allowed with autoscaling.memory_percent = null; one must be given"
    if scaling.behavior == "absent" and (scaling.up, scaling.down) != (ScaleUp(), ScaleDown()):
        yield "autoscaling.behavior: absent is not allowed with autoscaling.up or autoscaling.down, which are it"
    times = [spell.ago_s for spell in scaling.before]
    if len(set(times)) < len(times):
        yield "autoscaling.before: two spells begin at the same ago_s; each must begin at a moment of its own"
    if s.gateway.cpu_request_cores > s.gateway.cpu_cores:
        yield (
            f"gateway.cpu_request_cores: {s.gateway.cpu_request_cores:g} is not allowed; "
            f"must be at most the limit, gateway.cpu_cores = {s.gateway.cpu_cores:g}"
        )


def _nodes(s: Sections, scaling: Autoscaling) -> Iterator[str]:
    nodes, gateway, catalogue = scaling.nodes, s.gateway, ec2_nodes()
    unknown = [name for name in nodes.instance_types if name not in catalogue]
    if unknown:
        known = ", ".join(sorted(catalogue))
        yield f"autoscaling.nodes.instance_types: {unknown[0]!r} is not known; must be of {known}"
        return
    usable = nodes.instance_types if nodes.provisioner == "karpenter" else nodes.instance_types[:1]
    if not any(fits(catalogue[name], daemons(s) + pod_request(s)) for name in usable):
        yield (
            f"gateway.cpu_request_cores: a pod of {gateway.cpu_request_cores:g} cores and "
            f"{gateway.memory_request_mib} MiB fits no node beside the daemons; the types are {', '.join(usable)}"
        )
    if nodes.launch_p95_s < nodes.launch_median_s:
        yield (
            f"autoscaling.nodes.launch_p95_s: {nodes.launch_p95_s:g} is not allowed; "
            f"must be at least autoscaling.nodes.launch_median_s = {nodes.launch_median_s:g}"
        )
    if nodes.batch_max_s < nodes.batch_idle_s:
        yield (
            f"autoscaling.nodes.batch_max_s: {nodes.batch_max_s:g} is not allowed; "
            f"must be at least autoscaling.nodes.batch_idle_s = {nodes.batch_idle_s:g}"
        )
