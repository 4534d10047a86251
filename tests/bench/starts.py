"""How long the command and the pages take before and after a simulation, as their users meet them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).with_name("breakwater"))
COMPILED = """
import gc, json, time
from models.experiments.entry_points import entry_points
from models.experiments.warm_up import compile_entries
from sim.whole_program import WholeProgram
began = time.process_time()
compile_entries(entry_points())
found = [each for each in gc.get_objects() if isinstance(each, WholeProgram)]
print(json.dumps({"cpu_s": time.process_time() - began, "parts": sum(len(each.parts) for each in found),
                  "entries": sum(len(each.signatures) for each in found)}))
"""
SESSION = """
import json, time
from dashboards.web.jobs import Run
from dashboards.web.messages import Done
from dashboards.web.worker import SPARE, Worker
from models.scenario import load_scenario
small = load_scenario("onsale-small")
SPARE.fill()
SPARE._kept.connection.send(Run(small, 1, 1))
while not isinstance(SPARE._kept.connection.recv(), Done):
    pass
began = time.perf_counter()
worker = Worker()
worker.ask(Run(small, 2, 1), "hold")
while (ended := worker.listen(0.01)) is None:
    pass
elapsed = time.perf_counter() - began
worker.close()
SPARE.drop()
print(json.dumps({"elapsed_s": elapsed, "wall_s": ended.value[0].manifest["wall_s"]}))
"""


def starts() -> list[str]:
    """Return the rows of a table: first and second runs of the command, what is compiled, a session of the pages."""
    rows = ["| what | s |", "|---|---|"]
    with tempfile.TemporaryDirectory() as empty:
        cold = {**os.environ, "XDG_CACHE_HOME": empty}
        for what, arguments, environment in (
            ("`breakwater --help`", ["--help"], cold),
            ("first `breakwater run onsale-300k`, compilation and simulation included", ["run", "onsale-300k"], cold),
        ):
            rows.append(f"| {what} | {_elapsed([COMMAND, *arguments], environment)[0]:.1f} |")
        kept = sum(path.stat().st_size for path in Path(empty).rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as empty:
        compiled = _answer(COMPILED, {**os.environ, "XDG_CACHE_HOME": empty})
    rows.append(
        f"| compiling all in one process: {compiled['parts']} specialisations of functions, linked into "
        f"{compiled['entries']} entries, {kept / 1e6:.1f} MB of files | {compiled['cpu_s']:.1f} of processor time |"
    )
    elapsed, told = _elapsed([COMMAND, "run", "onsale-300k", "--json"], os.environ)
    outside = elapsed - json.loads(told)["wall_s"]
    rows.append(f"| a warm `breakwater run onsale-300k`, all but the simulation | {outside:.2f} |")
    session = _answer(SESSION, os.environ)
    rows.append(f"| a new session of the pages, all but its run | {session['elapsed_s'] - session['wall_s']:.2f} |")
    return rows


def _elapsed(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    """Run a command and return the seconds that takes, and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode > 1:  # 1: the on-sale does not hold
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return time.perf_counter() - began, done.stdout


def _answer(program: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a program in a process of its own and return the document that it prints."""
    found: dict[str, Any] = json.loads(_elapsed([sys.executable, "-c", program], environment)[1].splitlines()[-1])
    return found
