"""The JSON Schema of scenarios, and the line that says what is wrong with one, worded from that schema."""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from models.documents.text import shown
from models.scenario.schema import Scenario
from sim.errors import BadInput

Node = dict[str, Any]


def json_schema() -> Node:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Breakwater scenario"
    schema["properties"]["extends"] = {
        "title": "Extends",
        "type": "string",
        "description": "shipped scenario or file that this one changes; mappings merge, lists replace",
    }
    return schema


class BadScenario(BadInput):
    """A scenario that is refused. `lines` has everything that is wrong with it, each beginning with its path."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.lines = lines or (message,)


def refusal(error: ValidationError) -> BadScenario:
    """Return what to raise for `error`."""
    lines: list[str] = []
    for each in error.errors(include_url=False):
        if each["type"] == "contradiction":
            lines += each["ctx"]["messages"]
        else:
            lines.append(_line(each["type"], each["loc"], each["input"]))
    return BadScenario(_explained(error), tuple(dict.fromkeys(lines)))


def _explained(error: ValidationError) -> str:
    """Return a line for `error`: the path, the value, what is allowed, and how many more errors there are."""
    errors = error.errors(include_url=False)
    # a key nobody knows is the likeliest cause of whatever else is wrong
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    more = len(errors) - 1
    if first["type"] == "contradiction":
        line, *others = first["ctx"]["messages"]
        more = len(others)
    else:
        line = _line(first["type"], first["loc"], first["input"])
    return line + (f" (and {more} more)" if more else "")


def is_integer(path: str) -> bool:
    """Whether the setting at a dotted `path` takes integers alone; False also for a path nobody knows."""
    nodes = _nodes(path)
    return bool(nodes) and all(_resolved(node).get("type") == "integer" for node in nodes)


def setting_schema(path: str) -> Node:
    """Return the JSON Schema of the setting at a dotted `path`, references followed; {} for a path nobody knows.

    Of a setting that several kinds have, such as a stage of a load, it is that of the first.
    """
    node = next(iter(_nodes(path)), None)
    return {} if node is None else _resolved(node) | {key: node[key] for key in ("description",) if key in node}


def _nodes(path: str) -> list[Node]:
    nodes = [_schema()]
    for step in path.split("."):
        nodes = [child for node in nodes for child in _children(node, step)]
    return nodes


@cache
def _schema() -> Node:
    return json_schema()


def _line(kind: str, loc: tuple[int | str, ...], value: Any) -> str:
    keys, node = _find(loc)
    path = _dotted(keys)
    if kind == "extra_forbidden":
        return f"{path}: {_unknown(keys, _find(loc[:-1])[1])}"
    if kind == "invalid_key":
        return f"{_dotted(keys[:-1])}: {shown(value)} is not allowed as a key; must be text"
    if loc[-1:] == ("[key]",):
        return f"{_dotted(keys[:-1])}: {shown(value)} is not allowed as a key; must be {_allowed(node)}"
    if kind == "missing":
        return f"{path}: missing; must be {_allowed(node)}"
    if kind.startswith("union_tag"):
        tag, kinds = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        given = value.get(tag) if isinstance(value, dict) else value
        return f"{path}.{tag}: {shown(given)} is not allowed; must be one of {', '.join(kinds)}"
    return f"{path}: {shown(value)} is not allowed; must be {_allowed(node)}{_whole(node, value)}"


def _dotted(keys: Sequence[int | str]) -> str:
    plain = [str(key) if re.fullmatch(r"[\w-]{1,60}", str(key), re.ASCII) else shown(key) for key in keys]
    return ".".join(plain) or "scenario"


def _whole(node: Node, value: Any) -> str:
    """Help with 3e5 for an integer."""
    if node.get("type") == "integer" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"; write {int(value)}"
    return ""


def _find(loc: tuple[int | str, ...]) -> tuple[list[int | str], Node]:
    """Return the path a user would write for pydantic's `loc`, and the schema at its end ({} if none)."""
    node, path = _schema(), []
    keys_allowed: Node = {}
    for step in loc:
        node = _resolved(node)
        kinds = node.get("discriminator", {}).get("mapping", {})
        if step in kinds:
            node = {"$ref": kinds[step]}
            continue
        if step == "[key]" and keys_allowed:  # pydantic's word for the key itself; else somebody's key
            node = keys_allowed
            continue
        keys_allowed = node.get("propertyNames", {})
        path.append(step)
        if isinstance(step, int) and "prefixItems" in node:
            node = node["prefixItems"][step] if step < len(node["prefixItems"]) else {}
        elif isinstance(step, int) and "items" in node:
            node = node["items"]
        else:
            node = node.get("properties", {}).get(step) or node.get("additionalProperties") or {}
    return path, _resolved(node) if isinstance(node, dict) else {}


