"""What a sweep leaves on disk: a directory that is complete or not there, and until then what has been finished."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dashboards.output import json_text
from dashboards.whole import all_or_nothing
from models.experiments.sweep.cells import Cell
from models.experiments.sweep.records import document_of, manifest_of, table_of
from models.experiments.sweep.run import Sweep
from models.judge.asked import Asked
from sim.compile_cache import cache_home

SWEEP_FILES = ("manifest.json", "summary.json", "sweep.parquet", "sweep.html")
"""The files of a sweep."""

_FORGOTTEN_AFTER_S = 30 * 86_400.0  # assumption: nobody takes up a sweep of a month ago


def cached_store(cells: Sequence[Cell], seeds: Sequence[int]) -> Path:
    """Where the replications of a sweep without a directory of its own wait to be taken up again.

    The same cells and seeds find the same place. Places that nothing has been put into for a month are removed.
    """
    home = Path(cache_home()) / "sweeps"
    for old in home.glob("*"):
        with suppress(OSError):  # another process may be quicker
            if time.time() - old.stat().st_mtime > _FORGOTTEN_AFTER_S:
                shutil.rmtree(old)
    content = "\n".join([*(cell.task.key for cell in cells), *map(str, seeds)])
    place = home / hashlib.sha256(content.encode()).hexdigest()[:32]
    with suppress(OSError):
        os.utime(place)
    return place


def write_sweep(out: Path, sweep: Sweep, asked: Asked, where: str) -> None:
    """Write the files of a sweep of what was *asked* for to *out*, all or none.

    *out* is as `dashboards.output.checked_target` returns it.
    """
    from dashboards.sweep.page import page_of

    manifest = manifest_of(sweep, asked, where)
    with all_or_nothing(out) as place:
        (place / "manifest.json").write_text(json_text(manifest) + "\n", encoding="utf-8")
        (place / "summary.json").write_text(json_text(document_of(sweep)) + "\n", encoding="utf-8")
        table_of(sweep).to_parquet(place / "sweep.parquet", index=False)
        (place / "sweep.html").write_text(page_of(sweep, manifest), encoding="utf-8")
