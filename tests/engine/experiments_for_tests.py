"""Experiments that misbehave: their steps hang, raise or end their process when told to."""

import os
import signal
import threading

import torch

from lab.engine import Boolean, Card, Experiment, Integer, Number, Quantity, Text

CARD = Card("A troublesome one", "Does the lab bear it?")
NEVER = -1


def hang(bell):
    """Rings, then waits for ever."""
    if bell:
        with open(bell, "w"):
            pass
    threading.Event().wait()


class Troublesome(Experiment):
    """Hangs, raises or kills its worker at a step of one's choice, until it is mended."""

    card = CARD
    hang_at = Integer(NEVER, bounds=(NEVER, 10**9))
    raise_at = Integer(NEVER, bounds=(NEVER, 10**9))
    die_at = Integer(NEVER, bounds=(NEVER, 10**9))
    fill_at = Integer(NEVER, bounds=(NEVER, 10**9), doc="asks for 100 GB")
    mend = Boolean(False, live=True)
    bell = Text("", doc="a named pipe that is rung before it hangs")
    push = Number(0.1, bounds=(-1, 1), live=True)
    quantities = {"x": Quantity("x")}
    max_steps = 10**9

    def init(given, c, rng, backend):
        return {"x": torch.ones(3)}

    def step(state, given, c, k, rng):
        if not c.mend:
            if k == c.hang_at:
                hang(c.bell)
            if k == c.raise_at:
                raise ValueError("the shapes do not fit")
            if k == c.fill_at:
                torch.ones(25 * 10**9)
            if k == c.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return {"x": 0.999 * state["x"] + c.push * rng.normal("noise", (3,))}

    def observe(state, given, c):
        return {"x": state["x"].sum()}

    def picture(state, given, c):
        return {"x": state["x"]}


class BadStart(Experiment):
    """Its preparation hangs or ends the process."""

    card = CARD
    how = Integer(0, bounds=(0, 2))
    bell = Text("")
    quantities = {"x": Quantity("x")}

    def init(given, c, rng, backend):
        if c.how == 0:
            hang(c.bell)
        if c.how == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError("no data")

    def step(state, given, c, k, rng):
        return state

    def observe(state, given, c):
        return {"x": 0.0}


class Unpicklable(Experiment):
    """Its state holds what cannot be pickled."""

    card = CARD
    quantities = {"x": Quantity("x")}
    max_steps = 10**9

    def init(given, c, rng, backend):
        return {"x": 0, "rule": Next()}

    def step(state, given, c, k, rng):
        return {**state, "x": state["rule"](state["x"])}

    def observe(state, given, c):
        return {"x": state["x"]}


class Next:
    """Counts; may be copied, not pickled."""

    def __call__(self, x):
        return x + 1

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("a next cannot be pickled")
