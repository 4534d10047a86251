"""From a job to its value, in the page: asked for, shown on its way, taken from what is finished, or stopped."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.progress import progress_words
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Job
from dashboards.web.messages import Done, Progressed
from dashboards.web.worker import Worker

ASKED, REFUSED = "asked", "refused"
LISTEN_S = 0.2
"""How often the bar moves, and how soon a click stops the run."""


@st.cache_resource(scope="session", on_release=Worker.close, show_spinner=False)
def worker() -> Worker:
    """The worker process of this session; it is killed when the session ends."""
    return Worker()


def ask(key: str, page: str) -> None:
    """Want the value of the job with that key on a page."""
    _by_page(ASKED)[page] = key
    _by_page(REFUSED).pop(page, None)


def stop(page: str) -> None:
    """Want nothing any more on a page, and stop what is under way for it."""
    _by_page(ASKED).pop(page, None)
    leave_others("")


def leave_others(page: str) -> None:
    """Stop what is under way for any page but this one: it has been left."""
    if worker().busy and worker().page != page:
        worker().cancel()
        _by_page(ASKED).clear()


def settle(job: Job | None, page: str) -> None:
    """Stop what is under way for a page that now shows another job: its settings have been changed."""
    key = None if job is None else job.key
    if worker().busy and worker().key != key:
        stop(page)
    if _by_page(ASKED).get(page) != key:
        _by_page(ASKED).pop(page, None)


def is_asked(job: Job, page: str) -> bool:
    """Whether the page still waits for this job."""
    return _by_page(ASKED).get(page) == job.key and FINISHED.get(job.key) is None


def refusal(page: str) -> str | None:
    """Why what was asked on a page last could not be done; None if it could."""
    return _by_page(REFUSED).get(page)


def wait(job: Job, page: str, place: Any) -> None:
    """Show in *place* how far the job is until it ends, then run the page again.

    A click in between ends this wait and not the job: the page takes it up again, or another job takes its place.
    """
    crew = worker()
    if crew.key != job.key:
        crew.ask(job, page)
    with place.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        bar = left.progress(0.0, "starting")
        right.button("Cancel", key=f"cancel-{page}", on_click=stop, args=(page,), width="stretch")
        while (ended := crew.listen(LISTEN_S)) is None:
            bar.progress(*_shown(crew.progress))
    _by_page(ASKED).pop(page, None)
    if isinstance(ended, Done):
        FINISHED.put(ended.key, ended.value)
    else:
        _by_page(REFUSED)[page] = ended.message
    st.rerun()


def _shown(told: Progressed | None) -> tuple[float, str]:
    if told is None:
        return 0.0, "loading the engine"
    words = progress_words(told.fraction, told.requests, told.wall_s, told.note)
    return min(1.0, max(0.0, told.fraction)), f"{100 * told.fraction:.0f} % {words}".strip()


def _by_page(name: str) -> dict[str, str]:
    found: dict[str, str] = st.session_state.setdefault(name, {})
    return found
