"""A module that knows which process has imported it."""

import os

PROCESS = os.getpid()
