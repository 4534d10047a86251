"""Every face of the twin: the `breakwater` command, figures and the report."""
