"""What a profile says of a node type: it is of that type, it can be scaled to it, or nothing is known.

A profile is of a machine. Of another node type of the same processor the cores are the same, so an engine thread costs
what it costs, but for what AWS says that larger nodes take off it: enhanced I/O and I/O multiplexing, and the I/O
threads of Redis 7.1 with eight cores. Each is published as "up to": a factor from 1 to that, of which the middle (in
proportion) is taken for best. One generation of processor is published too; all else is not known.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from models.catalogues.redis_nodes import RedisNode, redis_catalogue, redis_nodes
from models.documents.sourced import Number
from models.redis_costs.profile import Profile

EIGHT_CORES = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """How the costs of a profile stand for a node type: they are `of` this type (None: of none that is known).

    `known`: whether there is a factor; costs are then times *best*, a 95 % interval of which is *low* to *high*. `why`
    says what the factor rests on, or what is not known; it is empty where the profile is of the type itself.
    """

    node_type: str
    of: str | None
    known: bool
    low: float
    best: float
    high: float
    why: str

    @property
    def same(self) -> bool:
        """Whether the profile is of this very type."""
        return self.of == self.node_type

    @property
    def text(self) -> str:
        """Return in one sentence what is to be known; empty where the profile is of this type."""
        if self.same:
            return ""
        if not self.known:
            return f"Nothing is known of Redis CPU on {self.node_type}: {self.why}."
        if self.low == self.high:
            return f"Redis CPU on {self.node_type} is taken to be that of {self.of}: {self.why}."
        return (
            f"Redis CPU on {self.node_type} is that of {self.of} times {self.best:.2f} ({self.low:.2f} to "
            f"{self.high:.2f}), which was not measured: {self.why}."
        )


def node_standing(profile: Profile, node_type: str) -> Standing:
    """Return how the costs of *profile* stand for a *node_type* of the catalogue."""
    if node_type in profile.node_types:
        return Standing(node_type, node_type, True, 1.0, 1.0, 1.0, "")
    of = profile.node_types[0] if profile.node_types else None
    if of is None or of not in redis_nodes():
        machine = profile.machine.rstrip(".").partition(";")[0]
        return _unknown(node_type, None, f"profile {profile.name} is of another machine ({machine})")
    base, node = redis_nodes()[of], redis_nodes()[node_type]
    features = (base.enhanced_io, base.io_multiplexing, node.enhanced_io, node.io_multiplexing)
    if None in features:
        return _unknown(node_type, of, f"which I/O features {node_type} has beside {of} was not found")
    if base.processor != node.processor and _generation(base, node) is None:
        return _unknown(node_type, of, f"how {node.processor} compares with the {base.processor} of {of} was not found")
    steps = list(_steps(base, node))
    low = math.prod(min(1.0, factor) for factor, _ in steps)
    high = math.prod(max(1.0, factor) for factor, _ in steps)
    why = "; ".join(reason for _, reason in steps) or "the same processor and the same I/O features"
    return Standing(node_type, of, True, low, math.prod(math.sqrt(factor) for factor, _ in steps), high, why)


def _unknown(node_type: str, of: str | None, why: str) -> Standing:
    return Standing(node_type, of, False, 1.0, 1.0, 1.0, why)


def _steps(base: RedisNode, node: RedisNode) -> Iterator[tuple[float, str]]:
    """Yield each difference that is published: the most that it makes of a cost on *node* over *base*, and its source.

    Above 1 where *node* lacks it.
    """
    gains = redis_catalogue().engine_gains
    if generation := _generation(base, node):
        factor, up_to = generation
        yield factor, up_to.source
    has = (
        (gains.enhanced_io, bool(base.enhanced_io), bool(node.enhanced_io)),
        (gains.io_multiplexing, bool(base.io_multiplexing), bool(node.io_multiplexing)),
        (gains.eight_cores, base.cores >= EIGHT_CORES, node.cores >= EIGHT_CORES),
    )
    for gain, mine, others in has:
        if mine != others:
            yield gain.value if mine else 1 / gain.value, gain.source


def _generation(base: RedisNode, node: RedisNode) -> tuple[float, Number] | None:
    """Return by what factor a cost is higher on the processor of *node* at most; None if that is not known."""
    for gain in redis_catalogue().engine_gains.processor:
        if (gain.newer, gain.older) == (base.processor, node.processor):
            return gain.up_to.value, gain.up_to
        if (gain.newer, gain.older) == (node.processor, base.processor):
            return 1 / gain.up_to.value, gain.up_to
    return None
