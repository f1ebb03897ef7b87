import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.finite_sums import TwoSided, circle, opposite, with_memory
from lab.core.shuffling import ORDERS, GraB, discrepancy, divide, epoch, walk

PLAIN = Backend(dtype="float64")


def uniform(*shape, seed=0):
    numbers = np.random.default_rng(seed).random(shape)
    return torch.as_tensor(numbers)


def run(name, n, epochs, paces, *, copies=16, bend=4.0, seed=0):
    """Mean gap by epoch and pace: shape (epochs, paces)."""
    problem = TwoSided(with_memory(opposite(n, PLAIN)), left=bend, right=1.0)
    order, lanes = ORDERS[name], (copies, len(paces))
    x = torch.zeros(*lanes, 2, dtype=torch.float64)
    x[..., 0] = 1000
    first = uniform(copies, 1, n, seed=seed).expand(*lanes, n)
    state, gaps = order.init(first, 2), []
    for k in range(epochs):
        visits = order.visits(state, uniform(copies, 1, n, seed=seed + 1000 * (k + 1)))
        x, gradients = epoch(problem, x, visits, paces[:, None] / n)
        state = order.learn(state, visits, gradients)
        gaps.append(problem.value(x).mean(0))
    return torch.stack(gaps)


def grab_by_hand(order, gradients, stale):
    """One epoch of GraB as a loop over lists, for one lane."""
    front, back, total = [], [], np.zeros_like(stale)
    signed = np.zeros_like(stale)
    for i, gradient in zip(order, gradients, strict=True):
        centred = gradient - stale
        if np.linalg.norm(signed + centred) < np.linalg.norm(signed - centred):
            signed = signed + centred
            front.append(i)
        else:
            signed = signed - centred
            back.append(i)
        total = total + gradient
    return front + back[::-1], total / len(order)


@pytest.mark.parametrize("name", ["reshuffling", "shuffle once", "GraB"])
def test_orders_without_replacement_visit_everything_once(name):
    order, problem = ORDERS[name], TwoSided(circle(9, PLAIN))
    state = order.init(uniform(2, 3, 9), 2)
    x = torch.ones(2, 3, 2, dtype=torch.float64)
    for k in range(4):
        visits = order.visits(state, uniform(2, 1, 9, seed=k))
        everything = torch.arange(9).expand_as(visits)
        assert torch.equal(visits.sort(-1).values, everything)
        x, gradients = epoch(problem, x, visits, torch.tensor(0.01))
        state = order.learn(state, visits, gradients)


def test_with_replacement_draws_every_component_alike_and_never_beyond():
    order = ORDERS["with replacement"]
    visits = order.visits({}, uniform(4000, 8))
    counts = torch.bincount(visits.ravel(), minlength=8) / visits.numel()
    assert (counts - 1 / 8).abs().max() < 0.01
    assert order.visits({}, torch.ones(1, 8)).max() == 7


def test_shuffle_once_keeps_its_order_and_reshuffling_does_not():
    once, again = ORDERS["shuffle once"], ORDERS["reshuffling"]
    state = once.init(uniform(16), 1)
    assert torch.equal(once.visits(state, uniform(16, seed=1)), once.visits(state, uniform(16)))
    assert not torch.equal(again.visits({}, uniform(16, seed=1)), again.visits({}, uniform(16)))


def test_divide_keeps_the_front_and_reverses_the_back():
    order = torch.tensor([[5, 1, 4, 0, 3, 2]])
    front = torch.tensor([[True, False, True, False, False, True]])
    assert divide(order, front).tolist() == [[5, 4, 2, 3, 0, 1]]


def test_grab_agrees_with_a_loop_over_lists():
    n, lanes = 12, 5
    random = np.random.default_rng(3)
    state = GraB().init(uniform(lanes, n), 3)
    hand = [(state["order"][lane].tolist(), np.zeros(3)) for lane in range(lanes)]
    for _ in range(6):
        visits = GraB().visits(state, None)
        gradients = random.standard_normal((n, lanes, 3))
        state = GraB().learn(state, visits, torch.as_tensor(gradients))
        for lane, (order, stale) in enumerate(hand):
            hand[lane] = grab_by_hand(order, gradients[:, lane], stale)
            assert state["order"][lane].tolist() == hand[lane][0]
            assert np.allclose(state["stale"][lane], hand[lane][1])


