"""How fast and how large: `make bench`, apart from the tests, writes report.md beside this file.

Every figure comes from a process of its own. Speed is stated as the ratio of the reference to the compiled engine, per
request, in the same run of this program, because that is what survives a noisy machine. Both engines are one thread, so
what is compared is processor time, which a neighbour on the machine does not lengthen much; real seconds are given
beside it, with the share of time that the hypervisor took away.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.against import RUNS, TABLE, against
from tests.bench.parallel import parallel
from tests.bench.peers import peers
from tests.bench.starts import starts

ROOT = Path(__file__).resolve().parents[2]
REPORT = Path(__file__).with_name("report.md")
NOTES = Path(__file__).with_name("notes.md")
MILLION = 1e6
WORST_BYTES = 1600
"""Memory for each client, so that ten million have 16 GB."""


def stolen_s() -> float:
    """Return the processor seconds that the hypervisor has given to others so far (0 where that is not known)."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def one(scenario: str, engine: str, settings: Sequence[str]) -> dict[str, Any]:
    """Run a scenario once in this process: its requests, processor and real seconds, and peak memory in MB."""
    import resource

    from models.experiments.warm_up import prepare
    from models.plan.node_costs import node_costs
    from models.results.run_result import result_of
    from models.run.run import run_once
    from models.scenario import load_scenario

    wanted = load_scenario(scenario, settings)
    prepare(engine)
    stolen, began, worked = stolen_s(), time.perf_counter(), time.process_time()
    finished = run_once(wanted, node_costs(wanted.redis), 1, engine)
    cpu_s, elapsed = time.process_time() - worked, time.perf_counter() - began
    result_of(finished, engine, 0.0)  # its memory counts
    return {
        "scenario": scenario,
        "engine": engine,
        "requests": finished.recording.sent,
        "cpu_s": cpu_s,
        "wall_s": elapsed,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "steal_percent": 100 * (stolen_s() - stolen) / elapsed,
    }


def measured(scenario: str, engine: str, *settings: str) -> dict[str, Any]:
    """Run `one` in a process of its own."""
    command = [sys.executable, "-m", "tests.bench", "--one", scenario, engine, *settings]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{scenario} on {engine} failed:\n{run.stderr}")
    found: dict[str, Any] = json.loads(run.stdout)
    found["us"] = found["cpu_s"] / found["requests"] * MILLION
    print(f"  {scenario:22} {engine:7} {' '.join(settings):34} {found['requests']:>12,.0f} requests "
          f"{found['wall_s']:8.2f} s {found['us']:8.3f} us each", flush=True)  # fmt: skip
    return found


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the run of median cost per request."""
    return sorted(runs, key=lambda run: run["us"])[(len(runs) - 1) // 2]


def ratios(repeats: int, reference_at: Sequence[int]) -> list[str]:
    """Compare the engines on both full-size on-sales, the runs of one and the other in turn."""
    rows = [
        "| scenario | compiled: requests, s, us each | reference at | us each | ratio | steal |",
        "|---|---|---|---|---|---|",
    ]
    for scenario in ("onsale-300k", "onsale-300k-spread", "prewarmed-30"):
        for clients in reference_at:
            full = clients == 300_000
            fast, slow = [], []
            for _ in range(1 if full else repeats):
                fast.append(measured(scenario, "kernel"))
                slow.append(measured(scenario, "simpy", f"clients.count={clients}"))
            a, b = middle(fast), middle(slow)
            each = [s["us"] / f["us"] for f, s in zip(fast, slow, strict=True)]
            rows.append(
                f"| `{scenario}` | {a['requests']:,.0f}, {a['wall_s']:.1f} s, {a['us']:.3f} | {clients:,} clients "
                f"({b['requests']:,.0f} requests) | {b['us']:.0f} | **{statistics.median(each):.0f}x** "
                f"({min(each):.0f} to {max(each):.0f}) | {a['steal_percent']:.1f} % |"
            )
    return rows


def sizes(seconds: int) -> list[str]:
    """Measure the cost per request and the memory of the compiled engine at up to ten million people.

    Everybody comes to ten events and polls every five seconds, for so many *seconds*: at every size the same happens,
    only that more people do it. The largest run is left out where there is no room for it.
    """
    rows = [
        "| clients | requests | us per request | of that at 300,000 | peak memory | bytes per further client |",
        "|---|---|---|---|---|---|",
    ]
    settings = (f"run.duration_s={seconds}",)
    first: dict[str, Any] | None = None
    for count in (300_000, 3_000_000, 10_000_000):
        if count * WORST_BYTES > available_bytes():
            rows.append(f"| {count:,} | not run: {count * WORST_BYTES / 1e9:.0f} GB must be free | | | | |")
            continue
        run = measured("onsale-300k-spread", "kernel", f"clients.count={count}", *settings)
        each = "" if first is None else f"{(run['peak_mb'] - first['peak_mb']) * 2**20 / (count - 300_000):.0f}"
        first = first or run
        rows.append(
            f"| {count:,} | {run['requests']:,.0f} | {run['us']:.3f} | {run['us'] / first['us']:.2f} "
            f"| {run['peak_mb']:,.0f} MB | {each} |"
        )
    return rows


def available_bytes() -> float:
    """Return how much memory programs can still have; as much as there is where that is not known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return float("inf")
    return 1024 * float(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))


