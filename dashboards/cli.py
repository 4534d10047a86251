"""The `breakwater` command.

Exit codes: 0 fine, 1 a verdict failed, 2 unusable input (one line on stderr), 70 a defect of ours (with its
traceback), 130 interrupted, 143 terminated. Everything heavy is imported inside the commands: `--help` must come at
once.
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
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer

from dashboards.calibration_commands import calibrate, verify_calibration
from dashboards.conformance_command import conformance
from dashboards.ledger.command import validate
from dashboards.options import (
    FINE,
    MOST_REPLICATIONS,
    PAIRS,
    VERDICT_FAILED,
    JsonOption,
    SeedOption,
    SettingsOption,
    shortened,
)
from dashboards.regression.command import regress
from sim.errors import BadInput

if TYPE_CHECKING:
    from models.judge.verdict import Verdict
    from models.results.result import RunResult
    from models.scenario import Scenario

P = ParamSpec("P")
T = TypeVar("T")

UNUSABLE, DEFECT, INTERRUPTED, TERMINATED = 2, 70, 130, 143
STOPPED = "{}; nothing was left half-written"
GARBAGE_AFTER = 500_000
"""New objects before Python looks for garbage: with the usual 700 the imports cost a quarter of a second of that."""
NO_MEMORY = "not enough memory for this scenario; lower clients.count"

# typer keeps its copy of click's exceptions private; its public BadParameter derives from the one we need
UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    name="breakwater",
    help="A digital twin of a ticket on-sale: simulate the waiting room and what stands behind it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Engine(StrEnum):
    """The compiled event core, or the readable reference it must agree with."""

    kernel = "kernel"
    simpy = "simpy"


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a shipped scenario, or a YAML file.")] = "onsale-300k",
    settings: SettingsOption = None,
    seed: SeedOption = 1,
    replications: Annotated[
        int,
        typer.Option(min=1, max=MOST_REPLICATIONS, help="Independent runs; more than one gives intervals."),
    ] = 1,
    engine: Annotated[Engine, typer.Option(help="Compiled event core or SimPy reference.")] = Engine.kernel,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write manifest, summary, series, histograms and report here."),
    ] = None,
    beside: Annotated[
        bool,
        typer.Option("--beside", help="Run what it names as `beside` too, changed alike, and show both together."),
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Vary what is assumed, about 50 runs: what of the verdict survives.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Simulate a scenario and print the verdict: does it hold, what binds first, what to try."""
    from dashboards.output import checked_target, json_text, run_document, unfinished, write_run
    from models.scenario import load_scenario

    wanted = load_scenario(scenario, settings or ())
    other = load_scenario(_beside(wanted), settings or ()) if beside else None
    target = None if out is None else checked_target(out)
    store = None if target is None or replications == 1 else unfinished(target)

    from models.judge.asked import asked_for, noted
    from models.judge.beside import Judged
    from models.judge.verdict import judge

    asked = asked_for(scenario, settings or ())
    result = noted(_simulated(wanted, seed, replications, engine, store), asked)

    verdict, together = _with_robustness(judge(result, wanted), wanted, robust), []
    if other is not None:
        asked = asked_for(_beside(wanted), settings or ())
        beside_it = noted(_simulated(other, seed, replications, engine, None), asked)
        judged = _with_robustness(judge(beside_it, other), other, robust)
        together = [Judged(result, wanted, verdict), Judged(beside_it, other, judged)]
    if target is not None:
        write_run(target, result, wanted, verdict, together)
    if as_json:
        print(json_text(run_document(result, verdict)))
    else:
        from dashboards.terminal import console
        from dashboards.verdict_view import verdict_view

        console().print(verdict_view(result, verdict, together))
        if robust and verdict.robustness is not None:
            from dashboards.robustness import TITLE, robustness_view

            console().print(f"\n{TITLE}\n", robustness_view(verdict.robustness))
        if out is not None:
            print(f"report: {out / 'report.html'}")
    return FINE if verdict.holds else VERDICT_FAILED


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="First scenario: name or YAML file.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Second scenario: name or YAML file.")],
    replications: Annotated[
        int, typer.Option(min=1, max=MOST_REPLICATIONS, help="Pairs of runs; with one there is no interval.")
    ] = PAIRS,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> int:
    """Compare two scenarios on common random numbers: the difference of every KPI, with its interval."""
    from models.scenario import load_scenario

    first, second = load_scenario(a), load_scenario(b)

    from dashboards.output import comparison_document, json_text
    from dashboards.progress import ProgressLine
    from models.experiments.simulate import compare_scenarios

    with ProgressLine() as progress:
        differences = compare_scenarios(first, second, replications, seed=seed, progress=progress)
    if as_json:
        print(json_text(comparison_document(first, second, seed, replications, differences)))
    else:
        from dashboards.comparison import comparison_view
        from dashboards.terminal import console

        console().print(comparison_view(first, second, replications, differences))
    return FINE


