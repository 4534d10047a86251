"""YAML 1.2 as plain data, with every way of going wrong told in one line.

Anchors and tags are refused: a scenario needs neither, and both make small files dangerous.
"""

import itertools
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, SequenceNode

from models.documents.text import printable
from sim.errors import BadInput

#: The largest scenario in use is a few kilobytes.
MAX_BYTES = 256 * 1024
MAX_DEPTH = 20


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in the YAML file at `path`; BadInput names the file, and the line if known."""
    name = printable(path.name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BadInput(f"{name}: too large; at most {MAX_BYTES:,} bytes")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 text (byte {error.start})") from None
    return mapping_in(text, name)


def mapping_in(text: str, name: str) -> dict[str, Any]:
    """Return the mapping in a YAML text that is called *name* in a BadInput about it."""
    if len(text) > MAX_BYTES:
        raise BadInput(f"{name}: too large; at most {MAX_BYTES:,} characters")
    data = _parsed(text, name)
    if data is None:
        raise BadInput(f"{name}: empty; must be a mapping such as 'gateway: {{pods: 60}}'")
    if not isinstance(data, dict):
        raise BadInput(f"{name}: must be a mapping such as 'gateway: {{pods: 60}}', not {_kind(data)}")
    return data


def read_value(text: str, path: str) -> Any:
    """Return the YAML value in `text`, which was given for `path`."""
    if len(text) > MAX_BYTES:
        raise BadInput(f"{path}: the value is too long; at most {MAX_BYTES:,} characters")
    return _parsed(text, path)


def composed(text: str) -> Any:
    """Return a YAML text as nodes that know their lines, for `line_in`. Raises what the library does for no YAML."""
    return YAML(typ="rt", pure=True).compose(text)


def line_in(node: Any, path: str) -> int | None:
    """Return the line, from 1, on which the setting at a dotted *path* stands in a `composed` text.

    If it is not in there, the line of the innermost section around it that is; None if there is none either.
    """
    line = None
    for step in path.split("."):
        if isinstance(node, SequenceNode) and step.isdecimal() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line + 1
            continue
        found = [pair for pair in node.value if pair[0].value == step] if isinstance(node, MappingNode) else []
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _kind(data: Any) -> str:
    return "a list" if isinstance(data, list) else "a single value"


def _parsed(text: str, source: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    if re.search(r"^%", text, re.MULTILINE):  # a directive such as %YAML 1.1, in which `no` would be False
        raise BadInput(f"{source}: lines that begin with % are not allowed")
    try:
        if not _is_plain(text):
            _refuse_anchors_and_tags(yaml, text, source)
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        problem = str(error.problem or error.context).splitlines()[0].split(" with value ")[0]
        raise BadInput(f"{source}: {line}not valid YAML: {printable(problem)}") from None
    except YAMLError as error:  # a character YAML does not allow
        raise BadInput(f"{source}: not valid YAML: {printable(' '.join(str(error).split()))}") from None
    except BadInput:
        raise
    except TypeError:  # what the library says of a key that Python cannot hash
        raise BadInput(f"{source}: a mapping or a list is used as a key; keys must be words") from None
    except ValueError:
        raise BadInput(f"{source}: has an impossible date, or a number of thousands of digits") from None


def _is_plain(text: str) -> bool:
    """Tell whether a text has no anchor or tag and is not nested deeply, by a look that takes no parser.

    A level of nesting takes a bracket, or a column in front of its first word.
    """
    if re.search(r"[&*!]", text):
        return False
    columns = max(len(start) for start in re.findall(r"^[ ?:\t-]*", text, re.MULTILINE))
    opened = max(itertools.accumulate(1 if found in "[{" else -1 for found in re.findall(r"[\[\]{}]", text)), default=0)
    return columns + max(opened, 0) < MAX_DEPTH


def _refuse_anchors_and_tags(yaml: YAML, text: str, source: str) -> None:
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        line = event.start_mark.line + 1
        if depth > MAX_DEPTH:
            raise BadInput(f"{source}: line {line}: nested too deeply; at most {MAX_DEPTH} levels")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise BadInput(f"{source}: line {line}: anchors and aliases (& and *) are not allowed; use extends")
        if getattr(event, "tag", None) is not None:
            raise BadInput(f"{source}: line {line}: tags (!) are not allowed")
