"""The one-layer transformer that reads "a b =" and answers at "=", its gradient written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from lab.core.networks import Weights, loss_and_error
from lab.core.random import Rng


class Read(NamedTuple):
    """What the transformer makes of n pairs on the way to their scores.

    Parameters
    ----------
    rows : Tensor (2 p + 1, d)
        What stands in the residual stream at first: each a, each b, "=".
    keys, values : Tensor (2 p + 1, d)
    query : Tensor (d,)
        Of "=", the only one that is asked for.
    share : Tensor (n, 3, heads)
        Attention of "=" to a, to b and to itself.
    away : Tensor (2 p, heads, d / heads)
        Values of each a and b, less that of "=".
    mixed : Tensor (n, d + width)
        The heads' weighted values, then the neurons' activity.
    up : Tensor (d, width)
        From weighted values to neurons.
    down : Tensor (d + width, p)
        From both to scores.
    logits : Tensor (n, p)
    """

    rows: Tensor
    keys: Tensor
    values: Tensor
    query: Tensor
    share: Tensor
    away: Tensor
    mixed: Tensor
    up: Tensor
    down: Tensor
    logits: Tensor


@final
@dataclass(frozen=True)
class ClockTransformer:
    """One block of attention and a hidden layer of relu, both added to what comes in.

    The network of Nanda, Chan, Lieberum, Smith, Steinhardt, "Progress measures for grokking via
    mechanistic interpretability" (ICLR 2023): no normalisation, learned places, biases in the
    hidden layer alone, scores by a matrix of their own. Theirs has p = 113, d = 128, 4 heads,
    512 hidden units.

    Parameters
    ----------
    p : int
        How many numbers there are, and how many answers; "=" is one token more.
    d : int
        Length of an embedded token; a multiple of `heads`.
    heads, width : int
        Heads of attention, hidden neurons.

    Raises
    ------
    ValueError
        The length is no multiple of the heads.

    Notes
    -----
    Weights: `embed` (p + 1, d), `place` (3, d), `query`, `key`, `value`, `mix` (d, d), `up`
    (d, width), `up_bias` (width,), `down` (width, d), `down_bias` (d,), `unembed` (d, p).

    Only the scores after "=" are asked for. So there is one query; a key and a value depend on a
    token and its place, and are made 2 p + 1 times, not 3 n times; and products of weights are
    made before they meet the n pairs.
    """

    p: int
    d: int = 128
    heads: int = 4
    width: int = 512

    def __post_init__(self):
        if self.d % self.heads:
            raise ValueError(f"{self.heads} heads do not share a length of {self.d}")

    def init(self, rng: Rng) -> Weights:
        """Normal weights of variance 1 / d, scores of variance 1 / p; biases zero."""
        p, d, width = self.p, self.d, self.width
        shapes = {
            "embed": (p + 1, d), "place": (3, d),
            "query": (d, d), "key": (d, d), "value": (d, d), "mix": (d, d),
            "up": (d, width), "down": (width, d), "unembed": (d, p),
        }  # fmt: skip
        weights = {name: rng.normal(name, shape) / math.sqrt(d) for name, shape in shapes.items()}
        weights["unembed"] *= math.sqrt(d / p)
        weights["up_bias"] = rng.backend.zeros(width)
        weights["down_bias"] = rng.backend.zeros(d)
        return weights

    def read(self, weights: Weights, pairs: Tensor) -> Read:
        """Everything on the way to the scores of int64 pairs (n, 2)."""
        p, d, heads = self.p, self.d, self.heads
        embed, place = weights["embed"], weights["place"]
        rows = torch.cat([embed[:p] + place[0], embed[:p] + place[1], embed[p:] + place[2]])
        keys, values = rows @ weights["key"], rows @ weights["value"]
        query = rows[-1] @ weights["query"]
        scores = self._by_head(keys * query).sum(2) / math.sqrt(d // heads)
        a, b = pairs[:, 0], pairs[:, 1] + p
        seen = scores.index_select(0, a), scores.index_select(0, b), scores[-1].expand(len(a), -1)
        share = torch.stack(seen, 1).softmax(1)
        # Shares sum to 1, so the value of "=" is there whatever they are.
        away = self._by_head(values[:-1] - values[-1])
        mixed = values.new_empty(len(pairs), d + self.width)
        heard = away.index_select(0, a).mul_(share[:, 0, :, None])
        heard += away.index_select(0, b).mul_(share[:, 1, :, None])
        torch.add(heard.flatten(1), values[-1], out=mixed[:, :d])
        up = weights["mix"] @ weights["up"]
        at_end = rows[-1] @ weights["up"] + weights["up_bias"]
        torch.addmm(at_end, mixed[:, :d], up, out=mixed[:, d:])
        mixed[:, d:].relu_()
        down = torch.cat([weights["mix"], weights["down"]]) @ weights["unembed"]
        always = (rows[-1] + weights["down_bias"]) @ weights["unembed"]
        logits = torch.addmm(always, mixed, down)
        return Read(rows, keys, values, query, share, away, mixed, up, down, logits)

    def logits(self, weights: Weights, pairs: Tensor) -> Tensor:
        """The answers' scores for int64 pairs (n, 2), (n, p)."""
        return self.read(weights, pairs).logits

    def gradient(self, weights: Weights, pairs: Tensor, answer: Tensor) -> tuple[Tensor, Weights]:
        """Mean cross-entropy over n pairs (0-d) and its gradient, by the names of the weights."""
        p, d, n = self.p, self.d, len(answer)
        scale = 1 / math.sqrt(d // self.heads)
        seen = self.read(weights, pairs)
        loss, error = loss_and_error(seen.logits, answer)
        error /= n

        # Scores and neurons. `g` of a name is the loss's slope in it.
        g_down, g_always = seen.mixed.mT @ error, error.sum(0)
        g_mixed = error @ seen.down.mT
        g_neurons = g_mixed[:, d:].mul_(seen.mixed[:, d:].sign())  # relu's slope
        g_up, g_neuron = seen.mixed[:, :d].mT @ g_neurons, g_neurons.sum(0)
        g_heard = torch.addmm(g_mixed[:, :d], g_neurons, seen.up.mT)

        # Attention: back through the shares, then to each token and place.
        a, b = pairs[:, 0], pairs[:, 1] + p
        by_head = self._by_head(g_heard)
        to_share = torch.stack(
            [(by_head * seen.away.index_select(0, place)).sum(2) for place in (a, b)], 1
        )
        two = seen.share[:, :2]
        common = (two * to_share).sum(1)
        to_scores = two * (to_share - common[:, None])
        g_scores = error.new_zeros(2 * p + 1, self.heads)
        g_scores.index_add_(0, a, to_scores[:, 0]).index_add_(0, b, to_scores[:, 1])
        g_scores[-1] = -(seen.share[:, 2] * common).sum(0)
        g_values = torch.zeros_like(seen.values)
        for place, part in ((a, two[:, 0]), (b, two[:, 1])):
            g_values.index_add_(0, place, (by_head * part[..., None]).flatten(1))
        g_values[-1] = g_heard.sum(0) - g_values.sum(0)
        g_keys = (g_scores[..., None] * self._by_head(seen.query * scale)).flatten(1)
        g_query = (g_scores[..., None] * self._by_head(seen.keys)).sum(0).flatten() * scale

        # Products of weights, then what stands at each place.
        mix, up, down, unembed = (weights[name] for name in ("mix", "up", "down", "unembed"))
        end = seen.rows[-1]
        g_rows = torch.addmm(g_keys @ weights["key"].mT, g_values, weights["value"].mT)
        g_end = unembed @ g_always
        g_rows[-1] += weights["query"] @ g_query + up @ g_neuron + g_end
        return loss, {
            "embed": torch.cat([g_rows[:p] + g_rows[p:-1], g_rows[-1:]]),
            "place": torch.stack([g_rows[:p].sum(0), g_rows[p:-1].sum(0), g_rows[-1]]),
            "query": torch.outer(end, g_query),
            "key": seen.rows.mT @ g_keys,
            "value": seen.rows.mT @ g_values,
            "mix": torch.addmm(g_up @ up.mT, g_down[:d], unembed.mT),
            "up": torch.addmm(torch.outer(end, g_neuron), mix.mT, g_up),
            "up_bias": g_neuron,
            "down": g_down[d:] @ unembed.mT,
            "down_bias": g_end,
            "unembed": torch.outer(end + weights["down_bias"], g_always)
            + torch.cat([mix, down]).mT @ g_down,
        }

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1))
