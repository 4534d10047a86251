"""What a run leaves on disk: a directory that is complete or not there.

Everything is written by `dashboards.whole`, so that a run killed at any time leaves the previous one, or nothing.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.whole import all_or_nothing
from models.documents.sourced import Number
from models.documents.text import shown
from models.judge.ranges import compared_node_notes
from sim.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from models.judge.beside import Judged
    from models.judge.verdict import Verdict
    from models.results.result import Difference, RunResult
    from models.scenario import Scenario

FILES = ("manifest.json", "summary.json", "series.parquet", "histograms.parquet", "report.html")
"""The files of a run."""


def run_document(result: RunResult, verdict: Verdict) -> dict[str, Any]:
    """What `run --json` prints, by the command's contract."""
    from dashboards.robustness import robustness_document

    manifest = result.manifest
    names = ("scenario", "scenario_hash", "seed", "engine", "wall_s", "compile_s", "profile")
    return {name: manifest[name] for name in names} | {
        "kpis": {name: kpi.as_json() for name, kpi in result.kpis.items()},
        "slo": [row.as_json() for row in verdict.slo],
        "limits": [limit.as_json() for limit in verdict.limits],
        "findings": [finding.as_json() for finding in verdict.findings],
        "robustness": None if verdict.robustness is None else robustness_document(verdict.robustness),
    }


def comparison_document(
    a: Scenario, b: Scenario, seed: int, replications: int, differences: Mapping[str, Difference]
) -> dict[str, Any]:
    """What `compare --json` prints: per KPI both estimates, b - a, whether that is detectable, what it rests on.

    `nodes`: what is to be known of Redis CPU on the nodes of either, empty if the profiles are of them.
    """
    return {
        "a": a.name,
        "b": b.name,
        "seed": seed,
        "replications": replications,
        "nodes": list(compared_node_notes(a, b)),
        "differences": {
            name: {
                "unit": found.unit,
                "a": dataclasses.asdict(found.a),
                "b": dataclasses.asdict(found.b),
                "difference": dataclasses.asdict(found.difference),
                "detectable": found.detectable,
                "rests_on": list(found.rests_on),
            }
            for name, found in differences.items()
        },
    }


def json_text(document: Mapping[str, Any]) -> str:
    """One JSON document, strict: a number that is not finite is a defect, not `NaN` in the output."""
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False, default=_plain)


def checked_target(out: Path, files: Collection[str] = FILES) -> Path:
    """*out*, made absolute, if *files* may be put there: it is absent, empty, or holds nothing but those.

    BadInput otherwise, before anything is simulated.
    """
    name = str(out)
    if not name.isprintable():  # a byte that is no text is none of a path that others can be told
        raise BadInput(f"--out: {shown(name)} is not allowed; must be printable text")
    target = Path(os.path.abspath(out))
    try:
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise BadInput(f"--out: {out} is not a directory; name a new one")
        others = sorted(path.name for path in target.iterdir() if path.name not in files) if target.exists() else []
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be created: {error.strerror}") from None
    if others:
        raise BadInput(f"--out: {out} holds other files ({others[0]}); name a new directory or one of an earlier start")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise BadInput(f"--out: {target.parent} is not writable; name a directory that is")
    return target


def unfinished(target: Path) -> Path:
    """Where the replications of a run that is not finished wait to be taken up again; gone once it is."""
    return target.with_name(f"{target.name}.unfinished")


def write_run(
    out: Path, result: RunResult, scenario: Scenario, verdict: Verdict, together: Sequence[Judged] = ()
) -> None:
    """Write the files of a run to *out* (as `checked_target` returns it), all or none.

    *together* are runs that the report shows side by side.
    """
    from dashboards.report import report_html

    summary = run_document(result, verdict) | {
        "replications": result.manifest["replications"],
        "seeds": result.manifest["seeds"],
        "interval": result.manifest["interval"],
        "verdict": dataclasses.asdict(verdict) | {"binding": verdict.binding and verdict.binding.name},
        "facts": dict(result.facts),
        "rests_on": {name: list(kpi.rests_on) for name, kpi in result.kpis.items()},
    }
    with all_or_nothing(out) as place:
        (place / "manifest.json").write_text(json_text(result.manifest) + "\n", encoding="utf-8")
        (place / "summary.json").write_text(json_text(summary) + "\n", encoding="utf-8")
        result.series.to_parquet(place / "series.parquet")
        _histograms(result).to_parquet(place / "histograms.parquet", index=False)
        (place / "report.html").write_text(report_html(result, scenario, verdict, together), encoding="utf-8")
    shutil.rmtree(unfinished(out), ignore_errors=True)


def _histograms(result: RunResult) -> pd.DataFrame:
    """Every bucket that holds something: histogram, bounds in ns (both inclusive) and count."""
    import numpy as np
    import pandas as pd

    from sim.histogram import bucket_high, bucket_low

    rows = [
        (name, bucket_low(bucket), bucket_high(bucket), int(histogram.counts[bucket]))
        for name, histogram in result.histograms.items()
        for bucket in np.flatnonzero(histogram.counts).tolist()
    ]
    return pd.DataFrame(rows, columns=["histogram", "low_ns", "high_ns", "count"])


def _plain(value: Any) -> Any:
    """Numpy scalars, paths and prices as JSON knows them."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Number):
        return value.model_dump()
    if not hasattr(value, "item"):
        raise TypeError(f"{type(value).__name__} has no place in a JSON document")
    return value.item()
