"""What the mesh of a run adds and takes, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.judge.finding import Finding, Severity
from models.judge.wording import latency, number
from models.mesh.overhead import proxy_figures
from models.mesh.proxies import pair_p99_ms, rps_held

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

FULL_PERCENT = 100
"""From here on a proxy's workers have more to do than they can."""
MUCH_LONGER = 1.5
"""Times as long as what was measured that a busy proxy takes, from which on that is worth a remark."""
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
    longer = _times_as_long(scenario, busy)
    if busy >= FULL_PERCENT:
        text += " That is more than they can: queues at proxies are not simulated, so latencies are worse than shown."
    elif longer >= MUCH_LONGER:
        text += f" Queues at proxies are not simulated: then they add {number(longer)} times as much (M/M/1)."
    if scenario.autoscaling is not None:
        first = latency(scenario.mesh.first_connection_ms)
        text += f" Who comes to a pod that has started waits up to {first} for its proxy's first connection."
    return Finding("Mesh", text, Severity.REMARK if longer >= MUCH_LONGER else Severity.NEUTRAL)


def _times_as_long(scenario: Scenario, busy_percent: float) -> float:
    """Return how many times what was measured proxies add that are so busy; infinite from FULL_PERCENT on."""
    figures = proxy_figures("sidecar" if scenario.mesh.mode == "sidecar" else "ambient")
    return pair_p99_ms(figures, busy_percent / 100 * rps_held(figures)) / figures.pair_p99_ms.value


def _added(result: RunResult) -> list[str]:
    """What is added where there is a proxy on the way, such as `0.1 ms at p50 and 0.2 ms at p99 to a request`."""
    found = []
    for name, what in (("arrival", "a client's request"), ("call", "a call to the backend")):
        if f"mesh.{name}_p50_ms" in result.kpis:
            p50, p99 = (latency(result.best(f"mesh.{name}_{which}_ms")) for which in ("p50", "p99"))
            found.append(f"{p50} at p50 and {p99} at p99 to {what}")
    return found
