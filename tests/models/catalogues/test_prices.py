import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.prices import PRICES, PriceFile, Prices, list_prices, talk_prices
from models.documents.sourced import CONFIDENCES
from tests.models.damaged import copied, places, refused, shipped

SHIPPED = shipped(PRICES)
HOME, SEOUL, TALK = list_prices("us-east-1"), list_prices("ap-northeast-2"), talk_prices()


def value(table: Any, name: str) -> float:
    return getattr(table.prices, name).value


def test_prices_that_were_published() -> None:
    # AWS, us-east-1: DynamoDB on demand since 2024-11-01, and half of what it was
    assert value(HOME, "dynamodb_usd_per_million_writes") == 0.625
    assert value(TALK, "dynamodb_usd_per_million_writes") == 2 * value(HOME, "dynamodb_usd_per_million_writes")
    assert HOME.node_usd_per_h("m7g.xlarge").value == 0.1632
    assert HOME.spot_node_usd_per_h("m7g.large").value == 0.0496
    assert HOME.redis_node_usd_per_h("cache.m7g.xlarge", "redis_oss").value == 0.315


def test_a_node_without_a_spot_price_has_the_usual_discount() -> None:
    spot, full = HOME.spot_node_usd_per_h("m7g.4xlarge"), HOME.node_usd_per_h("m7g.4xlarge")
    assert ec2_nodes()["m7g.4xlarge"].spot_usd is None
    assert spot.value == pytest.approx(full.value * 0.59)
    assert (spot.confidence, full.confidence) == ("low", "high")


def test_seoul_is_dearer_where_a_factor_is_known_and_says_how_weak_that_is() -> None:
    for price, there in (
        (HOME.node_usd_per_h("m7g.xlarge"), SEOUL.node_usd_per_h("m7g.xlarge")),
        (
            HOME.redis_node_usd_per_h("cache.m7g.xlarge", "valkey"),
            SEOUL.redis_node_usd_per_h("cache.m7g.xlarge", "valkey"),
        ),
    ):
        assert 1.20 <= there.value / price.value <= 1.23
        assert CONFIDENCES.index(there.confidence) >= CONFIDENCES.index("low")
    # remembered: 0.7118 per million writes
    assert value(SEOUL, "dynamodb_usd_per_million_writes") == pytest.approx(0.7118, abs=0.001)
    # AWS CloudFront pricing, South Korea
    assert value(SEOUL, "cloudfront_usd_per_gb") == 0.120
    assert value(SEOUL, "waf_usd_per_million_requests") == value(HOME, "waf_usd_per_million_requests")


def test_the_talk_has_one_price_for_any_node_and_none_for_redis() -> None:
    assert {TALK.node_usd_per_h(kind).value for kind in ec2_nodes()} == {120 / 730}
    assert TALK.spot_node_usd_per_h("m7g.xlarge").value == pytest.approx(36 / 730)
    assert TALK.redis_node_usd_per_h("cache.m7g.xlarge", "redis_oss") is None


def test_an_unchecked_price_is_not_called_firm() -> None:
    assert HOME.node_usd_per_h("t3.large").confidence == "from_memory"
    assert HOME.node_usd_per_h("m5.large").confidence == "high"


def test_every_table_says_what_it_is_and_of_when() -> None:
    assert HOME.origin == "AWS list prices, us-east-1 (2016-11 to 2026-11)"
    assert TALK.origin == "the talk's prices (2025-10)"


nonsense = st.sampled_from(["free", -1, float("nan"), float("inf"), [], {}, True, 10**30])


@given(st.sampled_from(places(SHIPPED)), nonsense)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_table_is_refused_in_one_line(tmp_path: Path, path: tuple[str, ...], bad: object) -> None:
    harmless = (path[-1] in ("source", "region") and bad == "free") or (path[-1] == "ec2_not_checked" and bad == [])
    emptied = bad == {} and path in (("regions",), ("regions", "ap-northeast-2", "prices"))
    if harmless or emptied:
        return
    data, part = copied(SHIPPED, path)
    part[path[-1]] = bad
    assert path[0] in refused(tmp_path, PriceFile, data)


@given(st.sampled_from(["list", "talk"]), st.sampled_from(sorted(Prices.model_fields)), st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_price_may_be_null_but_not_missing_or_misspelt(tmp_path: Path, table: str, name: str, extra: bool) -> None:
    data = copy.deepcopy(SHIPPED)
    price = data[table].pop(name)
    if extra:
        data[table][f"{name}_"] = price
    assert f"{table}.{name}" in refused(tmp_path, PriceFile, data)


def test_a_discount_above_all_of_it_and_an_unknown_regional_price_are_refused(tmp_path: Path) -> None:
    data = copy.deepcopy(SHIPPED)
    data["talk"]["ec2_spot_discount_percent"]["value"] = 130
    assert "130 is above 100" in refused(tmp_path, PriceFile, data)
    data = copy.deepcopy(SHIPPED)
    prices = data["regions"]["ap-northeast-2"]["prices"]
    prices["sqs_usd"] = prices.pop("cloudfront_usd_per_gb")
    assert "sqs_usd is not a price" in refused(tmp_path, PriceFile, data)
