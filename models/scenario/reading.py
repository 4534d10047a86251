"""Scenarios from YAML files: `extends`, `--set`, the hash. Whatever is wrong is a `BadInput` of one line."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.redis_nodes import redis_nodes
from models.documents.text import nearest, printable, shown
from models.documents.yaml_text import mapping_in, read_mapping, read_value
from models.scenario.arrival import TraceArrival
from models.scenario.merge import apply_override, merged
from models.scenario.mesh import Mesh
from models.scenario.messages import refusal
from models.scenario.packing import backend_pods_per_node, pod_request, pods_per_node
from models.scenario.schema import Scenario
from sim.errors import BadInput

MOST_PARENTS = 20
"""How many scenarios one may extend, one after another."""

SHIPPED = Path(__file__).parent.parent / "scenarios"
PROFILES = Path(__file__).parent.parent / "profiles"


def scenario_names() -> list[tuple[str, str]]:
    """Return name and description of every shipped scenario, by name."""
    return [(path.stem, str(read_mapping(path).get("description", ""))) for path in sorted(SHIPPED.glob("*.yaml"))]


def load_scenario(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a shipped scenario by name, or a YAML file, and change it by `overrides` of the form path=value.

    Paths are dotted, with list items by number: `gateway.pods=60`, `clients.load.stages.0.rate_rps=2e3`.
    Values are YAML 1.2. A relative trace file, or profile file, starts at the scenario file that names it, in
    an override at the working directory.
    Raises BadInput with one line that names the field and what is allowed.
    """
    return load_varied(name_or_path, overrides)({})


