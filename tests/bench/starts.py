"""How long the command and the pages take before and after a simulation, as their users meet them."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
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
VISITS = 3
PAUSE_S = 8.0
"""Between two visits: so long the last run goes on, and the process for the next one is being made ready."""
BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
RUNS, BAR = '[data-testid="stHeading"]', '[data-testid="stProgress"]'
"""What the pages show first when a run has begun, their title; and last."""


WARM_RUNS = 3


def starts() -> list[str]:
    """Return the rows of a table: first and later runs of the command, what is compiled, a visit of the pages."""
    return ["| what | s |", "|---|---|", *_cold(), _warm(), _visits()]


def _cold() -> Iterator[str]:
    """Yield the rows of a machine on which nothing has been compiled yet."""
    with tempfile.TemporaryDirectory() as empty:
        cold = {**os.environ, "XDG_CACHE_HOME": empty}
        yield f"| `breakwater --help` | {_elapsed([COMMAND, '--help'], cold)[0]:.1f} |"
        elapsed, told = _elapsed([COMMAND, "run", "onsale-300k", "--json"], cold)
        compiled_s = json.loads(told)["compile_s"]
        yield f"| first `breakwater run onsale-300k`, of which {compiled_s:.1f} s compilation | {elapsed:.1f} |"
        kept = sum(path.stat().st_size for path in Path(empty).rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as empty:
        compiled = _answer(COMPILED, {**os.environ, "XDG_CACHE_HOME": empty})
    yield (
        f"| compiling all in one process: {compiled['parts']} specialisations of functions, linked into "
        f"{compiled['entries']} entries, {kept / 1e6:.1f} MB of files | {compiled['cpu_s']:.1f} of processor time |"
    )


def _warm() -> str:
    """Return the row of what a run of the command spends outside the simulation once all is compiled."""
    outside = []
    for _ in range(WARM_RUNS):
        elapsed, told = _elapsed([COMMAND, "run", "onsale-300k", "--json"], os.environ)
        outside.append(elapsed - json.loads(told)["wall_s"])
    middle = f"{statistics.median(outside):.2f} ({min(outside):.2f} to {max(outside):.2f})"
    return f"| a warm `breakwater run onsale-300k`, all but the simulation | {middle} |"


def _visits() -> str:
    """Return the row of new sessions of the pages: from following the link to a run that has begun, in a browser.

    The server has served one before, as has the browser. Each session asks for a run that nobody has asked for yet.
    """
    from playwright.sync_api import sync_playwright

    from tests.dashboards.web.browser import chromium
    from tests.dashboards.web.servers import served

    path, seconds, drawn = chromium(), [], []
    if path is None:
        return "| a new session of the pages, until its run has begun | no Chromium here |"
    with served() as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*BROWSER])
        context = browser.new_context()
        for visit in range(VISITS + 1):
            time.sleep(PAUSE_S)
            page = context.new_page()
            began = time.perf_counter()
            page.goto(f"{url}/?seed={visit + 1}", wait_until="commit")
            page.wait_for_selector(RUNS, timeout=60_000)
            seconds.append(time.perf_counter() - began)
            page.wait_for_selector(BAR, timeout=60_000)
            drawn.append(time.perf_counter() - began)
            page.close()
        browser.close()
    first, *later = seconds
    middle = f"{statistics.median(later):.2f} ({min(later):.2f} to {max(later):.2f})"
    told = f"until its run has begun (the first one: {first:.2f}; all drawn: {statistics.median(drawn[1:]):.2f})"
    return f"| a new session of the pages in a browser, {told} | {middle} |"


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
