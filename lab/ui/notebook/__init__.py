"""The lab in a notebook: live pages in cells, widgets, still pictures of runs.

Nothing heavy is imported before something is shown.
"""

from __future__ import annotations


def show(experiment, **options):
    """The explorer of an experiment in a notebook cell; see `lab.ui.notebook.cell.show`."""
    from lab.ui.notebook.cell import show as shown

    return shown(experiment, **options)


def widget(experiment, **options):
    """A run as an ipywidgets widget; see `lab.ui.notebook.run_widget.RunWidget`."""
    from lab.ui.notebook.run_widget import RunWidget

    return RunWidget(experiment, **options)
