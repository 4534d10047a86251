import pytest

from models.judge.wording import NOTHING, clock, latency, number, plural, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING),
        (float("nan"), NOTHING),
        (0, "0"),
        (60_000, "60,000"),
        (1234.5, "1,234"),
        (99.94, "99.9"),
        (2.314, "2.31"),
        (0.0421, "0.0421"),
        (4e-05, "4.0e-05"),
        (-273.4, "-273"),
    ],
)
def test_numbers_have_three_significant_digits_or_all_whole_ones(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.42 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (128, "2 min 8 s"),
        (3600, "1 h"),
        (3899, "1 h 5 min"),
    ],
)
def test_seconds_become_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (94.1, "percent", "94.1 %"),
        (61_020, "rps", "61,020 RPS"),
        (128, "s", "2 min 8 s"),
        (2.25, "usd", "$2.25"),
        (588, "usd/month", "$588.00/month"),
        (3, "", "3"),
    ],
)
def test_units_are_shown_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text


def test_one_is_singular() -> None:
    assert [plural(n, "shard") for n in (0, 1, 4)] == ["0 shards", "1 shard", "4 shards"]
    assert plural(2, "loss", "losses") == "2 losses"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, NOTHING), (0.4, "0.4 ms"), (999.4, "999 ms"), (1000, "1 s"), (18_455, "18.5 s"), (75_000, "1 min 15 s")],
)
def test_latencies_become_seconds_from_one_second_up(milliseconds: float | None, text: str) -> None:
    assert latency(milliseconds) == text
