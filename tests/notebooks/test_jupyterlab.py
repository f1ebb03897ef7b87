"""The tour and single cells in a real JupyterLab, in a real browser."""

import shutil

from jupyter import (
    choose_speed,
    number,
    open_notebook,
    press,
    printed,
    restart_kernel,
    run_cell,
    wait_done,
    wait_head,
    wait_picture,
    write,
)
from test_lessons import TOUR

SHOW, WIDGET, CODE, OWN = 1, 6, 7, 9  # cells of the tour

MAKE = """import lab
runs = globals().get("runs", [])
shown = lab.show("infeasibility-detection", arm="Halpern")
runs.append(shown.page.lanes.runs[0].session)
shown"""


def test_the_tour_draws_its_curves_and_moves_them(page, jupyter_address, notebooks):
    shutil.copy(TOUR, notebooks / "tour.ipynb")
    open_notebook(page, jupyter_address, "tour.ipynb")

    run_cell(page, SHOW)
    wait_picture(page, SHOW)
    before = page.evaluate("i => drawn(i)", SHOW)
    press(page, SHOW, ".run")
    wait_head(page, SHOW, 300)
    page.wait_for_function("([i, was]) => drawn(i) !== was", arg=[SHOW, before])
    moved = page.evaluate("i => drawn(i)", SHOW)
    page.wait_for_function("([i, was]) => drawn(i) !== was", arg=[SHOW, moved])
    press(page, SHOW, ".run")
    page.wait_for_function("i => within(i, '.run').dataset.verb !== 'pause'", arg=SHOW)

    # a run that is advanced by code: the picture follows, and goes back with the linked slider
    run_cell(page, WIDGET)
    wait_picture(page, WIDGET)
    before = page.evaluate("i => drawn(i)", WIDGET)
    run_cell(page, CODE)
    wait_head(page, WIDGET, 2000)
    page.wait_for_function("([i, was]) => drawn(i) !== was", arg=[WIDGET, before])
    page.wait_for_function(
        "i => within(i, '.seek').getAttribute('aria-valuenow') === '1000'", arg=WIDGET
    )
    wait_done(page, CODE)
    assert "paused at 2000" in printed(page, CODE)

    # an experiment written in the notebook
    run_cell(page, OWN)
    wait_picture(page, OWN)
    press(page, OWN, ".run")
    wait_head(page, OWN, 100)


def test_the_picture_goes_on_and_clicks_are_heard_while_a_cell_runs(
    page, jupyter_address, notebooks
):
    busy = "print(runs[0].wait(lambda s: s.status == 'paused' and s.head > 50, 120))"
    write(notebooks / "busy.ipynb", MAKE, busy)
    open_notebook(page, jupyter_address, "busy.ipynb")
    run_cell(page, 0)
    wait_picture(page, 0)

    run_cell(page, 1)
    before = page.evaluate("drawn(0)")
    choose_speed(page, 0, "100")  # it would be over in some seconds else
    press(page, 0, ".run")
    wait_head(page, 0, 100)
    page.wait_for_function("was => drawn(0) !== was", arg=before)
    assert number(page, 1) == "*"

    press(page, 0, ".run")  # the cell ends when the run is paused
    wait_done(page, 1)
    assert printed(page, 1).strip() == "True"


def test_running_a_cell_again_frees_its_run(page, jupyter_address, notebooks):
    freed = "print([runs[0].wait(lambda s: s.status == 'cancelled', 120), str(runs[1].status)])"
    write(notebooks / "again.ipynb", MAKE, freed)
    open_notebook(page, jupyter_address, "again.ipynb")
    run_cell(page, 0)
    wait_picture(page, 0)
    press(page, 0, ".run")
    wait_head(page, 0, 50)

    first = number(page, 0)
    run_cell(page, 0)
    wait_done(page, 0, after=first)
    wait_picture(page, 0)
    run_cell(page, 1)
    wait_done(page, 1)
    assert printed(page, 1).strip() == "[True, 'ready']"


def test_a_page_whose_kernel_was_restarted_says_so(page, jupyter_address, notebooks):
    write(notebooks / "restart.ipynb", MAKE)
    open_notebook(page, jupyter_address, "restart.ipynb")
    run_cell(page, 0)
    wait_picture(page, 0)
    restart_kernel(page)
    page.get_by_text("The kernel was restarted; run the cell again.").wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    run_cell(page, 0)
    wait_picture(page, 0)
