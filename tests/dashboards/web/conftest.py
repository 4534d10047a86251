"""Pages without a simulation: results that look real, and a worker that is never asked."""

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.web import running
from dashboards.web.design import Design
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Run
from models.judge.verdict import judge
from tests.dashboards.synthetic import onsale_result

PATIENCE_S = 60
Shown = Callable[..., AppTest]


class Idle:
    """A worker that has nothing to do, and must not be given anything."""

    busy, page = False, None
    key: str | None = None


@pytest.fixture(autouse=True)
def _same_main(monkeypatch: pytest.MonkeyPatch) -> None:
    # a page that is shown stays __main__, and the worker processes of later tests would run it once more
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "worker", Idle)


@pytest.fixture
def shown(idle: None) -> Shown:
    """Show the app to somebody who comes with a link of these parameters."""

    def show(**params: str | list[str]) -> AppTest:
        app = AppTest.from_string("from dashboards.web.app import main\nmain()", default_timeout=PATIENCE_S)
        for name, value in params.items():
            app.query_params[name.replace("__", ".")] = value
        return app.run()

    return show


def finished_run(design: Design, seed: int = 1) -> Run:
    """Let the run of a design, and the one beside it, be finished, with results that look real."""
    beside = None if design.text is not None else design.base().beside
    designs = [design, *([] if beside is None else [replace(design, scenario=beside)])]
    jobs = [Run(each.built(), seed, 1) for each in designs]
    for job in jobs:
        result = onsale_result(job.scenario, manifest={"seed": seed})
        FINISHED.put(job.key, (result, judge(result, job.scenario)))
    return jobs[0]
