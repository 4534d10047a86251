"""The commands that measure a real Redis: `calibrate` and `verify-calibration`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dashboards.options import FINE, VERDICT_FAILED, JsonOption, RedisOption, RemoteWritesOption
from sim.errors import BadInput

if TYPE_CHECKING:
    from models.redis_costs.profile import Profile
    from real_adapter.calibrate.calibration import Rig
    from real_adapter.telemetry.cloudwatch import Statistic
    from real_adapter.telemetry.minutes import Telemetry

PROFILE = Path("runs/calibration/profile.json")
LEAST_S, MOST_S = 60, 86_400
RESCALED = "x86-measured"
IN_LINE, MOST_IN_LINE = 100_000, 10_000_000
"""People in line where an export was made, if nobody says, and the most that a cost is worked out for."""
NAME = "[a-z0-9][a-z0-9-]{0,62}"
"""What a profile can be called (`models.redis_costs.profile.Profile`)."""


def calibrate(
    redis: RedisOption = None,
    allow_remote_writes: RemoteWritesOption = False,
    budget_s: Annotated[
        float, typer.Option("--budget-s", min=LEAST_S, max=MOST_S, help="Time for measuring, in seconds.")
    ] = 240.0,
    out: Annotated[Path, typer.Option(metavar="PROFILE", help="The profile to write, a .json file.")] = PROFILE,
    cloudwatch: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure nothing; rescale --profile to an export of CloudWatch metrics."),
    ] = None,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same from a dump of Prometheus' redis_exporter.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"With an export: the profile that is rescaled, by default {RESCALED}."),
    ] = None,
    requests: Annotated[
        Literal["scripts", "commands"] | None,
        typer.Option(help="With an export: what a request is, each script or each command; guessed if not said."),
    ] = None,
    in_line: Annotated[
        int, typer.Option(min=1, max=MOST_IN_LINE, metavar="N", help="With an export: people in line.")
    ] = IN_LINE,
    replicas: Annotated[
        int, typer.Option(min=0, max=5, metavar="N", help="With an export: replicas that the server feeds.")
    ] = 0,
    statistic: Annotated[
        Literal["Average", "Sum"] | None,
        typer.Option(help="With --cloudwatch: the statistic of the counts, where the file does not say."),
    ] = None,
    node_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="With --redis or an export: the ElastiCache node type that the server is."),
    ] = None,
) -> int:
    """Measure a real Redis running the Lua core and fit a profile, or rescale one to production telemetry."""
    from models.redis_costs.profile import load_profile, profile_json

    _must_go_together(
        cloudwatch, prometheus, redis, profile, statistic, (requests, in_line, replicas) != (None, IN_LINE, 0)
    )
    _must_be_a_node(node_type, any(source is not None for source in (cloudwatch, prometheus, redis)))
    _must_name_a_profile(out)
    if cloudwatch is not None or prometheus is not None:
        from real_adapter.telemetry.rescale import rescale

        telemetry = _telemetry(cloudwatch, prometheus, statistic)
        found = rescale(
            load_profile(profile or RESCALED),
            telemetry,
            name=out.stem,
            requests=requests,
            members=in_line,
            replicas=replicas,
            node_type=node_type,
        )
    else:
        found = _measured(redis, allow_remote_writes, budget_s, out.stem, node_type)
    from dashboards.fitted import fitted_view
    from dashboards.terminal import console
    from dashboards.whole import write_files

    write_files({out: profile_json(found)})
    console().print(fitted_view(found))
    print(f"profile: {out}")
    return FINE if found.precision.reached else VERDICT_FAILED


def verify_calibration(
    profile: Annotated[str, typer.Option("--profile", metavar="P", help="A shipped profile or a .json file.")] = str(
        PROFILE
    ),
    redis: RedisOption = None,
    allow_remote_writes: RemoteWritesOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write accuracy.html, accuracy.md and accuracy.json here.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Compare predicted with measured on loads that the fit never saw."""
    from models.redis_costs.profile import load_profile

    wanted = load_profile(profile)
    if out is not None:
        _must_be_writable(out)

    from dashboards.accuracy import accuracy_markdown, accuracy_page, accuracy_view
    from dashboards.output import json_text
    from dashboards.progress import progress_line
    from dashboards.whole import write_files
    from models.experiments.warm_up import prepare
    from real_adapter.calibrate.accuracy import document_of
    from real_adapter.calibrate.verification import verify

    with progress_line() as told, _rig(redis, allow_remote_writes) as rig:
        prepare("kernel")  # not before it is known that there is something to measure
        found = verify(rig, wanted, told)
    document = json_text(document_of(found))
    if out is not None:
        page, text = accuracy_page(found), accuracy_markdown(found)
        write_files({out / "accuracy.html": page, out / "accuracy.md": text, out / "accuracy.json": document + "\n"})
    if as_json:
        print(document)
    else:
        from dashboards.terminal import console

        console().print(accuracy_view(found))
    return FINE if found.within_bounds else VERDICT_FAILED


