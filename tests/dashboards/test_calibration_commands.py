"""`breakwater calibrate` and its refusals: what is wrong is told in a line, before anything is measured."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.calibration_commands import calibrate
from models.redis_costs.profile import load_profile
from models.scenario import load_scenario
from real_adapter.calibrate import calibration as measuring
from real_adapter.server import server as server_module
from real_adapter.server.server import LocalServer, start_server
from sim.errors import BadInput
from tests.dashboards.test_cli import breakwater, one_line
from tests.real_adapter.fit.known_server import calibration


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server with a password that somebody else has started."""
    with start_server(settings={"requirepass": "geheim"}) as running:
        monkeypatch.setattr(server_module, "_OURS", set())
        yield running


def test_a_server_of_somebody_else_is_measured_into_a_profile_that_a_scenario_takes(
    theirs: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measuring, "calibrate", lambda rig, budget_s, progress: calibration())
    out = tmp_path / "mine.json"
    url = f"redis://:geheim@{theirs.address}"
    code = calibrate(redis=url, allow_remote_writes=True, out=out, node_type="cache.m7g.large")
    assert code == 1  # KEYS was not measured, as it would hold up others
    assert "geheim" not in capsys.readouterr().out
    assert "geheim" not in out.read_text(encoding="utf-8")
    scenario = load_scenario("onsale-small", [f"redis.profile={out}"])
    profile = load_profile(scenario.redis.profile)
    assert (profile.name, profile.node_types) == ("mine", ("cache.m7g.large",))
    with theirs.client() as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("redis://:geheim@{}", "--allow-remote-writes permits it"),
        ("redis://:falsch@{}", "does not let user default in with this password"),
        ("redis://{}", "wants a password"),
        ("rediss://:geheim@{}", "the load driver speaks neither TLS nor"),
    ],
)
@pytest.mark.parametrize("command", ["calibrate", "verify-calibration"])
def test_a_server_that_cannot_be_measured_is_one_line(
    theirs: LocalServer, tmp_path: Path, command: str, place: str, told: str
) -> None:
    profile = ["--profile", "x86-valkey"] if command == "verify-calibration" else []
    line = one_line(breakwater(command, "--redis", place.format(theirs.address), *profile, cwd=tmp_path))
    assert told in line
    assert "geheim" not in line


def test_contradictory_sources_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exclude one another"):
        calibrate(cloudwatch=tmp_path / "a.csv", prometheus=tmp_path / "b.json", out=tmp_path / "p.json")
    with pytest.raises(BadInput, match="--profile: is what an export rescales"):
        calibrate(profile="x86-measured", out=tmp_path / "p.json")
    with pytest.raises(BadInput, match="--requests, --in-line and --replicas say how an export is read"):
        calibrate(requests="commands", out=tmp_path / "p.json")
    with pytest.raises(BadInput, match="--node-type: is of somebody's server"):
        calibrate(node_type="cache.m7g.large", out=tmp_path / "p.json")
    with pytest.raises(BadInput, match=r"--node-type: 'm7g' is not known; must be one of cache\.m7g\.large, "):
        calibrate(redis="redis://127.0.0.1", node_type="m7g", out=tmp_path / "p.json")
    with pytest.raises(BadInput, match="--statistic: is of an export of CloudWatch"):
        calibrate(prometheus=tmp_path / "b.json", statistic="Sum", out=tmp_path / "p.json")


@pytest.mark.parametrize("name", ["profile.txt", "My_Profile.json", ".json", "-x.json"])
def test_a_name_that_no_profile_can_have_is_refused_before_anything_is_measured(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"--out: .* must be NAME\.json"):
        calibrate(out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"--out: .*file cannot be made"):
        calibrate(out=tmp_path / "file" / "p.json")
    (tmp_path / "p.json").mkdir()
    with pytest.raises(BadInput, match=r"--out: .*p\.json is a directory; name a file"):
        calibrate(out=tmp_path / "p.json")
