"""What a pod takes for a request, and how it numbers and repeats its handshakes: arithmetic of both engines."""

from models.plan.service import UNIT
from models.vocabulary.instants import NUMBERS
from models.vocabulary.units import SECOND
from sim.jit import compiled


@compiled
def cpu_time(unit: int, mean: int) -> int:
    """Return a CPU time in ns: a draw from the unit table times the endpoint's mean."""
    return (unit * mean) // UNIT


DIAL_AGAIN_NS = SECOND
"""A starting pod whose handshake has failed waits so long before the next (assumption)."""
LIFE_SHIFT = 14
"""A handshake's number is the pod's life times 2**14 plus the connection's own number (at most 10,000 in a pool).

Of the life it has so many bits as are left: two of a pool at an instant are of one life and the next.
"""
_LIVES = NUMBERS >> LIFE_SHIFT


@compiled
def handshake_number(life: int, connection: int) -> int:
    """Return the number of the event that opens a connection."""
    return ((life & _LIVES) << LIFE_SHIFT) + connection
