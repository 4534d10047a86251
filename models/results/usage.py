"""What a run used up of things that are paid for by use: requests, DynamoDB operations, gigabytes."""

import numpy as np

from models.catalogues.ec2_capacity import Capacity
from models.engine.record import Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.results.cost import NodeHours, Usage
from models.results.result import RunResult
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND

CAPTCHAS = ("edge.captchas_shown_to_people", "edge.captchas_shown_to_bots")
GIGABYTE = 1e9
LCU_NEW_CONNECTIONS_PER_S = 25
LCU_OPEN_CONNECTIONS = 3000
LCU_GB_PER_H = 1
"""What one capacity unit of an Application Load Balancer holds (source: Elastic Load Balancing pricing). Rules count
too, but the first ten are free."""


def usage_of(plan: Plan, recording: Recording) -> Usage:
    """Return what one run used up; bytes are counts of the run times the sizes that are settings of its scenario."""
    scenario = plan.scenario
    orders = float(recording.sessions.holds.sum())
    refused = float(recording.column(Column.ANSWERED + Op.RESERVE).sum()) - float(recording.sessions.bought.sum())
    backend, exchanged = scenario.backend, scenario.redis.request_bytes + scenario.redis.reply_bytes
    return Usage(
        requests=float(recording.sent),
        dynamodb_writes=orders * backend.writes_per_order + max(0.0, refused) * backend.writes_per_refusal,
        dynamodb_reads=orders * backend.reads_per_order,
        egress_gb=recording.answered * scenario.cost.answer_bytes / GIGABYTE,
        cross_zone_gb=_crossing(plan, recording) * exchanged / GIGABYTE,
        balancer_lcu_h=_balancer_lcu_h(plan, recording),
        nodes=nodes_of(plan, recording),
        captchas=float(recording.edge.captchas_shown),
    )


def nodes_of(plan: Plan, recording: Recording) -> tuple[NodeHours, ...] | None:
    """Return the hours of an event's nodes: warm-up with those of the start, cool-down with those of the end.

    None where pods are fixed in number. A run that ends before its duration, as nothing is left to do, keeps its last
    nodes until then.
    """
    scenario = plan.scenario
    if scenario.autoscaling is None:
        return None
    after_s = max(0.0, scenario.run.duration_s - recording.end_s) + 3600 * scenario.cost.cool_down_h
    hours: dict[tuple[str, Capacity], float] = {}
    for node in recording.nodes:
        paid_s = ((recording.end_ns if node.until is None else node.until) - node.since) / SECOND
        paid_s += after_s if node.until is None else 0.0
        paid_s += 3600 * scenario.cost.warm_up_h if node.since == 0 else 0.0
        key = (node.kind, node.capacity)
        hours[key] = hours.get(key, 0.0) + paid_s / 3600
    return tuple(NodeHours(*key, total) for key, total in sorted(hours.items()))


def usage_in(result: RunResult) -> Usage:
    """Return what the runs behind *result* used up, on average; the nodes are those of the first."""
    nodes = result.facts["node_hours"]
    return Usage(
        requests=result.kpis["requests.total"].best or 0.0,
        dynamodb_writes=result.kpis["dynamodb.writes"].best or 0.0,
        dynamodb_reads=result.kpis["dynamodb.reads"].best or 0.0,
        egress_gb=result.kpis["network.egress_gb"].best or 0.0,
        cross_zone_gb=result.kpis["network.cross_zone_gb"].best or 0.0,
        balancer_lcu_h=result.kpis["network.balancer_lcu_h"].best or 0.0,
        nodes=None if nodes is None else tuple(NodeHours(*node) for node in nodes),
        captchas=sum(result.best(name) or 0.0 for name in CAPTCHAS if name in result.kpis),
    )


def _balancer_lcu_h(plan: Plan, recording: Recording) -> float:
    """Return the capacity-unit hours that the run takes of the load balancer.

    AWS bills the dimension that is used most in each hour; an event counts as one, as it is about that long.
    Connections are those of people in line or called: a client keeps one open while it polls.
    """
    cost = plan.scenario.cost
    share = cost.balancer_connections_percent / 100
    came = share * float((recording.sessions.came_at >= 0).sum())
    open_s = share * sum(
        float(recording.column(Column.LEVELS + level).sum()) for level in (Level.WAITING, Level.CALLED)
    )
    gigabytes = (recording.answered * cost.answer_bytes + recording.sent * cost.request_bytes) / GIGABYTE
    return lcu_hours(came, open_s, gigabytes)


def lcu_hours(connections: float, open_connection_s: float, gigabytes: float) -> float:
    """Return capacity-unit hours for so many new connections, connection-seconds and gigabytes, both ways."""
    new = connections / (3600 * LCU_NEW_CONNECTIONS_PER_S)
    return max(new, open_connection_s / (3600 * LCU_OPEN_CONNECTIONS), gigabytes / LCU_GB_PER_H)


def _crossing(plan: Plan, recording: Recording) -> float:
    """Return the requests that went from a pod to a Redis node of another zone and back, pods being equally busy.

    Status polls go where the pod reads; the few of them that refresh a heartbeat on the primary count as reads too.
    """
    place, pods = plan.placement, np.arange(plan.params.service.pods)[:, None]
    written = float(place.crosses[pods, place.event_node].mean())
    read = float(place.crosses[pods, place.read_node[:, place.event_node]].mean())
    by_op = {op: float(recording.column(Column.ANSWERED + op).sum()) for op in (Op.JOIN, Op.STATUS, Op.ENTER, Op.LEAVE)}
    polls = by_op.pop(Op.STATUS)
    return read * polls + written * sum(by_op.values())
