"""Fourier pictures of a table whose rows are numbers on a clock: row a stands at a / p of a turn.

A network that has learned to add modulo p turns numbers by a few frequencies and leaves the rest
out. The measures of that progress, restricted and excluded loss, are those of Nanda, Chan,
Lieberum, Smith, Steinhardt, "Progress measures for grokking via mechanistic interpretability"
(ICLR 2023): the loss when the logits keep only the key frequencies of a + b, and when they lose
them.
"""

from __future__ import annotations

import torch


def power(table: torch.Tensor) -> torch.Tensor:
    """How much of each column's variance each frequency carries.

    Parameters
    ----------
    table : Tensor (p, columns)

    Returns
    -------
    Tensor (p // 2, columns)
        Row f - 1 holds frequency f. The columns sum to p times the column's sum of squares about
        its mean (Parseval).
    """
    p = len(table)
    found = torch.fft.rfft(table, dim=0)[1:].abs().square()
    found[: (p - 1) // 2] *= 2  # frequency f and p - f are one; p / 2 of an even p is its own
    return found


def power_2d(table: torch.Tensor) -> torch.Tensor:
    """How much of a table's variance each pair of frequencies carries, one down and one across.

    Parameters
    ----------
    table : Tensor (p, q)

    Returns
    -------
    Tensor (p // 2, q // 2)
        Entry (f - 1, g - 1) holds the products of waves of frequency f down the rows and g across
        the columns. A table that depends on the sum or on the difference of its two indices alone
        has its power on the diagonal. The total is p q times the sum of squares of the table about
        its rows' and columns' means (Parseval).
    """
    found = torch.fft.fft2(table).abs().square()
    for axis, n in enumerate(table.shape):
        mirrored = found.flip(axis).narrow(axis, 0, (n - 1) // 2)  # n - f beside f
        found = found.narrow(axis, 1, n // 2).clone()
        found.narrow(axis, 0, (n - 1) // 2).add_(mirrored)
    return found


def clocks(table: torch.Tensor, phases: int) -> torch.Tensor:
    """Where the columns of a table (p, columns) stand: their strongest frequency, and its phase.

    Returns
    -------
    Tensor (p // 2, phases)
        Each column adds the power of its strongest frequency f at row f - 1, in the cell of the
        phase of that wave; the cells begin at phase 0 and share one turn.
    """
    found = torch.fft.rfft(table, dim=0)[1:]
    best = found.abs().argmax(0)
    wave = found.gather(0, best[None])[0]
    cell = (wave.angle() / (2 * torch.pi) % 1 * phases).long().clamp_max(phases - 1)
    counted = table.new_zeros(len(found) * phases)
    counted.index_add_(0, best * phases + cell, wave.abs().square())
    return counted.view(-1, phases)


def ranked(strength: torch.Tensor) -> torch.Tensor:
    """Frequencies from the strongest to the weakest; `strength` (p // 2,) starts at frequency 1."""
    return strength.argsort(descending=True, stable=True) + 1


def key_frequencies(strength: torch.Tensor, share: float = 0.9) -> torch.Tensor:
    """The fewest frequencies that carry this share of the power, strongest first."""
    order = ranked(strength)
    below = strength[order - 1].cumsum(0) < share * strength.sum()
    return order[: int(below.sum()) + 1]


def top_share(strength: torch.Tensor, k: int) -> torch.Tensor:
    """The share of the power in the `k` strongest frequencies, 0-d; 0 without any power."""
    total = strength.sum()
    top = strength.topk(min(k, len(strength))).values.sum()
    return torch.where(total > 0, top / total, torch.zeros_like(total))


def gini(strength: torch.Tensor) -> torch.Tensor:
    """How unevenly the power is spread, 0-d: 0 when all n frequencies have the same, 1 - 1 / n
    when one has it all; 0 without any power."""
    n, total = len(strength), strength.sum()
    place = torch.arange(1 - n, n, 2, dtype=strength.dtype, device=strength.device)
    spread = (place * strength.sort().values).sum()
    return torch.where(total > 0, spread / (n * total), torch.zeros_like(total))


def waves(table: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """The part of a table (p, columns) that these frequencies make, of the same shape."""
    p = len(table)
    keep = torch.zeros(p // 2 + 1, 1, dtype=table.dtype, device=table.device)
    keep[frequencies] = 1
    return torch.fft.irfft(torch.fft.rfft(table, dim=0) * keep, n=p, dim=0)


def mean_by(
    values: torch.Tensor, group: torch.Tensor, groups: int, weight: torch.Tensor
) -> torch.Tensor:
    """Weighted mean of the rows of `values` (n, columns) in each group, (groups, columns)."""
    total = torch.zeros(groups, values.shape[1], dtype=values.dtype, device=values.device)
    total.index_add_(0, group, values * weight[:, None])
    count = torch.zeros(groups, dtype=weight.dtype, device=weight.device)
    return total / count.index_add_(0, group, weight)[:, None]


def restricted_loss(by_sum: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """Loss over all pairs when the logits are the waves of the key frequencies in a + b alone.

    Parameters
    ----------
    by_sum : Tensor (p, p)
        Mean logits over all pairs with a + b = s modulo p, a row for each s (`mean_by`).
    part : Tensor (p, p)
        `waves(by_sum, key frequencies)`.

    Returns
    -------
    0-d Tensor
        The constant part of each logit is kept. Each sum counts alike.
    """
    sums = torch.arange(len(by_sum), device=by_sum.device)
    return torch.nn.functional.cross_entropy(part + by_sum.mean(0), sums)


def excluded_loss(logits: torch.Tensor, sums: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """Loss of some pairs when the waves of the key frequencies are taken out of their logits.

    Parameters
    ----------
    logits : Tensor (n, p)
    sums : Tensor (n,) of int64
        a + b modulo p of each pair; also its right answer.
    part : Tensor (p, p)
        As for `restricted_loss`.
    """
    return torch.nn.functional.cross_entropy(logits - part.index_select(0, sums), sums)


def on_circle(table: torch.Tensor, frequency: int) -> torch.Tensor:
    """The rows of a table (p, d) in the plane in which this frequency turns them, (p, 2).

    Row a of a pure wave stands at angle 2 pi frequency a / p; the farthest row has distance 1.
    """
    p = len(table)
    turn = torch.arange(p, device=table.device, dtype=table.dtype) * (2 * torch.pi * frequency / p)
    tiny = torch.finfo(table.dtype).tiny
    across = turn.cos() @ table
    across = across / across.norm().clamp_min(tiny)
    up = turn.sin() @ table
    up = up - (up @ across) * across
    up = up / up.norm().clamp_min(tiny)
    points = table @ torch.stack([across, up], 1)
    return points / points.norm(dim=1).max().clamp_min(tiny)


def sorted_columns(table: torch.Tensor) -> torch.Tensor:
    """Order of the columns of a table (p, columns) by strongest frequency, then by phase.

    Columns with less than a hundredth of the strongest column's power come last.
    """
    found = torch.fft.rfft(table, dim=0)[1:]
    power = found.abs().square()
    best = power.argmax(0)
    phase = found.gather(0, best[None])[0].angle() / (2 * torch.pi)  # -1/2 .. 1/2
    total = power.sum(0)
    dead = total < 0.01 * total.max()
    return (best + phase + dead * len(table)).argsort(stable=True)
