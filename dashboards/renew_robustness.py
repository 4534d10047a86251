"""`make robust`: the robustness tables of shipped scenarios, made anew with the sources of now."""

from __future__ import annotations

import sys

from dashboards.robustness import renew
from sim.errors import BadInput


def main(names: list[str]) -> int:
    """Renew the tables of *names*, of all shipped ones if there are none; 0, or 2 with one line on what is wrong."""
    try:
        for path in renew(names):
            print(path)
    except BadInput as error:
        print(f"breakwater: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
