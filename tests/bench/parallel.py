"""How well replications and the cells of a sweep share two processors, and how much memory each of their processes has.

One program runs the same on one processor and on two, in turn, and is started anew for each pair, so that starting
processes counts. What they share is told twice: in real time, which means something only where nobody else computes,
and in processor time, of all processes together, which others hardly lengthen. Both runs end in `simulate_many` or
`run_sweep`, as those of the command do.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
LOOK_S = 0.5
"""How often memory is looked at: reading what a process shares walks through all of its pages."""
SWEPT, EACH = "clients.poll_interval_s=10,15,20", 5
"""What the sweep varies, and how often it runs each cell."""
ORDERS = ("12", "21")
"""On how many processors a program runs first and then; the programs begin in turn with one and with two."""


class Spent(NamedTuple):
    """Seconds that something took: real ones, of processors here, of others meanwhile, and those that were stolen."""

    wall_s: float
    cpu_s: float
    others_s: float
    stolen_s: float


class Pair(NamedTuple):
    """The same on one processor and on two, and the most MB that each process had meanwhile, the largest first."""

    one: Spent
    two: Spent
    mb: tuple[float, ...]

    @property
    def in_real_time(self) -> float:
        """Which share of two processors went into what one does alone."""
        return self.one.wall_s / (PROCESSES * self.two.wall_s)

    @property
    def of_processor_time(self) -> float:
        """Which share of the processor time on two of them is what it takes on one."""
        return self.one.cpu_s / self.two.cpu_s

    @property
    def others(self) -> float:
        """Which share of two processors others had meanwhile, the hypervisor included."""
        taken = sum(spent.others_s + spent.stolen_s for spent in (self.one, self.two))
        return taken / (PROCESSES * (self.one.wall_s + self.two.wall_s))


def parallel(scenario: str, replications: int, pairs: int, *settings: str) -> list[str]:
    """Measure replications of a scenario and a sweep over it, and return the rows of a table."""
    rows = [
        "| what | s on one processor | s on two | efficiency in real time | of processor time | others meanwhile "
        "| MB of each process |",
        "|---|---|---|---|---|---|---|",
    ]
    wanted = (
        (f"{replications} replications of `{scenario}`", "replications"),
        (f"a sweep of it over {SWEPT}, {EACH} runs each", "sweep"),
    )
    for what, kind in wanted:
        found = [_pair(ORDERS[k % 2], kind, scenario, str(replications), *settings) for k in range(pairs)]
        real, cpu, others = (
            statistics.median(getattr(pair, name) for pair in found)
            for name in ("in_real_time", "of_processor_time", "others")
        )
        best = max(found, key=lambda pair: pair.in_real_time)
        spread = f"{min(pair.in_real_time for pair in found):.2f} to {best.in_real_time:.2f}"
        rows.append(
            f"| {what} | {best.one.wall_s:.1f} | {best.two.wall_s:.1f} | **{real:.2f}** ({spread}) | {cpu:.2f} "
            f"| {100 * others:.0f} % | {', '.join(f'{mb:.0f}' for mb in best.mb)} |"
        )
        print(f"  {what:60} {real:.2f} in real time, {cpu:.2f} of processor time, others {others:.0%}", flush=True)
    return rows


def _pair(order: str, *arguments: str) -> Pair:
    """Run a pair in a program of its own, and look at the memory of its processes meanwhile."""
    most: dict[int, float] = {}
    command = [sys.executable, "-m", __name__, order, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        while program.poll() is None:
            for pid, mb in _shares_mb(program.pid).items():
                most[pid] = max(mb, most.get(pid, 0.0))
            time.sleep(LOOK_S)
        assert program.stdout is not None
        text = program.stdout.read()
    if program.returncode:
        raise SystemExit(f"{' '.join(arguments)}: the replications failed")
    found = {name: Spent(*spent) for name, spent in json.loads(text).items()}
    return Pair(found["1"], found["2"], tuple(sorted((mb for mb in most.values() if mb > 1), reverse=True)))


def _shares_mb(session: int) -> dict[int, float]:
    """Return the memory in MB of the processes of a session, what they share divided among them.

    None where there is no /proc.
    """
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                found[int(folder.name)] = float(next(x.split()[1] for x in lines if x.startswith("Pss:"))) / 1024
        except (OSError, ValueError):
            continue  # it has just ended
    return found


def _program(order: str, kind: str, scenario: str, replications: str, *settings: str) -> dict[str, Spent]:
    """Run on one processor and on two, in this order, after a first run that nobody counts."""
    from models.experiments.simulate import simulate, simulate_many
    from models.experiments.sweep.cells import cells_of
    from models.experiments.sweep.design import design_of
    from models.experiments.sweep.run import run_sweep
    from models.scenario import load_scenario
    from sim.seeds import derived_seeds
    from sim.workers import Workers, processes_for

    wanted, seeds = load_scenario(scenario, settings), derived_seeds(1, EACH)
    design = design_of([SWEPT], None, 1)
    cells = cells_of(scenario, settings, design, drawn=True)
    here = sorted(os.sched_getaffinity(0))[:PROCESSES]

    def swept() -> None:
        with Workers(processes_for(len(cells) * EACH)) as crew:
            run_sweep(design, cells, seeds, crew)

    def replicated() -> None:
        simulate_many(wanted, int(replications))

    simulate(wanted)
    found = {}
    for processors in map(int, order):
        os.sched_setaffinity(0, here[:processors])
        found[str(processors)] = _spent(swept if kind == "sweep" else replicated)
    return found


def _spent(run: Callable[[], Any]) -> Spent:
    """Run something and return what it took, its processes included that have ended, and the one they come from."""
    began, ours, (all_, stolen) = time.perf_counter(), _ours_s(), _machine_s()
    run()
    wall_s, cpu_s = time.perf_counter() - began, _ours_s() - ours
    all_now, stolen_now = _machine_s()
    return Spent(wall_s, cpu_s, max(all_now - all_ - cpu_s, 0.0), stolen_now - stolen)


def _ours_s() -> float:
    """Return the processor seconds of this process, of its children, and of theirs that have ended."""
    total, tick = time.process_time(), os.sysconf("SC_CLK_TCK")
    for listed in Path("/proc/self/task").glob("*/children"):
        for pid in listed.read_text().split():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / tick
    return total


def _machine_s() -> tuple[float, float]:
    """Return the seconds that the processors of the machine have worked so far, and those that were stolen."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(fields[:3]) + sum(fields[5:7])) / tick, fields[7] / tick


if __name__ == "__main__":
    print(json.dumps(_program(*sys.argv[1:])))
