"""What one run of a script of the Lua core can do at most: one table for scenarios, specification, scripts and adapter.

A limit here is one of the scripts as they stand in models/lua, or of the Lua that runs them; a scenario that allowed
more would be of a waiting room that fails on a real server.
"""

CALLS_PER_OPERATION = 64
"""Places that one operation calls: a bounded pause (assumption; 64 x 60k operations/s is ample)."""

LUA_UNPACKS = 7_900
"""Values that Redis' Lua unpacks into one call, about (source: LUAI_MAXCSTACK 8000 of Lua 5.1's luaconf.h): a call with
more fails ("too many results to unpack")."""

EXPIRED_PER_CALL = 5_000
"""Silent places, and lapsed calls, that one `expire` may be told to remove: all of them are unpacked into one ZREM."""

RATE_STEPS_PER_RPS = 1_000
"""The scripts count admissions in whole millionths per millisecond, so a rate in steps of a thousandth a second."""

PASS_GARBAGE_MS = 86_400_000
"""The server collects an entry pass so long after its deadline, which the callers' clocks decide about (a day)."""
