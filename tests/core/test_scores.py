"""Each score beside autograd, a closed form, or the change of the loss when the weight goes."""

import math

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, vmap
from torch.nn.functional import cross_entropy

from lab.core import scores
from lab.core.random import Rng

F64 = torch.float64
SHAPES = [(6, 4), (5, 6), (3, 5)]


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=F64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def weights():
    return [drawn(*shape, seed=i) for i, shape in enumerate(SHAPES)]


X, Y = drawn(20, 4, seed=9), torch.arange(20) % 3


def loss(weights, x=X, y=Y):
    for w in weights[:-1]:
        x = torch.tanh(x @ w.T)
    return cross_entropy(x @ weights[-1].T, y)


def gradients(weights):
    own = [w.clone().requires_grad_() for w in weights]
    return torch.autograd.grad(loss(own), own)


def without(weights, layer, place):
    """The same weights, one of them 0."""
    found = [w.clone() for w in weights]
    found[layer][place] = 0
    return found


def small(weights):
    """Weights so small that the first order is all there is."""
    return [1e-4 * w for w in weights]


def same(mine, theirs, **tolerance):
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, **tolerance)


def test_snip_is_the_gradient_by_a_gate_before_each_weight(weights):
    gates = [torch.ones_like(w, requires_grad=True) for w in weights]
    passed = [w * gate for w, gate in zip(weights, gates)]
    by_gate = torch.autograd.grad(loss(passed), gates)
    same(scores.snip(weights, gradients(weights)), [g.abs() for g in by_gate])


def test_movement_is_minus_the_slope_of_half_the_squared_weight(weights):
    """Under gradient flow d(w^2 / 2)/dt = w dw/dt = -w g."""
    g, rate = gradients(weights), 1e-7
    moved = [((w - rate * d).square() - w.square()) / 2 / rate for w, d in zip(weights, g)]
    same(scores.movement(weights, g), moved, rtol=1e-4, atol=1e-6)


def test_grasp_equals_the_whole_hessian(weights):
    sizes = [w.numel() for w in weights]

    def flat_loss(flat):
        return loss([v.view(s) for v, s in zip(flat.split(sizes), SHAPES)])

    flat = torch.cat([w.flatten() for w in weights])
    direct = flat * (hessian(flat_loss)(flat) @ grad(flat_loss)(flat))
    mine = torch.cat([s.flatten() for s in scores.grasp(weights, loss)])
    torch.testing.assert_close(mine, direct)


def test_grasp_is_half_of_the_gradient_flow_that_goes_with_a_weight(weights):
    weights[1][2, 3] = 1e-5  # small: its going is first order

    def flow(weights):
        return sum(g.square().sum() for g in gradients(weights))

    lost = flow(weights) - flow(without(weights, 1, (2, 3)))
    mine = scores.grasp(weights, loss)[1][2, 3]
    assert float(mine) == pytest.approx(float(lost) / 2, rel=1e-3)


def test_grasp_of_a_quadratic():
    """Loss w'Aw/2 has gradient Aw and Hessian A."""
    a = drawn(5, 5)
    a, w = a @ a.T, drawn(5, seed=1)
    (mine,) = scores.grasp([w], lambda ws: ws[0] @ a @ ws[0] / 2)
    torch.testing.assert_close(mine, w * (a @ a @ w))


def test_synflow_equals_all_paths(weights):
    """The score of a weight is the sum over the paths through it of the product of the sizes."""
    a, b, c = (w.abs() for w in weights)
    paths = torch.einsum("ji,kj,lk->ijkl", a, b, c)
    direct = [paths.sum((2, 3)).T, paths.sum((0, 3)).T, paths.sum((0, 1)).T]
    same(scores.synflow(weights), direct)


def test_synflow_is_conserved_from_layer_to_layer(weights):
    weights[1][2] = 0
    sums = torch.stack([s.sum() for s in scores.synflow(weights)])
    torch.testing.assert_close(sums, sums[:1].expand(3))


def test_synflow_through_any_forward_pass():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))
    net = net.to(F64)
    names = ["0.weight", "3.weight"]
    rest = {"0.bias": torch.zeros(3, dtype=F64), "3.bias": torch.zeros(4, dtype=F64)}

    def signal(weights):
        ones = torch.ones(1, 2, 3, 3, dtype=F64)
        return functional_call(net, {**rest, **dict(zip(names, weights))}, ones)

    conv, linear = scores.synflow([net[0].weight, net[3].weight], signal)
    assert conv.shape == net[0].weight.shape
    after_conv = net[0].weight.detach().abs().sum((1, 2, 3)).repeat_interleave(4)
    torch.testing.assert_close(linear, net[3].weight.detach().abs() * after_conv)
    assert float(conv.sum()) == pytest.approx(float(linear.sum()))


def test_wanda_is_what_the_layers_output_loses(weights):
    """Squared, it is the squared change of the layer's outputs when this weight alone goes."""
    x, w = drawn(30, 4), weights[0]
    (mine,) = scores.wanda([w], [x.norm(dim=0)])
    change = (x @ without([w], 0, (2, 1))[0].T - x @ w.T).square().sum()
    assert float(mine[2, 1] ** 2) == pytest.approx(float(change))


