"""The lab in a notebook: live pages in cells, widgets, still pictures of runs.

Nothing heavy is imported before something is shown.
"""

from __future__ import annotations


def _warm() -> None:
    """Workers import what they need while this process imports what draws."""
    from lab.engine.workers import shared_pool

    shared_pool()


def show(experiment, **options):
    """The explorer of an experiment in a notebook cell; see `lab.ui.notebook.cell.show`."""
    _warm()
    from lab.ui.notebook.cell import show as shown

    return shown(experiment, **options)


def widget(experiment, **options):
    """A run as an ipywidgets widget; see `lab.ui.notebook.run_widget.RunWidget`."""
    _warm()
    from lab.ui.notebook.run_widget import RunWidget

    return RunWidget(experiment, **options)
