"""What belongs to a run as a whole."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class RunParams(NamedTuple):
    """A run ends at `end`, ns; its draws begin at `starts`, uint64[streams] (see `sim.draws`)."""

    end: int
    starts: NDArray[np.uint64]
