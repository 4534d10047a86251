"""The commands of `breakwater` that work on a real Redis: one that they start, or yours."""

from __future__ import annotations

from typing import Annotated

import typer

from dashboards.options import FINE, VERDICT_FAILED, JsonOption, SeedOption

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


def conformance(
    redis: RedisOption = None,
    allow_remote_writes: RemoteWritesOption = False,
    operations: Annotated[
        int, typer.Option("--ops", min=100, max=10_000_000, metavar="N", help="Random operations to compare.")
    ] = 10_000,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> int:
    """Compare the Lua core on a real Redis with its specification: the same replies, states and commands."""
    from contextlib import ExitStack

    from dashboards.progress import ProgressLine
    from real_adapter.conformance import check_conformance
    from real_adapter.connect import connect

    with ExitStack() as stack:
        progress = stack.enter_context(ProgressLine())
        there = None
        if redis is not None:
            there = stack.enter_context(connect(redis, allow_remote_writes=allow_remote_writes))
        report = check_conformance(there, operations, seed, lambda share, note: progress(share, 0, 0.0, note))
    if as_json:
        from dashboards.output import json_text

        print(json_text(report.document()))
    else:
        print("\n".join(report.lines()))
    return FINE if report.equal else VERDICT_FAILED
