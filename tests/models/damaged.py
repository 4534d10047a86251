"""Catalogues and price lists with something wrong in them, and what is said about it."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from models.documents.sourced import read_sourced
from models.documents.strict import Strict
from sim.errors import BadInput

Place = tuple[str, ...]


def shipped(path: Path) -> Any:
    """A shipped file as plain data."""
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def places(node: Any, path: Place = ()) -> list[Place]:
    """The path of every mapping and value below *node*."""
    below = [found for key, part in node.items() for found in places(part, (*path, key))] if type(node) is dict else []
    return ([path] if path else []) + below


def copied(data: Any, place: Place) -> tuple[Any, Any]:
    """A copy of *data*, and of it the mapping that the last step of *place* leads out of."""
    whole = part = copy.deepcopy(data)
    for step in place[:-1]:
        part = part[step]
    return whole, part


def refused(folder: Path, kind: type[Strict], data: object) -> str:
    """The one line in which a file of *data* is refused as *kind*."""
    file = folder / "damaged.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(data, stream)
    with pytest.raises(BadInput) as caught:
        read_sourced(file, kind)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("damaged.yaml: ")
    return message
