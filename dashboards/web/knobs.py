"""Which settings the pages show, grouped along the way of a request; limits and words come from the schema."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from dashboards.web.design import FILES
from models.catalogues.redis_nodes import redis_nodes
from models.redis_costs.profile import profile_names
from models.scenario import setting_schema


@dataclass(frozen=True)
class Group:
    """A part of the architecture: the settings that are always in sight, and those a click away."""

    title: str
    main: tuple[str, ...]
    more: tuple[str, ...]


GROUPS = (
    Group(
        "Clients",
        ("clients.count", "clients.poll_interval_s", "clients.bots.poll_interval_s"),
        (
            "clients.bots.share",
            "clients.timeout_s",
            "clients.retries",
            "clients.poll_from",
        ),
    ),
    Group(
        "Network",
        (),
        (
            "network.client_one_way.median_ms",
            "network.zones",
            "network.same_zone_one_way_us",
            "network.cross_zone_one_way_us",
        ),
    ),
    Group(
        "Mesh and daemons",
        ("mesh.mode",),
        (
            "mesh.waypoint",
            "mesh.figures",
            "mesh.captures_clients",
            "mesh.first_connection_ms",
            "mesh.falco",
            "mesh.log_agent",
        ),
    ),
    Group(
        "Gateway",
        ("gateway.pods",),
        (
            "gateway.cpu_cores",
            "gateway.worker_slots",
            "gateway.redis_pool_size",
            "gateway.redis_pool_timeout_s",
            "gateway.routing",
            "gateway.clock_skew_ms",
        ),
    ),
    Group(
        "Waiting room and admission",
        ("admission.rate_rps",),
        (
            "admission.burst",
            "admission.call_window",
            "admission.call_ttl_s",
            "waiting_room.core",
            "waiting_room.events",
            "waiting_room.ticket_order",
            "waiting_room.replica_reads",
            "waiting_room.heartbeat_ttl_s",
        ),
    ),
    Group("Redis", ("redis.shards", "redis.node_type"), ("redis.profile", "redis.replicas_per_shard")),
    Group(
        "Seats and reservations",
        ("event.seats",),
        (
            "event.on_sold_out",
            "event.seats_per_order",
            "event.conversion",
            "event.choose.median_s",
            "backend.reservation_capacity_rps",
            "backend.reservation_service_ms",
        ),
    ),
    Group(
        "Pods and nodes that scale",
        (),
        (
            "autoscaling",
            "autoscaling.min_pods",
            "autoscaling.max_pods",
            "autoscaling.nodes.provisioner",
            "autoscaling.nodes.launch_median_s",
            "autoscaling.nodes.spare_nodes",
            "autoscaling.nodes.spot_percent",
        ),
    ),
    Group(
        "Service levels",
        (),
        ("slo.mean_wait_s", "slo.status_p99_ms", "slo.error_percent", "slo.engine_cpu_percent", "slo.oversold"),
    ),
    Group(
        "Money and time",
        (),
        (
            "run.duration_s",
            "cost.events_per_month",
            "cost.redis_between_events",
            "cost.redis_engine",
            "cost.spot_percent",
            "cost.bot_control",
        ),
    ),
)

Kind = Literal["integer", "number", "choice", "switch", "section"]


@dataclass(frozen=True)
class Knob:
    """A setting as a widget needs it. A section is one that is there (by default) or not (null)."""

    path: str
    kind: Kind
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@cache
def knob(path: str) -> Knob:
    """Return the knob of a setting in GROUPS."""
    schema = setting_schema(path)
    made = _knob(path, schema)
    if path.rpartition(".")[2].startswith("median"):  # of a distribution, which the section around it names
        around = label_of(setting_schema(path.rpartition(".")[0])["description"])
        return replace(made, label=f"{around}, {made.label[0].lower()}{made.label[1:]}")
    return made


@cache
def knob_of_field(section: type[BaseModel], path: str) -> Knob:
    """Return the knob of the field of a *section* that stands in a list at *path*, such as a fault."""
    return _knob(path, section.model_json_schema()["properties"][path.rpartition(".")[2]])


def _knob(path: str, schema: dict[str, Any]) -> Knob:
    description = str(schema["description"])
    label, text = label_of(description), f"`{path}`: {description}"
    only = (schema["const"],) if "const" in schema else ()  # the kind of what stands in a list
    choices = tuple(schema.get("enum", only)) or _names(path)
    if choices:
        return Knob(path, "choice", label, text, choices=choices)
    kind: Kind
    match schema.get("type"):
        case "integer":
            kind = "integer"
        case "number":
            kind = "number"
        case "boolean":
            kind = "switch"
        case None | "object":  # a reference, or one that may be null
            kind = "section"
        case other:
            raise ValueError(f"{path}: there is no widget for {other!r}")
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    return Knob(path, kind, label, text, low, schema.get("maximum"))


def label_of(description: str) -> str:
    """Return what of a setting's description names it: without its source and what comes after a semicolon."""
    named = re.sub(r"\s*\([^()]*(\([^()]*\)[^()]*)*\)$", "", description)
    named = re.split(r"[;:] ", named)[0]
    return named[0].upper() + named[1:]


def step_of(value: Any, kind: Kind) -> float:
    """Return by how much one click changes a number of this size: a tenth of its magnitude, or all of a small one's."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    if kind == "integer":
        return max(1, 10 ** (magnitude - 1))
    return float(10.0**magnitude if value < 10 else 10.0 ** (magnitude - 1)) if value else 0.1


def shown_paths() -> set[str]:
    """Return every setting that has a knob."""
    return {path for group in GROUPS for path in (*group.main, *group.more)}


def _names(path: str) -> tuple[str, ...]:
    """Return the names that a setting takes from a catalogue; none for other settings."""
    if path == "redis.node_type":
        return tuple(redis_nodes())
    return (*profile_names(), *FILES) if path == "redis.profile" else ()
