"""Documents that are checked as they are read: strict parts, and the line that says what is wrong with one."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from models.documents.text import printable, shown
from sim.errors import BadInput


class Strict(BaseModel):
    """A part of a document that cannot be changed and takes nothing for what it is not.

    Types are strict (no number from text, no integer from 1.0; a float takes an integer), numbers are finite, and
    unknown keys are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


S = TypeVar("S", bound=Strict)


def from_json(kind: type[S], document: bytes, origin: str) -> S:
    """Return a JSON *document* as *kind*; `BadInput` begins with its *origin*."""
    try:
        return kind.model_validate_json(document)
    except ValidationError as error:
        raise BadInput(f"{origin}: {told(error)}") from None


def from_data(kind: type[S], data: Mapping[str, Any], origin: str) -> S:
    """Return plain *data* as *kind*; `BadInput` begins with its *origin*."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise BadInput(f"{origin}: {told(error)}") from None


def told(error: ValidationError) -> str:
    """Return one line: the path, the value, what is allowed, and how many more errors there are."""
    first = error.errors(include_url=False)[0]
    path = ".".join(printable(str(step)) for step in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "missing":
            line = "missing"
        case "extra_forbidden":
            line = "unknown key"
        case "value_error" | "json_invalid":
            line = first["msg"].removeprefix("Value error, ")
        case _:
            line = f"{shown(first['input'])} is not allowed; {first['msg'].replace('Input should', 'must')}"
    return f"{path + ': ' if path else ''}{line}{more}"
