"""The same trace from every kind of worker, over every registered experiment.

`name` is parametrised by conftest.py.
"""

import numpy as np
import pytest

from lab.engine.session import Session

STEPS = 40


@pytest.mark.parametrize("worker", ["process", "thread"])
def test_a_worker_gives_the_bits_of_an_inline_run(name, worker):
    inline = Session(name)
    inline.advance(STEPS)
    with Session(name, worker=worker) as other:
        other.advance(STEPS)
        assert other.head == inline.head
        for quantity in inline.trace.names:
            assert np.array_equal(inline.trace[quantity], other.trace[quantity], equal_nan=True)
        assert other.pictures.ks == inline.pictures.ks
