"""The one exception for what a user gave us and we cannot use."""


class BadInput(ValueError):
    """Unusable input: the message is one line that names the field and what is allowed."""
