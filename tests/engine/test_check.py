"""The contract check: the specimens pass, and every planted trap is caught."""

import pytest
import torch
from specimens import CARD, Counting, Descent, Spin, Training
from torch import nn

from lab.engine import Experiment, Number, Quantity, given, limits
from lab.engine.check import check
from lab.engine.keyframes import Keyframes
from lab.engine.limits import _rows_until
from lab.engine.schedule import DENSE
from lab.engine.session import Session

MEMORY = {"count": 0}


@pytest.mark.parametrize("experiment", [Spin, Descent, Training, Counting])
def test_honest_experiments_pass(experiment):
    assert [f for f in check(experiment, timed=False) if not f.ok] == []


class Honest:
    """What the traps share; a trap replaces one method."""

    card = CARD
    quantities = {"loss": Quantity("loss")}

    def init(given, c, rng, backend):
        return {"w": rng.normal("w", (4,)), "m": torch.zeros(4)}

    def step(state, given, c, k, rng):
        return {"w": state["w"] * 0.9, "m": state["m"]}

    def observe(state, given, c):
        return {"loss": state["w"].norm()}


def trap(**methods):
    body = {name: value for name, value in vars(Honest).items() if not name.startswith("__")}
    made = type("Trap", (Experiment,), {**body, **methods, "__module__": __name__})
    globals()["Trap"] = made  # where a worker or a lane looks for it
    return made


def test_without_a_trap_it_is_honest():
    assert [f for f in check(trap(), timed=False) if not f.ok] == []


def module_init(*layers):
    def init(given, c, rng, backend):
        net = nn.Sequential(nn.Linear(4, 4), *layers, nn.Linear(4, 1))
        return {"net": net, "opt": torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)}

    return init


def module_step(state, given, c, k, rng):
    state["opt"].zero_grad()
    state["net"](rng.normal("x", (8, 4))).square().mean().backward()
    state["opt"].step()
    state["opt"].zero_grad()
    return state


def module_observe(state, given, c):
    return {"loss": state["net"][0].weight.norm()}


def dropout():
    return trap(init=module_init(nn.Dropout(0.5)), step=module_step, observe=module_observe)


def gradient_accumulation():
    def step(state, given, c, k, rng):
        state["net"](rng.normal("x", (8, 4))).square().mean().backward()
        if k % 4 == 3:
            state["opt"].step()
            state["opt"].zero_grad()
        return state

    return trap(init=module_init(), step=step, observe=module_observe)


def lbfgs():
    def init(given, c, rng, backend):
        net = nn.Linear(4, 1)
        return {"net": net, "opt": torch.optim.LBFGS(net.parameters(), lr=0.01, max_iter=2)}

    def step(state, given, c, k, rng):
        x = rng.normal("x", (8, 4))

        def closure():
            state["opt"].zero_grad()
            loss = (state["net"](x) - 1).square().mean()
            loss.backward()
            return loss

        state["opt"].step(closure)
        state["opt"].zero_grad()
        return state

    return trap(init=init, step=step, observe=lambda s, g, c: {"loss": s["net"].weight.norm()})


def closure():
    def init(given, c, rng, backend):
        w = rng.normal("w", (4,))
        return {"w": w, "move": lambda: w.mul_(0.9)}

    def step(state, given, c, k, rng):
        state["move"]()
        return state

    return trap(init=init, step=step)


def aliased_view():
    def init(given, c, rng, backend):
        w = rng.normal("w", (4,))
        return {"w": w, "m": w[:2]}

    def step(state, given, c, k, rng):
        state["m"].mul_(0.9)
        return state

    return trap(init=init, step=step)


def module_global():
    def step(state, given, c, k, rng):
        MEMORY["count"] += 1
        return {"w": state["w"] + MEMORY["count"], "m": state["m"]}

    return trap(step=step)


def given_changed():
    @given(by=())
    def data(c, rng, backend):
        return torch.ones(4)

    def step(state, given, c, k, rng):
        given.data.mul_(0.99)
        return {"w": state["w"] * given.data, "m": state["m"]}

    return trap(data=data, step=step)


def observe_moves():
    def observe(state, given, c):
        state["m"] += 1
        return {"loss": state["w"].norm()}

    return trap(observe=observe)


def hangs_on_a_graph():
    def init(given, c, rng, backend):
        return {"w": rng.normal("w", (4,)).requires_grad_() * 1.0, "m": torch.zeros(4)}

    return trap(init=init)


def batch_norm():
    def observe(state, given, c):
        return {"loss": state["net"](torch.ones(3, 4)).norm()}

    return trap(init=module_init(nn.BatchNorm1d(4)), step=module_step, observe=observe)


