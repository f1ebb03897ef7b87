import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.finite_sums import TwoSided, circle, opposite, with_memory

PLAIN = Backend(dtype="float64")


def component(problem, i, x):
    """f_i as it is defined, for one point."""
    h = torch.where(x < 0, problem.left, problem.right).double() * x**2 / 2
    return h.sum() + problem.pushes[i] @ x


@pytest.mark.parametrize("n", [4, 7, 32])
@pytest.mark.parametrize("pushes", [opposite, circle])
def test_pushes_cancel_and_are_at_most_one_long(pushes, n):
    a = pushes(n, PLAIN)
    assert a.shape[0] == n
    assert a.sum(0).abs().max() < 1e-12
    assert TwoSided(a).spread == pytest.approx(1)


def test_odd_numbers_of_opposite_pushes_leave_one_component_alone():
    assert opposite(5, PLAIN)[:, 0].tolist() == [1, -1, 1, -1, 0]


def test_gradient_is_that_of_the_component():
    problem = TwoSided(circle(6, PLAIN), left=4.5, right=1.25)
    order = torch.tensor([3, 0, 5])
    for point in ([1.0, -2.0], [-0.3, 0.4], [2.0, 5.0]):
        for i, piece in zip(order, problem.pick(order), strict=True):
            x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
            component(problem, i, x).backward()
            assert torch.allclose(problem.gradient(x.detach(), piece), x.grad, atol=1e-14)


def test_value_is_the_mean_of_the_components_and_least_at_the_optimum():
    problem = TwoSided(circle(6, PLAIN), left=3.0, right=0.5)
    points = torch.randn(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for x in points:
        mean = sum(component(problem, i, x) for i in range(problem.n)) / problem.n
        assert problem.value(x).item() == pytest.approx(mean.item())
    assert problem.value(problem.optimum) == 0
    assert (problem.value(points) > 0).all()


def test_curvature_constants_hold_between_any_two_points():
    problem = TwoSided(opposite(4, PLAIN), left=4.0, right=0.5)
    x = torch.linspace(-2, 2, 41, dtype=torch.float64)[:, None]
    slope = problem.slope(x)
    ratio = ((slope[:, None] - slope) * (x[:, None] - x)).squeeze(-1)
    distance = (x[:, None] - x).square().squeeze(-1)
    assert (ratio >= problem.strong_convexity * distance - 1e-12).all()
    assert (ratio <= problem.smoothness * distance + 1e-12).all()


def test_pick_puts_visits_first_whatever_lanes_there_are():
    problem = TwoSided(circle(5, PLAIN))
    order = torch.stack([torch.arange(5), torch.arange(5).flip(0)])
    pieces = problem.pick(order)
    assert pieces.shape == (5, 2, 2)
    assert torch.equal(pieces[0, 1], problem.pushes[4])


def test_memory_is_forgotten_at_one_known_rate():
    problem = TwoSided(with_memory(opposite(6, PLAIN)), left=4.0, right=1.0)
    x = torch.tensor([10.0, 0.0], dtype=torch.float64)
    for piece in problem.pick(torch.arange(6)):
        x = x - 0.1 * problem.gradient(x, piece)
    assert x[0].item() == pytest.approx(10 * 0.9**6)
