"""What claims need of a real Redis: CPU at the talk's rates, KEYS against the index, memory, a hot shard, and how
waiting rooms behave (`real_adapter.calibrate.room_claims`).

One after the other, in windows that count (`real_adapter.measure.window`), on a server of our own.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import redis

from models.ledger.measured import Measured, Quantity
from real_adapter.calibrate.calibration import CONNECTIONS, Progress, Rig, own_rig, split_cores
from real_adapter.calibrate.profile import machine_text
from real_adapter.calibrate.room_claims import expiry, order, passes
from real_adapter.conformance.trial import tag_on
from real_adapter.measure.bench import bench_on
from real_adapter.measure.cases import Case, Load
from real_adapter.measure.counters import read_counters
from real_adapter.measure.memory_use import measure_memory
from real_adapter.measure.window import Window
from real_adapter.server.cluster import start_cluster
from real_adapter.server.server import start_server
from sim.errors import BadInput
from sim.estimate import Estimate

LADDER_TOKENS = 10_000
"""People in line in the talk's load test."""
PEOPLE = 300_000
RATES_RPS = (10_000, 20_000, 30_000)
WINDOWS = 5
MOST_TRIES = 4
"""Windows that are refused are repeated, up to so many times as many as are wanted."""
CALLS = 2_000
SHARDS, HOT = 3, 0

Found = tuple[str, Quantity]


def measure_claims(progress: Progress = lambda fraction, note: None, seed: int = 1) -> Measured:
    """Measure everything, which takes about a minute and a half. BadInput if the machine is too noisy or too small."""
    found: dict[str, Quantity] = {}
    with own_rig() as rig:
        rig.bench.add_room(LADDER_TOKENS)
        rig.gauge.settle()
        found |= dict(_engine_cpu(rig, progress, random.Random(seed)))
        progress(0.4, "measuring KEYS")
        found |= dict(_zrank(rig))
        rig.bench.add_keys(LADDER_TOKENS, LADDER_TOKENS)
        found |= dict(_keys(rig, found))
        server, discarded = str(rig.server), dict(rig.gauge.refusals)
    progress(0.6, "measuring order, expiry and passes")
    with start_server() as plain, plain.client() as client:
        found |= {**dict(order(client, random.Random(seed))), **dict(expiry(client)), **dict(passes(client))}
    progress(0.7, "measuring memory")
    with start_server() as empty:
        found |= dict(_memory(measure_memory(empty, PEOPLE).per_client_bytes))
    progress(0.85, "measuring a cluster")
    found |= dict(_hot_shard())
    return Measured(
        schema_version=1,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        server=server,
        machine=machine_text(),
        windows_discarded=discarded,
        quantities=found,
    )


def _windows(rig: Rig, case: Case, chance: random.Random, wanted: int = WINDOWS) -> list[Window]:
    """Return as many windows that count; BadInput if hardly any does."""
    kept: list[Window] = []
    for _ in range(MOST_TRIES * wanted):
        window = rig.gauge.measure(case.name, lambda: rig.bench.drive(case, chance.randrange(2**31)))
        if not window.refused:
            kept.append(window)
        if len(kept) == wanted:
            return kept
    told = rig.gauge.told()
    raise BadInput(f"validate: {case.name} cannot be measured on this machine: {told}; end what else runs on it")


def _engine_cpu(rig: Rig, progress: Progress, chance: random.Random) -> Iterator[Found]:
    for step, rate in enumerate(RATES_RPS):
        progress(0.1 + 0.1 * step, f"measuring {rate} RPS")
        windows = _windows(rig, Case("status", LADDER_TOKENS, Load(1.0, float(rate))), chance)
        cpu = Estimate.of(100 * window.utilisation for window in windows)
        how = f"engine thread, status of {LADDER_TOKENS:,} in line, Poisson arrivals at {rate:,} RPS"
        yield f"status.engine_cpu_{rate // 1000}k_percent", Quantity.of(cpu, "percent", how)
        if rate == RATES_RPS[0]:
            inside = Estimate.of(window.inside_us for window in windows)
            yield "status.inside_us", Quantity.of(inside, "us", f"server's time inside a status at {rate:,} RPS")


def _zrank(rig: Rig) -> Iterator[Found]:
    """Ask the server what a ZRANK takes it, by its own statistics; at random places."""
    client, keys = rig.bench.client, rig.bench.keys_of(LADDER_TOKENS)
    chance = random.Random(1)

    def per_call() -> float:
        before = read_counters(client, None)
        pipeline = client.pipeline(transaction=False)
        for _ in range(CALLS):
            pipeline.zrank(keys.line, f"{chance.randrange(LADDER_TOKENS):012}")
        pipeline.execute()
        happened = read_counters(client, None) - before
        return happened.inside_us["zrank"] / happened.calls["zrank"]

    took = Estimate.of(per_call() for _ in range(WINDOWS))
    yield "zrank.call_us", Quantity.of(took, "us", f"commandstats, {CALLS:,} calls at random of {LADDER_TOKENS:,}")


def _keys(rig: Rig, found: dict[str, Quantity]) -> Iterator[Found]:
    """Measure the first version of the status: one key for everybody in line, all of them listed."""
    case = Case("status_keys", LADDER_TOKENS, Load(1.0, users=4))
    windows = _windows(rig, case, random.Random(1), wanted=3)
    how = f"{LADDER_TOKENS:,} in line and as many keys, four users without a pause"
    ceiling = Estimate.of(window.rate_rps / window.utilisation for window in windows)
    yield "keys.ceiling_rps", Quantity.of(ceiling, "rps", how)
    inside = Estimate.of(window.inside_us / 1e3 for window in windows)
    yield "keys.call_ms", Quantity.of(inside, "ms", f"server's time inside a status with KEYS; {how}")
    ratio = Estimate.of(window.inside_us / found["status.inside_us"].best for window in windows)
    yield "index.speedup", Quantity.of(ratio, "ratio", "time inside a status with KEYS over that of one with the index")


def _memory(per_client_bytes: float) -> Iterator[Found]:
    how = f"used_memory with up to {PEOPLE:,} people in line, two index entries each"
    yield "memory.per_client_bytes", Quantity.of(Estimate.of([per_client_bytes]), "bytes", how)


def _hot_shard() -> Iterator[Found]:
    """Let one event's line live on a cluster, and see which share of the work its hottest shard has."""
    driver, _ = split_cores()
    with start_cluster(SHARDS, 0) as cluster:
        primary = cluster.primaries[HOT]
        clients = [server.client() for server in cluster.primaries]
        try:
            before = [_commands(client) for client in clients]
            with bench_on(
                clients[HOT], f"redis://{primary.address}", CONNECTIONS, driver, tag=tag_on(HOT, SHARDS)
            ) as bench:
                bench.add_room(LADDER_TOKENS)
                bench.drive(Case("status", LADDER_TOKENS, Load(1.0, 5_000.0)), 1)
            done = [_commands(client) - earlier for client, earlier in zip(clients, before, strict=True)]
        finally:
            for client in clients:
                client.close()
    share = 100 * max(done) / sum(done)
    how = f"commands of the hottest of {SHARDS} shards, one event, 5,000 status RPS"
    yield "cluster.hot_share_percent", Quantity.of(Estimate.of([share]), "percent", how)


def _commands(client: "redis.Redis") -> int:
    return int(client.info("stats")["total_commands_processed"])
