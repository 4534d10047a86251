"""What several commands have in common: their options and exit codes."""

from __future__ import annotations

from typing import Annotated

import typer

FINE, VERDICT_FAILED = 0, 1

MOST_REPLICATIONS = 10_000
LARGEST_SEED = 2**63 - 1

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
