"""Decoding as a triangular system y_i = argmax p(y_i | y_1 .. y_(i-1), x), many sentences at once.

A call of the network gives all right-hand sides for a guess of all tokens. Decoding one by one
solves the first equation, then the second, and so on (Gauss and Seidel); Jacobi's method puts all
new tokens in at each call, until nothing changes; in between, blocks are solved by Jacobi one after
the other. All end in the same tokens. (Song, Meng, Liao and Ermon, "Accelerating feedforward
computation via parallel nonlinear equation solving", ICML 2021; Santilli et al., "Accelerating
transformer inference for translation via parallel decoding", ACL 2023.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor


@final
@dataclass(frozen=True)
class Decoding:
    """Jacobi's method on one block after the other, each sentence at its own pace.

    A block is settled when a call changes nothing in it, or after as many calls as it has tokens.

    Parameters
    ----------
    block : int
        Tokens of a block; 1 decodes one by one, 0 puts all tokens into one block (Jacobi).
    end : int or None
        A token after which a sentence is finished as soon as it is settled. None: all tokens are
        decoded.
    """

    block: int = 0
    end: int | None = None

    def finite(self, n: int) -> int:
        """Calls after which n tokens are settled at the latest."""
        return n

    def init(self, y: Tensor) -> dict[str, Any]:
        """State at the guess `y`, int64 of shape (n, m); by sentence: `front`, the tokens that are
        settled, `inside`, calls for the present block, `calls`, and `open`."""
        zero = torch.zeros(len(y), dtype=torch.int64, device=y.device)
        done = torch.zeros_like(zero, dtype=torch.bool)
        return {"y": y, "front": zero, "inside": zero.clone(), "calls": zero.clone(), "open": ~done}

    def step(self, state: dict[str, Any], predict: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        """The state after one more call for the sentences that are not finished.

        Parameters
        ----------
        predict : callable
            Tokens (n, m) to the likeliest token at each place, given those before it, (n, m).
        """
        y, front, opened = state["y"], state["front"], state["open"]
        m = y.shape[1]
        place = torch.arange(m, device=y.device)
        stop = (front + (self.block or m)).clamp(max=m)
        inside = state["inside"] + 1
        active = opened[:, None] & (place >= front[:, None]) & (place < stop[:, None])
        new = torch.where(active, predict(y), y)
        settled = opened & ((new == y).all(1) | (inside == stop - front))
        front = torch.where(settled, stop, front)
        finished = front == m
        if self.end is not None:
            finished |= ((new == self.end) & (place < front[:, None])).any(1)
        return {
            "y": new,
            "front": front,
            "inside": torch.where(settled, 0, torch.where(opened, inside, state["inside"])),
            "calls": state["calls"] + opened,
            "open": opened & ~finished,
        }


def one_by_one(predict: Callable[[Tensor], Tensor], y: Tensor, end: int) -> tuple[Tensor, Tensor]:
    """The tokens chosen one after the other, and how many there are up to and with `end`.

    Parameters
    ----------
    predict : callable
        The first i tokens (n, i) to the likeliest next one, (n,): it never sees those to come.
    y : int64 Tensor of shape (n, m)
        Gives the shape.

    Returns
    -------
    tokens : int64 Tensor of shape (n, m)
        After the first `end` all are `end`.
    counts : int64 Tensor of shape (n,)
        At most m.
    """
    tokens = y[:, :0]
    over = torch.zeros(len(y), dtype=torch.bool, device=y.device)
    for _ in range(y.shape[1]):
        new = torch.where(over, end, predict(tokens))
        over = over | (new == end)
        tokens = torch.cat([tokens, new[:, None]], 1)
    return tokens, ((tokens != end).sum(1) + 1).clamp(max=y.shape[1])


def trajectory(predict: Callable[[Tensor], Tensor], y: Tensor) -> tuple[Tensor, Tensor]:
    """All guesses of Jacobi's method from `y` to the fixed point.

    Parameters
    ----------
    predict : callable
        As in `Decoding.step`.
    y : int64 Tensor of shape (n, m)

    Returns
    -------
    guesses : int64 Tensor of shape (m + 1, n, m)
        The start, then what each call gave; the fixed point from the last call of a sentence on.
    calls : int64 Tensor of shape (n,)
        With the one that confirms.
    """
    method = Decoding()
    state = method.init(y)
    guesses = [y]
    for _ in range(y.shape[1]):
        if state["open"].any():
            state = method.step(state, predict)
        guesses.append(state["y"])
    return torch.stack(guesses), state["calls"]


def shades(rows: Tensor, answer: Tensor, known: Tensor) -> Tensor:
    """A sheet of guesses, one row for each call: 1 right and known to be, 0.5 right, 0.12 wrong.

    Parameters
    ----------
    rows : int64 Tensor of shape (r, m)
        Tokens; -1 where none is yet, which is nan on the sheet.
    answer : int64 Tensor of shape (m,)
    known : bool Tensor of shape (r, m)
        Whether the token is settled.
    """
    right = torch.where(known, 1.0, 0.5)
    found = torch.where(rows == answer, right, 0.12)
    return torch.where(rows >= 0, found, torch.nan)
