"""How a command ends: with an exit code and, unless all is well, one line on standard error.

Exit codes: 0 fine, 1 a verdict failed, 2 unusable input, 70 a defect of ours (with its traceback), 130 interrupted, 143
terminated.
"""

from __future__ import annotations

import errno
import gc
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

from dashboards.options import FINE, refused_option, shortened
from sim.errors import BadInput

P = ParamSpec("P")
T = TypeVar("T")

UNUSABLE, DEFECT, INTERRUPTED, TERMINATED = 2, 70, 130, 143
STOPPED = "{}; nothing was left half-written"
GARBAGE_AFTER = 500_000
"""New objects before Python looks for garbage: with the usual 700 the imports cost a quarter of a second of that."""
NO_MEMORY = "not enough memory for this scenario; lower clients.count"

# typer keeps its copy of click's exceptions private; its public BadParameter derives from the one we need
UsageError: Any = typer.BadParameter.__base__


def run_and_leave(app: Callable[..., int | None]) -> NoReturn:
    """Run the command line that the process was given, and leave with its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    gc.set_threshold(GARBAGE_AFTER)
    problem = _unusable_surroundings()
    if problem is not None:
        sys.exit(_fail(problem, UNUSABLE))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 gets question marks, not a traceback
    _watch_stdout()
    try:
        code = guarded(app, sys.argv[1:] or ["--help"])
        sys.stdout.flush()
    except OSError as error:  # the reader has gone (`| head`), or what is written to is full
        gone = isinstance(error, BrokenPipeError)
        code = FINE if gone else _fail(f"standard output cannot be written: {error.strerror}", UNUSABLE)
        # Python would complain once more when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _unusable_surroundings() -> str | None:
    """What of the process itself makes every command useless; None if it is as it should be."""
    for descriptor, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:  # closed: what is opened next would take its place, and be written to
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
    if sys.stdout is None:
        return "standard output is closed; > /dev/null throws it away"
    try:
        os.getcwd()
    except OSError as error:
        return f"the working directory cannot be used: {error.strerror}"
    return None


def guarded(app: Callable[..., int | None], arguments: list[str]) -> int:
    """Run a command line and return its exit code; what ends it other than well is one line on standard error."""
    try:
        code = app(arguments, prog_name="breakwater", standalone_mode=False) or FINE
        # which makes a code of Ctrl-C, and says nothing
        return _fail(STOPPED.format("interrupted"), INTERRUPTED) if code == INTERRUPTED else code
    except (BadInput, UsageError) as error:
        message = str(error)
        if isinstance(error, UsageError):
            # what was put in the wrong place is repeated here, and a URL may have a password in it
            message = re.sub(r"\b(\w+)://.*", r"\1://...", refused_option(error), flags=re.DOTALL)
        return _fail(" ".join(message.split()), UNUSABLE)
    except MemoryError:
        return _fail(NO_MEMORY, UNUSABLE)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(STOPPED.format("interrupted"), INTERRUPTED)
    except SystemExit as ended:
        # of a reader that has gone, typer's copy of click makes an exit with code 1, which here is a failed verdict
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        if ended.code == TERMINATED:
            return _fail(STOPPED.format("terminated"), TERMINATED)
        raise
    except Exception as error:
        if isinstance(error, BrokenPipeError | OutputLost):
            raise
        line = _outside_causes(error)
        if line is not None:
            return _fail(line, UNUSABLE)
        # Python's own exit code for this is 1, which here means that a verdict failed
        import traceback

        with suppress(OSError):  # standard error may be full; the exit code tells it then
            traceback.print_exc()
        return _fail("this is a defect of breakwater, not of your input", DEFECT)


class OutputLost(OSError):
    """Standard output cannot be written, such as a full disk."""


def _watch_stdout() -> None:
    """Let errors of writing to standard output be told from those of other files."""

    def watched(method: Callable[P, T]) -> Callable[P, T]:
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return method(*args, **kwargs)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputLost(error.errno, error.strerror) from error

        return call

    # what is written is lost at once, or only when it leaves the buffer
    sys.stdout.write = watched(sys.stdout.write)  # type: ignore[method-assign]
    sys.stdout.flush = watched(sys.stdout.flush)  # type: ignore[method-assign]


def _outside_causes(error: Exception) -> str | None:
    """A line for what neither the input nor this program has done; None for a defect."""
    from sim.workers import WorkerDied

    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    if any(isinstance(each, MemoryError) or getattr(each, "errno", None) == errno.ENOMEM for each in causes):
        return NO_MEMORY
    if isinstance(error, WorkerDied):
        return str(error)
    try:
        os.getcwd()
    except OSError as gone:
        return f"the working directory cannot be used: {gone.strerror}"
    return None


def _fail(message: str, code: int) -> int:
    try:
        print(f"breakwater: {shortened(message)}", file=sys.stderr, flush=True)
    except OSError:  # full, too: the code is all that can be told, and Python would try once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return code


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)
