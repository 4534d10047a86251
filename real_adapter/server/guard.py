"""Runs one server, and ends it and removes its folder as soon as whoever wanted it is done with it or dead.

Run by its path in a bare interpreter: `python -I -S guard.py FOLDER CORES COMMAND...`. What ends the server is a
byte on standard input, or the end of it, which comes however the owner ends, killed ones included. The death signal of
Linux (PR_SET_PDEATHSIG) would not do: it comes already when the *thread* that started the server ends, and the folder
would stay. CORES are processor numbers with commas between, or empty for all; they are set here, before the server has
threads. The server's process id is told on standard output; its own words go to standard error.
"""

import os
import shutil
import subprocess
import sys
import threading


def main(folder: str, cores: str, command: list[str]) -> int:
    """Run *command* in *folder* until it ends or is no longer wanted, and return its exit code."""
    try:
        if cores:
            os.sched_setaffinity(0, map(int, cores.split(",")))
        with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr) as server:
            threading.Thread(target=_end_with_owner, args=(server,), daemon=True).start()
            print(server.pid, flush=True)
            return server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_owner(server: "subprocess.Popen[bytes]") -> None:
    os.read(sys.stdin.fileno(), 1)
    server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
