"""One run of one tree, as a program: processor time of the simulation alone, and what it left behind.

`python tests/bench/simulated.py SCENARIO [SETTING...]`, with a checkout of Breakwater as working directory, prints one
line of JSON. Any checkout since `before-the-house` will do: what it calls is found by name, in whatever module that is.
"""

import hashlib
import importlib
import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))


def home_of(function: str) -> Any:
    """Return the module of `models` that defines a function of this name."""
    for path in sorted(Path("models").rglob("*.py")):
        if re.search(rf"^def {function}\(", path.read_text(), re.MULTILINE):
            return importlib.import_module(".".join(path.with_suffix("").parts))
    raise SystemExit(f"no module of models defines {function}")


def results(result: Any) -> dict[str, str]:
    """Return everything in a result by name, as text that differs where a bit does: KPIs, series, histograms."""
    found = {f"kpi {name}": repr(kpi.best) for name, kpi in result.kpis.items()}
    for name in result.series.columns:
        found[f"series {name}"] = hashlib.sha256(result.series[name].to_numpy().tobytes()).hexdigest()
    for name, histogram in result.histograms.items():
        found[f"histogram {name}"] = hashlib.sha256(json.dumps(histogram.to_json()).encode()).hexdigest()
    return found


def simulated(name: str, settings: list[str]) -> dict[str, Any]:
    """Run a scenario with seed 1: requests, processor seconds of the simulation, peak MB, and `results`."""
    home_of("prepare").prepare("kernel")
    scenario = home_of("load_scenario").load_scenario(name, settings)
    costs = home_of("node_costs").node_costs(scenario.redis)
    running = home_of("run_once")
    run_under, spent = running.run_under, []

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        outcome = run_under(*arguments)
        spent.append(time.process_time() - began)
        return outcome

    running.run_under = timed
    finished = running.run_once(scenario, costs, 1, "kernel")
    return {
        "requests": finished.recording.sent,
        "cpu_s": spent[0],
        "results": results(home_of("result_of").result_of(finished, "kernel", 0.0)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(simulated(sys.argv[1], sys.argv[2:])))
