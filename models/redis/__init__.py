"""The Redis nodes, each an engine thread that works in passes.

Passes, replication, failover, connections and the memory of places are modelled. Persistence, I/O threads and evictions
are not.
"""
