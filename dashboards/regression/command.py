"""`breakwater regress`: fails when predicted Redis CPU, or another KPI, has moved from its committed baseline."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboards.options import FINE, VERDICT_FAILED, JsonOption
from sim.errors import BadInput

if TYPE_CHECKING:
    from models.regression.baseline import Baseline
    from models.regression.compare import Regression

SUMMARY = "GITHUB_STEP_SUMMARY"


def regress(
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory of the baselines; without it those shipped, models/baselines."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write what is predicted now into the baselines; needs --reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why the predictions may change; kept in the baselines.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the verdict as JUnit XML, a test case for each KPI.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Compare predicted Redis CPU and other KPIs, and the Redis calls of the scripts, with committed baselines."""
    from models.regression.baseline import SHIPPED
    from models.regression.update import checked_reason

    if reason is not None and not update:
        raise BadInput("--reason: is for --update, which writes new baselines; give both or neither")
    why = checked_reason(reason) if update else ""
    summary = Path(os.environ[SUMMARY]) if os.environ.get(SUMMARY) else None
    for option, file in (("--junit", junit), (SUMMARY, summary)):
        if file is not None:
            _check_file(option, file)

    from dashboards.progress import ProgressLine
    from dashboards.regression.running import measured, must_be_writable, wanted_baselines
    from models.regression.compare import compare
    from models.regression.update import updated

    began = time.monotonic()
    folder = baseline or SHIPPED
    wanted = wanted_baselines(folder, update)
    if update:
        must_be_writable(folder)
    with ProgressLine() as progress:
        evidence = measured(wanted, progress)
    found = compare(wanted, evidence)
    written = updated(wanted, evidence, found, why) if update else None
    # what has been accepted has not moved any more
    verdict = found if written is None else compare({**wanted, **written}, evidence)
    _write(verdict, written, folder, junit, summary, time.monotonic() - began)
    _print(found, written, folder, as_json)
    return FINE if update or found.holds else VERDICT_FAILED


def _write(
    found: Regression,
    written: dict[str, Baseline] | None,
    folder: Path,
    junit: Path | None,
    summary: Path | None,
    wall_s: float,
) -> None:
    from dashboards.regression.files import regression_junit, regression_markdown
    from dashboards.whole import write_files
    from models.regression.baseline import baseline_json

    if written:
        folder.mkdir(parents=True, exist_ok=True)
        write_files({folder / name: baseline_json(one) for name, one in written.items()}, "--baseline")
    if junit is not None:
        write_files({junit: regression_junit(found, wall_s)}, "--junit")
    if summary is not None:
        with summary.open("a", encoding="utf-8") as file:  # other steps of the job write to it too
            file.write(regression_markdown(found))


def _print(found: Regression, written: dict[str, Baseline] | None, folder: Path, as_json: bool) -> None:
    if as_json:
        from dashboards.output import json_text
        from dashboards.regression.files import regression_document

        print(json_text(regression_document(found, written)))
        return
    from dashboards.regression.terminal import regression_view, update_view
    from dashboards.terminal import console

    console().print(regression_view(found) if written is None else update_view(found, written, str(folder)))


def _check_file(option: str, file: Path) -> None:
    """Refuse a file that could not be written, before anything is measured."""
    if file.is_dir():
        raise BadInput(f"{option}: {file} is a directory; name a file")
    if not file.parent.is_dir():
        raise BadInput(f"{option}: there is no directory {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BadInput(f"{option}: {file} cannot be written")
