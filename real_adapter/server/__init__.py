"""A real Redis: one of our own that is started and ended, or somebody's that is connected to with care.

Programs outside, which measure on a server of their own, start it by `start_server`.
"""

from real_adapter.server.server import start_server

__all__ = ["start_server"]
