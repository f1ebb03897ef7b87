"""Slow first times, done before somebody waits for them."""

from __future__ import annotations


def rehearse() -> None:
    """Something to differentiate: an eighth of a second.

    Never on a thread beside a run: both would wait for the interpreter's lock, and the run's
    first second would make a hundredth of its steps.
    """
    import torch

    torch.ones(2, 2, requires_grad=True).sum().backward()
