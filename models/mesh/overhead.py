"""What a mesh adds to requests by its mode: delays of a client's request and of a call, and CPU of the proxies."""

from functools import cache
from typing import Literal, NamedTuple

from models.catalogues.mesh import ProxyFigures, mesh_figures
from models.mesh.delays import Delay, Percentiles, added
from models.mesh.proxies import pair_delay

Mode = Literal["sidecar", "ambient"]


class Overhead(NamedTuple):
    """`arrival`: added between balancer and gateway; `call`: between gateway and backend; None: nothing.

    One passing of a proxy takes `pass_us` of CPU, and besides a `share` of what the pod itself takes for the request.
    A proxy holds `memory_mb`.
    """

    arrival: Delay | None
    call: Delay | None
    pass_us: float
    share: float
    memory_mb: float


def proxy_figures(mode: Mode) -> ProxyFigures:
    """Return the figures of a pod's, or of a node's, proxy."""
    return mesh_figures().sidecar if mode == "sidecar" else mesh_figures().ambient


@cache
def istio_overhead(mode: Mode, waypoint: bool, captures_clients: bool) -> Overhead:
    """Return what Istio's own tests come to. A client has no proxy: its request gets half of what a pair adds."""
    figures = proxy_figures(mode)
    pair = pair_delay(figures)
    return Overhead(
        arrival=Delay(pair.median_ms / 2, pair.sigma) if captures_clients else None,
        call=pair_delay(mesh_figures().waypoint) if waypoint else pair,
        pass_us=1000 * figures.cores_per_1000_rps.value,
        share=0.0,
        memory_mb=figures.memory_mb.value,
    )


@cache
def talk_overhead(mode: Mode) -> Overhead:
    """Return what makes the talk's latencies, independent of the rest; all of it is in what a client sees."""
    figures = mesh_figures().talk
    in_pod = mode == "sidecar"
    meshed, more = (figures.sidecar, figures.sidecar_cpu) if in_pod else (figures.ambient, figures.ambient_cpu)
    plain = Percentiles(figures.plain.p50_ms.value, figures.plain.p99_ms.value)
    return Overhead(
        arrival=added(plain, Percentiles(meshed.p50_ms.value, meshed.p99_ms.value)),
        call=None,
        pass_us=0.0,
        share=more.percent.value / 100,
        memory_mb=more.memory_mb.value,
    )
