"""The data plane as control sees it: what either engine offers to the processes of `models.run.control`."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from models.vocabulary.news import Told
from models.vocabulary.operations import Op

TOLD = "told"
"""Why an engine stopped: it has news for control."""


class Reading(NamedTuple):
    """A pod's meters: CPU time used in this life (ns on one of its cores), requests in it now and at most since the
    last reading, connections to Redis."""

    cpu_ns: int
    requests: int
    most_requests: int
    connections: int


class Plane(Protocol):
    """The data plane as control sees it. Pods are numbered; `platform` are the levels that control writes down: pods
    that run, that are ready and that are wanted, and nodes."""

    platform: list[int]

    def news(self) -> list[Told]:
        """Return what control has not been told yet, in the order in which it happened."""

    def route_to(self, pods: Sequence[int]) -> None:
        """Let the load balancer know these pods and no others, from now on."""

    def start_pod(self, pod: int) -> None:
        """Begin a pod's process: it opens its connections, and then takes requests."""

    def probe(self, pod: int, op: Op, number: int) -> None:
        """Let the kubelet call a pod; there will be news of this number, unless the pod is killed before."""

    def end_pod(self, pod: int) -> bool:
        """Let a pod take no more requests; return whether it has none left. If it has, there will be news."""

    def kill_pod(self, pod: int) -> None:
        """Kill a pod's process with all that is in it."""

    def kill_node(self, node: int) -> None:
        """End the process of a shard's primary; its rooms become what a successor knows of them."""

    def revive_node(self, node: int) -> None:
        """Let a successor serve in its place."""

    def learn(self, pod: int, node: int) -> None:
        """Let a pod know of the successor, and connect to it."""

    def reading(self, pod: int) -> Reading:
        """Read a pod's meters."""

    def open_sale(self) -> None:
        """Begin to call and to admit."""

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""

    def sample(self, second: int) -> None:
        """Write the levels down (line, calls, queues, requests in flight) that stand at the end of this second."""
