"""Settings at their bounds, whatever they mean: made from what the scenario's own models allow, not from a list."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.scenario import Scenario, scenario_from_mapping
from sim.errors import BadInput
from tests.strategies.base import Draw, Section, pick

TOO_LARGE = {
    # these decide how much there is to simulate, and are drawn elsewhere
    *("run.duration_s", "clients.count", "clients.retries", "clients.poll_interval_s", "clients.bots.poll_interval_s"),
    "clients.refused_wait_s",
    *("gateway.pods", "autoscaling.min_pods", "autoscaling.max_pods", "autoscaling.nodes.spare_nodes"),
    *("gateway.redis_min_idle", "waiting_room.events", "waiting_room.expire_every_s", "redis.shards"),
}


class Bounds(NamedTuple):
    """A setting by its path, and the least and most that it can be; what is above 0 is at least a thousandth."""

    path: tuple[str, ...]
    least: float
    most: float


def bounds(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Bounds]:
    """Yield every number that a section may set, and those of the sections in it."""
    for name, field in model.model_fields.items():
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        sections = [kind for kind in inner if issubclass(kind, BaseModel)]
        if len(sections) == 1:
            yield from bounds(sections[0], (*path, name))
        elif not sections and ".".join((*path, name)) not in TOO_LARGE and (found := _of(field)) is not None:
            yield Bounds((*path, name), *found)


def _of(field: FieldInfo) -> tuple[float, float] | None:
    least, most = None, None
    for bound in field.metadata:
        least = getattr(bound, "ge", least)
        most = getattr(bound, "le", most)
        if hasattr(bound, "gt"):
            least = bound.gt + 0.001
    return None if least is None or most is None else (least, most)


EXTREMES = tuple(bounds(Scenario))


@st.composite
def pushed(draw: Draw, mapping: Section) -> Scenario:
    """The scenario of *mapping*, with some settings pushed to a bound where it is still one that can be."""
    scenario = scenario_from_mapping(mapping)
    for setting in draw(st.lists(pick(EXTREMES), max_size=4)):
        changed = copy.deepcopy(mapping)
        if _put(changed, setting.path, draw(pick([setting.least, setting.most]))):
            try:
                scenario, mapping = scenario_from_mapping(changed), changed
            except BadInput:
                continue  # contradicts another setting: it stays as it was
    return scenario


def _put(mapping: Any, path: tuple[str, ...], value: float) -> bool:
    """Set what stands at *path*, and tell whether it could: sections that are absent or are lists stay so."""
    *sections, name = path
    for section in sections:
        mapping = mapping.setdefault(section, {}) if isinstance(mapping, dict) else None
        if not isinstance(mapping, dict):
            return False
    mapping[name] = value
    return True
