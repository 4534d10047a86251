"""JSON documents that are checked as they are read: strict parts, and the line that says what is wrong with one."""

from pydantic import BaseModel, ConfigDict, ValidationError

from models.documents.text import printable, shown


class Part(BaseModel):
    """A part of a document: immutable, strict, and deaf to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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
