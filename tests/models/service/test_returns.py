"""What comes back to a pod, against a plain list of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine.agenda import NOTHING
from models.run.compiled import KernelPlane
from models.service.returns import claim, give_back, has_room, settle
from sim.servers import BUSY
from sim.views import seen_compiled
from tests.models.recordings import planned

STEPS = st.lists(
    st.tuples(st.sampled_from(["back", "settle", "claim"]), st.integers(1, 40), st.integers(0, 2)), max_size=60
)


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_everything_is_back_at_its_time_and_the_first_is_taken_first(steps):
    plane = KernelPlane(planned("clients.count=3", name="onsale-small"))
    view, service = seen_compiled(plane.world), plane.world.service
    coming, now, in_use, working = [], 0, [100, 100, 100], 100
    service.workers[0, BUSY] = working
    service.connections[:3, BUSY] = in_use
    for what, number, node in steps:
        if what == "back" and has_room(view, 0):
            give_back(view, 0, node, now + number, 1)
            coming.append([now + number, node, True])
        elif what == "settle":
            now += number
            settle(view, 0, now)
            for time, of, free in [back for back in coming if back[0] < now]:
                working -= 1
                in_use[of] -= free
                coming.remove([time, of, free])
        elif what == "claim":
            free = sorted(back for back in coming if back[1] == node and back[2])
            taken = claim(view, 0, node, now + number)
            if free and free[0][0] < now + number:
                assert taken == free[0][0]
                free[0][2] = False
            else:
                assert taken == NOTHING
        assert service.workers[0, BUSY] == working
        assert service.connections[:3, BUSY].tolist() == in_use
