"""Runs that look real, for every face to show, and the command where it refuses."""

from collections.abc import Callable

import pytest

from dashboards.cli import app
from dashboards.ending import guarded
from models.judge.verdict import Verdict, judge
from models.results.result import RunResult
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import ladder_run, onsale_result


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return load_scenario("onsale-300k")


@pytest.fixture(scope="session")
def result(scenario: Scenario) -> RunResult:
    return onsale_result(scenario)


@pytest.fixture(scope="session")
def verdict(result: RunResult, scenario: Scenario) -> Verdict:
    return judge(result, scenario)


@pytest.fixture(scope="session")
def ladder() -> Scenario:
    return load_scenario("ladder-index")


@pytest.fixture(scope="session")
def ladder_result(ladder: Scenario) -> RunResult:
    return ladder_run(ladder)


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """The line on stderr of a command that is refused, in this process: starting others for each takes longer."""

    def line(*arguments: str) -> str:
        code = guarded(app, [*arguments])
        out, err = capsys.readouterr()
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err

    return line
