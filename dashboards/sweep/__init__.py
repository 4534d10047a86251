"""The faces of a sweep: table, sentences, figures, page and files."""
