"""The numbers and tables of a run that never change, by part."""

from typing import NamedTuple

from models.plan.backend import BackendParams
from models.plan.clients import ClientParams
from models.plan.edge import EdgeParams
from models.plan.failovers import FailoverParams
from models.plan.network import NetworkParams
from models.plan.redis import RedisParams
from models.plan.run import RunParams
from models.plan.service import ServiceParams
from models.plan.waiting_room import WaitingRoomParams


class Params(NamedTuple):
    """What both engines work with: one tuple of each part."""

    run: RunParams
    edge: EdgeParams
    network: NetworkParams
    clients: ClientParams
    service: ServiceParams
    backend: BackendParams
    waiting_room: WaitingRoomParams
    redis: RedisParams
    failover: FailoverParams
