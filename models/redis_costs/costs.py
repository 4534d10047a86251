"""What Redis work costs in a run, as one tuple: a profile's costs and a scenario's changes of the scripts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.engine_thread import EngineThread
from models.redis_costs.profile import Profile


class RedisCosts(NamedTuple):
    """CPU time of a node's engine thread, ns.

    `thread` is what its loop costs, `io` a request's reading and replying, `script` int64[OPS] the overhead of each
    operation's script, `calls` int64[commands, 6] the table of its commands (see `models.redis_costs.commands`), and
    `changes` int64[X, 5] what changed scripts call more or fewer (see `models.waiting_room.script_cost`). `feed` passes
    one writing request on to the replicas, `connect` accepts a connection. A script that lists keys takes
    `listing_swing` / 1024 of that less, and the next one more.
    """

    thread: EngineThread
    io: int
    feed: int
    connect: int
    listing_swing: int
    script: NDArray[np.int64]
    calls: NDArray[np.int64]
    changes: NDArray[np.int64]


def redis_costs(profile: Profile, replicas: int, connect_factor: float, changes: NDArray[np.int64]) -> RedisCosts:
    """Return the costs by a *profile* of nodes with so many *replicas*.

    Accepting a connection costs *connect_factor* times a request with an empty script.
    """
    io, script, feed = (int(value) for value in profile.request_ns())
    return RedisCosts(
        thread=profile.engine_thread(),
        io=io,
        feed=feed * replicas,
        connect=round(connect_factor * (io + script)),
        listing_swing=round(1024 * profile.engine.listing_swing),
        script=profile.script_ns(),
        calls=profile.cost_table(),
        changes=changes,
    )
