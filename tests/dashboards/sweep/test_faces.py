"""A sweep as people see it: sentences, table, figures, page, files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from dashboards.figures.sweep import figures_of
from dashboards.sweep import output
from dashboards.sweep.output import SWEEP_FILES, cached_store, write_sweep
from dashboards.sweep.page import page_of
from dashboards.sweep.terminal import ROWS_SHOWN, short_names, sweep_view
from dashboards.sweep_words import findings, headline, rounding_note
from models.experiments.sweep.design import Point, design_of
from models.experiments.sweep.records import document_of, manifest_of, table_of
from models.experiments.sweep.run import Sweep
from models.judge.asked import asked_for
from tests.dashboards.synthetic import printed
from tests.sweeps import sweep_of

CPU = "redis.engine_cpu_peak_60s_percent"


def by_shards(*more: str, half: float | None = 1.0) -> Sweep:
    """Shards from 5 down to 1, of which 3 hold, and perhaps more parameters."""
    design = design_of(["redis.shards=5,4,3,2,1", *more], None, 1)
    kpis = {CPU: lambda point: min(100.0, 240 / point["redis.shards"]), "latency.status_p99_ms": _latency}
    return sweep_of(design, kpis, half=half)


def _latency(point: Point) -> float:
    return 4000 / float(point["redis.shards"]) ** 3


def shown(sweep: Sweep) -> str:
    return printed(sweep_view(sweep, asked_for("onsale-small", [])))


def test_the_terminal_says_what_holds_and_where_it_breaks() -> None:
    text = shown(by_shards())
    assert "3 of 5 cells hold." in text
    assert "engine CPU passes 90 % between redis.shards=3 and redis.shards=2" in text
    assert "status p99 passes 1,000 ms between redis.shards=2 and redis.shards=1" in text
    assert "mean wait stays within 5 min in all 5 cells" in text
    assert "80 ± 1" in text
    assert "✗ 100 ± 1" in text
    assert max(map(len, text.splitlines())) <= 100


def test_without_intervals_that_is_said() -> None:
    text = shown(by_shards(half=None))
    assert "One replication: no interval" in text
    assert "±" not in text


def test_a_long_table_is_cut_and_says_so() -> None:
    values = ",".join(str(value) for value in range(1, ROWS_SHOWN + 8))
    assert "and 7 more" in shown(sweep_of(design_of([f"gateway.pods={values}"], None, 1), {}))


def test_a_second_parameter_says_under_which_conditions() -> None:
    sweep = sweep_of(
        design_of(["redis.shards=3,2", "clients.poll_interval_s=1,2,5"], None, 1),
        {CPU: lambda point: 240 / point["redis.shards"] / (1 if point["clients.poll_interval_s"] < 5 else 2)},
        half=0.1,
    )
    lines = findings(sweep)
    assert lines[0] == (
        "engine CPU passes 90 % between redis.shards=3 and redis.shards=2, "
        "at clients.poll_interval_s=1; clients.poll_interval_s=2"
    )
    everywhere = sweep_of(sweep.design, {CPU: lambda point: 240 / point["redis.shards"]}, half=20)
    assert findings(everywhere)[0].endswith("redis.shards=2, whatever the rest (not certain: an interval spans it)")
    assert headline(everywhere) == "3 of 6 cells hold."


def test_a_hypercube_says_from_where_on_all_points_hold_and_what_was_rounded() -> None:
    design = design_of(["clients.poll_interval_s=1..9", "redis.shards=1..2"], 30, 1)
    text = shown(sweep_of(design, {CPU: lambda point: 270 / point["clients.poll_interval_s"]}, half=0.1))
    assert "engine CPU stays within 90 % in all" in text
    assert "points with clients.poll_interval_s from" in " ".join(text.split())
    assert "redis.shards: rounded to integers." in text
    few = design_of(["redis.shards=1..3"], 10, 1)
    assert rounding_note(few).endswith("7 points of 10 became equal to others and were left out.")


def test_names_are_short_where_they_can_be() -> None:
    assert short_names(("redis.shards", "gateway.pods")) == ["shards", "pods"]
    assert short_names(("clients.poll_interval_s", "clients.bots.poll_interval_s")) == [
        "clients.poll_interval_s",
        "clients.bots.poll_interval_s",
    ]


def test_figures_say_the_finding_and_carry_intervals_and_the_limit() -> None:
    figures = figures_of(by_shards())
    assert list(figures) == ["latency.status_p99_ms", CPU]  # what is the same everywhere has no figure
    cpu = figures[CPU]
    assert cpu.layout.title.text == "Engine CPU passes 90 % between redis.shards=3 and redis.shards=2"
    (line,) = cpu.data
    assert list(line.x) == [1, 2, 3, 4, 5]
    assert list(line.error_y.array) == [1] * 5
    assert cpu.layout.shapes[0].y0 == 90
    assert cpu.layout.yaxis.title.text == "engine CPU, %"
    assert figures["latency.status_p99_ms"].layout.yaxis.type == "log"


def test_the_shape_of_a_figure_follows_what_was_varied() -> None:
    lines = figures_of(by_shards("clients.poll_interval_s=1,2,5"))[CPU]
    assert [trace.name for trace in lines.data] == [f"clients.poll_interval_s={value}" for value in (1, 2, 5)]
    words = figures_of(by_shards("waiting_room.ticket_order=counter,pod_clock"))[CPU]
    assert len(words.data) == 2
    sixty = by_shards("clients.poll_interval_s=1,2,3,4,5,6,7,8,9,10,11,12")
    assert [trace.type for trace in figures_of(sixty)[CPU].data] == ["scatter"] * 5
    square = by_shards("clients.poll_interval_s=1,2,3,4,5,6,7", "gateway.pods=2")
    assert [trace.type for trace in figures_of(square)[CPU].data] == ["scatter"] * 5


def test_two_parameters_of_many_values_make_a_heat_map_with_intervals() -> None:
    seven = "1,2,3,4,5,6,7"
    design = design_of([f"redis.shards={seven}", f"clients.poll_interval_s={seven},8"], None, 1)
    sweep = sweep_of(design, {CPU: lambda point: 240 / point["redis.shards"]}, half=2)
    (heat,) = figures_of(sweep)[CPU].data
    assert heat.type == "heatmap"
    assert (len(heat.y), len(heat.x)) == (7, 8)
    assert heat.text[0][0] == "✗ 240 ± 2"
    assert heat.text[6][7] == "34.3 ± 2"


def test_points_show_each_parameter_and_what_breaks() -> None:
    design = design_of(["clients.poll_interval_s=1..9", "admission.rate_rps=10..90"], 12, 1)
    figure = figures_of(sweep_of(design, {CPU: lambda point: 270 / point["clients.poll_interval_s"]}, half=1))[CPU]
    assert [trace.name for trace in figure.data] == ["holds", "breaks"] * 2
    assert sum(len(trace.x) for trace in figure.data[:2]) == 12
    assert all(y > 90 for y in figure.data[1].y)


def test_the_table_has_a_row_for_each_cell_and_kpi() -> None:
    sweep = by_shards("waiting_room.ticket_order=counter,pod_clock")
    table = table_of(sweep)
    assert list(table.columns) == [
        "cell", "redis.shards", "waiting_room.ticket_order", "kpi", "low", "best", "high", "n", "unit",
    ]  # fmt: skip
    assert len(table) == 10 * len(sweep.cells[0].estimates)
    row = table[(table["redis.shards"] == 4) & (table["kpi"] == CPU)].iloc[0]
    assert (row["low"], row["best"], row["high"], row["n"], row["unit"]) == (59, 60, 61, 3, "percent")


@pytest.mark.parametrize(
    ("vary", "kind"),
    [
        ("redis.shards=3,5", "int64"),
        ("clients.poll_interval_s=2,4.5", "float64"),
        ("waiting_room.replica_reads=true,false", "bool"),
        ("waiting_room.core=index,keys", "str"),
        ("waiting_room.event_tags=null,[a]", "str"),
    ],
)
def test_columns_of_parameters_have_their_kind(vary: str, kind: str, tmp_path: Path) -> None:
    table = table_of(sweep_of(design_of([vary], None, 1), {}))
    table.to_parquet(tmp_path / "t.parquet")
    column = pd.read_parquet(tmp_path / "t.parquet")[vary.partition("=")[0]]
    assert str(column.dtype) == kind or (kind == "str" and isinstance(column.iloc[0], str))


def test_the_document_has_cells_levels_and_knees() -> None:
    document = json.loads(json.dumps(document_of(by_shards())))
    assert document["parameters"] == [{"path": "redis.shards", "values": [5, 4, 3, 2, 1]}]
    assert [cell["holds"] for cell in document["cells"]] == [True, True, True, False, False]
    assert document["cells"][1]["kpis"][CPU] == {"low": 59, "best": 60, "high": 61, "n": 3, "unit": "percent"}
    assert {"name", "limit", "value", "met"} == set(document["cells"][0]["slo"][0])
    knee = next(knee for knee in document["knees"] if knee["level"] == "engine_cpu_percent")
    assert (knee["path"], knee["holds_at"], knee["breaks_at"]) == ("redis.shards", 3, 2)


def test_a_sweep_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = by_shards()
    write_sweep(tmp_path / "out", sweep, asked_for("onsale-small", ["gateway.pods=4"]), "here")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(SWEEP_FILES)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["settings"] == ["gateway.pods=4"]
    assert [cell["settings"] for cell in manifest["cells"]] == [{"redis.shards": value} for value in (5, 4, 3, 2, 1)]
    before = (tmp_path / "out/sweep.html").read_bytes()

    def interrupted(*_: object) -> pd.DataFrame:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "table_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_sweep(tmp_path / "out", sweep, asked_for("onsale-small", []), "here")
    assert (tmp_path / "out/sweep.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_page_needs_nothing_else_and_shows_text_as_text() -> None:
    sweep = by_shards("clients.poll_interval_s=1,2")
    page = page_of(sweep, manifest_of(sweep, asked_for("onsale-small", ["name=<script>"]), "here"))
    assert "6 of 10 cells hold." in page
    assert "&lt;script&gt;" in page
    assert "name=<script>" not in page
    assert page.count('class="card figure"') == 2
    assert 'src="http' not in page


def test_the_cache_is_the_same_for_the_same_sweep_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cells = [cell.cell for cell in by_shards().cells]
    place = cached_store(cells, [1, 2])
    assert place == cached_store(cells, [1, 2])
    assert place.is_relative_to(tmp_path)
    assert len({place, cached_store(cells, [1, 3]), cached_store(cells[1:], [1, 2])}) == 3


def test_a_place_in_the_cache_is_not_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cells = [cell.cell for cell in by_shards().cells]
    place = cached_store(cells, [1])
    place.mkdir(parents=True)
    cached_store(cells, [2])
    assert place.exists()
    monkeypatch.setattr(output, "_FORGOTTEN_AFTER_S", -1.0)
    cached_store(cells, [2])
    assert not place.exists()
