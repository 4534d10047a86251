"""How well replications share two processors, and how much memory each of their processes has.

What is compared is processor time, that of all processes together with that of the same runs one after the other in one
process, and real time, which means something on an idle machine only.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
LOOK_S = 0.1
ONE = """
import json, sys, time
from models.experiments.warm_up import prepare
from models.plan.node_costs import node_costs
from models.run.run import run_once
from models.scenario import load_scenario
prepare("kernel")
scenario = load_scenario(sys.argv[1], sys.argv[3:])
costs = node_costs(scenario.redis)
run_once(scenario, costs, 1, "kernel")
began, real = time.process_time(), time.perf_counter()
for seed in range(int(sys.argv[2])):
    run_once(scenario, costs, seed, "kernel")
print(json.dumps({"cpu_s": time.process_time() - began, "wall_s": time.perf_counter() - real}))
"""
MANY = """
import json, os, sys, time
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
from models.experiments.simulate import simulate_many
from models.experiments.warm_up import prepare
from models.scenario import load_scenario
if __name__ == "__main__":
    scenario = load_scenario(sys.argv[1], sys.argv[3:])
    prepare("kernel")
    began, before = time.perf_counter(), time.process_time()
    simulate_many(scenario, int(sys.argv[2]))
    print(json.dumps({"wall_s": time.perf_counter() - began, "before_s": before}))
"""


class Process(NamedTuple):
    """A process seen last: processor seconds of its own, and its share of the memory in MB."""

    cpu_s: float
    mb: float


def parallel(scenario: str, replications: int, *settings: str) -> list[str]:
    """Run replications one after the other and on two processors, and return the rows of a table."""
    alone = json.loads(_finished([sys.executable, "-c", ONE, scenario, str(replications), *settings])[0])
    text, seen = _finished([sys.executable, "-c", MANY, scenario, str(replications), *settings])
    together = json.loads(text)
    # the largest of what each process had: a process that has just been forked shares all of it
    cpu_s, most = (
        sum(each.cpu_s for each in seen) - together["before_s"],
        sorted((each.mb for each in seen), reverse=True),
    )
    memory = ", ".join(f"{mb:.0f}" for mb in most if mb > 1)
    return [
        "| replications | s one after the other | s on two processors | efficiency in real time "
        "| of processor time | MB of each process |",
        "|---|---|---|---|---|---|",
        f"| {replications} of `{scenario}` {' '.join(settings)} | {alone['wall_s']:.1f} | {together['wall_s']:.1f} "
        f"| {alone['wall_s'] / (PROCESSES * together['wall_s']):.2f} | {alone['cpu_s'] / cpu_s:.2f} | {memory} |",
    ]


def _finished(command: list[str]) -> tuple[str, list[Process]]:
    """Run a program in a session of its own and return what it prints, and its processes as they were seen last."""
    seen: dict[int, Process] = {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        while program.poll() is None:
            for pid, found in _processes(program.pid).items():
                seen[pid] = Process(found.cpu_s, max(found.mb, seen[pid].mb if pid in seen else 0.0))
            time.sleep(LOOK_S)
        assert program.stdout is not None
        text = program.stdout.read()
    if program.returncode:
        raise SystemExit(f"{' '.join(command[3:])}: the replications failed")
    return text, [*seen.values()]


def _processes(session: int) -> dict[int, Process]:
    """Return the processes of a session that are there now, by their numbers (none where there is no /proc)."""
    found, tick = {}, os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                found[int(folder.name)] = Process((int(fields[11]) + int(fields[12])) / tick, _shared_mb(folder))
        except (OSError, ValueError):
            continue  # it has just ended
    return found


def _shared_mb(folder: Path) -> float:
    """Return the memory of a process in MB, what it shares with others divided among them."""
    lines: Any = (folder / "smaps_rollup").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("Pss:"))) / 1024
