"""The comparison of the engines: a reference that does something else is caught, by what it does first."""

import numpy as np
import pytest

from models.clients.reference import Clients
from models.engine.record import NODES, PER_NODE, QUEUE, REQUESTS, Column, Level
from models.engine.reference_run import Run
from models.redis.reference import Redis
from models.run.agreement import column_names, compare_engines
from models.service.reference import Gateway
from models.service.reference_backend import Backend
from models.vocabulary.instants import Kind
from models.vocabulary.operations import Op
from models.waiting_room.specification import WaitingRoom
from tests.models.recordings import planned
from tests.models.runs import recording_of

ONSALE = ("clients.count=300", "run.duration_s=20", "event.choose.median_s=1", "waiting_room.replica_reads=false")
SLOW = ("admission.rate_rps=5", "admission.burst=5")
AT_ONCE = "clients.arrival={profile: uniform, over_s: 0}"
IMPATIENT = ("clients.patience={median_s: 8, sigma: 0.7}", "clients.leave_share=0.5", "run.duration_s=40")


def test_a_reference_that_polls_late_is_caught_at_its_first_late_request(monkeypatch):
    poll = Clients._poll

    def a_little_late(clients, c, position):
        following = poll(clients, c, position)
        return (following[0], following[1] + 1) if (c.s, c.number) == (5, 2) else following

    monkeypatch.setattr(Clients, "_poll", a_little_late)
    agreement = compare_engines(planned(*ONSALE, *SLOW))
    assert not agreement
    ours, theirs = agreement.divergence.in_kernel, agreement.divergence.in_reference
    assert ours[1:] == theirs[1:] == (Kind.ARRIVE, 5, 3)
    assert theirs.time_ns == ours.time_ns + 1
    assert f"> {agreement.divergence.index:6} {ours}" in str(agreement)


def test_a_reference_that_stops_early_is_caught(monkeypatch):
    monkeypatch.setattr(Clients, "_after_failure", lambda clients, c: None)
    agreement = compare_engines(planned(*ONSALE, AT_ONCE, "gateway.worker_slots=2", "gateway.backlog=3"))
    assert agreement.divergence.in_kernel.kind == Kind.ARRIVE
    assert agreement.divergence.in_kernel.number == 2


def test_a_reference_that_does_not_count_is_caught_by_the_name_of_the_column(monkeypatch):
    count = Run.count
    monkeypatch.setattr(Run, "count", lambda run, column, amount=1: column == Column.LEFT or count(run, column, amount))
    plan = planned(*ONSALE, *IMPATIENT, *SLOW)
    agreement = compare_engines(plan)
    left = recording_of(plan).column(Column.LEFT)
    second = int(left.nonzero()[0][0])
    assert agreement.divergence is None
    assert agreement.difference == f"left in second {second}: {left[second]} in the kernel, 0 in the reference"


def test_a_reference_that_forgets_a_sign_of_life_is_caught_by_the_place(monkeypatch):
    plan = planned(*ONSALE, *SLOW)
    waiting = int(np.flatnonzero(recording_of(plan).sessions.in_place)[0])
    heartbeat = WaitingRoom._heartbeat

    def forgetful(room, token, now_ms):
        heartbeat(room, token, now_ms - (token == waiting))

    monkeypatch.setattr(WaitingRoom, "_heartbeat", forgetful)
    assert compare_engines(plan).difference.startswith(f"seen[{waiting}] of waiting room 0: ")


@pytest.mark.parametrize(("part", "holder"), [("service", Gateway), ("reservation", Backend), ("redis", Redis)])
def test_a_reference_in_which_one_more_request_came_to_a_part_is_caught_by_the_name_of_the_part(
    part, holder, monkeypatch
):
    flow = holder.flow
    monkeypatch.setattr(holder, "flow", lambda whole: flow(whole)._replace(came=flow(whole).came + 1))
    assert compare_engines(planned(*ONSALE)).difference.startswith(f"requests of {part}: ")


def test_every_column_of_the_series_has_its_name():
    plan = planned(*ONSALE, "waiting_room.replica_reads=true")
    names = column_names(plan)
    assert len(set(names)) == len(names) == recording_of(plan).record.series.shape[1]
    assert names[Column.SENT + Op.ENTER] == "sent_enter"
    assert names[Column.FAILED_REFUSED] == "failed_refused"
    assert names[Column.LEVELS + Level.CALLED] == "called"
    assert names[NODES + PER_NODE * 2 + REQUESTS] == "shard_2_requests"
    assert names[NODES + PER_NODE * 9 + QUEUE] == "shard_4_replica_0_queue"