def _children(node: Node, step: str) -> Iterator[Node]:
    """Yield what `step` leads to from `node`, in each of the kinds it can be of."""
    node = _resolved(node)
    kinds = node.get("discriminator", {}).get("mapping", {})
    for kind in [_resolved({"$ref": target}) for target in kinds.values()] or [node]:
        child = kind.get("properties", {}).get(step) or (kind.get("items") if step.isdecimal() else None)
        if child:
            yield child


def _resolved(node: Node) -> Node:
    """Follow references, and look through `X or null`."""
    if "$ref" in node:
        target = _schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return _resolved({**target, **{k: v for k, v in node.items() if k != "$ref"}})
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return _resolved({**options[0], "nullable": True})
    return node


def _allowed(node: Node) -> str:
    text = _allowed_alone(node)
    return f"{text}, or null" if node.get("nullable") else text


def _allowed_alone(node: Node) -> str:
    if "const" in node:
        return _constant(node["const"])
    if "enum" in node:
        return "one of " + ", ".join(_constant(value) for value in node["enum"])
    kind = node.get("type")
    if kind in ("integer", "number"):
        return ("an integer" if kind == "integer" else "a number") + _bounds(node)
    if kind == "string":
        return _text(node)
    if kind == "boolean":
        return "true or false"
    if "prefixItems" in node:
        return f"a list of {len(node['prefixItems'])} numbers"
    if kind == "array":
        return f"a list of {node.get('minItems', 0)} to {node.get('maxItems', 'any number of')} items"
    if "properties" in node:
        return f"a mapping of {', '.join(node['properties'])}"
    if "discriminator" in node:
        kinds = node["discriminator"]
        return f"a mapping with {kinds['propertyName']}: {' or '.join(kinds['mapping'])}"
    return "a mapping of whole numbers to shares"


def _constant(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(node: Node) -> str:
    if "pattern" in node:
        return f"letters, digits, dots, dashes and underscores, at most {node['maxLength']}"
    if "minLength" in node:
        return f"text of {node['minLength']} to {node['maxLength']} characters"
    return f"text of at most {node['maxLength']} characters" if "maxLength" in node else "text"


def _bounds(node: Node) -> str:
    low, above, high = node.get("minimum"), node.get("exclusiveMinimum"), node.get("maximum")
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    if above is not None and high is not None:
        return f" above {_number(above)}, at most {_number(high)}"
    return ""


def _number(value: float) -> str:
    return f"{value:,}" if abs(value) >= 10_000 else f"{value:g}"


def _unknown(keys: Sequence[int | str], parent: Node) -> str:
    """Word an unknown key: a near one here, or the same one elsewhere, or all there are."""
    key, section = str(keys[-1]), keys[:-1]
    here = parent.get("properties", {})
    close = difflib.get_close_matches(key, here, n=1)
    elsewhere = [path for path in _paths(_schema(), "") if path.rsplit(".", 1)[-1] == key]
    if close or elsewhere:
        return f"unknown key; did you mean {_dotted([*section, *close]) if close else elsewhere[0]}?"
    kind = "".join(
        f" with {name}: {here[name]['const']}" for name in ("profile", "mode") if "const" in here.get(name, {})
    )
    return f"unknown key{kind}; must be one of {', '.join(here)}"


def _paths(node: Node, prefix: str) -> Iterator[str]:
    for name, child in _resolved(node).get("properties", {}).items():
        yield prefix + name
        yield from _paths(child, f"{prefix}{name}.")
