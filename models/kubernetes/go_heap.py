"""What a Go process takes of the memory: its live heap, the room the collector leaves it, and what it gives back.

The collector lets the heap grow to live x (1 + GOGC / 100) before it runs, and runs earlier near GOMEMLIMIT, which is
soft: a live heap beyond it stays (Go documentation, "A Guide to the Go Garbage Collector").
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GoHeap:
    """Settings of the runtime and sizes of what is kept, in KiB; `gives_back` is GODEBUG=madvdontneed=1."""

    base_kib: int
    request_kib: int
    connection_kib: int
    gogc: int
    limit_kib: int
    gives_back: bool


def live_kib(heap: GoHeap, requests: int, connections: int) -> int:
    """Return what is in use with so many requests in the process and so many connections open."""
    return heap.base_kib + requests * heap.request_kib + connections * heap.connection_kib


def heap_kib(heap: GoHeap, live: int) -> int:
    """Return to what the heap grows before the collector brings it down to what is in use."""
    return max(live, min(live * (100 + heap.gogc) // 100, heap.limit_kib))


def resident_kib(heap: GoHeap, before: int, most_live: int, live: int) -> int:
    """Return what the system counts as the process's own, and the autoscaler sees.

    Freed memory that is only marked (madvdontneed=0) stays counted until the machine runs short: the most there ever
    was. *before* is the last reading, *most_live* the most in use since, *live* what is in use now.
    """
    if heap.gives_back:
        return heap_kib(heap, live)
    return max(before, heap_kib(heap, most_live))
