"""The command `validate`: every claim with its verdict, from stored evidence or by running what is missing."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboards.options import FINE, JsonOption, SeedOption
from sim.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from models.ledger.book import Ledger
    from models.ledger.checks import Sources
    from models.ledger.measured import Measured
    from models.run.run import Progress

LEDGER_FILES = ("ledger.json", "ledger.md", "ledger.html")
FORGOTTEN_AFTER_S = 30 * 86_400.0
"""Evidence that nobody has asked for in a month is removed."""


def validate(
    claim: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Ids of claims; all of them by default.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="First measure what claims need of a real Redis, about two minutes.")
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="First find anew what survives which assumption, about ten minutes.")
    ] = False,
    seed: SeedOption = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write ledger.json, ledger.md and ledger.html here.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check every figure the talk publishes: verdict, the twin's number, what it rests on, and where it flips."""
    from dashboards.output import checked_target, json_text
    from dashboards.whole import all_or_nothing
    from models.ledger.book import document_of, wanted_claims

    wanted = wanted_claims(claim or ())
    if robust:
        from dashboards.robustness import renew

        renew()
    target = None if out is None else checked_target(out, LEDGER_FILES)
    ledger, measured = ledger_of(wanted, measure=measure, questions=not claim, seed=seed)
    document = json_text(document_of(ledger))
    if target is not None:
        from dashboards.ledger.page import ledger_page
        from dashboards.ledger.words import ledger_markdown

        with all_or_nothing(target) as place:
            (place / "ledger.json").write_text(document + "\n", encoding="utf-8")
            (place / "ledger.md").write_text(ledger_markdown(ledger, measured), encoding="utf-8")
            (place / "ledger.html").write_text(ledger_page(ledger, measured), encoding="utf-8")
    if as_json:
        print(document)
    else:
        from dashboards.ledger.words import ledger_view
        from dashboards.terminal import console

        console().print(ledger_view(ledger, measured))
        if out is not None:
            print(f"page: {out / 'ledger.html'}")
    return FINE


def ledger_of(
    wanted: Sequence[str], *, measure: bool = False, questions: bool = False, seed: int = 1
) -> tuple[Ledger, Measured]:
    """Return the ledger of these claims and the measurements it rests on; what has been run before is found again.

    With *measure* those are made first; *questions*: the central ones too. The seeds of runs follow from *seed*.
    BadInput for an unknown claim.
    """
    from dashboards.progress import ProgressLine
    from models.ledger.book import judged, wanted_claims
    from models.ledger.measured import read_measured

    wanted = wanted_claims(wanted)
    measured = _measured() if measure else read_measured()
    with ProgressLine() as progress:
        sources = sources_for(wanted, measured, questions, progress, seed)
    return judged(wanted, sources, questions), measured


def _measured() -> Measured:
    """Measure, before anything else runs, and write what was found in place of what was."""
    from dashboards.progress import ProgressLine
    from models.ledger.measured import MEASUREMENTS, write_measured
    from real_adapter.calibrate.claim_measurements import measure_claims

    began = time.monotonic()
    with ProgressLine() as line:
        found = measure_claims(lambda fraction, note: line(fraction, 0, time.monotonic() - began, note))
    try:
        write_measured(MEASUREMENTS, found)
    except OSError as error:
        raise BadInput(f"--measure: {MEASUREMENTS} cannot be written: {error.strerror}") from None
    return found


def sources_for(
    wanted: Collection[str], measured: Measured, questions: bool, progress: Progress, seed: int = 1
) -> Sources:
    """Return all evidence of these claims: runs and flips, found stored or run on worker processes."""
    from models.experiments.warm_up import prepare
    from models.ledger.book import runs_for, searches_for
    from models.ledger.checks import Sources
    from models.ledger.evidence import gather
    from models.ledger.searches import find
    from sim.workers import Workers, processes_for

    names, searches = runs_for(wanted, questions), searches_for(wanted, questions)
    if not names and not searches:
        return Sources({}, measured)
    prepare("kernel", progress)  # here once, so that the processes need only load it
    began, store = time.monotonic(), _store()
    with Workers(processes_for(max(len(names), 2))) as crew:
        runs = gather(names, crew, store, progress, seed)
        flips = find(searches, crew, store, lambda note: progress(0.99, 0, time.monotonic() - began, note), seed)
    return Sources(runs, measured, flips)


def _store() -> Path:
    """Return where evidence is kept: the same simulation is found again, whichever claim asks for it."""
    from sim.compile_cache import cache_home

    home = Path(cache_home()) / "ledger"
    for old in home.glob("*"):
        with suppress(OSError):  # another process may be quicker
            if time.time() - old.stat().st_mtime > FORGOTTEN_AFTER_S:
                shutil.rmtree(old)
    return home
