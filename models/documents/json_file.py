"""Files of JSON that a command has written, read with every way of going wrong told in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from models.documents.text import printable
from sim.errors import BadInput

T = TypeVar("T")


def read_json(path: Path, made: Callable[[Any], T], what: str, renew: str) -> T:
    """Return what is *made* of the document at *path*.

    BadInput, with the command that makes it anew (*renew*), if it cannot be read, or if `made` finds that it is no
    *what*: by a ValueError, TypeError, LookupError or AttributeError. A BadInput of its own stays as it is.
    """
    name = printable(path.name)
    try:
        return made(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{name}: cannot be read ({error.strerror}); {renew} makes it anew") from None
    except BadInput:
        raise
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadInput(f"{name}: holds no {what} ({error}); {renew} makes it anew") from None
