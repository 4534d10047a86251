"""The committed ledger, as `validate --stored` holds it and `validate --accept` renews it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from models.ledger.accepted import ACCEPTED, Moved, accepted_document, moved, read_accepted, said
from models.ledger.book import Ledger, judged, runs_for, searches_for
from models.ledger.claims import claims
from models.ledger.measured import Measured, read_measured
from models.ledger.stored import EVIDENCE, FOLDER, StoredRuns, evidence_document, heard, read_runs
from sim.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.ledger.checks import Sources


def check_accept(reason: str | None, some: bool, seed: int) -> str | None:
    """Return the reason for which the whole ledger is accepted, if it is. BadInput if *some* claims are asked for."""
    from models.regression.update import checked_reason

    if reason is None:
        return None
    if some or seed != 1:
        raise BadInput("--accept: is for the whole ledger with seed 1; leave out claims and --seed")
    return checked_reason(reason, "--accept", "it needs")


def stored_ledger(wanted: Sequence[str], questions: bool, folder: Path = FOLDER) -> tuple[Ledger, Measured, StoredRuns]:
    """Return the ledger of these claims judged from stored runs, and the measurements and runs it is judged from.

    BadInput if a run is not stored.
    """
    measured = read_measured()
    runs = read_runs(runs_for(wanted, questions), searches_for(wanted, questions), folder)
    return judged(wanted, runs.sources(measured), questions), measured, runs


def moved_from_accepted(ledger: Ledger, folder: Path = FOLDER) -> list[Moved]:
    """Return what of a ledger is not as it was accepted. BadInput if nothing was."""
    names = None if ledger.answers else {entry.claim.id for entry in ledger.entries}
    return moved(read_accepted(folder), said(ledger), names)


def accept(ledger: Ledger, sources: Sources | None, reason: str, folder: Path = FOLDER) -> str:
    """Store the whole ledger as accepted for a *reason*, and the runs in *sources* if they are new; say what was done.

    Nothing is written if neither is new, nor before what is written was judged again, somewhere else. BadInput if a
    file cannot be written; RuntimeError if what would be stored is judged otherwise than what was run.
    """
    from dashboards.whole import write_files

    if sources is None and _stands(ledger, folder):
        return "Nothing moved; nothing was written."
    today = datetime.now(UTC).date().isoformat()
    texts = {ACCEPTED: _text(accepted_document(ledger, reason, today))}
    if sources is not None:
        asked = heard(sources)
        judged(tuple(claims()), asked, questions=True)
        texts[EVIDENCE] = _text(evidence_document(asked, today), lines=2)
    try:
        _check(texts, folder)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(f"--accept: {error.filename or folder} cannot be written: {error.strerror}") from None
    write_files({folder / name: text for name, text in texts.items()}, "--accept")
    return f"Accepted; written: {', '.join(str(folder / name) for name in texts)}."


def _stands(ledger: Ledger, folder: Path) -> bool:
    """Whether a ledger is as it was accepted; what cannot be read is not."""
    try:
        return not moved_from_accepted(ledger, folder=folder)
    except BadInput:
        return False


def _check(texts: Mapping[str, str], folder: Path) -> None:
    """Judge what is to be stored again, with the runs in *folder* if there are no new ones.

    RuntimeError if that comes to anything else.
    """
    with TemporaryDirectory(prefix="breakwater-") as place:
        again = Path(place)
        if EVIDENCE not in texts:
            shutil.copy(folder / EVIDENCE, again)
        for name, text in texts.items():
            (again / name).write_text(text, encoding="utf-8")
        found, _, _ = stored_ledger(tuple(claims()), True, folder=again)
        if differing := moved_from_accepted(found, folder=again):
            raise RuntimeError(f"what would be stored is judged otherwise: {differing[0].text}")


def _text(document: Mapping[str, Any], lines: int = 3) -> str:
    """Return a document as JSON in which what lies deeper than so many *lines* is on one."""
    return _nested(document, lines, "") + "\n"


def _nested(value: Any, deep: int, indent: str) -> str:
    if deep == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = ",\n".join(
        f"{indent} {json.dumps(key, ensure_ascii=False)}: {_nested(each, deep - 1, indent + ' ')}"
        for key, each in value.items()
    )
    return f"{{\n{inner}\n{indent}}}"
