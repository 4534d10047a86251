"""What the daemons of a node take: Falco by system calls, a log agent by lines, certificates by their lives."""

import numpy as np

from models.catalogues.mesh import CertificateFigures, FalcoFigures, LogAgentFigures


def falco_cores(figures: FalcoFigures, calls_per_s: float) -> float:
    """Return the cores that watching so many system calls a second takes."""
    return calls_per_s * figures.cpu_us_per_event.value / 1e6


def log_agent_cores(figures: LogAgentFigures, lines_per_s: float) -> float:
    """Return the cores of one agent with so many lines a second: between what was measured, outside in proportion."""
    lines = [100.0, 1000.0, 5000.0, 10_000.0]
    known = [getattr(figures, f"cores_at_{line:.0f}_lines_per_s").value for line in lines]
    if not lines[0] <= lines_per_s <= lines[-1]:
        end = 0 if lines_per_s < lines[0] else -1
        return float(known[end] * lines_per_s / lines[end])
    return float(np.interp(lines_per_s, lines, known))


def renewals_per_s(figures: CertificateFigures, certificates: float) -> float:
    """Return how many of so many certificates are made anew in a second, spread evenly as the proxies' jitter does."""
    return certificates / (3600 * figures.lifetime_h.value * figures.renewed_at_share.value)