def test_wanda_of_a_kernel():
    w, norms = drawn(5, 2, 3, 3), drawn(2, 3, 3, seed=1).abs()
    (mine,) = scores.wanda([w], [norms])
    assert float(mine[4, 1, 2, 0]) == pytest.approx(abs(float(w[4, 1, 2, 0] * norms[1, 2, 0])))


def test_fisher_takes_the_gradients_of_single_examples(weights):
    each = vmap(grad(loss), (None, 0, 0))(weights, X[:, None], Y[:, None])
    mine = scores.fisher(weights, each)
    direct = torch.zeros(5, 6, dtype=F64)
    for x, y in zip(X, Y):
        own = [w.clone().requires_grad_() for w in weights]
        direct += torch.autograd.grad(loss(own, x[None], y[None]), own[1])[0] ** 2 / 20
    torch.testing.assert_close(mine[1], direct * weights[1] ** 2 / 2)


def test_obs_is_the_loss_once_the_others_have_made_up():
    """Of a quadratic with its minimum at w: minimise it with one weight held at 0."""
    a = drawn(7, 4)
    a, w = a.T @ a, drawn(4, seed=2)
    (mine,) = scores.obs([w], [a])
    for i in range(4):
        rest = [j for j in range(4) if j != i]
        change = torch.zeros(4, dtype=F64)
        change[i] = -w[i]
        change[rest] = torch.linalg.solve(a[rest][:, rest], a[rest][:, i] * w[i])
        assert float(mine[i]) == pytest.approx(float(change @ a @ change / 2))


def test_obs_shares_one_matrix_between_outputs():
    x, w = drawn(12, 6), drawn(3, 2, 3, seed=1)
    gram = x.T @ x
    shared = scores.obs([w], [gram])[0]
    whole = scores.obs([w], [torch.block_diag(gram, gram, gram)])[0]
    torch.testing.assert_close(shared, whole)


def test_obs_without_correlation_is_optimal_brain_damage():
    w, curvature = drawn(4), drawn(4, seed=1).abs()
    (mine,) = scores.obs([w], [curvature.diag()], damping=0.5)
    torch.testing.assert_close(mine, w**2 * (curvature + 0.5) / 2)


def test_obs_refuses_a_matrix_that_is_not_positive():
    x = drawn(2, 4)
    with pytest.raises(torch.linalg.LinAlgError):
        scores.obs([drawn(4)], [-x.T @ x])
    assert scores.obs([drawn(4)], [x.T @ x], damping=1e-3)[0].isfinite().all()


def test_signal_to_noise_is_the_chance_of_a_sign():
    """P(weight > 0) of a normal law with mean mu is Phi(mu / sigma)."""
    mu, sigma = drawn(3), drawn(3, seed=1).abs()
    (mine,) = scores.signal_to_noise([mu], [sigma])
    chance = torch.distributions.Normal(mu.abs(), sigma).cdf(torch.zeros(3, dtype=F64))
    phi = [(1 + math.erf(-float(s) / math.sqrt(2))) / 2 for s in mine]
    assert chance.tolist() == pytest.approx(phi)


def test_a_sketch_is_right_on_average_and_best_with_these_chances():
    x, w = drawn(6, 5) * torch.tensor([3.0, 1, 1, 0.5, 2], dtype=F64), drawn(5, seed=1)
    (p,) = scores.sketching([w], [x.norm(dim=0)])
    assert float(p.sum()) == pytest.approx(1)
    product = x @ w

    def squared_error(p):
        """Of one draw, by its definition: each column by its chance."""
        drawn_once = [x[:, j] * w[j] / p[j] for j in range(5)]
        mean = sum(p[j] * d for j, d in enumerate(drawn_once))
        torch.testing.assert_close(mean, product)
        return sum(p[j] * (d - product).square().sum() for j, d in enumerate(drawn_once))

    best = squared_error(p)
    for seed in range(20):
        other = p * (1 + 0.3 * drawn(5, seed=seed)).abs()
        assert squared_error(other / other.sum()) > best


def test_sketching_takes_each_output_by_itself():
    w = torch.tensor([[3.0, -1.0], [0.0, 0.0]])
    assert scores.sketching([w])[0].tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert scores.sketching([w], [torch.tensor([1.0, 3.0])])[0][0].tolist() == [0.5, 0.5]


def test_scores_leave_weights_and_graphs_alone(weights):
    own = [w.clone().requires_grad_() for w in weights]
    g = gradients(weights)
    norms = [torch.ones(w.shape[1], dtype=F64) for w in own]
    grams = [torch.eye(w.shape[1], dtype=F64) for w in own]
    with torch.no_grad():
        made = [
            scores.magnitude(own), scores.snip(own, g), scores.movement(own, g),
            scores.grasp(own, loss), scores.synflow(own), scores.wanda(own, norms),
            scores.fisher(own, [d[None] for d in g]), scores.obs(own, grams),
            scores.signal_to_noise(own, weights), scores.sketching(own),
            scores.by_lot(own, Rng(0)),
        ]  # fmt: skip
    for found in made:
        assert [tuple(s.shape) for s in found] == SHAPES
        assert not any(s.requires_grad for s in found)
    assert all(w.grad is None and torch.equal(w, b) for w, b in zip(own, weights))
