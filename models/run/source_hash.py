"""Which version of the sources a simulation's results are of."""

from sim.compile_cache import sources_hash

CATALOGUES = "models/catalogues"
"""The folder of the catalogues: machine types and what they cost."""


def simulation_hash(root: str) -> str:
    """Return what stands for all that decides what the source at the path *root* gives, catalogues included."""
    return sources_hash(root, CATALOGUES)
