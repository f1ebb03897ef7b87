"""Words in a group: what is observed is what it says."""

import numpy as np
import pytest
import torch

from lab.core.groups import group, tensor
from lab.core.representations import irreducibles, projectors
from lab.engine import Session
from lab.experiments.grokking.learning_words_groups import LearningWordsGroups, network

SMALL = LearningWordsGroups.controls_for(group="D6", width=64)


@pytest.fixture(scope="module")
def run():
    session = Session(LearningWordsGroups, SMALL, seed=0)
    session.advance(200)
    return session


def test_every_pair_once_and_its_answer(run):
    table, g = run.given.table, group("D6")
    number = table["pairs"] @ torch.tensor([12, 1])
    assert torch.equal(number, table["number"])
    assert number.sort().values.tolist() == list(range(144)) and table["shown"] == 115
    assert torch.equal(table["answer"], g.product[table["pairs"][:, 0], table["pairs"][:, 1]])


def test_accuracy_is_of_the_networks_scores(run):
    W = {name: w.double().numpy() for name, w in run.state["weights"].items()}
    z = np.maximum(W["left"][:, None] + W["right"], 0) @ W["out"].T
    right = z.argmax(2) == group("D6").product.numpy()
    a, b = run.given.table["pairs"].T.numpy()
    shown = np.arange(144) < 115
    assert run.trace["train_acc"][-1] == pytest.approx(right[a, b][shown].mean())
    assert run.trace["test_acc"][-1] == pytest.approx(right[a, b][~shown].mean())
    picture = run.picture()
    np.testing.assert_array_equal(picture["right"], right)
    np.testing.assert_array_equal(picture["answers"], z.argmax(2))


def test_the_words_triples_for_a_product_are_the_diagonal(run):
    W = {name: w.double() for name, w in run.state["weights"].items()}
    z = (W["left"][:, None] + W["right"]).relu() @ W["out"].T
    z = z - z.mean(2, keepdim=True)
    P = projectors(group("D6"))
    same = (
        sum(torch.einsum("ai,bj,ck,ijk->abc", p, p, p, z).square().sum() for p in P[1:])
        / z.square().sum()
    )
    assert run.trace["fused"][-1] == pytest.approx(float(same), abs=1e-5)
    by_answer = torch.stack([(z @ p).square().sum() for p in P]) / z.square().sum()
    np.testing.assert_allclose(run.trace["energy"][-1], by_answer, atol=1e-5)


def test_exact_scores_have_all_their_energy_there():
    for word in ("ab", "aba⁻¹b⁻¹"):
        session = Session(LearningWordsGroups, SMALL | {"word": word, "activation": "product"})
        g = group("D6")
        T = tensor(g.word(word)).reshape(12, 144)
        # A neuron for each pair (a, b): its answer is right by arithmetic.
        eye = torch.eye(12).double()
        weights = {
            "left": eye.repeat_interleave(12, 1),
            "right": eye.repeat(1, 12),
            "out": T.reshape(144, 12).T,
        }
        weights = {name: w.float() for name, w in weights.items()}
        c = type("c", (), SMALL | {"word": word, "activation": "product", "width": 144})
        seen = LearningWordsGroups.observe({"weights": weights}, session.given, c)
        assert float(seen["fused"]) == pytest.approx(1, abs=1e-5)
        assert seen["test_acc"] == 1 and seen["train_acc"] == 1
        assert network(c).width == 144 and len(irreducibles(g)) == 6


def test_energy_gathers_on_the_word(run):
    fused = run.trace["fused"]
    assert run.trace["train_acc"][-1] == 1 and fused[-1] > 2 * fused[3]
