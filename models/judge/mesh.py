"""What the mesh of a run adds and takes, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.judge.finding import Finding, Severity
from models.judge.wording import latency, number

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

FULL_PERCENT = 100
"""From here on a proxy's workers have more to do than they can, and what they add is more than is simulated."""
NAMES = {"sidecar": "Sidecars add", "ambient": "The ambient mesh adds"}


def mesh(result: RunResult, scenario: Scenario) -> Finding:
    """What is added to requests, the CPU that proxies take, and whether the busiest of them can."""
    busy = result.best("mesh.proxy_peak_percent") or 0.0
    text = f"{NAMES[scenario.mesh.mode]} {' and '.join(_added(result))}. Proxies take "
    text += f"{number(result.best('mesh.cpu_mean_cores') or 0.0)} cores on average"
    share = result.best("mesh.cpu_of_gateway_percent")
    if share is not None:
        text += f", those of the gateway {number(share)} % of what its pods take themselves"
    text += f"; in the worst second they are {number(busy)} % busy."
    if busy >= FULL_PERCENT:
        text += " That is more than they can: queues at proxies are not simulated, so latencies are worse than shown."
    if scenario.autoscaling is not None:
        first = latency(scenario.mesh.first_connection_ms)
        text += f" Who comes to a pod that has started waits up to {first} for its proxy's first connection."
    return Finding("Mesh", text, Severity.REMARK if busy >= FULL_PERCENT else Severity.NEUTRAL)


def _added(result: RunResult) -> list[str]:
    """What is added where there is a proxy on the way, such as `0.1 ms at p50 and 0.2 ms at p99 to a request`."""
    found = []
    for name, what in (("arrival", "a client's request"), ("call", "a call to the backend")):
        if f"mesh.{name}_p50_ms" in result.kpis:
            p50, p99 = (latency(result.best(f"mesh.{name}_{which}_ms")) for which in ("p50", "p99"))
            found.append(f"{p50} at p50 and {p99} at p99 to {what}")
    return found