def draws_from_the_global_generator():
    def step(state, given, c, k, rng):
        return {"w": state["w"] + torch.randn(4), "m": state["m"]}

    return trap(step=step)


def a_control_that_a_batch_cannot_vary():
    def step(state, given, c, k, rng):
        return {"w": state["w"] * (0.9 if c.pace > 0.5 else 0.8), "m": state["m"]}

    return trap(step=step, noise=lambda c: {}, pace=Number(0.5, bounds=(0, 1)))


def a_control_that_a_batch_reads_otherwise():
    def step(state, given, c, k, rng):
        pace = 1.0 if isinstance(c.pace, torch.Tensor) else c.pace
        return {"w": state["w"] * pace, "m": state["m"]}

    return trap(step=step, noise=lambda c: {}, pace=Number(0.5, bounds=(0, 1)))


def a_trace_without_bound():
    def observe(state, given, c):
        return {"loss": state["w"].norm(), **{f"x{i}": torch.zeros(250) for i in range(30)}}

    names = {f"x{i}": Quantity("x", dim="i") for i in range(30)}
    return trap(observe=observe, quantities={"loss": Quantity("loss"), **names})


TRAPS = (
    a_control_that_a_batch_cannot_vary, a_control_that_a_batch_reads_otherwise,
    a_trace_without_bound,
    dropout, gradient_accumulation, lbfgs, closure, aliased_view, module_global, given_changed,
    observe_moves, hangs_on_a_graph, batch_norm, draws_from_the_global_generator,
)  # fmt: skip


@pytest.mark.parametrize("plant", TRAPS, ids=lambda plant: plant.__name__)
def test_a_planted_trap_is_caught(plant):
    findings = check(plant(), timed=False)
    assert any(not finding.ok for finding in findings), findings
    assert all("\n" not in finding.message for finding in findings)


def test_declarations_are_checked_first():
    def observe(state, given, c):
        return {"other": 1.0}

    findings = check(trap(quantities={}, observe=observe), timed=False)
    assert [f.test for f in findings] == ["declarations"]
    assert "quantities is empty" in findings[0].message
    named = [f for f in check(trap(observe=observe), timed=False) if not f.ok]
    assert named[0].message == "quantities and observe() differ: loss, other"


def test_a_control_that_sets_a_size_is_left_to_single_runs():
    def init(given, c, rng, backend):
        return {"w": rng.normal("w", (round(10 * c.share),)), "m": torch.zeros(4)}

    sized = trap(init=init, noise=lambda c: {}, share=Number(0.5, bounds=(0.1, 1)))
    assert [f for f in check(sized, timed=False) if not f.ok] == []


@pytest.mark.parametrize("every", [1, 5])
def test_costly_numbers_keep_runs_out_of_batches(every):
    def assess(state, given, c):
        return {"costly": state["w"].sum()}

    quantities = {"loss": Quantity("loss"), "costly": Quantity("costly")}
    honest = trap(noise=lambda c: {}, assess=assess, quantities=quantities, every=every)
    assert [f for f in check(honest, timed=False) if not f.ok] == []


def test_the_promises_about_limits_are_told_by_name(monkeypatch):
    named = {f.test: f for f in check(trap(), timed=False)}
    assert {"byte budgets", "not finite", "lanes", "sizes"} <= set(named)
    monkeypatch.setattr(Session, "_within_bounds", lambda session, row: True)
    named = {f.test: f for f in check(trap(), timed=False)}
    assert "loss is not finite from 48 on, and the run says: " in named["not finite"].message
    monkeypatch.undo()
    monkeypatch.setattr(Keyframes, "_thin", lambda keyframes: keyframes.ks.pop())
    named = {f.test: f for f in check(trap(), timed=False)}
    assert "keyframes take" in named["byte budgets"].message


@pytest.mark.parametrize(("observe_s", "ok"), [(1e-4, True), (2e-2, False)])
def test_an_observe_that_costs_more_than_the_steps_is_told(monkeypatch, observe_s, ok):
    times = iter([1e-3, observe_s])  # of the steps, then of one look
    monkeypatch.setattr(limits, "_fastest", lambda work, n: next(times))
    told = {f.test: f for f in check(trap())}["observe is cheap"]
    assert told.ok is ok
    assert ok or "raise every, or move it to assess()" in told.message


def test_the_bytes_of_a_trace_are_counted_with_room():
    run = Session(Training, {}, every=1)
    run.advance(80)
    told = _rows_until(run.trace, 1, Training.max_steps, DENSE)
    assert run.trace.nbytes <= told + run.trace.assessed.nbytes
