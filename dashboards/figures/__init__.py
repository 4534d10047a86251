"""Figures for pages, report and notebooks: results in, a plotly figure out, whose title says the finding."""
