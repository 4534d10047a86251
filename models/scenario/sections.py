"""The sections of a scenario in their order: everything that a simulation needs to know, whether or not it can be."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.autoscaling import Autoscaling
from models.scenario.backend import Backend
from models.scenario.base import Section, Sequence
from models.scenario.clients import Clients
from models.scenario.cost import Cost
from models.scenario.edge import Edge
from models.scenario.event import Event
from models.scenario.faults import Fault, RedisFailover
from models.scenario.gateway import Gateway
from models.scenario.mesh import Mesh
from models.scenario.network import Network
from models.scenario.redis import Redis
from models.scenario.run import Run
from models.scenario.slo import Slo
from models.scenario.waiting_room import Admission, WaitingRoom


class Sections(Section):
    """A complete scenario, which may contradict itself: see `models.scenario.checks`."""

    schema_version: Literal[1] = Field(1, description="version of this format")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] = Field(
        "scenario", description="short name in results; by default the name of the file"
    )
    description: str = Field("", max_length=2000, description="what the scenario is for")
    beside: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="shipped scenario whose verdict is to be seen together with this one's; null = none"
    )
    architecture: Literal["gateway_admission"] = Field(
        "gateway_admission", description="path of a request: through the gateway's waiting room (the talk)"
    )
    run: Run = Run()
    event: Event = Event()
    clients: Clients = Clients()
    edge: Edge | None = Field(
        None, description="web ACL in front of the load balancer; null = whoever comes reaches it (assumption)"
    )
    network: Network = Network()
    mesh: Mesh = Mesh()
    gateway: Gateway = Gateway()
    waiting_room: WaitingRoom = WaitingRoom()
    admission: Admission = Admission()
    redis: Redis = Redis()
    autoscaling: Autoscaling | None = Field(
        None, description="how pods and nodes are scaled; null = gateway.pods, warm and fixed in number (assumption)"
    )
    faults: Sequence[Fault] = Field((), max_length=100, description="what goes wrong, and when (assumption: nothing)")
    backend: Backend = Backend()
    slo: Slo = Slo()
    cost: Cost = Cost()

    @property
    def without_replica_reads(self) -> str | None:
        """Return why status is read from primaries although `waiting_room.replica_reads` is on; None if it is not so.

        What replicas answer while their primary is dead is not modelled; the first version's KEYS asks the primary.
        """
        if not self.waiting_room.replica_reads:
            return None
        if self.redis.replicas_per_shard == 0:
            return "redis.replicas_per_shard is 0"
        if self.waiting_room.core == "keys":
            return "the version with KEYS asks the primary"
        if any(isinstance(fault, RedisFailover) for fault in self.faults):
            return "what replicas answer while their primary is dead is not modelled"
        return None

    @property
    def reads_replicas(self) -> bool:
        """Return whether status is read from replicas."""
        return self.waiting_room.replica_reads and self.without_replica_reads is None
