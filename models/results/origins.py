"""What a number rests on: the settings behind it and their origins, read off the scenario's own descriptions."""

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.catalogues.prices import list_prices
from models.redis_costs.profile import KINDS, Profile
from models.scenario import Scenario

_DEMAND = ("clients.count", "clients.arrival", "clients.poll_interval_s")
_NETWORK = ("network.client_one_way", "network.client_jitter")
SETTINGS = {
    "requests": (*_DEMAND, "clients.poll_jitter_fraction", "clients.retries"),
    "redis": (*_DEMAND, "waiting_room.core", "waiting_room.events", "waiting_room.extra_calls", "redis.shards"),
    "latency": (*_DEMAND, *_NETWORK, "gateway.cpu_us", "gateway.pods"),
    "wait": (*_DEMAND, "admission.rate_rps", "admission.burst", "admission.call_window"),
    "people": (*_DEMAND, "clients.patience", "clients.bots.share", "admission.rate_rps", "event.on_sold_out"),
    "run": ("run.duration_s", *_DEMAND),
    "admission": (*_DEMAND, "admission.rate_rps", "admission.burst", "admission.call_window"),
    "seats": (
        "event.seats",
        "event.choose",
        "event.conversion",
        "admission.rate_rps",
        "backend.reservation_capacity_rps",
    ),
    "errors": (
        *_DEMAND,
        "clients.timeout_s",
        "gateway.redis_pool_timeout_s",
        "gateway.worker_slots",
        "gateway.backlog",
    ),
    "gateway": (*_DEMAND, "gateway.pods", "gateway.cpu_cores", "gateway.cpu_us"),
    "nodes": (
        *_DEMAND,
        "autoscaling.max_pods",
        "autoscaling.cpu_percent",
        "gateway.cpu_request_cores",
        "autoscaling.nodes.instance_types",
        "autoscaling.nodes.launch_median_s",
    ),
    "fairness": (*_NETWORK, "waiting_room.ticket_order", "gateway.clock_skew_ms", "gateway.cpu_us"),
    "dynamodb": ("backend.writes_per_order", "backend.reads_per_order", "backend.writes_per_refusal", "event.seats"),
    "network": (
        "cost.answer_bytes",
        "cost.balancer_connections_percent",
        "redis.request_bytes",
        "redis.reply_bytes",
        "network.zones",
    ),
    "cost": (
        "cost.warm_up_h",
        "cost.cool_down_h",
        "cost.events_per_month",
        "cost.pods_between_events",
        "cost.redis_between_events",
        "cost.node_type",
        "cost.spot_percent",
        "cost.backend_pods",
        "cost.log_bytes_per_request",
        "gateway.pods",
        "gateway.cpu_request_cores",
        "redis.shards",
        "redis.replicas_per_shard",
        "redis.node_type",
    ),
    "faults": ("faults", "redis.replicas_per_shard", "gateway.redis_pool_size", "clients.retries", "clients.timeout_s"),
    "mesh": (
        "mesh.mode",
        "mesh.figures",
        "mesh.waypoint",
        "mesh.captures_clients",
        "mesh.syscalls_per_request",
        *_DEMAND,
    ),
    "edge": ("edge.addresses", "edge.web_acl", "edge.captcha", "edge.people", "edge.bot_kinds", *_DEMAND),
    "bots": ("clients.bots.share", "clients.bots.reaction_median_s", "clients.bots.choose", "clients.arrival"),
}
"""Settings that decide most about the KPIs of a family (the first word of their names)."""
WITHOUT_REDIS = {"requests", "edge", "gateway", "nodes", "dynamodb", "network", "mesh", "cost"}
"""Families in which the costs of Redis commands show only when a shard saturates."""


def rests_on(kpi: str, scenario: Scenario, profile: Profile) -> tuple[str, ...]:
    """Return what a KPI rests on: the Redis profile or the prices, then its settings as "origin: path, path"."""
    family = kpi.split(".", 1)[0]
    by_origin: dict[str, list[str]] = {}
    for path in SETTINGS[family]:
        by_origin.setdefault(origin_of(scenario, path), []).append(path)
    settings = tuple(f"{origin}: {', '.join(paths)}" for origin, paths in by_origin.items())
    if family == "cost":
        return (list_prices(scenario.cost.region).origin, *settings)
    return settings if family in WITHOUT_REDIS else (profile_origin(scenario, profile), *settings)


def profile_origin(scenario: Scenario, profile: Profile) -> str:
    """Return name, kind and date of a profile in a few words, how it is read, and its file if it is the user's own."""
    file = f", file {scenario.redis.profile_file}" if scenario.redis.profile_file else ""
    reading = scenario.redis.profile_reading or profile.own_reading
    read = f", read as {reading}" if reading else ""
    return f"profile {profile.name} ({KINDS[profile.kind]}, {profile.date}{read}{file})"


def origin_of(scenario: Scenario, path: str) -> str:
    """Return "the talk", "assumption" or the source of the setting at a dotted *path*; "given" if it was changed."""
    model: BaseModel = scenario
    *sections, name = path.split(".")
    for section in sections:
        model = getattr(model, section)
    field = type(model).model_fields[name]
    if getattr(model, name) != field.get_default(call_default_factory=True):
        return "given"
    return _stated_origin(field)


def _stated_origin(field: FieldInfo) -> str:
    """Return the origin that a field's description names last, in parentheses."""
    stated = (field.description or "").rpartition("(")[2].rstrip(") ")
    if stated.startswith("source: "):
        return stated.removeprefix("source: ")
    return "the talk" if stated.startswith("the talk") else "assumption"
