"""The progress line: what is done, how fast, how long still. On standard error, and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from models.judge.wording import clock, number

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 2.0
"""A run shorter than this shows no progress."""


class ProgressLine:
    """A context manager to be handed on as `progress(fraction, requests, wall_s, note)`.

    The line appears after two seconds, or at once with a *note* (such as that code is being compiled), and
    leaves nothing behind.
    """

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: Progress | None = None
        self._task: TaskID | None = None
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

    def __call__(self, fraction: float, requests: int, wall_s: float, note: str) -> None:
        """Show *fraction* (0 to 1) done, *requests* so far in *wall_s* seconds, and a *note* if not empty."""
        if not self._terminal or not (note or time.monotonic() - self._started > PATIENCE_S):
            return
        if self._shown is None or self._task is None:
            self._shown, self._task = _bar()
            self._shown.start()
        self._shown.update(self._task, completed=fraction, words=progress_words(fraction, requests, wall_s, note))


@contextmanager
def progress_line() -> Iterator[Callable[[float, str], None]]:
    """A progress line for work that is not counted in requests, to be handed on as `progress(fraction, note)`."""
    began = time.monotonic()
    with ProgressLine() as line:
        yield lambda fraction, note: line(fraction, 0, time.monotonic() - began, note)


def progress_words(fraction: float, requests: int, wall_s: float, note: str) -> str:
    """How fast it goes and how long it still takes, behind the *note*."""
    rate = f"{number(round(requests / wall_s, -3))} requests/s" if wall_s > 0 and requests else ""
    left = f"{clock(wall_s * (1 - fraction) / fraction)} left" if 0 < fraction < 1 and wall_s > 1 else ""
    return " · ".join(part for part in (note, rate, left) if part)


def _bar() -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    progress = Progress(
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}"),
        console=Console(stderr=True),
        transient=True,
    )
    return progress, progress.add_task("", total=1.0, words="")
