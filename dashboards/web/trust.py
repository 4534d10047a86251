"""*Can we trust it?*: the profile, predictions against measurements, the talk's claims, and every assumption."""

from __future__ import annotations

from datetime import date
from html import escape

import streamlit as st

from dashboards.accuracy import accuracy_table
from dashboards.figures.accuracy import accuracy_figure
from dashboards.figures.fit import residuals
from dashboards.fitted import profile_notes
from dashboards.ledger.page import answer_html, entries_html
from dashboards.ledger_words import ORDER, grounds_text, headline, words
from dashboards.page import card, folded, table
from dashboards.parts import settings_folded, sums_table
from dashboards.web.drawing import figure, html, notice, small, wrong
from dashboards.web.heading import share
from dashboards.web.jobs import Validate
from dashboards.web.running import Awaited, ask, is_asked, last_shown, settle
from dashboards.web.state import view
from models.judge.standing import trust
from models.judge.wording import plural
from models.ledger.book import Ledger
from models.plan.node_costs import node_costs
from models.redis_costs.profile import KINDS, Profile
from real_adapter.calibrate.accuracy import Verification, stored_verification
from sim.errors import BadInput

PAGE = "trust"
VERIFIED = "x86-valkey"
"""The profile that was measured and verified, shown where that of the design was not."""


def show(problems: tuple[str, ...]) -> Awaited | None:
    """Draw the page; with *problems* there is no design whose grounds could be shown."""
    title, link = st.columns([8, 1.1], vertical_alignment="center")
    title.title("Can we trust it?", anchor=False)
    with link:
        share()
    if problems:
        st.caption("The design in the sidebar cannot be simulated; mend it first.")
        return None
    scenario = view().design.built()
    try:
        profile = node_costs(scenario.redis)
    except BadInput as error:
        wrong(str(error))
        return None
    html(f'<div class="verdict plain"><p>{escape(trust(profile.kind, profile.machine))}</p></div>')
    st.subheader("What Redis costs: the profile of this design", anchor=False)
    _profile(profile)
    st.subheader("Predicted against measured, on a real server", anchor=False)
    _accuracy(profile)
    st.subheader("Assumptions of this design", anchor=False)
    st.caption("Every setting that is not an assumption names its source.")
    html(settings_folded(scenario))
    st.subheader("The talk's claims", anchor=False)
    return _claims()


def _profile(profile: Profile) -> None:
    """What it is, how old, and how well it holds."""
    days = (date.today() - date.fromisoformat(profile.date)).days
    server = profile.server
    rows = [
        ("Profile", f"{profile.name}: {profile.title}"),
        ("Kind", KINDS[profile.kind]),
        ("Machine", profile.machine),
        ("Server", "none, nothing was measured" if server is None else f"{server.name} {server.version}"),
        ("Age", f"{plural(days, 'day')}, of {profile.date}"),
        ("Precision", "reached" if profile.precision.reached else "not reached"),
        ("Source", profile.source),
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in profile_notes(profile))
    body = table((), [(escape(name), escape(text)) for name, text in rows], ("key", ""))
    html(card(f"{body}<ul>{notes}</ul>"))
    drawn = residuals(profile)
    if drawn is not None:
        figure(drawn, "residuals")


def _accuracy(profile: Profile) -> None:
    """The verification of this profile; of the one that was verified, if this was not."""
    found: Verification | None = stored_verification(profile.name)
    if found is None:
        notice(
            f"The profile {profile.name} has not been held against a server: breakwater verify-calibration does that "
            f"where the server is. Below is {VERIFIED}, which was measured and then tried on loads its fit never saw."
        )
        found = stored_verification(VERIFIED)
    if found is not None:
        figure(accuracy_figure(found), "accuracy")
        html(folded(f"All {len(found.cases)} comparisons", accuracy_table(found)))


def _claims() -> Awaited:
    """The ledger: every figure the talk publishes, with its verdict; before it is made, what arithmetic alone says."""
    job = Validate()
    settle(job, PAGE)
    shown = last_shown(PAGE, job, None)
    place = st.empty()
    if shown is None:
        if not is_asked(job, PAGE):
            text, check = st.columns([4, 1], vertical_alignment="center")
            text.write(
                "Each figure that the talk publishes is held against the twin, against sums and against a real Redis. "
                "The runs behind that take some minutes the first time, and are kept."
            )
            check.button("Check every claim", on_click=ask, args=(job.key, PAGE), type="primary", width="stretch")
        html(sums_table())
    else:
        ledger, measured = shown[1]
        answers = "".join(folded(answer.question, answer_html(answer)) for answer in ledger.answers)
        html(f"<p><b>{escape(headline(ledger))}.</b></p>{_by_verdict(ledger)}{answers}")
        small(f"{grounds_text(measured)}.")
    return Awaited(job, place)


def _by_verdict(ledger: Ledger) -> str:
    """The claims under each verdict, folded away."""
    groups = ((verdict, [entry for entry in ledger.entries if entry.verdict == verdict]) for verdict in ORDER)
    return "".join(
        folded(f"{plural(len(entries), 'claim')} {words(verdict)}", card(entries_html(entries)))
        for verdict, entries in groups
        if entries
    )
