"""A worker process: takes one job at a time from the pages' process, tells how far it is, and sends the value back.

Started as `python -m dashboards.web.simulating FD` by `dashboards.web.worker`, and not by multiprocessing, whose
children would run the page's script once more. It ends with the process that started it.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from dashboards.web.messages import Done, Failed, Progressed, Refused
from sim.errors import BadInput

SMALLEST = ("clients.count=10", "event.seats=5", "run.duration_s=5")
"""Settings with which a run takes no time, but calls what others do."""


def main(descriptor: int) -> None:
    """Serve jobs from the connection at *descriptor* until it is closed."""
    connection = Connection(descriptor)
    jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    key = ""

    def progress(fraction: float, requests: int, wall_s: float, note: str) -> None:
        connection.send(Progressed(key, fraction, requests, wall_s, note))

    _get_ready(progress)
    while True:
        job = jobs.get()
        key = job.key
        connection.send(_answer(job, progress))


def _receive(connection: Connection, jobs: queue.SimpleQueue[Any]) -> None:
    """Take jobs as they come; the end of the connection is the end of this process, whatever it is doing."""
    try:
        while True:
            jobs.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _get_ready(progress: Any) -> None:
    """Load the compiled engine, and all that a run and its verdict need, before anybody waits for it.

    What is wrong the first job will say.
    """
    from dashboards.web.jobs import Run
    from models.experiments.warm_up import prepare
    from models.scenario import load_scenario

    try:
        prepare("kernel", progress)
        Run(load_scenario("onsale-small", SMALLEST), 1, 1).run(progress)
    except Exception:
        traceback.print_exc()


def _answer(job: Any, progress: Any) -> Done | Refused | Failed:
    try:
        return Done(job.key, job.run(progress))
    except BadInput as error:
        return Refused(job.key, str(error))
    except MemoryError:
        return Refused(job.key, "not enough memory for this scenario; lower clients.count")
    except Exception as error:
        traceback.print_exc()
        return Failed(job.key, f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
