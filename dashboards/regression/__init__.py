"""The faces of `breakwater regress`: the command, its table, and its files for continuous integration."""
