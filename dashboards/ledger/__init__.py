"""The faces of the claims ledger: the `validate` command, its terminal view, Markdown and page."""
