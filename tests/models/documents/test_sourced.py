from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.catalogues.redis_nodes import CATALOGUE, RedisCatalogue
from models.documents.sourced import CONFIDENCES, Number, weaker
from tests.models.damaged import copied, places, refused, shipped

SHIPPED = shipped(CATALOGUE)

nonsense = st.sampled_from(["twelve", -1, float("nan"), float("inf"), [], {}, {"value": 1}, True, 10**30])


@given(st.sampled_from(places(SHIPPED)), nonsense)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_damaged_anywhere_is_refused_in_one_line_that_names_the_place(
    tmp_path: Path, path: tuple[str, ...], value: object
) -> None:
    if value is True and path[-1] in ("enhanced_io", "tls_offload", "io_multiplexing"):
        return
    if value == "twelve" and path[-1] in ("source", "region"):
        return
    data, part = copied(SHIPPED, path)
    part[path[-1]] = value
    assert path[0] in refused(tmp_path, RedisCatalogue, data)


@given(st.sampled_from([path for path in places(SHIPPED) if path[-1] not in ("confidence", "region")]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_but_an_optional_field_may_be_left_out(tmp_path: Path, path: tuple[str, ...]) -> None:
    if len(path) == 2 and path[0] == "nodes":
        return  # a catalogue may have fewer nodes
    data, part = copied(SHIPPED, path)
    del part[path[-1]]
    refused(tmp_path, RedisCatalogue, data)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    assert "discount" in refused(tmp_path, RedisCatalogue, SHIPPED | {"discount": 0.5})


def test_a_product_is_as_firm_as_its_weaker_factor() -> None:
    price = Number(value=0.2, date="2026-07", source="a price list", confidence="high")
    factor = Number(value=1.2, date="2026-11", source="remembered", confidence="from_memory")
    product = price.times(factor)
    assert (product.value, product.date, product.confidence) == (pytest.approx(0.24), "2026-11", "from_memory")
    assert "a price list" in product.source
    assert "remembered" in product.source


@given(st.sampled_from(CONFIDENCES), st.sampled_from(CONFIDENCES))
def test_the_weaker_confidence_does_not_depend_on_the_order(a: Any, b: Any) -> None:
    assert weaker(a, b) == weaker(b, a)
    assert weaker(a, a) == a
    assert weaker("high", a) == a
