"""Plain facts of a run that a verdict needs beside the KPIs."""

from typing import Any

import numpy as np

from models.engine.record import NODES, PER_NODE, REQUESTS, Column, Level
from models.engine.recording import Recording
from models.plan.event_shares import people_weights
from models.plan.node_names import node_names
from models.plan.plan import Plan
from models.redis_costs.node_standing import node_standing
from models.redis_costs.parts import Quantity
from models.redis_costs.ranges import outside
from models.results.apart import events_apart, shard_weights
from models.results.ceiling import status_request_ns
from models.results.edge import edge_facts
from models.results.failovers import failover_facts
from models.results.series import busy_share
from models.results.usage import nodes_of
from models.vocabulary.units import SECOND


def facts_of(plan: Plan, recording: Recording) -> dict[str, Any]:
    """Return the facts by name; all are plain numbers, or lists of them, but for the failovers.

    `waiting_at_sold_out`: people who had come and were neither in nor gone when the last seat went. `waited_in_vain`:
    they and those who came later, if nobody told them. `admitted_without_seat`: let in, and never got one.
    `node_hours`: type, how bought, and hours of the nodes of an event; None where pods are fixed in number.
    `used_at_most`: of every quantity that costs depend on, the most that was used; `outside_ranges` those that are
    beyond what the profile was measured over, as `models.redis_costs.ranges.Outside`. `node_standing` says how the
    profile stands for the nodes' type, empty if it is of it; `node_known` is false if nothing is known of that type.
    `events_apart` is there if the events are unequal, and says of each what became of it; `throttled` if the network of
    a Redis node held up replies: which node's, from which second, how late at most, and how many. `edge` says of each
    rule of a web ACL what it ended.
    """
    params, scenario = plan.params, plan.scenario
    request_ns = status_request_ns(plan, _longest_of_an_event(plan, recording))
    waiting, later = _at_sold_out(recording)
    told = scenario.event.on_sold_out == "announce"
    bought = recording.sessions.bought
    used, on = _used_at_most(plan, recording), node_standing(plan.profile, scenario.redis.node_type)
    found = {
        "hot_shard": _busiest(recording, params.redis.shards),
        "events_per_shard": np.bincount(plan.placement.event_node, minlength=params.redis.shards).tolist(),
        "slots": list(plan.placement.slots),
        "sold_out_s": recording.sold_out_at / SECOND if recording.sold_out_at >= 0 else None,
        "waiting_at_sold_out": waiting,
        "waited_in_vain": 0 if told else waiting + later,
        "admitted_without_seat": int((recording.sessions.admitted & ~bought).sum()),
        "people": plan.population.people,
        "sessions": params.clients.sessions,
        "bots": int(plan.population.bot.sum()),
        "connections_per_node": _connections_per_node(plan, recording),
        "node_hours": nodes_of(plan, recording),
        "ceiling_rps": SECOND / request_ns,
        "status_request_us": request_ns / 1000,
        "pods": params.service.warm_pods,
        "failovers": failover_facts(plan),
        "used_at_most": used,
        "outside_ranges": [list(found) for found in outside(plan.profile.measured_over, used, plan.profile.beyond)],
        "node_standing": on.text,
        "node_known": on.known,
    }
    rare = {
        "events_apart": events_apart(plan, recording),
        "throttled": _throttled(plan, recording),
        "edge": edge_facts(plan, recording),
    }
    return found | {name: rows for name, rows in rare.items() if rows}


def _throttled(plan: Plan, recording: Recording) -> list[dict[str, Any]]:
    return [
        {"node": name, "from_s": since / SECOND, "late_at_most_s": latest / SECOND, "replies": replies}
        for name, (since, latest, replies) in zip(node_names(plan), recording.throttled.tolist(), strict=True)
        if since >= 0
    ]


def _used_at_most(plan: Plan, recording: Recording) -> dict[Quantity, float]:
    """Return the most of every quantity that a profile's costs depend on."""
    params, redis = plan.params, plan.scenario.redis
    requests = [recording.column(NODES + PER_NODE * node + REQUESTS).max() for node in range(params.redis.nodes)]
    keys = _longest_line(recording) * max(shard_weights(plan)) // sum(shard_weights(plan))
    used: dict[Quantity, float] = {
        "members": _longest_of_an_event(plan, recording),
        "rate_rps": int(max(requests)),
        "connections": _connections_per_node(plan, recording),
        "payload_bytes": max(redis.request_bytes, redis.reply_bytes),
    }
    return used | ({"keys": keys} if params.waiting_room.key_scan else {})


def _connections_per_node(plan: Plan, recording: Recording) -> int:
    """Return how many connections a node can have: of pods fixed in number full pools, else the most there were."""
    if plan.scenario.autoscaling is None:
        return plan.params.service.warm_pods * plan.params.service.pool_size
    return int(recording.column(Column.LEVELS + Level.CONNECTIONS).max()) // plan.params.redis.nodes


def hot_node(plan: Plan, recording: Recording) -> int:
    """Return the number of the modelled node whose engine thread worked longest."""
    return _busiest(recording, plan.params.redis.nodes)


def _busiest(recording: Recording, nodes: int) -> int:
    """Return which of the first *nodes*, of which the primaries come before all replicas, worked longest."""
    return int(np.argmax([busy_share(recording, node).sum() for node in range(nodes)]))


def _longest_of_an_event(plan: Plan, recording: Recording) -> int:
    """Return how many waited in the line of the largest event at the most, lines taken for as the people's shares."""
    weights = people_weights(plan.scenario)
    return _longest_line(recording) * max(weights) // sum(weights)


def _longest_line(recording: Recording) -> int:
    """Return the most people in line or called at the end of a second."""
    levels = (recording.column(Column.LEVELS + level) for level in (Level.WAITING, Level.CALLED))
    return int(np.add(*levels).max())


def _at_sold_out(recording: Recording) -> tuple[int, int]:
    """Return how many were waiting in the second in which the last seat went, and how many came later."""
    if recording.sold_out_at < 0:
        return 0, 0
    until = recording.sold_out_at // SECOND + 1
    came = recording.sessions.came_at
    earlier = int(((came >= 0) & (came < until * SECOND)).sum())
    gone = sum(int(recording.column(column)[:until].sum()) for column in (Column.ADMITTED, Column.LEFT, Column.EXPIRED))
    return max(0, earlier - gone), int((came >= until * SECOND).sum())
