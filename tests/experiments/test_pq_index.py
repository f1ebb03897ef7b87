"""The PQ index over rounds: what is recorded is the index of what is left."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.core.pq_index import Adaptive, PQIndex
from lab.engine import Session
from lab.experiments.sparsity.pq_index import LEAST, ROUNDS, PqIndex, living, of_normal

NET = pair("digits 40").net


def run(steps, **controls):
    session = Session(PqIndex, PqIndex.controls_for(tune=5, **controls), seed=1)
    session.advance(steps)
    return session


@pytest.fixture(scope="module")
def rewound():
    return run(13, rounds=2)


def test_rounds_record_the_weights_that_are_left(rewound):
    lefts = [row["left"] for row in rewound.state["table"]]
    assert lefts == [6160, 3696, 2218]
    weights = living(NET, rewound.state)
    assert len(weights) == 2218 and bool((weights != 0).all())
    last = rewound.state["table"][-1]["index"]
    assert last == pytest.approx(float(PQIndex().of(weights)))
    assert rewound.trace["index"][-1] == pytest.approx(last)
    indices = np.asarray(rewound.trace["indices"][-1])
    assert indices.shape == (ROUNDS,)
    assert np.all(indices[2:] == indices[2]) and indices[0] > indices[1] > indices[2]


def test_a_cut_rewinds_the_living_or_lets_them_go_on(rewound):
    back, on = run(7, rounds=2), run(7, rounds=2, rewind=False)
    for session, source in ((back, back.given.start), (on, None)):
        w, alive = session.state["w"], session.state["alive"]
        assert bool((w[~alive] == 0).all())
        if source is not None:
            assert torch.equal(w, source * alive)
    assert not torch.equal(on.state["w"], on.given.start * on.state["alive"])


def test_each_layer_keeps_the_same_share_and_the_larger_weights():
    session = run(1, score="each layer")
    for w, alive in zip(NET.weights(session.given.dense), NET.weights(session.state["alive"])):
        assert float(alive.double().mean()) == pytest.approx(0.6, abs=2e-3)
        assert w[alive].abs().min() >= w[~alive].abs().max()


def test_words_are_pruned_too():
    session = run(7, net="reber 40", rounds=1)
    assert [row["left"] for row in session.state["table"]] == [2880, 1728]
    assert session.picture()["weights"].shape == (70, 40 + 4 + 2)


def test_adaptive_cuts_follow_the_index():
    session = run(1, adaptive=True, eta=0.0)
    dense = torch.cat([w.flatten() for w in NET.weights(session.given.dense)])
    share = Adaptive().share(dense)
    assert len(living(NET, session.state)) == round((1 - share) * 6160)
    assert 0.1 < share < 0.25


def test_a_run_ends_before_nothing_is_left():
    session = run(200, share=0.9, rounds=40)
    assert session.state["table"][-1]["left"] == LEAST


def test_normal_numbers_have_the_index_of_a_sample():
    drawn = torch.randn(200_000, generator=torch.Generator().manual_seed(0)).abs().double()
    largest = drawn.sort(descending=True).values
    for left in (1.0, 0.3, 0.05):
        sample = float(PQIndex().of(largest[: int(left * 200_000)]))
        assert of_normal(left, PQIndex()) == pytest.approx(sample, abs=2e-3)