def _must_be_a_node(node_type: str | None, of_a_server: bool) -> None:
    """Refuse a node type that is not in the catalogue, and one of the server that is started here."""
    from models.catalogues.redis_nodes import redis_nodes

    if node_type is None:
        return
    if not of_a_server:
        raise BadInput("--node-type: is of somebody's server; give --redis or an export with it")
    if node_type not in redis_nodes():
        raise BadInput(f"--node-type: {node_type!r} is not known; must be one of {', '.join(redis_nodes())}")


def _measured(url: str | None, allow_remote_writes: bool, budget_s: float, name: str, node_type: str | None) -> Profile:
    from dashboards.progress import progress_line
    from real_adapter.calibrate.beyond import measure_beyond
    from real_adapter.calibrate.calibration import calibrate as measure
    from real_adapter.calibrate.profile import profile_of
    from real_adapter.measure.memory_use import measure_memory
    from real_adapter.server.server import start_server

    with progress_line() as told, _rig(url, allow_remote_writes) as rig:
        calibration = measure(rig, budget_s, told)
    memory, beyond = None, None
    if url is None:
        beyond = measure_beyond()
        with start_server() as server:
            memory = measure_memory(server)
    return profile_of(calibration, name, memory, beyond, node_type)


def _telemetry(cloudwatch: Path | None, prometheus: Path | None, statistic: Statistic | None) -> Telemetry:
    from real_adapter.telemetry.cloudwatch import read_cloudwatch
    from real_adapter.telemetry.prometheus import read_prometheus

    if cloudwatch is not None:
        return read_cloudwatch(cloudwatch, statistic)
    return read_prometheus(prometheus or Path())


@contextmanager
def _rig(url: str | None, allow_remote_writes: bool) -> Iterator[Rig]:
    from real_adapter.calibrate.calibration import MOST_WRITTEN_BYTES, own_rig, their_rig
    from real_adapter.drive.connections import address_of
    from real_adapter.server.connect import connect

    if url is None:
        with own_rig() as rig:
            yield rig
    else:
        address_of(url)  # what no load can be put on is told at once, and not when a handshake has timed out
        there = connect(url, allow_remote_writes=allow_remote_writes, writes_bytes=MOST_WRITTEN_BYTES)
        with there as connection, their_rig(connection, url) as rig:
            yield rig


def _must_go_together(
    cloudwatch: Path | None,
    prometheus: Path | None,
    redis: str | None,
    profile: str | None,
    statistic: str | None,
    read_as: bool,
) -> None:
    """BadInput for options of another source than the one given; *read_as*: something is said of how it is read."""
    given = [source for source in (cloudwatch, prometheus, redis) if source is not None]
    if len(given) > 1:
        raise BadInput("--cloudwatch, --prometheus and --redis exclude one another; give one")
    if profile is not None and cloudwatch is None and prometheus is None:
        raise BadInput("--profile: is what an export rescales; give --cloudwatch or --prometheus with it")
    if cloudwatch is None and prometheus is None and read_as:
        raise BadInput("--requests, --in-line and --replicas say how an export is read; give one with them")
    if statistic is not None and cloudwatch is None:
        raise BadInput("--statistic: is of an export of CloudWatch metrics; give --cloudwatch with it")


def _must_name_a_profile(out: Path) -> None:
    """BadInput unless a profile can be written to *out*."""
    if out.suffix != ".json" or not re.fullmatch(NAME, out.stem):
        raise BadInput(
            f"--out: {out.name!r} is not allowed; must be NAME.json, of lower-case letters, digits and hyphens"
        )
    if out.is_dir():
        raise BadInput(f"--out: {out} is a directory; name a file")
    _must_be_writable(out.parent)  # before minutes are spent on measuring


def _must_be_writable(folder: Path) -> None:
    """Make the folder if it is not there. BadInput if nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out: {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"--out: {folder} cannot be written to")
