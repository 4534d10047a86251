"""What the proxies of a service mesh and the daemons of a node add, take and ask for, each figure with its source."""

from functools import cache
from pathlib import Path

from models.documents.sourced import Number, read_sourced
from models.documents.strict import Strict

CATALOGUE = Path(__file__).with_name("mesh.yaml")


class ProxyFigures(Strict):
    """One kind of proxy. `pair_...`: what those at both ends of a call add together; the rest is of one of them."""

    pair_p90_ms: Number
    pair_p99_ms: Number
    cores_per_1000_rps: Number
    memory_mb: Number
    request_milli: Number
    request_mib: Number
    workers: Number


class MachineFigures(Strict):
    """What sidecars added at p99 by the same tests on other machines, and in other versions."""

    fastest_p99_ms: Number
    slowest_p99_ms: Number


class CertificateFigures(Strict):
    """The certificates of workloads: how long they live, after which share they are renewed, and the CPU of one."""

    lifetime_h: Number
    renewed_at_share: Number
    cpu_ms: Number


class FalcoFigures(Strict):
    """Falco on a node: its CPU rises with the system calls that it sees."""

    cpu_us_per_event: Number
    request_milli: Number
    request_mib: Number


class LogAgentFigures(Strict):
    """Fluent Bit on a node: its CPU rises with the lines that it sends on, and not in proportion."""

    cores_at_100_lines_per_s: Number
    cores_at_1000_lines_per_s: Number
    cores_at_5000_lines_per_s: Number
    cores_at_10000_lines_per_s: Number
    request_milli: Number
    request_mib: Number


class LatencyFigures(Strict):
    """Latencies of requests, of which half and 99 % take no longer."""

    p50_ms: Number
    p99_ms: Number


class ShareFigures(Strict):
    """What a mesh takes besides: CPU as a share of what pods take, and memory of a proxy."""

    percent: Number
    memory_mb: Number


class TalkFigures(Strict):
    """What the talk says of a mesh: latencies without and with it, and what it takes."""

    plain: LatencyFigures
    ambient: LatencyFigures
    ambient_cpu: ShareFigures
    sidecar: LatencyFigures
    sidecar_cpu: ShareFigures


class MeshFigures(Strict):
    """The whole file."""

    machines: MachineFigures
    ambient: ProxyFigures
    waypoint: ProxyFigures
    sidecar: ProxyFigures
    certificates: CertificateFigures
    falco: FalcoFigures
    log_agent: LogAgentFigures
    talk: TalkFigures


@cache
def mesh_figures() -> MeshFigures:
    """Return the shipped file."""
    return read_sourced(CATALOGUE, MeshFigures)
