"""What somebody who looks at a page under test sees."""

from streamlit.testing.v1 import AppTest


def html(app: AppTest) -> str:
    """The HTML of ours on the page."""
    return "".join(element.proto.body for element in app.get("html"))


def texts(app: AppTest) -> str:
    """What Streamlit's own elements say."""
    return " ".join(element.value for element in [*app.warning, *app.error, *app.caption, *app.markdown, *app.code])


def changes(app: AppTest) -> list[str]:
    """The changed settings that stand in the address."""
    found = app.query_params.get("set", [])
    return [found] if isinstance(found, str) else found
