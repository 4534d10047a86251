"""Streams of random draws, one for each purpose: a draw more of one changes none of another."""

from enum import auto

from models.vocabulary.numbered import Numbered


class Stream(Numbered):
    """Streams of random draws, one per purpose (see `sim.draws`); a new one goes to the end, as draws are by number."""

    ARRIVAL = auto()
    BOT = auto()
    TABS = auto()
    NET_BASE = auto()
    NET_OUT = auto()
    NET_BACK = auto()
    CPU = auto()
    POLL = auto()
    BACKOFF = auto()
    PATIENCE = auto()
    LEAVE = auto()
    CHOOSE = auto()
    CONVERT = auto()
    ROUTE = auto()
    SKEW = auto()
    BACKEND = auto()
    SOURCE_GAP = auto()
    SOURCE_OP = auto()
    SOURCE_TOKEN = auto()
    THINK = auto()
    TAB_DELAY = auto()
    PROFILE = auto()
    PING = auto()
    LAUNCH = auto()
    INTERRUPTION = auto()
    TOPOLOGY = auto()
    PHASE = auto()
    HIDDEN = auto()
    TAGS = auto()
    ADDRESS_KIND = auto()
    ADDRESS = auto()
    ADDRESS_SIZE = auto()
    MESH_ARRIVAL = auto()
    MESH_CALL = auto()
    EDGE_KIND = auto()
    EDGE_RECOGNISED = auto()
    EDGE_ABROAD = auto()
    EDGE_REFUSED = auto()
    EDGE_SOLVE = auto()
