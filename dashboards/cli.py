"""The `breakwater` command: what may be asked. How it ends stands in `dashboards.ending`.

Everything heavy is imported inside the commands: `--help` must come at once.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dashboards.calibration_commands import calibrate, verify_calibration
from dashboards.conformance_command import conformance
from dashboards.ending import run_and_leave
from dashboards.ledger.command import validate
from dashboards.options import (
    FINE,
    MOST_REPLICATIONS,
    PAIRS,
    VERDICT_FAILED,
    JsonOption,
    SeedOption,
    SettingsOption,
)
from dashboards.regression.command import regress
from sim.errors import BadInput

if TYPE_CHECKING:
    from models.judge.verdict import Verdict
    from models.results.result import RunResult
    from models.scenario import Scenario

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
    from dashboards.meanwhile import importing
    from dashboards.progress import ProgressLine
    from models.experiments.simulate import simulate, simulate_many

    with ProgressLine() as line:
        progress = importing(line)
        if replications == 1:
            return simulate(scenario, seed=seed, engine=engine.value, progress=progress)
        return simulate_many(scenario, replications, seed=seed, engine=engine.value, store=store, progress=progress)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    run_and_leave(app)


if __name__ == "__main__":
    main()
