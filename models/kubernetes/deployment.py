"""The deployment: as many pods as are wanted, which of them go first, and their replacement in a rolling update."""

from collections import Counter
from collections.abc import Callable

from models.kubernetes.state import Pod, Shared
from models.scenario.pods import Rollout


def fenceposts(rollout: Rollout, wanted: int) -> tuple[int, int]:
    """Return surge and unavailable pods: one share is rounded up, the other down, never both 0 (ResolveFenceposts)."""
    surge, unavailable = rollout.max_surge_pods, rollout.max_unavailable_pods
    if surge is None:
        surge = -(-wanted * rollout.max_surge_percent // 100)
    if unavailable is None:
        unavailable = wanted * rollout.max_unavailable_percent // 100
    return surge, (unavailable if surge > 0 or unavailable > 0 else 1)


class Deployment:
    """All pods of the gateway. `create` and `end` are told of every pod that is to come or to go."""

    def __init__(self, shared: Shared, create: Callable[[Pod], None], end: Callable[[Pod], None]) -> None:
        self.shared, self.create, self.end = shared, create, end
        self.wanted = shared.gateway.pods
        self.revision = 0
        self.created = 0

    def scale(self, wanted: int) -> None:
        """Want so many pods from now on."""
        self.wanted = wanted
        self.reconcile()

    def deploy(self) -> None:
        """Replace every pod by one of a new version."""
        self.revision += 1
        self.reconcile()

    def fenceposts(self) -> tuple[int, int]:
        """Return how many pods there may be beyond the wanted ones while updating, and how many of those may miss."""
        return fenceposts(self.shared.gateway.rollout, self.wanted)

    def reconcile(self) -> None:
        """Create and end pods until there are as many as wanted, new ones before old ones as far as is allowed."""
        alive = self.shared.alive()
        old = [pod for pod in alive if pod.revision < self.revision]
        new = [pod for pod in alive if pod.revision == self.revision]
        if len(new) > self.wanted:
            self._end(new, len(new) - self.wanted)
        most = self.wanted + (self.fenceposts()[0] if old else 0)
        for _ in range(min(self.wanted - len(new), most - len(alive))):
            self.create(self.new_pod())
        if old:
            self._replace(old, new)

    def new_pod(self) -> Pod:
        """Return a pod that is not anywhere yet."""
        pod = Pod(self.created, self.revision)
        self.created += 1
        self.shared.pods[pod.number] = pod
        return pod

    def _replace(self, old: list[Pod], new: list[Pod]) -> None:
        """End old pods: those that are not ready first, the others as long as enough are ready (rolling.go)."""
        least = self.wanted - self.fenceposts()[1]
        alive = len(self.shared.alive())
        unready_new = len(new) - sum(pod.ready for pod in new) + (alive - len(old) - len(new))
        broken = [pod for pod in old if not pod.ready]
        cleaned = min(len(broken), max(0, alive - least - unready_new))
        self._end(broken, cleaned)
        spare = self.shared.ready_count() - least
        self._end([pod for pod in old if pod.ready], max(0, spare))

    def _end(self, pods: list[Pod], count: int) -> None:
        """End some pods, in the order of the ReplicaSet controller (ActivePodsWithRanks)."""
        crowd = Counter(pod.node for pod in self.shared.alive())
        by_rank = sorted(
            pods,
            key=lambda p: (
                p.node is not None,
                p.process is not None,
                p.ready,
                -crowd[p.node],
                -p.ready_changed_at,
                -p.restarts,
                -p.number,
            ),
        )
        for pod in by_rank[:count]:
            self.end(pod)
