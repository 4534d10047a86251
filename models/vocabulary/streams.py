"""Streams of random draws, one for each purpose: a draw more of one changes none of another."""

from enum import IntEnum


class Stream(IntEnum):
    """Streams of random draws, one per purpose (see `sim.draws`)."""

    ARRIVAL = 0
    BOT = 1
    TABS = 2
    NET_BASE = 3
    NET_OUT = 4
    NET_BACK = 5
    CPU = 6
    POLL = 7
    BACKOFF = 8
    PATIENCE = 9
    LEAVE = 10
    CHOOSE = 11
    CONVERT = 12
    ROUTE = 13
    SKEW = 14
    BACKEND = 15
    SOURCE_GAP = 16
    SOURCE_OP = 17
    SOURCE_TOKEN = 18
    THINK = 19
    TAB_DELAY = 20
    PROFILE = 21
    PING = 22
    LAUNCH = 23
    INTERRUPTION = 24
    TOPOLOGY = 25
    PHASE = 26
    HIDDEN = 27
    TAGS = 28
