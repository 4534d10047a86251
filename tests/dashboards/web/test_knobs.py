import pytest

from dashboards.web.design import Design
from dashboards.web.knobs import GROUPS, knob, label_of, shown_paths, step_of
from dashboards.web.widgets import choices_with
from models.scenario import load_scenario
from sim.errors import BadInput

PATHS = [path for group in GROUPS for path in (*group.main, *group.more)]


def test_the_groups_follow_the_way_of_a_request() -> None:
    titles = [group.title for group in GROUPS]
    assert titles[:7] == [
        "Clients",
        "Network",
        "Mesh and daemons",
        "Gateway",
        "Waiting room and admission",
        "Redis",
        "Seats and reservations",
    ]
    assert len(PATHS) == len(shown_paths())


@pytest.mark.parametrize("path", PATHS)
def test_every_knob_takes_its_limits_and_words_from_the_schema(path: str) -> None:
    shown = knob(path)
    assert path in shown.help
    assert 3 < len(shown.label) < 75
    if shown.kind in ("integer", "number"):
        for end in (shown.low, shown.high):
            assert end is not None
        beyond = int(shown.high or 0) + 1
        with pytest.raises(BadInput, match=f"{path}: .*is not allowed"):
            load_scenario("autoscale-from-3", [f"{path}={beyond}"])
    if shown.kind == "choice":
        assert Design("autoscale-from-3").value(path) in shown.choices


def test_a_label_is_the_name_without_its_source() -> None:
    assert label_of("shards, each a primary (the talk)") == "Shards, each a primary"
    assert label_of("pods at the start; fixed (the talk: 30 (of 40))") == "Pods at the start"
    assert label_of("status by ZRANK (index) or KEYS (the talk: index)") == "Status by ZRANK (index) or KEYS"


@pytest.mark.parametrize(
    ("value", "kind", "step"),
    [(300_000, "integer", 10_000), (5, "integer", 1), (30, "integer", 1), (5.0, "number", 1.0), (0.2, "number", 0.1)],
)
def test_one_click_is_of_the_numbers_size(value: float, kind: str, step: float) -> None:
    assert step_of(value, kind) == pytest.approx(step)  # type: ignore[arg-type]


def test_a_value_that_is_no_choice_of_ours_is_among_the_choices() -> None:
    shown = knob("redis.profile")
    assert choices_with(shown, "talk-m7g") == shown.choices
    assert choices_with(shown, "mine/measured.json") == (*shown.choices, "mine/measured.json")


def test_people_and_bots_are_named_where_each_has_its_own_interval() -> None:
    assert knob("clients.poll_interval_s").label.endswith("of a person")
    assert knob("clients.bots.poll_interval_s").label.endswith("of a bot")
    always = {path for group in GROUPS for path in group.main}
    assert {"clients.poll_interval_s", "clients.bots.poll_interval_s"} <= always
