"""What several commands have in common: their options and exit codes."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any

import typer

FINE, VERDICT_FAILED = 0, 1

MOST_REPLICATIONS = 10_000
PAIRS = 10
"""Pairs of runs of a comparison where nobody says how many."""
LARGEST_SEED = 2**63 - 1

LONGEST_LINE = 600
"""Characters of a message."""

SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change one setting; may be repeated."),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        max=LARGEST_SEED,
        metavar="INTEGER",
        help="Seed of all random numbers; those of several runs follow from it.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
RedisOption = Annotated[
    str | None,
    typer.Option(
        "--redis",
        metavar="URL",
        help="A server or cluster of yours, as redis://USER:PASSWORD@HOST:PORT; without it one is started.",
    ),
]
RemoteWritesOption = Annotated[
    bool,
    typer.Option(
        "--allow-remote-writes",
        help="Write to the server at URL, to keys of its own only, which are removed in the end.",
    ),
]


def refused_option(error: Any) -> str:
    """Say what is wrong with a command line by typer's *error*: the option, the value, and what is allowed."""
    option, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if getattr(error, "option_name", None) == "--set" and context is not None and context.info_name == "compare":
        return "compare takes no --set; a design is a scenario or a YAML file that extends one (extends: onsale-300k)"
    allowed = _allowed(option)
    if option is None or allowed is None or not hasattr(error.__cause__, "errors"):
        return str(error.format_message())
    from models.documents.text import shown

    return f"{option.opts[0]}: {shown(error.__cause__.errors()[0]['input'])} is not allowed; must be {allowed}"


def _allowed(option: Any) -> str | None:
    """What an option takes, if that is a choice or an integer within bounds."""
    kind = getattr(getattr(option, "type_descriptor", None), "annotation", None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(each.value) for each in kind)}"
    if kind is not int or option.min is None:
        return None
    return f"an integer from {option.min}" + (" up" if option.max is None else f" to {option.max}")


def shortened(line: str) -> str:
    """A message with what somebody typed cut: a number of 400 digits does not help in telling what is wrong with it."""
    cut = re.sub(r"\S{121,}", lambda word: f"{word[0][:80]}...", line)
    return cut if len(cut) <= LONGEST_LINE else f"{cut[:LONGEST_LINE]}..."
