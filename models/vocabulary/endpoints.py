"""Endpoints, in compiled code."""

from models.vocabulary.codes import OP_STATUS, OP_STATUS_READ
from sim.jit import inlined


@inlined
def endpoint_of(op: int) -> int:
    """Return the endpoint of an operation: a read-only status is a status."""
    return OP_STATUS if op == OP_STATUS_READ else op
