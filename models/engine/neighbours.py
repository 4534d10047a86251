"""What the parts of the reference are to each other: each knows its neighbour by what it does, not by its file."""

from collections.abc import Sequence
from typing import Protocol

from models.engine.reference_run import Pool, Process, Request
from models.vocabulary.operations import Answer


class Service(Protocol):
    """What clients send their requests to."""

    def handle(self, r: Request) -> Process:
        """Bring a request from the load balancer to the moment when its pod answers."""


class WebAcl(Protocol):
    """What a client's request passes before anybody else sees it."""

    def judge(self, r: Request) -> Answer | None:
        """Return the answer to a request that is refused, None for one that is let through."""

    refused: list[int]

    def pause_after(self, s: int, number: int, answer: Answer, patient_until: int) -> int | None:
        """Return how long a refused session pauses before it sends the same again, ns; None if it gives up."""


class StoreNode(Protocol):
    """A node as pods see it: whether it is dead, and the number of its life."""

    dead: bool
    life: int


class Store(Protocol):
    """What pods ask and connect to: nodes by number."""

    @property
    def nodes(self) -> Sequence[StoreNode]:
        """The nodes as they are now."""

    def ask(self, r: Request, leaves: int = 0) -> Process:
        """Bring a request from its pod to its node, not before it `leaves`, and the reply back."""

    def disconnect(self, k: int, pool: Pool) -> None:
        """Close the pool of a pod that has been killed."""