def test_epoch_takes_one_step_for_each_visit_in_their_order():
    problem = TwoSided(circle(4, PLAIN), left=3.0, right=1.0)
    x = start = torch.tensor([0.5, -0.25], dtype=torch.float64)
    visits = torch.tensor([2, 0, 2])
    moved, gradients = epoch(problem, start, visits, torch.tensor(0.1))
    for seen, i in zip(gradients, visits, strict=True):
        gradient = problem.gradient(x, problem.pushes[i])
        assert torch.allclose(seen, gradient, atol=1e-15)
        x = x - 0.1 * gradient
    assert torch.allclose(moved, x, atol=1e-15)
    assert start.tolist() == [0.5, -0.25]


def test_epoch_gives_a_lane_of_a_batch_the_bits_of_a_single_run():
    problem = TwoSided(circle(8, PLAIN))
    order = GraB()

    def once(x, first):
        state = order.init(first, 2)
        for _ in range(5):
            visits = order.visits(state, None)
            x, gradients = epoch(problem, x, visits, torch.tensor(0.05))
            state = order.learn(state, visits, gradients)
        return x, state["order"]

    x, first = 3 * uniform(6, 4, 2, seed=1), uniform(6, 4, 8)
    batched = torch.func.vmap(once)(x, first)
    for lane in range(6):
        alone = once(x[lane], first[lane])
        assert torch.equal(alone[0], batched[0][lane])
        assert torch.equal(alone[1], batched[1][lane])


def test_walk_starts_and_ends_at_zero_and_discrepancy_is_its_farthest_point():
    vectors = circle(10, PLAIN) + 7.0
    order = torch.randperm(10, generator=torch.Generator().manual_seed(2))
    path = walk(vectors, order)
    assert path.shape == (11, 2)
    assert path[0].abs().max() == 0
    assert path[-1].abs().max() < 1e-12
    assert discrepancy(vectors, order) == path.norm(dim=1).max()


def test_balancing_fixed_vectors_keeps_their_walk_bounded():
    strays = []
    for n in (16, 64, 256):
        vectors = circle(n, PLAIN)
        state = GraB().init(uniform(8, n), 2)
        before = discrepancy(vectors, state["order"]).mean()
        for _ in range(15):
            visits = state["order"]
            state = GraB().learn(state, visits, vectors[visits].movedim(1, 0))
        strays.append((before.item(), discrepancy(vectors, state["order"]).mean().item()))
    random, balanced = np.log(np.array(strays)).T
    assert np.polyfit(np.log([16, 64, 256]), random, 1)[0] == pytest.approx(0.5, abs=0.15)
    assert max(balanced) < np.log(2)


@pytest.mark.parametrize("name", ["with replacement", "reshuffling", "GraB"])
def test_gaps_fall_by_the_powers_that_the_orders_announce(name):
    paces = torch.logspace(-2, -0.4, 40, dtype=torch.float64)
    order = ORDERS[name]
    epochs = np.array([48, 64, 96, 128, 192, 256])
    gaps = {n: run(name, n, 256, paces, copies=48).min(1).values.numpy() for n in (8, 16, 32)}
    in_epochs = [np.polyfit(np.log(epochs), np.log(g[epochs - 1]), 1)[0] for g in gaps.values()]
    assert np.mean(in_epochs) == pytest.approx(-order.epochs, abs=0.3)
    table = np.log([gaps[n][epochs - 1] for n in gaps])
    in_components = np.polyfit(np.log(list(gaps)), table, 1)[0]
    assert in_components.mean() == pytest.approx(-order.components, abs=0.3)


def test_bias_of_alternating_pushes_is_where_the_two_sides_balance():
    """Visits +, -, +, -: x moves between u and u - eta, so left (eta - u) = right u."""
    problem = TwoSided(opposite(64, PLAIN), left=4.0, right=1.0)
    x, eta = torch.tensor([0.0], dtype=torch.float64), 0.001
    for _ in range(600):
        x, _ = epoch(problem, x, torch.arange(64), torch.tensor(eta))
    assert x.item() / eta == pytest.approx(4 / 5, rel=0.01)
