"""The system being twinned: one file per part of it, the dispatch loop, the reference and the judge."""

from sim.compile_cache import require_cache

require_cache()
