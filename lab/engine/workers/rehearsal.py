"""Slow first times, done before somebody waits for them."""

from __future__ import annotations


def rehearse() -> None:
    """One step of an optimiser, and what experiments import: about a second and a half."""
    import torch._dynamo

    layer = torch.nn.Linear(2, 2)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimiser.step()
