"""The section `mesh`: the proxies between balancer, gateway and backend, and the daemons of every node."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from models.scenario.base import Section


class Mesh(Section):
    """A service mesh, and what watches every node beside it. Figures: models/catalogues/mesh.yaml, by date and source.

    Redis is outside of the mesh, and what a pod and it say to each other goes past the proxies. A client has no proxy,
    so its request gets half of what a pair of them adds (assumption); what is not modelled: see `models.mesh`.
    """

    mode: Literal["none", "sidecar", "ambient"] = Field(
        "none",
        description="a proxy in every pod, one on every node, or neither (assumption: the talk has ambient, to be seen "
        "beside none)",
    )
    waypoint: bool = Field(
        False, description="whether calls to the backend pass a waypoint; only with ambient (assumption: none)"
    )
    waypoint_pods: int = Field(2, ge=1, le=1000, description="pods of that waypoint (assumption)")
    figures: Literal["istio", "talk"] = Field(
        "istio",
        description="whose delay and CPU: Istio's own tests, by hop; or what turns the talk's latencies without a mesh "
        "into those with one, all of it on a client's request (source: Istio, performance and scalability)",
    )
    captures_clients: bool = Field(
        True,
        description="whether clients' requests pass the gateway's proxy, not calls alone "
        "(source: Istio, which captures all that comes into a pod)",
    )
    first_connection_ms: float = Field(
        500,
        ge=0,
        le=60_000,
        description="milliseconds that a started pod's proxy takes for its first connection; who comes before that is "
        "over waits, too (the talk: +500 ms for the first request after a restart)",
    )
    falco: bool = Field(False, description="whether Falco watches every node (assumption: the talk has it)")
    syscalls_per_request: float = Field(
        12,
        ge=0,
        le=10_000,
        description="system calls of a request that Falco sees (assumption: read, write and wait at the client's "
        "socket and at Redis', each when it begins and when it ends)",
    )
    log_agent: bool = Field(False, description="whether an agent sends every node's log lines on (assumption: none)")

    @property
    def on(self) -> bool:
        """Return whether there is a mesh."""
        return self.mode != "none"

    @property
    def watched(self) -> bool:
        """Return whether there is anything of all this."""
        return self.on or self.falco or self.log_agent


def mesh_contradictions(mesh: Mesh) -> Iterator[str]:
    """Yield one line for everything about the mesh that cannot be."""
    if mesh.waypoint and mesh.mode != "ambient":
        yield f"mesh.waypoint: true is not allowed with mesh.mode = {mesh.mode}; waypoints are part of ambient"
    if mesh.waypoint and mesh.figures == "talk":
        yield "mesh.figures: talk is not allowed with mesh.waypoint; the talk has no latencies with a waypoint"
    if mesh.on and mesh.figures == "talk" and not mesh.captures_clients:
        yield "mesh.captures_clients: false is not allowed with mesh.figures = talk, which are of clients' requests"
