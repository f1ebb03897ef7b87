"""The tournaments are what they are called, and always have a most likely ranking."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from lab.core.random import Rng
from lab.engine.session import Session
from lab.experiments.fixed_point.pairwise_rankings import chance


def controls(**changed):
    return SimpleNamespace(**{"kind": "league", "players": 6, "games": 20, "spread": 1, **changed})


def test_a_ladder_joins_neighbours_and_a_champion_loses_once():
    wins, _ = chance(controls(kind="ladder"), Rng(0))
    played = wins + wins.T
    np.testing.assert_array_equal(played, 20 * (np.eye(6, k=1) + np.eye(6, k=-1)))
    wins, _ = chance(controls(kind="champion"), Rng(0))
    assert wins[:, -1].sum() == 1
    assert wins[-1].sum() == 5 * 20 - 1
    assert (np.diag(wins) == 0).all()


@pytest.mark.parametrize("kind", ["league", "ladder", "champion"])
@pytest.mark.parametrize("games", [2, 50])
def test_there_is_a_maximum_even_where_chance_gives_none(kind, games):
    run = Session("pairwise-rankings", controls={"kind": kind, "games": games, "spread": 3.0})
    league = run.given.league
    assert connected_components(league["wins"].numpy() > 0, connection="strong")[0] == 1
    assert float(league["s"].mean()) == pytest.approx(0, abs=1e-12)
