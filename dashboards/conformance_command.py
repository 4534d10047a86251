"""`breakwater conformance`: the Lua core on a real Redis against its specification."""

from __future__ import annotations

from typing import Annotated

import typer

from dashboards.options import FINE, VERDICT_FAILED, JsonOption, RedisOption, RemoteWritesOption, SeedOption


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
    from contextlib import nullcontext

    from dashboards.progress import progress_line
    from real_adapter.conformance.comparison import check_conformance
    from real_adapter.server.connect import connect

    there = nullcontext() if redis is None else connect(redis, allow_remote_writes=allow_remote_writes)
    with progress_line() as progress, there as connection:
        report = check_conformance(connection, operations, seed, progress)
    if as_json:
        from dashboards.output import json_text

        print(json_text(report.document()))
    else:
        print("\n".join(report.lines()))
    return FINE if report.equal else VERDICT_FAILED