def polling(minutes: int) -> list[str]:
    """Measure how long 300,000 people take who poll ten events every five seconds and are hardly let in."""
    settings = ("admission.rate_rps=1", "admission.burst=10", f"run.duration_s={60 * minutes}")
    run = measured("onsale-300k-spread", "kernel", *settings)
    return [
        "| simulated | requests | s of processor time | us per request | peak memory |",
        "|---|---|---|---|---|",
        f"| {minutes} minutes | {run['requests']:,.0f} | {run['cpu_s']:.1f} | {run['us']:.3f} "
        f"| {run['peak_mb']:,.0f} MB |",
    ]


def machine() -> str:
    """Describe the machine and the versions."""
    model = platform.processor() or "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "simpy"))
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {libraries}"


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run of each")
    parser.add_argument("--full", action="store_true", help="the reference at 300,000 clients too (about 45 minutes)")
    parser.add_argument("--against", metavar="REF", help=f"only compare with a commit, {RUNS} runs of each in turn")
    parser.add_argument("--one", nargs="+", metavar=("SCENARIO", "ENGINE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one[0], arguments.one[1], arguments.one[2:])))
        return
    if arguments.against:
        TABLE.write_text(against(arguments.against))
        print(TABLE.read_text())
        return
    repeats = 1 if arguments.quick else 3
    print("compiling, if need be", flush=True)
    measured("onsale-small", "kernel")
    parts = [
        "# Benchmarks",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make bench`: {machine()}. Medians of {repeats}.",
        "## Against the reference\n",
        "\n".join(ratios(repeats, (10_000, 300_000) if arguments.full else (10_000,))),
        "## From 300,000 people to 10,000,000\n",
        "Wanted: at 3,000,000 at most 1.3 of what a request costs at 300,000; 10,000,000 in 16 GB.\n",
        "\n".join(sizes(30)),
        "## An hour of polling by 300,000 people over ten events\n",
        "Wanted: under 100 s.\n",
        "\n".join(polling(10 if arguments.quick else 60)),
        "## Beside SimPy, on models that are not ours\n",
        "\n".join(peers(arguments.quick)),
        "## On two processors\n",
        "Wanted: at least 0.85. Starting the processes counts, the first run of all does not.\n",
        "\n".join(parallel("onsale-300k", 8, 1 if arguments.quick else 2)),
        "## As a new user meets it\n",
        "Wanted: compilation in 25 s, a warm run in 1.5 s beside the simulation, a visit in 1 s.\n",
        "\n".join(starts()),
        *(path.read_text() for path in (TABLE, NOTES) if path.exists()),
    ]
    REPORT.write_text("\n".join(parts))
    print(f"wrote {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
