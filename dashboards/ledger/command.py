"""The command `validate`: every claim with its verdict, from stored evidence or by running what is missing."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboards.options import FINE, VERDICT_FAILED, JsonOption, SeedOption
from sim.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from models.ledger.book import Ledger
    from models.ledger.checks import Sources
    from models.ledger.evidence import Evidence
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
        bool,
        typer.Option("--robust", help="First find anew what survives which assumption, about a quarter of an hour."),
    ] = False,
    stored: Annotated[
        bool, typer.Option("--stored", help="Judge from the stored runs, in seconds; exit 1 if a figure has moved.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Store what is found as the accepted ledger, with the runs it rests on."),
    ] = None,
    seed: SeedOption = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write ledger.json, ledger.md and ledger.html here.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check every figure the talk publishes: verdict, the twin's number, what it rests on, and where it flips."""
    from dashboards.ledger import accepting
    from dashboards.output import checked_target, json_text
    from models.ledger.book import document_of, judged, wanted_claims

    wanted, questions = wanted_claims(claim or ()), not claim
    if stored and (measure or robust or seed != 1):
        raise BadInput("--stored: judges from what is stored; leave out --measure, --robust and --seed")
    reason = accepting.check_accept(accept, bool(claim), seed)
    target = None if out is None else checked_target(out, LEDGER_FILES)
    if robust:
        from dashboards.robustness import renew

        renew()
    notes: list[str] = []
    if stored:
        ledger, measured, runs = accepting.stored_ledger(wanted, questions)
        notes.append(runs.standing)
    else:
        measured = _measurements(measure)
        sources = _sources(wanted, measured, questions, seed)
        ledger = judged(wanted, sources, questions)
    if reason is not None:
        notes.append(accepting.accept(ledger, None if stored else sources, reason))
    moved = accepting.moved_from_accepted(ledger) if stored else []
    notes += [f"Moved: {each.text}." for each in moved]
    document = json_text(document_of(ledger) | ({"stored" if stored else "accepted": notes} if notes else {}))
    if target is not None:
        _write(target, ledger, measured, document)
    if as_json:
        print(document)
    else:
        _print(ledger, measured, notes, out)
    return VERDICT_FAILED if moved else FINE


def _write(target: Path, ledger: Ledger, measured: Measured, document: str) -> None:
    from dashboards.ledger.page import ledger_page
    from dashboards.ledger_words import ledger_markdown
    from dashboards.whole import all_or_nothing

    with all_or_nothing(target) as place:
        (place / "ledger.json").write_text(document + "\n", encoding="utf-8")
        (place / "ledger.md").write_text(ledger_markdown(ledger, measured), encoding="utf-8")
        (place / "ledger.html").write_text(ledger_page(ledger, measured), encoding="utf-8")


def _print(ledger: Ledger, measured: Measured, notes: Sequence[str], out: Path | None) -> None:
    from dashboards.ledger_words import ledger_view
    from dashboards.terminal import console

    console().print(ledger_view(ledger, measured))
    for note in notes:
        print(note)
    if out is not None:
        print(f"page: {out / 'ledger.html'}")


def ledger_of(
    wanted: Sequence[str], *, measure: bool = False, questions: bool = False, seed: int = 1
) -> tuple[Ledger, Measured]:
    """Return the ledger of these claims and the measurements it rests on; what has been run before is found again.

    With *measure* those are made first; *questions*: the central ones too. The seeds of runs follow from *seed*.
    BadInput for an unknown claim.
    """
    from models.ledger.book import judged, wanted_claims

    wanted = wanted_claims(wanted)
    measured = _measurements(measure)
    return judged(wanted, _sources(wanted, measured, questions, seed), questions), measured


def _sources(wanted: Collection[str], measured: Measured, questions: bool, seed: int) -> Sources:
    from dashboards.progress import ProgressLine

    with ProgressLine() as progress:
        return sources_for(wanted, measured, questions, progress, seed)


def _measurements(anew: bool) -> Measured:
    """Return the measurements; if *anew* they are made before anything else runs, and written in place of what was."""
    from dashboards.progress import ProgressLine
    from models.ledger.measured import MEASUREMENTS, read_measured, write_measured

    if not anew:
        return read_measured()
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
    from models.ledger.book import runs_for, searches_for, unsettled
    from models.ledger.checks import Sources
    from models.ledger.evidence import gather
    from models.ledger.searches import find
    from sim.workers import Workers, processes_for

    names, searches = runs_for(wanted, questions), searches_for(wanted, questions)
    if not names and not searches:
        return Sources({}, measured)
    prepare("kernel", progress)  # here once, so that the processes need only load it
    began, store = time.monotonic(), _store()

    def sources(found: Mapping[str, Evidence]) -> Sources:
        return Sources(found, measured, flips)

    with Workers(processes_for(max(len(names), 2))) as crew:
        flips = find(searches, crew, store, lambda note: progress(0.01, 0, time.monotonic() - began, note), seed)
        runs = gather(names, crew, store, progress, seed, lambda few: unsettled(wanted, questions, sources(few)))
    return sources(runs)


def _store() -> Path:
    """Return where evidence is kept: the same simulation is found again, whichever claim asks for it."""
    from sim.compile_cache import cache_home

    home = Path(cache_home()) / "ledger"
    for old in home.glob("*"):
        with suppress(OSError):  # another process may be quicker
            if time.time() - old.stat().st_mtime > FORGOTTEN_AFTER_S:
                shutil.rmtree(old)
    return home
