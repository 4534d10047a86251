import itertools

import pytest

from models.catalogues.redis_nodes import RedisNode, bytes_per_s, redis_catalogue, redis_nodes


def test_the_talks_node_is_as_aws_lists_it() -> None:
    node = redis_nodes()["cache.m7g.xlarge"]
    assert (node.vcpu, node.baseline_gbps, node.burst_gbps) == (4, 1.876, 12.5)
    assert (node.usd_per_h("redis_oss"), node.usd_per_h("valkey")) == (0.315, 0.252)


def test_a_bandwidth_in_bytes_is_an_eighth_not_a_hundredth() -> None:
    # AWS's baseline of 0.937 Gbps is 117 MB/s; the talk's "12.5 Gbps (125 MB/s)" is off by 12.5
    assert bytes_per_s(0.937) == pytest.approx(117.125e6)
    assert bytes_per_s(12.5) == pytest.approx(1562.5e6)


def test_a_quarter_is_kept_free_unless_the_scenario_says_otherwise() -> None:
    node = redis_nodes()["cache.m7g.large"]
    assert node.usable_bytes(25) == pytest.approx(0.75 * 6.38 * 1024**3)
    assert node.usable_bytes(0) == pytest.approx(6.38 * 1024**3)


def test_valkey_costs_four_fifths_and_is_all_there_is_for_m8g() -> None:
    # AWS ElastiCache FAQ: "up to 20 % lower cost per node"; the price list has no Redis OSS on m8g
    for name, node in redis_nodes().items():
        redis, valkey = node.usd_per_h("redis_oss"), node.usd_per_h("valkey")
        assert valkey is not None
        assert (redis is None) == name.startswith("cache.m8g.")
        assert redis is None or valkey == pytest.approx(0.8 * redis)


def test_within_a_family_twice_the_cores_are_twice_the_price_and_memory() -> None:
    nodes = redis_nodes()
    for family in {name.rpartition(".")[0] for name in nodes}:
        sizes = sorted((node for name, node in nodes.items() if name.startswith(f"{family}.")), key=lambda n: n.vcpu)
        for small, large in itertools.pairwise(sizes):
            assert large.vcpu == 2 * small.vcpu
            assert large.valkey_usd_per_h == pytest.approx(2 * small.valkey_usd_per_h, rel=0.01)
            if small.memory_gib and large.memory_gib:
                assert large.memory_gib == pytest.approx(2 * small.memory_gib, rel=0.03)
                assert small.baseline_gbps <= large.baseline_gbps <= large.burst_gbps


def test_there_is_no_m7i() -> None:
    # absent from all 73 Redis and 94 Valkey node types of the AWS price list
    assert not any("m7i" in name for name in redis_nodes())


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"memory_confidence": None}, "memory_confidence"),
        ({"burst_gbps": None}, "burst_gbps"),
        ({"baseline_gbps": 13.0}, "above burst_gbps"),
        ({"vcpu": 0}, "vcpu"),
        ({"redis_oss_usd_per_h": -1}, "redis_oss_usd_per_h"),
    ],
)
def test_a_node_that_contradicts_itself_is_refused(change: dict[str, object], names: str) -> None:
    values = redis_nodes()["cache.m7g.xlarge"].model_dump() | change
    with pytest.raises(ValueError, match=names):
        RedisNode.model_validate(values)


def test_every_figure_says_where_it_is_from() -> None:
    catalogue = redis_catalogue()
    assert catalogue.max_connections.value == 65_000
    assert catalogue.price.region == "us-east-1"
    assert all(part.source and part.date for part in (catalogue.memory, catalogue.network, catalogue.features))
