"""What the model says of a primary that dies, held against a real cluster whose primary is killed."""

import time

import pytest
import redis

from models.plan.making import make_plan
from models.redis_costs.profile import load_profile
from models.results.kpis import kpis_of
from models.run.run import run_once
from models.scenario import load_scenario
from real_adapter.server.cluster import start_cluster

NODE_TIMEOUT_S = 1.0
"""`cluster-node-timeout`: so long a node is missed before the others take it for dead (cluster_legacy.c)."""
KEYS = 50


@pytest.fixture(scope="module")
def killed():
    """Kill the primary of shard 0 with connections open to it; return what they saw, the time, and the survivors."""
    with start_cluster(3, 1, node_timeout_ms=round(NODE_TIMEOUT_S * 1000)) as cluster:
        primary = cluster.primaries[0]
        clients = [primary.client(max_connections=1, retry=None, socket_timeout=30) for _ in range(2)]
        for client in clients:
            client.ping()
        began = time.monotonic()
        cluster.kill(primary)
        errors = [_error_of(client) for client in clients for _ in range(2)]
        seen_s = time.monotonic() - began
        cluster.wait_until_promoted(0, 60)
        promoted_s = time.monotonic() - began
        with cluster.client() as client:
            written = [client.set(f"key-{k}", k) for k in range(KEYS)]
        for client in clients:
            client.close()
        yield errors, seen_s, promoted_s, written


def _error_of(client: redis.Redis) -> Exception | None:
    try:
        client.ping()
    except redis.exceptions.RedisError as error:
        return error
    return None


def test_connections_of_a_killed_process_are_reset_and_new_ones_refused(killed):
    """`lost: process`: nobody waits for a timeout, on an open connection or on a new one."""
    errors, seen_s, _, _ = killed
    assert all(isinstance(error, redis.exceptions.ConnectionError) for error in errors)
    assert not any(isinstance(error, redis.exceptions.TimeoutError) for error in errors)
    assert seen_s < 30


def test_the_shard_is_away_no_shorter_than_the_model_says(killed):
    """Detection takes the node timeout and the election is not for nothing: the model's shortest outage of such a
    cluster is a lower bound of the real one, on however fast a machine."""
    _, _, promoted_s, written = killed
    fault = f"kind: redis_failover, at_s: 2, detection_s: {NODE_TIMEOUT_S}, promotion_s: 0, topology_refresh_s: 0"
    changes = ("clients.count=50", "run.duration_s=10", "redis.shards=3", f"faults=[{{{fault}}}]")
    scenario = load_scenario("onsale-small", changes)
    finished = run_once(scenario, load_profile(scenario.redis.profile), 1, "kernel")
    plan = make_plan(scenario, load_profile(scenario.redis.profile), 1)
    outage_s = kpis_of(plan, finished.recording)["faults.outage_s"].best
    assert outage_s == NODE_TIMEOUT_S
    assert outage_s <= promoted_s
    assert all(written)
