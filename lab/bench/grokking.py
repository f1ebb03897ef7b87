"""The networks that grok: a step of ours beside a step of the plain PyTorch loop, on one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from lab.bench.peers import beside
from lab.bench.row import Row
from lab.core.clock_transformer import ClockTransformer
from lab.core.networks import PairNetwork, Weights
from lab.core.optim import AdamW
from lab.core.problems.modular import shown_and_hidden
from lab.core.random import Rng
from lab.engine.numerics import exact_numerics

SMALL = PairNetwork(p=67, d=500, width=24)
CLOCK = ClockTransformer(p=113, d=128, heads=4, width=512)
SMALL_GOALS = {"the plain loop": 1 / 12, "shared products with autograd": 1 / 1.5}
CLOCK_GOAL = 1 / 2.5
EIGHT_GOAL, EIGHT_STEPS, TIMES = 5, 400, 3
SETTING = {"lr": 1e-3, "betas": (0.9, 0.98), "weight_decay": 1.0}
Step = Callable[[], Tensor]


class PlainPairs(nn.Module):
    """`PairNetwork` as one writes it in PyTorch."""

    def __init__(self, net: PairNetwork, weights: Weights):
        super().__init__()
        self.embed = nn.Embedding(net.p, net.d)
        self.hidden = nn.Linear(net.d, net.width, bias=False)
        self.out = nn.Linear(net.width, net.p, bias=False)
        self.to(weights["embed"].dtype)
        with torch.no_grad():
            self.embed.weight.copy_(weights["embed"])
            self.hidden.weight.copy_(weights["hidden"].T)
            self.out.weight.copy_(weights["out"])

    def forward(self, pairs: Tensor) -> Tensor:
        read = self.embed(pairs[:, 0]) + self.embed(pairs[:, 1])
        return self.out(torch.relu(self.hidden(read)))


class SharedPairs(PlainPairs):
    """Each number meets the hidden weights once, not once for each pair it stands in."""

    def forward(self, pairs: Tensor) -> Tensor:
        table = self.hidden(self.embed.weight)
        return self.out(torch.relu(table[pairs[:, 0]] + table[pairs[:, 1]]))


class PlainTransformer(nn.Module):
    """`ClockTransformer` as one writes it in PyTorch: every place is worked out."""

    def __init__(self, net: ClockTransformer, weights: Weights):
        super().__init__()
        p, d = net.p, net.d
        self.heads = net.heads
        self.embed = nn.Embedding(p + 1, d)
        self.place = nn.Parameter(weights["place"].clone())
        self.query, self.key, self.value, self.mix = (nn.Linear(d, d, bias=False) for _ in range(4))
        self.up, self.down = nn.Linear(d, net.width), nn.Linear(net.width, d)
        self.unembed = nn.Linear(d, p, bias=False)
        self.to(weights["embed"].dtype)
        with torch.no_grad():
            self.embed.weight.copy_(weights["embed"])
            for name in ("query", "key", "value", "mix", "up", "down", "unembed"):
                getattr(self, name).weight.copy_(weights[name].T)
            self.up.bias.copy_(weights["up_bias"])
            self.down.bias.copy_(weights["down_bias"])

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.place
        heads = (part(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
                 for part in (self.query, self.key, self.value))  # fmt: skip
        heard = scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.mix(heard.transpose(1, 2).flatten(2))
        x = x + self.down(torch.relu(self.up(x)))
        return self.unembed(x)[:, -1]


def training(model: nn.Module, seen: Tensor, answer: Tensor) -> Step:
    """A step of the plain loop: autograd and torch's AdamW. It answers with the loss."""
    optimiser = torch.optim.AdamW(model.parameters(), **SETTING)

    def step() -> Tensor:
        optimiser.zero_grad()
        loss = cross_entropy(model(seen), answer)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step


def written(net, weights: Weights, pairs: Tensor, answer: Tensor) -> Step:
    """A step of ours: the gradient written out, and our AdamW. It answers with the loss."""
    optimiser = AdamW(SETTING["lr"], *SETTING["betas"], decay=SETTING["weight_decay"])
    memory, k = optimiser.init(weights), 0

    def step() -> Tensor:
        nonlocal weights, memory, k
        loss, gradient = net.gradient(weights, pairs, answer)
        weights, memory = optimiser.step(weights, gradient, memory, k)
        k += 1
        return loss

    return step


def small_steps(rng: Rng, net: PairNetwork) -> dict[str, Step]:
    """The step of each way to train the small network from one start; "ours" is one."""
    sums = shown_and_hidden(net.p, 0.4, rng)
    data = sums["pairs"][: sums["shown"]], sums["answer"][: sums["shown"]]
    weights = net.init(rng)
    ways = dict(zip(SMALL_GOALS, (PlainPairs, SharedPairs)))
    found = {name: training(way(net, weights), *data) for name, way in ways.items()}
    return {"ours": written(net, weights, *data), **found}


def clock_steps(rng: Rng, net: ClockTransformer) -> dict[str, Step]:
    """The step of each way to train the transformer from one start; "ours" is one."""
    sums = shown_and_hidden(net.p, 0.3, rng, tied=False)
    pairs, answer = sums["pairs"][: sums["shown"]], sums["answer"][: sums["shown"]]
    weights = net.init(rng)
    tokens = torch.cat([pairs, torch.full_like(pairs[:, :1], net.p)], 1)
    return {
        "ours": written(net, weights, pairs, answer),
        "the plain loop": training(PlainTransformer(net, weights), tokens, answer),
    }


def small() -> Iterator[Row]:
    """Modulo 67, embedding 500, 24 neurons, 40 % of the unordered pairs, full batch."""
    with exact_numerics():
        for peer, goal in SMALL_GOALS.items():
            steps = small_steps(Rng(0), SMALL)
            yield beside(
                f"a step of the small grokking network beside {peer}",
                steps["ours"], steps[peer], peer, goal,
            )  # fmt: skip


def clock() -> Row:
    """Modulo 113, embedding 128, 4 heads, 512 neurons, 30 % of the ordered pairs, full batch."""
    with exact_numerics():
        steps = clock_steps(Rng(0), CLOCK)
        peer = "the plain loop"
        return beside(
            "a step of the transformer that groks", steps["ours"], steps[peer], peer, CLOCK_GOAL
        )


def eight() -> Row:
    """Eight seeds of a grokking network over worker processes, beside one of these runs."""
    from lab.engine import Grid, steps
    from lab.engine.study import Study
    from lab.engine.workers.cells import run_cells
    from lab.engine.workers.crew import Crew

    crew = Crew()

    def seconds(seeds: int) -> float:
        grid = Grid(seeds=seeds, stop=steps(EIGHT_STEPS))
        study = Study("progress-measures", grid, run=lambda jobs: run_cells(jobs, crew))
        begin = time.perf_counter()
        study.run()
        return time.perf_counter() - begin

    try:
        seconds(8)  # every worker has started
        pairs = [(seconds(8), seconds(1)) for _ in range(TIMES)]
    finally:
        crew.shutdown()
    ratios = [eight / one for eight, one in pairs]
    both, one = (statistics.median(times) for times in zip(*pairs))
    note = (
        f"one by one in each worker process: {both:.2f} s beside {one:.2f} s of {EIGHT_STEPS} "
        f"steps; {min(ratios):.2f} to {max(ratios):.2f}"
    )
    name = "peers: eight seeds of a grokking network over one"
    return Row(name, statistics.median(ratios), "times", EIGHT_GOAL, note=note)


WORK = (small, clock, eight)
