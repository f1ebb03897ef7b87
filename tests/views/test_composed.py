"""Runs, races and studies as HoloViews elements."""

import holoviews as hv
import numpy as np
import pytest

import lab
from lab.engine.suggest import UnknownName

NAME = "infeasibility-detection"


@pytest.fixture(scope="module")
def race():
    made = lab.race(NAME)
    made.advance(50)
    yield made
    made.close()


@pytest.fixture(scope="module")
def study():
    made = lab.sweep(NAME, "planes", "weight", points=3, stop="k >= 20")
    made.run()
    return made


def test_a_race_is_one_curve_for_each_arm_named_at_its_end(race):
    drawn = lab.plot(race)
    curves = drawn.traverse(lambda e: e, [hv.Curve])
    assert [c.label for c in curves] == list(race.lanes)
    own = race.lanes["Picard"].trace
    assert np.array_equal(curves[0].dimension_values(1), own[race.experiment.measure()])
    assert len(drawn.traverse(lambda e: e, [hv.Labels])) == len(curves)


def test_what_is_not_positive_is_left_out_of_a_logarithmic_axis(race):
    curve = lab.plot(race.lanes["Picard"], log="xy").traverse(lambda e: e, [hv.Curve])[0]
    assert curve.dimension_values(0).min() > 0


def test_a_study_over_two_controls_is_a_map_with_its_cells(study):
    mesh = lab.plot(study, x="planes", y="weight")
    shown = mesh.dimension_values(2, flat=False)
    values = study.dataset()[study.experiment.measure()].mean("seed").transpose("weight", "planes")
    assert np.allclose(shown, np.where(values > 0, values, np.nan), equal_nan=True)


def test_a_study_is_drawn_along_one_axis(study):
    (curve,) = lab.plot(study, x="planes").traverse(lambda e: e, [hv.Curve])
    assert list(curve.dimension_values(0)) == sorted(study.axes["planes"])


def test_elements_compose_and_render_with_the_house_dressing(race, study):
    figure = hv.render(lab.plot(race) + lab.plot(study, y="weight"), backend="bokeh")
    assert figure.children
    alone = hv.render(lab.plot(race, dark=True), backend="bokeh")
    assert alone.output_backend == "canvas" and alone.toolbar.logo is None


def test_wrong_names_get_one_line(race, study):
    with pytest.raises(UnknownName, match="did you mean"):
        lab.plot(race, "eror")
    with pytest.raises(UnknownName, match="planes"):
        lab.plot(study, x="planez")
    with pytest.raises(ValueError, match="needs a Study"):
        lab.plot(race, y="weight")
