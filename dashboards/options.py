"""What several commands have in common: their options and exit codes."""

from __future__ import annotations

import re
from typing import Annotated

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


def shortened(line: str) -> str:
    """A message with what somebody typed cut: a number of 400 digits does not help in telling what is wrong with it."""
    cut = re.sub(r"\S{121,}", lambda word: f"{word[0][:80]}...", line)
    return cut if len(cut) <= LONGEST_LINE else f"{cut[:LONGEST_LINE]}..."
