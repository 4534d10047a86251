"""The pods of the gateway: how many, how fast, and how they reach Redis."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.plan.mesh import first_connections, proxy_us
from models.plan.placement import pods_at_most
from models.plan.programs import ARCHITECTURES, asks_once, program_table
from models.plan.quantiles import lognormal_of_mean
from models.scenario import Scenario
from models.scenario.faults import Deploy
from models.vocabulary.operations import ENDPOINTS, OPS, Op
from models.vocabulary.streams import Stream
from models.vocabulary.units import ns
from sim.draws import uniforms

UNIT = 1 << 20
"""The mean of the table of CPU times, which is scaled by each endpoint's own mean."""
ROUND_ROBIN, RANDOM, STICKY = range(3)
_ROUTINGS = {"round_robin": ROUND_ROBIN, "random": RANDOM, "sticky": STICKY}


class ServiceParams(NamedTuple):
    """Times in ns. `pods` is how many there can be at once, in whatever state.

    `warm_pods` of them serve from the start, with `warm_connections` open in each pool. A pod that starts opens
    `min_idle`, one every `connect_gap` at the soonest. `cpu_unit` int64[2050] is a quantile table in 1/2**20 of
    `cpu_mean`, int64[services, OPS] ns on one of the pod's `cores` by operation. `proxy_cpu` int64[OPS] is what the
    pod's own proxy takes beside, on cores of its own, in the same measure; a started pod's first request that passes it
    waits for `first_connection` int64[OPS] ns, as do others that come before that is over. `skew` int64[P] ns of the
    pods' clocks.
    `program` STEP[services, OPS, steps] is what a service does for an operation (see `plan.programs`); `asks_once`: all
    of them pass on at once what a Redis node has answered. `announces`: pods learn that an event has sold out.
    `probes_end_pods`: the end of a probe can be that of a pod.
    """

    pods: int
    warm_pods: int
    cores: int
    worker_slots: int
    backlog: int
    routing: int
    pool_size: int
    warm_connections: int
    min_idle: int
    connect_gap: int
    pool_timeout: int
    ping_all: bool
    asks_once: bool
    program: NDArray[np.void]
    announces: bool
    probes_end_pods: bool
    cpu_unit: NDArray[np.int64]
    cpu_mean: NDArray[np.int64]
    proxy_cpu: NDArray[np.int64]
    first_connection: NDArray[np.int64]
    skew: NDArray[np.int64]


def service_params(scenario: Scenario, starts: NDArray[np.uint64]) -> ServiceParams:
    """Return the gateway of a scenario; *starts* are those of the streams of draws."""
    gateway = scenario.gateway
    min_idle = min(gateway.redis_min_idle, gateway.redis_pool_size)
    warm = min_idle if scenario.autoscaling else gateway.redis_pool_size
    u = np.clip(uniforms(starts[Stream.SKEW], pods_at_most(scenario)), 2.0**-53, None)
    program = program_table(ARCHITECTURES[scenario.architecture])
    return ServiceParams(
        pods=pods_at_most(scenario),
        warm_pods=gateway.pods,
        cores=_cores(scenario),
        worker_slots=gateway.worker_slots,
        backlog=gateway.backlog,
        routing=_ROUTINGS[gateway.routing],
        pool_size=gateway.redis_pool_size,
        warm_connections=min(warm, scenario.redis.max_clients // gateway.pods),
        min_idle=min_idle,
        connect_gap=ns(gateway.redis_connect_s) // max(min_idle, 1),
        pool_timeout=ns(gateway.redis_pool_timeout_s),
        ping_all=gateway.probes.redis_ping == "every_shard",
        asks_once=asks_once(program),
        program=program,
        announces=scenario.event.on_sold_out == "announce",
        probes_end_pods=_probes_end_pods(scenario),
        cpu_unit=lognormal_of_mean(float(UNIT), gateway.cpu_sigma),
        cpu_mean=_cpu_means(scenario),
        proxy_cpu=_proxy_cpu(scenario),
        first_connection=first_connections(scenario),
        skew=np.rint(ndtri(u) * gateway.clock_skew_ms * 1e6).astype(np.int64),
    )


def _probes_end_pods(scenario: Scenario) -> bool:
    """Tell whether pods can end because of what a probe has found: it restarts them, or an update replaces them."""
    probes = scenario.gateway.probes
    updated = any(isinstance(fault, Deploy) for fault in scenario.faults)
    return updated or probes.liveness is not None or probes.startup is not None


def _cores(scenario: Scenario) -> int:
    """Return on how many cores a pod runs at once. A limit of 1.2 is two cores at 0.6 of their speed each."""
    return math.ceil(scenario.gateway.cpu_cores)


def _cpu_means(scenario: Scenario) -> NDArray[np.int64]:
    """Return the mean CPU time of every operation in ns on one core, int64[services, OPS]; 0 for what none takes."""
    gateway = scenario.gateway
    mean_us = [0.0] * OPS
    mean_us[: len(ENDPOINTS)] = [getattr(gateway.cpu_us, name) for name in ENDPOINTS]
    mean_us[Op.STATUS_READ] = gateway.cpu_us.status
    mean_us[Op.READINESS] = mean_us[Op.LIVENESS] = gateway.probes.cpu_us
    return np.array([[round(mean * _slowdown(scenario)) for mean in mean_us]], np.int64)


def _proxy_cpu(scenario: Scenario) -> NDArray[np.int64]:
    """Return what a sidecar takes for every operation, int64[OPS], in ns of the pod's cores: so the meters count."""
    shared = proxy_us(scenario) if scenario.mesh.mode == "sidecar" else np.zeros(OPS)
    return np.rint(shared * _slowdown(scenario)).astype(np.int64)


def _slowdown(scenario: Scenario) -> float:
    """Return the ns on one of the pod's cores that a microsecond of CPU takes."""
    return _cores(scenario) / scenario.gateway.cpu_cores * 1000
