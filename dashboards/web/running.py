"""From a job to its value, in the page: asked for, shown on its way, taken from what is finished, or stopped."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import streamlit as st

from dashboards.progress import progress_words
from dashboards.web.drawing import notice
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Job
from dashboards.web.messages import Done, Progressed
from dashboards.web.worker import Worker

ASKED, PRESSED, REFUSED, SHOWN, VISITED = "asked", "pressed", "refused", "shown", "visited"
J = TypeVar("J", bound=Job)
LISTEN_S = 0.5
"""How often the bar moves, and how soon a click stops the run."""


class Awaited(NamedTuple):
    """The job of a page, None if it has none, and the place where it shows how far that is."""

    job: Job | None
    place: Any


@st.cache_resource(scope="session", on_release=Worker.close, show_spinner=False)
def worker() -> Worker:
    """The worker process of this session; it is killed when the session ends."""
    return Worker()


def ask(key: str, page: str) -> None:
    """Want the value of the job with that key on a page."""
    _by_page(ASKED)[page] = key
    _by_page(REFUSED).pop(page, None)


def press(page: str) -> None:
    """Want the value of whatever job a page has when it is drawn next: a click can overtake a change of settings."""
    st.session_state[PRESSED] = page


def pressed(page: str) -> bool:
    """Whether that is wanted of this page; only the first call says so."""
    return bool(st.session_state.pop(PRESSED, None) == page)


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


def begin(job: Job | None, page: str) -> None:
    """Have the worker start what the page waits for, before anything is drawn: that takes a while, too."""
    if job is not None and is_asked(job, page) and worker().key != job.key:
        worker().ask(job, page)


def is_asked(job: Job, page: str) -> bool:
    """Whether the page still waits for this job."""
    return _by_page(ASKED).get(page) == job.key and FINISHED.get(job.key) is None


def first_visit(page: str) -> bool:
    """Whether this session sees a page for the first time; only the first call says so."""
    seen: set[str] = st.session_state.setdefault(VISITED, set())
    new = page not in seen
    seen.add(page)
    return new


def last_shown(page: str, job: J | None, note: Any) -> tuple[tuple[J, Any], Any] | None:
    """What the page can show: *job* with its *note* and value, or else those of the job that it showed last.

    None if nothing of that is known, or not any more.
    """
    shown: dict[str, tuple[J, Any]] = st.session_state.setdefault(SHOWN, {})
    if job is not None and FINISHED.get(job.key) is not None:
        shown[page] = job, note
    if page not in shown or (value := FINISHED.get(shown[page][0].key)) is None:
        return None
    return shown[page], value


def hint(job: Job | None, page: str, text: str) -> None:
    """Where there is no result yet, say what to do for one."""
    if job is not None:
        st.caption("It is being run." if is_asked(job, page) else text)


def finish(awaited: Awaited, page: str) -> None:
    """When all is drawn: say why the last run failed, or wait for the one that is asked for."""
    job, place = awaited
    if (message := _by_page(REFUSED).get(page)) is not None:
        notice(message, bad=True, place=place)
    elif job is not None and is_asked(job, page):
        _wait(job, page, place)


def _wait(job: Job, page: str, place: Any) -> None:
    """Show in *place* how far the job is until it ends, then run the page again.

    A click in between ends this wait and not the job: the page takes it up again, or another job takes its place.
    """
    begin(job, page)
    crew = worker()
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
