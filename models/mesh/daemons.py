"""What the daemons of a node take: Falco by the system calls that it sees."""

from models.catalogues.mesh import FalcoFigures


def falco_cores(figures: FalcoFigures, requests_per_s: float) -> float:
    """Return the cores that watching the system calls of so many requests a second takes."""
    return requests_per_s * figures.syscalls_per_request.value * figures.cpu_us_per_event.value / 1e6
