"""What a link, a file or an upload says is text: never Markdown or HTML, and never the name of a file here."""

from pathlib import Path

import pytest

from dashboards.figures.differences import differences
from dashboards.web.design import FILES, Design, changed_by
from dashboards.web.drawing import verbatim
from dashboards.web.own import problems_in
from models.scenario import load_scenario
from sim.errors import BadInput
from tests.dashboards.synthetic import difference
from tests.dashboards.web.conftest import Shown, finished_run
from tests.dashboards.web.pages import html, labels, notices, texts

IMAGE = "![x](http://tracker.example/seen.png)"
MARKUP = "<img src=http://tracker.example/seen.png>"
PASSWD = "/etc/passwd"


@pytest.mark.parametrize("name", ["page", "scenario", "seed", "n", "set", "yaml", "v"])
@pytest.mark.parametrize("said", [IMAGE, MARKUP])
def test_a_link_that_is_refused_is_quoted_and_not_rendered(shown: Shown, name: str, said: str) -> None:
    finished_run(Design())
    app = shown(**{"v": "1", "scenario": "onsale-300k", name: said})
    assert any(said[:20] in line or "damaged" in line for line in notices(app))
    assert not [
        element for element in [*app.error, *app.warning, *app.markdown, *app.caption] if "tracker" in element.value
    ]
    assert "<img" not in html(app)


def test_settings_of_a_link_are_not_rendered_in_labels(shown: Shown) -> None:
    design = changed_by(Design(), [f"description='{IMAGE}'", f"name={'x' * 9}"])
    finished_run(design)
    app = shown(v="1", scenario="onsale-300k", set=design.changes)
    found = [label for label in labels(app) if "tracker" in label]
    assert found
    assert all(label.startswith("` ") and "` · undo" in label for label in found)
    assert f'` description="{IMAGE}"' in "".join(found)
    assert "tracker" not in " ".join(element.value for element in [*app.markdown, *app.caption, *app.warning])


def test_a_description_of_a_pasted_scenario_is_not_rendered(shown: Shown) -> None:
    design = Design(text=f"extends: onsale-300k\ndescription: '{IMAGE} {MARKUP}'\n")
    finished_run(design)
    app = shown(v="1", scenario="onsale-300k")
    app.selectbox(key="scenario").select("a scenario of your own").run()
    app.text_area(key="own text").set_value(design.text).run()
    assert not app.exception
    assert "tracker" not in " ".join(element.value for element in [*app.markdown, *app.caption, *app.warning])
    assert "<img" not in html(app)
    assert texts(app)


@pytest.mark.parametrize(("text", "fence"), [("a", "`"), ("a`b", "``"), ("``` x", "````"), (IMAGE, "`")])
def test_text_in_a_label_stands_between_marks_that_it_does_not_hold(text: str, fence: str) -> None:
    assert verbatim(text) == f"{fence} {text} {fence}"
    assert fence not in text


def test_names_in_figures_are_text() -> None:
    found = {
        f"B <a href='http://tracker.example'>{MARKUP}</a>": {"wait.mean_s": difference("wait.mean_s", "s", 5, 1, 0.1)}
    }
    drawn = differences(found, ["wait.mean_s"], f"A {MARKUP}").to_json()
    assert drawn is not None
    assert "<img" not in drawn
    assert "<a " not in drawn


@pytest.mark.parametrize(
    "parent", [PASSWD, "../scenarios/onsale-300k.yaml", "own.yaml", "/dev/zero", "onsale-300k.yaml"]
)
def test_a_pasted_text_extends_shipped_scenarios_only(
    parent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text("extends: onsale-300k\n", encoding="utf-8")
    (problem,) = problems_in(Design(text=f"extends: {parent}\n"))
    assert problem.startswith("extends: ")
    assert "no scenario that can be extended here" in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("redis.profile", "redis: {profile: %s.json}"),
        ("clients.arrival.file", "clients: {arrival: {profile: trace, file: %s}}"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_pasted_text_names_no_file_and_does_not_tell_which_are_there(
    path: str, text: str, there: bool, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if there:
        file.write_text("0.5\n", encoding="utf-8")
        file.with_suffix(".json").write_text("{}", encoding="utf-8")
    (problem,) = problems_in(Design(text="extends: onsale-small\n" + text % file))
    assert problem.startswith(f"{path}: ")
    assert "is a file; files cannot be named here" in problem


@pytest.mark.parametrize(
    "change", ["redis.profile=/x/mine.json", "clients.arrival={profile: trace, file: /etc/passwd}"]
)
@pytest.mark.parametrize("design", [Design(), Design(text="extends: onsale-small\n")])
def test_neither_does_a_setting_of_a_link(design: Design, change: str) -> None:
    with pytest.raises(BadInput, match="files cannot be named here"):
        changed_by(design, [change])


def test_a_profile_that_the_server_was_started_with_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import models.redis_costs.profile

    shipped = Path(models.redis_costs.profile.__file__).parents[1] / "profiles" / "talk-m7g.json"
    mine = tmp_path / "mine.json"
    mine.write_text(shipped.read_text(encoding="utf-8").replace('"talk-m7g"', '"mine"'), encoding="utf-8")
    monkeypatch.setattr("dashboards.web.design.FILES", [*FILES, str(mine)])
    design = Design(text="extends: onsale-small\n# with a profile\n").with_value("redis.profile", str(mine))
    assert design.built().redis.profile == str(mine)


def test_the_command_line_still_reads_files(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: onsale-small\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\n", encoding="utf-8")
    assert load_scenario(tmp_path / "mine.yaml").clients == load_scenario("onsale-small").clients


def test_a_chain_of_scenarios_ends(tmp_path: Path) -> None:
    for k in range(1500):
        (tmp_path / f"{k}.yaml").write_text(f"extends: {k + 1}.yaml\n", encoding="utf-8")
    (tmp_path / "1500.yaml").write_text("extends: onsale-small\n", encoding="utf-8")
    with pytest.raises(BadInput, match="extends more than 20 scenarios, one after another"):
        load_scenario(tmp_path / "0.yaml")
    assert load_scenario(tmp_path / "1490.yaml").event == load_scenario("onsale-small").event
