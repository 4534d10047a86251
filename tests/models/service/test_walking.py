"""Both engines walk whatever program stands in the table, step for step."""

from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from models.engine.record import NODES, PER_NODE, REQUESTS, Column
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.plan.programs import GATEWAY_ADMISSION, Programs, Step, asks_once, program_table
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.run import run_under
from models.vocabulary.operations import Op
from models.vocabulary.places import Place
from models.vocabulary.verbs import Verb, Whom
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, total

FEW = ("clients.count=60", "run.duration_s=12", "event={seats: 40, choose: {median_s: 1}}", "admission.rate_rps=20")
CPU, ANSWER = Step(Verb.CPU), Step(Verb.ANSWER)
MIDDLE = st.sampled_from([CPU, *(Step(Verb.REDIS, whom) for whom in (Whom.ROOM, Whom.PRIMARY, Whom.READER))])
ASKED = (Op.JOIN, Op.STATUS, Op.ENTER, Op.LEAVE)


def following(plan: Plan, programs: Programs) -> Plan:
    """The same run with other programs."""
    table = program_table({Place.GATEWAY: {**GATEWAY_ADMISSION[Place.GATEWAY], **programs[Place.GATEWAY]}})
    service = plan.params.service._replace(program=table, asks_once=asks_once(table))
    return replace(plan, params=plan.params._replace(service=service))


def run(plan: Plan) -> Recording:
    plane = KernelPlane(plan)
    run_under(Control, plan, plane)
    return plane.recording()


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(
    st.fixed_dictionaries({op: st.lists(MIDDLE, max_size=4) for op in ASKED}),
    st.sampled_from(["keep_line", "announce"]),
    st.sampled_from([64, 1]),
)
def test_both_engines_walk_any_program(middles, on_sold_out, connections):
    """Several questions in a row, computing in between, none at all; with a pool of one they wait for each other."""
    plan = planned(*FEW, f"event.on_sold_out={on_sold_out}", f"gateway.redis_pool_size={connections}")
    programs = {op: (CPU, *middle, ANSWER) for op, middle in middles.items()}
    assert_agreement(following(plan, {Place.GATEWAY: programs}))


@pytest.mark.parametrize("rounds", [2, 9])
def test_a_script_of_several_calls_is_a_program_of_as_many_steps(rounds):
    """A join of so many questions is as many requests at a node, and takes as many round trips to it."""
    alone = ("clients.count=1", "network.zones=1", "waiting_room={expire_every_s: 3600, replica_reads: false}")
    plan = planned(*FEW, *alone)
    question = Step(Verb.REDIS, Whom.ROOM)
    once, often = run(plan), run(following(plan, {Place.GATEWAY: {Op.JOIN: (CPU, *[question] * rounds, ANSWER)}}))
    for recording, questions in ((once, 1), (often, rounds)):
        joins, others = total(recording, Column.SENT + Op.JOIN), (Op.STATUS, Op.ENTER, Op.LEAVE)
        asked = questions * joins + sum(total(recording, Column.SENT + op) for op in others)
        assert joins == 1
        assert recording.record.series.sum(axis=0)[NODES + REQUESTS :: PER_NODE].sum() == asked
    to_node = int(plan.params.network.delay[plan.params.network.hop[Place.GATEWAY, Place.REDIS]["first"]])
    assert often.record.total[0, Op.JOIN] - once.record.total[0, Op.JOIN] > 2 * (rounds - 1) * to_node


def test_computing_twice_is_twice_the_work_of_a_pod():
    plan = planned(*FEW, "clients.count=20", "gateway.cpu_sigma=0", "gateway.cpu_us={join: 5000}")
    twice = following(plan, {Place.GATEWAY: {Op.JOIN: (CPU, CPU, Step(Verb.REDIS, Whom.ROOM), ANSWER)}})
    busy = [total(run(each), Column.GATEWAY_BUSY_NS) for each in (plan, twice)]
    assert busy[1] - busy[0] == pytest.approx(20 * int(plan.params.service.cpu_mean[Place.GATEWAY, Op.JOIN]), rel=1e-3)
