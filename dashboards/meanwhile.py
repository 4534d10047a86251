"""Imports that are not needed before a simulation has ended, made while it runs: compiled code needs no lock of Python.

Whoever needs one of them earlier waits for it, as for any import that another thread has begun.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.run.run import Progress

AFTER_A_RUN = ("pandas", "models.robustness.verdicts", "dashboards.verdict_view")
"""What the result of a run and the verdict on it need, and take half a second to import."""


def importing(progress: Progress) -> Progress:
    """Return what passes on to *progress*, and begins to import when it is first told that a simulation runs."""
    thread = threading.Thread(target=_import)

    def told(fraction: float, requests: int, wall_s: float, note: str) -> None:
        if requests and thread.ident is None:
            thread.start()
        progress(fraction, requests, wall_s, note)

    return told


def _import() -> None:
    for module in AFTER_A_RUN:
        with suppress(ImportError):  # whoever needs it will be told
            importlib.import_module(module)