@app.command()
def sweep(
    scenario: Annotated[str, typer.Argument(help="Name of a shipped scenario, or a YAML file.")],
    vary: Annotated[
        list[str],
        typer.Option(metavar="PATH=V1,V2,...", help="Values of one setting; several of these make a grid."),
    ],
    settings: SettingsOption = None,
    latin_hypercube: Annotated[
        int | None,
        typer.Option(metavar="N", help="N points spread over ranges instead: --vary PATH=LOW..HIGH."),
    ] = None,
    replications: Annotated[
        int, typer.Option(min=1, max=MOST_REPLICATIONS, help="Runs of each cell; with one there is no interval.")
    ] = 5,
    seed: SeedOption = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask cluster to run on: tcp://HOST:PORT."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the table (Parquet), figures, summary and manifest here.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Run a scenario over values of its settings: what holds where, and where it breaks. Can be taken up again."""
    from models.experiments.sweep.cells import cells_of
    from models.experiments.sweep.design import design_of
    from sim.seeds import derived_seeds

    design = design_of(vary, latin_hypercube, seed)
    cells = cells_of(scenario, settings or (), design, drawn=replications > 1)

    from dashboards.sweep.running import swept
    from models.judge.asked import asked_for

    asked = asked_for(scenario, settings or ())
    result = swept(design, cells, derived_seeds(seed, replications), scheduler, out, asked)
    if as_json:
        from dashboards.output import json_text
        from models.experiments.sweep.records import document_of

        print(json_text(document_of(result)))
    else:
        from dashboards.sweep.terminal import sweep_view
        from dashboards.terminal import console

        console().print(sweep_view(result, asked))
        if out is not None:
            print(f"figures: {out / 'sweep.html'}")
    return FINE


@app.command()
def scenarios(as_json: JsonOption = False) -> int:
    """List the shipped scenarios."""
    from models.scenario import scenario_names

    found = scenario_names()
    if as_json:
        from dashboards.output import json_text

        print(json_text({"scenarios": [{"name": name, "description": text} for name, text in found]}))
    else:
        from dashboards.terminal import console, scenarios_view

        console().print(scenarios_view(found))
    return FINE


@app.command()
def schema() -> int:
    """Print the JSON Schema of scenario files."""
    from dashboards.output import json_text
    from models.scenario import json_schema

    print(json_text(json_schema()))
    return FINE


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")] = 8501,
    profile: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A calibrated profile that pages may choose; may be repeated."),
    ] = None,
) -> int:
    """Serve the web pages on this machine: what-ifs, comparisons, sweeps, cost, and what to trust."""
    from dashboards.web.server import serve

    serve(port, profile or ())
    return FINE


app.command()(validate)
app.command()(conformance)
app.command()(calibrate)
app.command()(verify_calibration)
app.command()(regress)


def _beside(scenario: Scenario) -> str:
    if scenario.beside is None:
        raise BadInput(f"--beside: {scenario.name} names no scenario to be seen beside it (its setting beside)")
    return scenario.beside


def _with_robustness(verdict: Verdict, scenario: Scenario, asked: bool) -> Verdict:
    """Return a verdict with what it hangs on: as it is stored, or found by runs if it is *asked* for and not stored."""
    from models.robustness.verdicts import with_robustness, with_stored

    stored = with_stored(verdict, scenario)
    if not asked or stored.robustness is not None:
        return stored
    from dashboards.robustness import robustness_for

    return with_robustness(verdict, robustness_for(scenario))


def _simulated(scenario: Scenario, seed: int, replications: int, engine: Engine, store: Path | None) -> RunResult:
    from dashboards.progress import ProgressLine
    from models.experiments.simulate import simulate, simulate_many

    with ProgressLine() as progress:
        if replications == 1:
            return simulate(scenario, seed=seed, engine=engine.value, progress=progress)
        return simulate_many(scenario, replications, seed=seed, engine=engine.value, store=store, progress=progress)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    gc.set_threshold(GARBAGE_AFTER)
    problem = _unusable_surroundings()
    if problem is not None:
        sys.exit(_fail(problem, UNUSABLE))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 gets question marks, not a traceback
    _watch_stdout()
    try:
        code = _guarded(sys.argv[1:] or ["--help"])
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


def _guarded(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="breakwater", standalone_mode=False) or FINE
        # which makes a code of Ctrl-C, and says nothing
        return _fail(STOPPED.format("interrupted"), INTERRUPTED) if code == INTERRUPTED else code
    except (BadInput, UsageError) as error:
        message = str(error)
        if isinstance(error, UsageError):
            # what was put in the wrong place is repeated here, and a URL may have a password in it
            message = re.sub(r"\b(\w+)://.*", r"\1://...", error.format_message(), flags=re.DOTALL)
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
    print(f"breakwater: {shortened(message)}", file=sys.stderr)
    return code


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()
