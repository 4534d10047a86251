"""`make robust`: the robustness tables of shipped scenarios, made anew with the sources of now."""

from __future__ import annotations

import argparse
import sys

from dashboards.robustness import renew
from sim.errors import BadInput


def main(arguments: list[str]) -> int:
    """Renew the tables of the scenarios named, or of all shipped ones; 0, or 2 with one line on what is wrong."""
    parser = argparse.ArgumentParser(
        "python -m dashboards.renew_robustness",
        description="Make the robustness tables of shipped scenarios anew and store them.",
    )
    parser.add_argument("scenario", nargs="*", help="a shipped scenario; without one, all of them")
    try:
        for path in renew(parser.parse_args(arguments).scenario):
            print(path)
    except BadInput as error:
        print(f"breakwater: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