def load_varied(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Callable[[Mapping[str, Any]], Scenario]:
    """Read a scenario as `load_scenario` does, and return what makes a variant of it from values by dotted path.

    So the file is read once however many variants there are. Both raise BadInput as `load_scenario` does.
    """
    path = _locate(str(name_or_path), Path.cwd())
    data = _resolved(path, (), Path(name_or_path).parent)
    data.setdefault("name", re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("._-")[:100] or "scenario")
    return _varied(data, [override(text) for text in overrides])


def shipped_varied(name: str, files: Collection[str] = ()) -> Callable[[Mapping[str, Any]], Scenario]:
    """Do as `load_varied` with a shipped scenario, for values from somebody who may not read files here.

    A value that names a file not among *files* is refused before anybody looks whether there is one.
    """
    return _varied({"name": name} | _resolved(SHIPPED / f"{name}.yaml", (), Path()), [], files)


def text_varied(text: str, name: str, files: Collection[str] = ()) -> Callable[[Mapping[str, Any]], Scenario]:
    """Do as `shipped_varied` with the YAML in *text*, called *name* unless it says otherwise.

    It can extend shipped scenarios alone.
    """
    data = mapping_in(text, name)
    parent = data.get("extends")
    if isinstance(parent, str):
        shipped = [known for known, _ in scenario_names()]
        if parent not in shipped:
            hint = nearest(parent, shipped) or f"; must be one of {', '.join(shipped)}"
            raise BadInput(f"extends: {shown(parent)} is no scenario that can be extended here{hint}")
    _refuse_files(data, files)
    data = _extended(data, Path(name), (), Path())
    data.setdefault("name", name)
    return _varied(data, [], files)


def _varied(
    data: dict[str, Any], changes: Sequence[tuple[list[str], Any]], files: Collection[str] | None = None
) -> Callable[[Mapping[str, Any]], Scenario]:
    def variant(values: Mapping[str, Any]) -> Scenario:
        return _changed(data, [*changes, *((name.split("."), value) for name, value in values.items())], files)

    return variant


def _changed(data: dict[str, Any], changes: Sequence[tuple[list[str], Any]], files: Collection[str] | None) -> Scenario:
    # a new kind of arrival or load drops the settings of the old one, so it has to come first
    for keys, value in sorted(changes, key=lambda change: change[0][-1] not in ("profile", "mode")):
        data = apply_override(data, keys, value)
    if files is not None:
        _refuse_files(data, files)
    _anchor_trace(data, Path.cwd())
    return scenario_from_mapping(data)


def _refuse_files(data: Mapping[str, Any], files: Collection[str]) -> None:
    """Raise BadInput if a setting names a file that is not among *files*."""
    redis, clients = data.get("redis"), data.get("clients")
    arrival = clients.get("arrival") if isinstance(clients, dict) else None
    profile = redis.get("profile") if isinstance(redis, dict) else None
    trace = arrival.get("file") if isinstance(arrival, dict) else None
    for field, file in (("clients.arrival.file", trace), ("redis.profile", profile)):
        is_file = isinstance(file, str) and (file is trace or file.endswith(".json"))
        if is_file and file not in files:
            raise BadInput(f"{field}: {shown(file)} is a file; files cannot be named here, only in a scenario file")


def scenario_from_mapping(data: Mapping[str, Any]) -> Scenario:
    """Return the scenario in a mapping, such as one out of a manifest; BadInput if it is wrong."""
    try:
        scenario = Scenario.model_validate(dict(data))
    except ValidationError as error:
        raise refusal(error) from None
    _must_be_known("redis.node_type", scenario.redis.node_type, sorted(redis_nodes()))
    if scenario.redis.profile_file is None:
        _must_be_known("redis.profile", scenario.redis.profile, sorted(p.stem for p in PROFILES.glob("*.json")))
    _must_be_known("cost.node_type", scenario.cost.node_type, sorted(ec2_nodes()))
    if scenario.beside is not None:
        _must_be_known("beside", scenario.beside, sorted(path.stem for path in SHIPPED.glob("*.yaml")))
    _must_be_billable(scenario)
    arrival = scenario.clients.arrival
    traces = {"clients.arrival.file": arrival.file if isinstance(arrival, TraceArrival) else None}
    for field, file in {**traces, "redis.profile": scenario.redis.profile_file}.items():
        if file is not None and not _is_file(Path(file)):
            raise BadInput(f"{field}: {shown(file)} is not a file that can be read")
    return scenario


ADDED_LATER = {
    "event": ("people_shares", "seat_shares", "admission_shares"),
    "redis": ("network_baseline_gbps", "network_burst_gbps", "network_credit_s"),
    "mesh": tuple(Mesh.model_fields),
    "cost": ("operators_access_usd_per_month",),
}
"""Settings that are younger than hashes that are stored, by section."""


def scenario_hash(scenario: Scenario) -> str:
    """Return 16 hexadecimal digits that stand for everything in `scenario` but its name, description and `beside`.

    A trace, or a profile of one's own, enters by its content, not by its path. What is ADDED_LATER enters only if it is
    not the default, so that a scenario keeps its hash. Raises BadInput if a file cannot be read.
    """
    content = scenario.model_dump(mode="json", exclude={"name", "description", "beside"})
    for section, fields in ADDED_LATER.items():
        for field in fields:
            if content[section][field] == type(getattr(scenario, section)).model_fields[field].default:
                del content[section][field]
        if not content[section]:
            del content[section]
    if scenario.edge is None:
        del content["edge"]
    arrival = scenario.clients.arrival
    if isinstance(arrival, TraceArrival):
        content["clients"]["arrival"]["file"] = _file_hash("clients.arrival.file", arrival.file)
    if scenario.redis.profile_file is not None:
        content["redis"]["profile"] = _file_hash("redis.profile", scenario.redis.profile_file)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _file_hash(field: str, file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{field}: cannot read {shown(file)}: {error.strerror}") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a path, or a NUL in it
        return False


def _locate(name: str, base: Path) -> Path:
    """Return the file for a shipped name, or for a path that starts at `base`."""
    shipped = [path.stem for path in sorted(SHIPPED.glob("*.yaml"))]
    if name in shipped:
        return SHIPPED / f"{name}.yaml"
    if _is_file(base / name):
        return (base / name).resolve()
    if name and os.path.isdir(base / name):
        raise BadInput(f"scenario: {shown(name)} is a directory; must be a shipped scenario or a .yaml file")
    if name.endswith((".yaml", ".yml")):
        raise BadInput(f"scenario: there is no file {shown(name)}{nearest(Path(name).stem, shipped)}")
    known = nearest(name, shipped) or "; must be one that `breakwater scenarios` lists"
    raise BadInput(f"scenario: {shown(name)} is not known{known} (or the path of a .yaml file)")


def _resolved(path: Path, children: tuple[Path, ...], folder: Path) -> dict[str, Any]:
    """Return the mapping in `path`, merged onto what it extends. `children` led here; `folder` is its, as was given."""
    name = printable(path.name)
    if len(children) > MOST_PARENTS:
        raise BadInput(f"{name}: extends more than {MOST_PARENTS} scenarios, one after another")
    if path in children:
        chain = " -> ".join(printable(p.stem) for p in (*children[children.index(path) :], path))
        raise BadInput(f"{name}: extends itself ({chain})")
    return _extended(read_mapping(path), path, children, folder)


def _extended(data: dict[str, Any], path: Path, children: tuple[Path, ...], folder: Path) -> dict[str, Any]:
    """Return `data`, which stands at `path`, merged onto what it extends; arguments as for `_resolved`."""
    name = printable(path.name)
    _anchor_trace(data, path.parent)
    _anchor_profile(data, folder)
    if "extends" not in data:
        return data
    parent = data.pop("extends")
    if not isinstance(parent, str):
        raise BadInput(f"{name}: extends: {shown(parent)} is not allowed; must be the name of a scenario or file")
    try:
        found = _locate(parent, path.parent)
    except BadInput as error:
        raise BadInput(f"{name}: extends: {str(error).removeprefix('scenario: ')}") from None
    inherited = _resolved(found, (*children, path), (folder / parent).parent)
    # the parent's name and purpose are not the child's
    return merged({k: v for k, v in inherited.items() if k not in ("name", "description", "beside")}, data)


def _anchor_trace(data: dict[str, Any], base: Path) -> None:
    """Make the path of a trace in `data` absolute, in place."""
    clients = data.get("clients")
    arrival = clients.get("arrival") if isinstance(clients, dict) else None
    if isinstance(arrival, dict) and isinstance(arrival.get("file"), str) and arrival["file"]:
        arrival["file"] = str(base.absolute() / arrival["file"])


def _anchor_profile(data: dict[str, Any], folder: Path) -> None:
    """Put the folder of the scenario file before the path of a profile in `data`, in place.

    The path stays as long or as short as it was given: unlike that of a trace it is shown beside every result.
    """
    redis = data.get("redis")
    if isinstance(redis, dict) and isinstance(redis.get("profile"), str) and redis["profile"].endswith(".json"):
        redis["profile"] = str(folder / redis["profile"])


def override(text: str) -> tuple[list[str], Any]:
    """Return the path, step by step, and the value of a change PATH=VALUE; BadInput for anything else."""
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(re.fullmatch(r"[A-Za-z0-9_-]+", key) for key in keys):
        raise BadInput(f"--set: {shown(text)} is not allowed; must be PATH=VALUE, such as gateway.pods=60")
    if keys == ["extends"]:
        raise BadInput("--set: extends is not allowed; it can only stand in a scenario file")
    return keys, read_value(value, path.strip())


def _must_be_known(path: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        hint = nearest(value, known) or f"; must be one of {', '.join(known)}"
        raise BadInput(f"{path}: {shown(value)} is not known{hint}")


def _must_be_billable(scenario: Scenario) -> None:
    """Refuse a pod that no node of the type holds, and an engine that the Redis node does not come with."""
    asked, cost, node = pod_request(scenario), scenario.cost, scenario.redis.node_type
    with_sidecar = " with its sidecar" if scenario.mesh.mode == "sidecar" else ""
    if pods_per_node(scenario) == 0:
        raise BadInput(
            f"cost.node_type: {cost.node_type} is not allowed; beside its daemons it does not hold one pod that "
            f"requests {asked.milli / 1000:g} cores and {asked.mib:,} MiB{with_sidecar}"
        )
    if cost.backend_pods and backend_pods_per_node(scenario) == 0:
        raise BadInput(
            f"cost.node_type: {cost.node_type} is not allowed; beside its daemons it does not hold one pod of the "
            f"backend, which requests {cost.backend_cpu_request_cores:g} cores and "
            f"{cost.backend_memory_request_mib:,} MiB"
        )
    if redis_nodes()[node].usd_per_h(cost.redis_engine) is None:
        raise BadInput(f"cost.redis_engine: {cost.redis_engine} is not allowed; {node} comes with valkey only")
