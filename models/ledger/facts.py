"""Sourced limits and costs of what is not modelled yet, from which arithmetic alone can tell."""

from functools import cache
from pathlib import Path

from models.documents.sourced import Number, read_sourced
from models.documents.strict import Strict

FACTS = Path(__file__).with_name("facts.yaml")


class Facts(Strict):
    """The whole file; units are in the names. `read_then_write_ms`: between reading an item and having written it."""

    item_writes_per_s: Number
    new_table_writes_per_s: Number
    table_quota_writes_per_s: Number
    growth_factor_in_30_min: Number
    read_then_write_ms: Number
    writes_per_commit: Number
    writes_per_hold: Number
    queue_requests_per_message: Number
    lambda_gb_s_per_message: Number
    captcha_click_s: Number
    captcha_text_s: Number


@cache
def facts() -> Facts:
    """Return the shipped file."""
    return read_sourced(FACTS, Facts)


def origin(fact: Number) -> str:
    """Return in words where a number is from, and that it was not read where it was not."""
    weak = {"from_memory": ", remembered", "assumption": ", assumed"}.get(fact.confidence, "")
    return f"{fact.source} ({fact.date}{weak})"
