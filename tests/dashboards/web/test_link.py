import zlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.design import Design, changed_by
from dashboards.web.link import LONGEST, Params, View, params_of, query_of, view_of
from models.documents.yaml_text import read_value
from models.judge.asked import setting_text
from models.scenario import scenario_names
from sim.errors import BadInput

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "redis.shards": st.integers(1, 50),
        "clients.poll_interval_s": st.floats(0.1, 29, allow_nan=False),
        "clients.count": st.integers(1, 300_000),
        "event.on_sold_out": st.sampled_from(["keep_line", "announce"]),
        "waiting_room.replica_reads": st.just(False),
        "autoscaling": st.just({}),
        "slo.mean_wait_s": st.floats(1, 86_400),
    },
)


def designed(name: str, settings: dict[str, object]) -> Design:
    design = Design(name)
    for path, value in settings.items():
        design = design.with_value(path, value)
    return design


def view_at(params: Params) -> View:
    return view_of(lambda name: [value] if isinstance(value := params.get(name, []), str) else value)


def restored(view: View) -> View:
    query = query_of(view)
    assert query is not None
    return view_at(parse_qs(query, keep_blank_values=True))


def refused(**params: str | list[str]) -> str:
    with pytest.raises(BadInput) as caught:
        view_at({"v": "1", **params})
    message = str(caught.value)
    assert "\n" not in message
    return message


@given(SETTINGS, st.integers(0, 2**63 - 1), st.integers(1, 200))
def test_a_link_gives_the_view_again(settings: dict[str, object], seed: int, replications: int) -> None:
    view = View(
        design=designed("onsale-300k", settings),
        seed=seed,
        replications=replications,
        others=(designed("onsale-300k-spread", settings), Design("onsale-small")),
        vary=("redis.shards=3,5,7", "gateway.pods=10,30"),
    )
    again = restored(view)
    assert again == view
    assert again.design.built() == view.design.built()


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()))
def test_a_setting_is_read_as_it_was_written(value: object) -> None:
    text = setting_text(value)
    assert "\n" not in text
    assert read_value(text, "x") == value


def test_a_scenario_of_ones_own_travels_in_the_link() -> None:
    text = "extends: onsale-small\nredis: {shards: 3}  # Übung\n"
    again = restored(View(design=Design(text=text).with_value("clients.count", 50)))
    assert again.design.text == text
    assert again.design.built().redis.shards == 3
    assert again.design.built().clients.count == 50


def test_a_link_too_long_for_a_browser_is_none() -> None:
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=2 * LONGEST))
    assert query_of(View(design=Design(text=f"# {noise}\nextends: onsale-small\n"))) is None


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"v": "2"}, "version 2"),
        ({"scenario": "onsale-900k"}, "scenario: 'onsale-900k' is not known"),
        ({"scenario": "/etc/passwd"}, "is not known"),
        ({"set": "redis.shards=0", "scenario": "onsale-300k"}, "redis.shards: 0 is not allowed"),
        ({"set": "redis.shard=3", "scenario": "onsale-300k"}, "did you mean redis.shards"),
        ({"set": "nonsense", "scenario": "onsale-300k"}, "PATH=VALUE"),
        ({"seed": "-1"}, "seed: '-1' is not allowed"),
        ({"seed": "9" * 30}, "seed"),
        ({"n": "0"}, "n: '0' is not allowed; must be an integer from 1 to 200"),
        ({"pairs": "x"}, "pairs"),
        ({"yaml": "!!!"}, "damaged"),
        ({"yaml": "AAAA"}, "damaged"),
        ({"b.scenario": "nope"}, "nope"),
    ],
)
def test_a_link_that_is_wrong_says_so_in_one_line(params: dict[str, str | list[str]], said: str) -> None:
    assert said in refused(**params)


def test_a_link_typed_by_hand_needs_no_version() -> None:
    assert view_at({"scenario": "hot-slot"}).design == Design("hot-slot")


def test_a_link_does_not_blow_up() -> None:
    bomb = urlsafe_b64encode(zlib.compress(b"a" * 5_000_000, 9)).decode().rstrip("=")
    assert "must be a mapping" in refused(yaml=bomb)


def test_what_is_the_default_stays_out_but_the_version() -> None:
    assert params_of(View()) == {"v": "1", "scenario": "onsale-300k"}


@pytest.mark.parametrize("name", [name for name, _ in scenario_names()])
def test_changing_a_setting_back_is_no_change(name: str) -> None:
    design = Design(name)
    for path, value in (("redis.shards", 77), ("clients.poll_interval_s", 2.5), ("autoscaling.max_pods", 31)):
        changed = design.with_value(path, value)
        assert changed.value(path) == value
        assert changed.with_value(path, design.given(path)) == design
        assert changed.without(path) == design


def test_scaling_is_switched_on_and_off_with_what_is_below_it() -> None:
    on = Design().with_value("autoscaling", {}).with_value("autoscaling.min_pods", 5)
    assert on.built().autoscaling is not None
    assert on.built().autoscaling.min_pods == 5
    assert on.without("autoscaling") == Design()
    off = Design("autoscale-from-3").with_value("autoscaling", None)
    assert off.built().autoscaling is None


def test_lines_of_changes_are_applied_or_refused() -> None:
    assert changed_by(Design(), ["redis.shards=3", "", " clients.poll_interval_s=2"]).label == (
        "onsale-300k, clients.poll_interval_s=2, redis.shards=3"
    )
    with pytest.raises(BadInput, match="shards"):
        changed_by(Design(), ["redis.shards=0"])
