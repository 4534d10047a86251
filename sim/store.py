"""Finished replications on disk, one JSON file each, so that a killed experiment goes on where it was.

The file of a seed is `<store>/<key of the task>/<seed>.json`. It appears complete or not at all.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim.errors import BadInput
from sim.outcome import Outcome, P

_FORMAT = 1
_PART = ".part"
_ABANDONED_AFTER_S = 3600.0  # assumption: no file takes an hour to write


class Store:
    """The stored outcomes of the task with content hash *key*, below the directory *root*, made if absent.

    BadInput if the directory cannot be used, or *key* not be a file name.
    """

    def __init__(self, root: Path, key: str) -> None:
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}", key):
            raise BadInput(f"key: {key!r} is not allowed; must be 1 to 100 letters, digits, '.', '_' or '-'")
        self.key = key
        self.directory = root / key
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"store: {root} cannot be used ({error.strerror}); must be a writable directory") from error
        self._remove_abandoned()

    def path(self, seed: int) -> Path:
        """Where the outcome of *seed* is, or will be."""
        return self.directory / f"{seed}.json"

    def read(self, seed: int, payload_from_json: Callable[[Any], P]) -> Outcome[P] | None:
        """The stored outcome of *seed*, or None if there is none that can be read: it is cheap to run it again.

        BadInput if the file cannot be opened, or belongs to another task or seed.
        """
        path = self.path(seed)
        try:
            document = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(path, str(error)) from error
        except (ValueError, RecursionError):  # cut by a full disk, or garbled
            return None
        if not isinstance(document, dict) or document.keys() != {"format", "key", "seed", "kpis", "payload"}:
            return None
        if document["format"] != _FORMAT:
            return None
        if document["key"] != self.key:
            raise self._unusable(path, f"it belongs to {document['key']!r}: another scenario, profile or version")
        if document["seed"] != seed:
            raise self._unusable(path, f"it holds seed {document['seed']!r}")
        try:
            return Outcome(_checked_kpis(document["kpis"]), payload_from_json(document["payload"]))
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            return None

    def write(self, seed: int, outcome: Outcome[P]) -> None:
        """Store the outcome of *seed*. ValueError if its payload holds a number that is not finite."""
        document = {
            "format": _FORMAT,
            "key": self.key,
            "seed": seed,
            "kpis": dict(outcome.kpis),
            "payload": outcome.payload.to_json(),
        }
        text = json.dumps(document, allow_nan=False, sort_keys=True, separators=(",", ":"))
        write_atomically(self.path(seed), text.encode())

    def _unusable(self, path: Path, why: str) -> BadInput:
        reason = " ".join(why.split())
        return BadInput(f"store: {path} cannot be used ({reason}); remove it to run the seed again")

    def _remove_abandoned(self) -> None:
        for path in self.directory.glob(f"*{_PART}"):
            with suppress(FileNotFoundError):  # another process may be quicker
                if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                    path.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other processes see complete or not at all, also if this one is killed.

    A kill in the middle leaves at most a file named `*.part`, never a cut *path*. OSError as from any write.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_PART}")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _checked_kpis(kpis: Any) -> dict[str, float]:
    if not isinstance(kpis, dict) or not all(type(value) in (int, float) for value in kpis.values()):
        raise ValueError("kpis must be numbers by name")
    return kpis


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
