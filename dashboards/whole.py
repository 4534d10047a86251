"""Files that are complete or not there: written under a hidden name beside their place, and renamed in the end.

Whoever writes holds a lock on what is hidden. A process that was killed holds none any more, so the next one that
writes to the same place removes what it has left, and puts back what it had moved out of the way.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp

from sim.errors import BadInput

_MARK = "breakwater-"
_OLD = ".old"


def write_files(texts: Mapping[Path, str], option: str = "--out") -> None:
    """Write files under temporary names, and rename them once all are written.

    BadInput, about *option*, if that cannot be done.
    """
    written: dict[str, Path] = {}
    try:
        for path, text in texts.items():
            remove_left(path)
            with NamedTemporaryFile("w", dir=path.parent, prefix=_prefix(path), delete=False, encoding="utf-8") as f:
                written[f.name] = path
                with suppress(OSError):  # not every file system has locks
                    fcntl.flock(f.fileno(), fcntl.LOCK_EX)
                f.write(text)
            os.chmod(f.name, 0o644)
        for name, path in written.items():
            os.replace(name, path)
    except OSError as error:
        raise BadInput(f"{option}: {path} cannot be written: {error.strerror}") from None
    finally:
        for name in written:
            Path(name).unlink(missing_ok=True)


@contextmanager
def all_or_nothing(out: Path) -> Iterator[Path]:
    """A fresh directory that becomes *out* when the block ends well, and is removed when it does not.

    BadInput, about --out, if the disk is the reason.
    """
    try:
        remove_left(out)
        with _hidden(out) as place:
            yield place
            place.chmod(0o755)
            _take_the_place(place, out)
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be written: {error.strerror or error}") from None


def remove_left(out: Path) -> None:
    """Remove what killed processes have left beside *out*; if they had moved it away, put it back."""
    hidden = re.compile(rf"{re.escape(_prefix(out))}[a-z0-9_]{{8}}({re.escape(_OLD)})?")
    for path in out.parent.iterdir() if out.parent.is_dir() else ():
        if not hidden.fullmatch(path.name):
            continue
        with suppress(OSError), _locked(path, wait=False):
            if path.name.endswith(_OLD) and not out.exists():
                path.rename(out)
            elif path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _take_the_place(place: Path, out: Path) -> None:
    """Let *place* become *out*, whatever is there."""
    if not out.exists():
        place.rename(out)
        return
    replaced = place.with_name(f"{place.name}{_OLD}")
    with _locked(out):
        out.rename(replaced)
        place.rename(out)
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def _hidden(out: Path) -> Iterator[Path]:
    """A new directory beside *out*, locked; gone when the block ends unless it was renamed."""
    place = Path(mkdtemp(prefix=_prefix(out), dir=out.parent))
    try:
        with _locked(place):
            place.mkdir(exist_ok=True)  # between the two somebody may have taken it for left
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file or directory. OSError if another process has it and this one is not to *wait*."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:
                raise  # without locks nobody can tell what is left
        yield
    finally:
        os.close(descriptor)


def _prefix(path: Path) -> str:
    return f".{path.name}.{_MARK}"
