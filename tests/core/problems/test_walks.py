"""Exact values are scipy's."""

import numpy as np
import torch
from scipy.sparse import csr_array, identity
from scipy.sparse.linalg import spsolve

from lab.core.backend import Backend
from lab.core.problems.walks import NEAR, walks

BACKEND = Backend(dtype="float64")


def test_values_are_scipys():
    found = walks(1, 20, 0.9, np.random.default_rng(0), BACKEND)
    a, b = found["roads"][0].unbind(-1)
    chance = torch.softmax(2 * a - b + a * b, -1).numpy().ravel()
    where = (np.repeat(np.arange(20), NEAR), found["to"][0].numpy().ravel())
    walk = csr_array((chance, where), shape=(20, 20))
    expected = spsolve((identity(20) - 0.9 * walk).tocsc(), found["reward"][0].numpy())
    np.testing.assert_allclose(found["value"][0], expected, atol=1e-12)
