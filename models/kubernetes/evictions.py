"""What holds evictions back: a PodDisruptionBudget, if there is one. Without one the eviction API lets every pod go."""

from models.kubernetes.state import Pod, Shared
from models.scenario.pods import DisruptionBudget


def healthy_at_least(budget: DisruptionBudget, wanted: int) -> int:
    """Return how many of *wanted* pods the budget keeps ready; shares are rounded up (disruption controller)."""
    if budget.min_available_pods is not None:
        return budget.min_available_pods
    if budget.min_available_percent is not None:
        return share_up(wanted, budget.min_available_percent)
    if budget.max_unavailable_pods is not None:
        return max(0, wanted - budget.max_unavailable_pods)
    return max(0, wanted - share_up(wanted, budget.max_unavailable_percent or 0))


def share_up(of: int, percent: int) -> int:
    """Return a percentage of a number of pods, rounded up."""
    return -(-of * percent // 100)


def blocks_always(budget: DisruptionBudget | None) -> bool:
    """Tell whether no pod may ever go by the budget (Karpenter makes no room for pods that cannot leave a node)."""
    return budget is not None and (
        budget.max_unavailable_pods == 0 or budget.max_unavailable_percent == 0 or budget.min_available_percent == 100
    )


class Evictions:
    """The eviction API before the gateway's pods, of which *wanted* there should be."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.budget = shared, shared.gateway.disruption_budget

    def allowed(self, wanted: int) -> int | None:
        """Return how many ready pods may go now; None without a budget."""
        if self.budget is None:
            return None
        return max(0, self.shared.ready_count() - healthy_at_least(self.budget, wanted))

    def may_go(self, pod: Pod, wanted: int) -> bool:
        """Tell whether a pod may be evicted now. One whose container has never run always may (registry/core/pod)."""
        if self.budget is None or (pod.process is None and pod.restarts == 0):
            return True
        if not pod.ready:
            least = healthy_at_least(self.budget, wanted)
            if self.budget.unready == "always_allow" or 0 < least <= self.shared.ready_count():
                return True
        return bool(self.allowed(wanted))
