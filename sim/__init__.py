"""The engine: clock, compiled primitives, recording and statistics. It knows nothing of tickets, Redis or AWS."""

from sim import compile_cache

compile_cache.use_cache()
