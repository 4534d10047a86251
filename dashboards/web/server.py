"""The server behind the pages: Streamlit on the loopback interface, without anything that calls home."""

from __future__ import annotations

import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dashboards.web.design import FILES
from dashboards.web.worker import SPARE
from models.redis_costs.profile import load_profile
from sim.errors import BadInput

HOST = "127.0.0.1"
APP = Path(__file__).with_name("app.py")
OPTIONS = {
    "server.address": HOST,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    # a whole collection after every click takes 0.1 s once plotly and pandas are there; Python collects by itself
    "runner.postScriptGC": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "full",
    "logger.hideWelcomeMessage": True,
    "logger.level": "warning",
    "theme.light.primaryColor": "#0067a5",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f1f3f6",
    "theme.dark.primaryColor": "#3d9bd6",
    "theme.dark.backgroundColor": "#12161b",
    "theme.dark.secondaryBackgroundColor": "#1a2027",
}
"""Whatever a user's own Streamlit configuration says. The colours are those of colours.css."""
PATIENCE_S = 60.0


def serve(port: int, profiles: Sequence[Path] = ()) -> None:
    """Serve the pages at *port* until interrupted or terminated; *profiles* are files that everybody may choose.

    BadInput, before anything starts, if the port is taken or a profile cannot be used.
    """
    _must_be_free(port)
    for file in profiles:
        if file.suffix != ".json":
            raise BadInput(f"--profile: {file} is not allowed; must be a .json file that breakwater calibrate wrote")
        load_profile(str(file))
        FILES.append(str(file))
    from streamlit.web import bootstrap

    options = {name.replace(".", "_"): value for name, value in {**OPTIONS, "server.port": port}.items()}
    bootstrap.load_config_options(options)
    threading.Thread(target=_tell, args=(port,), daemon=True).start()
    SPARE.fill()
    threading.Thread(target=_get_ready, daemon=True).start()
    bootstrap.run(str(APP), False, [], options)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that has just ended is no obstacle
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInput(f"--port: {port} cannot be used: {error.strerror}; name another one") from None


def _get_ready() -> None:
    """Import the pages and read the scenario that they begin with, before anybody visits them.

    What is wrong with either whoever visits will see.
    """
    with suppress(Exception):
        from dashboards.web import app, jobs
        from dashboards.web.design import Design

        _ = app, jobs.Run(Design().built(), 1, 1).key


def _tell(port: int) -> None:
    """Print the address once it answers."""
    url, until = f"http://{HOST}:{port}", time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
            print(f"Breakwater is at {url} (Ctrl-C ends it)", flush=True)
            return
        time.sleep(0.1)
    print(f"breakwater: {url} does not answer", file=sys.stderr)
