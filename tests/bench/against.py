"""The compiled core of this tree against that of another commit: alternating runs, so that both have the same machine.

`python -m tests.bench --against REF` writes against.md beside this file, which the report includes. A worktree of REF
is made for it and removed again. What is compared is processor time of the simulation alone, the medians of the runs;
and both must have left the same bytes behind, in all that a result of REF has.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("simulated.py")
TABLE = Path(__file__).with_name("against.md")
SCENARIOS = ("onsale-300k", "onsale-300k-spread", "prewarmed-30")
RUNS = 5
MILLION = 1e6


def against(ref: str, runs: int = RUNS) -> str:
    """Compare this tree with commit *ref* and return the section of the report; SystemExit if a run fails."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(other), ref)
        try:
            for tree in (other, ROOT):
                simulated(tree, "onsale-small")  # compiles, if need be
            rows = [_row(other, scenario, runs) for scenario in SCENARIOS]
        finally:
            _git("worktree", "remove", "--force", str(other))
    head = [
        f"| scenario | `{ref}`: us a request | this tree | ratio | each pair | s per 10 million | bytes left |",
        "|---|---|---|---|---|---|---|",
    ]
    told = f"Measured {datetime.now(UTC):%Y-%m-%d}: processor time of the simulation, medians of {runs} runs in turn."
    return "\n".join([f"## Against `{ref}`\n", told + "\n", *head, *rows]) + "\n"


def simulated(tree: Path, *arguments: str) -> dict[str, Any]:
    """Run `simulated.py` in a tree, in a process of its own."""
    command = [sys.executable, str(PROGRAM), *arguments]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{' '.join(arguments)} in {tree} failed:\n{run.stderr}")
    found: dict[str, Any] = json.loads(run.stdout)
    found["us"] = found["cpu_s"] / found["requests"] * MILLION
    return found


def _row(other: Path, scenario: str, runs: int) -> str:
    before, now = [], []
    for _ in range(runs):
        before.append(simulated(other, scenario))
        now.append(simulated(ROOT, scenario))
        print(f"  {scenario:20} {before[-1]['us']:7.3f} {now[-1]['us']:7.3f} us a request", flush=True)
    was, is_ = (statistics.median(run["us"] for run in each) for each in (before, now))
    pairs = [b["us"] / a["us"] for a, b in zip(before, now, strict=True)]
    expected, got = before[0]["results"], [run["results"] for run in before + now]
    differ = sorted(name for name in expected if any(run.get(name) != expected[name] for run in got))
    return (
        f"| `{scenario}` | {was:.3f} | {is_:.3f} | **{is_ / was:.2f}** | {min(pairs):.2f} to {max(pairs):.2f} "
        f"| {10 * is_:.1f} | {f'**differ: {differ[0]}, {len(differ)} in all**' if differ else 'the same'} |"
    )


def _git(*arguments: str) -> None:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {run.stderr.strip()}")
