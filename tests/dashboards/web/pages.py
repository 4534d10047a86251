"""What somebody who looks at a page under test sees."""

import re
from html import unescape

from streamlit.testing.v1 import AppTest


def html(app: AppTest) -> str:
    """The HTML of ours on the page."""
    return "".join(element.proto.body for element in app.get("html"))


def texts(app: AppTest) -> str:
    """What Streamlit's own elements say."""
    drawn = [element.value for element in [*app.warning, *app.error, *app.caption, *app.markdown, *app.code]]
    return " ".join([*drawn, *notices(app)])


def notices(app: AppTest) -> list[str]:
    """What lines about the whole page say."""
    return [unescape(text) for text in re.findall(r'<div class="notice[^>]*>(.*?)</div>', html(app))]


def labels(app: AppTest) -> list[str]:
    """All labels that Streamlit takes for Markdown."""
    return [element.label for kind in ("button", "number_input", "selectbox", "toggle") for element in app.get(kind)]


def changes(app: AppTest) -> list[str]:
    """The changed settings that stand in the address."""
    found = app.query_params.get("set", [])
    return [found] if isinstance(found, str) else found
