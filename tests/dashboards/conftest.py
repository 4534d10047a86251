"""Runs that look real, for every face to show."""

import pytest

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
