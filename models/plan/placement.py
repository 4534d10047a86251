"""Where things are: which shard holds an event, which zone a pod or node is in, how far one is from the other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plan.hash_slots import shard_of, slot_of
from models.scenario import Scenario
from models.vocabulary.streams import Stream
from sim.draws import uniforms

_NAMES = 1 << 32


@dataclass(frozen=True, eq=False)
class Placement:
    """Nodes are numbered: the primaries of all shards first, then the modelled replicas, shard by shard.

    `slots` and `event_node` int64[E] are an event's hash slot and primary; `read_node` int64[P, shards] where a pod
    reads a shard; `delay` int64[P, nodes] one way from pod to node and `feed_delay` int64[nodes] from its primary, ns;
    `crosses` bool[P, nodes] whether the two are in different zones.
    """

    slots: tuple[int, ...]
    replicas: int
    event_node: NDArray[np.int64]
    read_node: NDArray[np.int64]
    delay: NDArray[np.int64]
    feed_delay: NDArray[np.int64]
    crosses: NDArray[np.bool_]


def pods_at_most(scenario: Scenario) -> int:
    """Return how many pods there can be at once: with autoscaling as many again may be ending as may run."""
    scaling = scenario.autoscaling
    if scaling is None:
        return scenario.gateway.pods
    most = max(scaling.max_pods, scenario.gateway.pods)
    rollout = scenario.gateway.rollout
    share = math.ceil(most * rollout.max_surge_percent / 100)
    return 2 * (most + (share if rollout.max_surge_pods is None else rollout.max_surge_pods))


def tags_of(scenario: Scenario, starts: NDArray[np.uint64]) -> tuple[str, ...]:
    """Return the hash tag of every event; names that are drawn are the same with the same seed, of any number."""
    room = scenario.waiting_room
    if not room.event_tags_drawn:
        return room.event_tags or tuple(f"onsale-{k}" for k in range(1, room.events + 1))
    drawn = (uniforms(starts[Stream.TAGS], room.events) * _NAMES).astype(np.int64)
    return tuple(f"event-{k}-{name:08x}" for k, name in enumerate(drawn.tolist(), 1))


def place(scenario: Scenario, starts: NDArray[np.uint64]) -> Placement:
    """Spread pods and nodes over the zones in turn (a replica in the zone after its primary's) and events by hash slot.

    Replicas are modelled as servers of their own only where they are read from. A pod reads from a node of its own
    zone, the primary first; where there is none, from one picked by the pod's number (all are equally far).
    """
    shards, zones = scenario.redis.shards, scenario.network.zones
    replicas = scenario.redis.replicas_per_shard if scenario.reads_replicas else 0
    slots = tuple(slot_of(f"{{{tag}}}") for tag in tags_of(scenario, starts))  # of every key that carries the tag
    node_zone = [k % zones for k in range(shards)]
    node_zone += [(k + 1 + r) % zones for k in range(shards) for r in range(replicas)]
    pod_zone = [i % zones for i in range(pods_at_most(scenario))]
    near, far = scenario.network.same_zone_one_way_us, scenario.network.cross_zone_one_way_us
    same = np.array(pod_zone)[:, None] == np.array(node_zone)[None, :]
    feed = np.zeros(len(node_zone), np.int64)
    for node in range(shards, len(node_zone)):
        primary = (node - shards) // replicas
        feed[node] = round((near if node_zone[node] == node_zone[primary] else far) * 1000)
    return Placement(
        slots=slots,
        replicas=replicas,
        event_node=np.array([shard_of(slot, shards) for slot in slots], np.int64),
        read_node=_read_nodes(pod_zone, node_zone, shards, replicas),
        delay=np.where(same, round(near * 1000), round(far * 1000)).astype(np.int64),
        feed_delay=feed,
        crosses=~same,
    )


def _read_nodes(pod_zone: list[int], node_zone: list[int], shards: int, replicas: int) -> NDArray[np.int64]:
    nodes = np.zeros((len(pod_zone), shards), np.int64)
    for pod, zone in enumerate(pod_zone):
        for shard in range(shards):
            candidates = [shard, *(shards + shard * replicas + r for r in range(replicas))]
            near = [node for node in candidates if node_zone[node] == zone]
            nodes[pod, shard] = near[0] if near else candidates[pod % len(candidates)]
    return nodes
