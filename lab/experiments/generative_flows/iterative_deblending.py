"""Iterative deblending: particles walk from one density to another, and each has its own place."""

import torch

from lab.core.distances import directions, from_all_sides
from lab.core.flows import Deblend, Deblender, Kutta, Midpoint, follow
from lab.core.metrics import slope
from lab.core.problems import densities
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Curves, Hist, Plane

SOURCES = ("Gaussian", "two modes", "five modes")
METHODS = ("expected", "midpoint", "random", "fresh noise", "blind")
APART = 3.0  # the picture moves a blend along by up to this much; the problem stays put
FOLLOWED = 500  # particles in the plane whose own place is worked out
LINE = {"dim": 1, "target": "two modes"}
COUNTS = (8, 16, 32, 64, 128)
ENOUGH = steps(4096)  # beyond every walk


def shown(x, a):
    """Where the picture has the blends `x`: the way along goes across."""
    across = x[:, :1] if x.shape[1] == 2 else torch.zeros_like(x)
    return torch.cat([(2 * a - 1) * APART + across, x[:, -1:]], 1)


def arrows(deblender, x, a):
    """What the deblender says at the blends `x` at `a`, shape (n, 4)."""
    ahead = shown(x, a), shown(x + 0.06 * deblender.expected(x, a), a + 0.06)
    return torch.cat([ahead[0], ahead[1] - ahead[0]], 1)


def in_steps(of, **at):
    """Slope of a quantity in the number of steps, the mean over what is not chosen."""

    def measure(d):
        d = d.sel(at)
        found = slope(d[of], d.blends, "blends")
        return found.mean([dim for dim in found.dims if dim != "seed"])

    return measure


def in_widths(low, high):
    """The same for the typical error, where steps times width lie in a window."""
    window = (low, high)
    return lambda d: slope(d.typical, d.blends * d.width, "blends", window).mean("width")


def settles(d):
    """The sliced distance at the end over that of two samples."""
    d = d[["sliced", "floor"]].sel(blends=64).mean("target")
    return d.sliced / d.floor


class IterativeDeblending(Experiment):
    """Particles walk through the blends of two densities. Watch where each ends, and how near."""

    card = Card(
        title="Deblending",
        question="Two clouds of points are blended. Can you walk from one to the other?",
        answer="Yes: look what difference a blend most likely hides, go a small part of it, look "
        "again. One start always leads to one end.",
        why="Many pairs hide behind one blend; the deblender knows their mean difference. Small "
        "steps along it keep to the blends. On a line nobody can overtake, so ranks are kept: the "
        "monotone rearrangement. Steps longer than the narrowest mode is wide drop all particles "
        "on its centre.",
        papers=("iterative-de-blending",),
        equations=(
            r"D(x, a) = \mathbb{E}\,[\,x_1 - x_0 \mid (1 - a)\,x_0 + a\,x_1 = x\,]",
            r"x \leftarrow x + (a' - a)\,D(x, a)",
            r"x_0 \mapsto F_1^{-1}(F_0(x_0))",
        ),
        tags=("generative model", "diffusion", "optimal transport", "flow"),
    )

    blends = Integer(128, bounds=(1, 2048), log=True, label="steps", doc="steps from a = 0 to 1")
    pace = Number(1.0, bounds=(0.1, 10), live=True, log=True, doc="length of a step, in 1/steps")
    method = Selector("expected", objects=METHODS, doc="which difference is walked")
    dim = Integer(2, bounds=(1, 2), label="dimension", doc="a plane, or a line")
    source = Selector("Gaussian", objects=SOURCES, doc="start")
    target = Selector("moons", objects=tuple(densities.KINDS), doc="what to become")
    width = Number(0.1, bounds=(0.01, 0.5), log=True, doc="of the narrowest mode of the target")
    particles = Integer(2000, bounds=(100, 20_000), log=True, doc="how many walk")

    presets = {
        "line": Preset("Walk on a line, watch them keep their ranks", **LINE),
        "coarse": Preset("Take six steps, watch the moons collapse", blends=6),
        "points": Preset(
            "Shrink the modes, watch only points remain", width=0.01, target="five modes"
        ),
        "random": Preset("Guess at random, watch the same places emerge", method="random"),
        "noise": Preset("Renew the noise, watch all lose their place", method="fresh noise"),
        "blind": Preset("Walk blindly, watch a blob stay a blob", method="blind"),
        "check": Preset("A few particles", particles=200),
    }
    quantities = {
        "error": Quantity(
            "mean distance to one's own place", log=True, better="less", short="own place"
        ),
        "typical": Quantity(
            "median distance to one's own place", log=True, better="less", short="median"
        ),
        "a": Quantity("share of the target in the blend"),
        "sliced": Quantity(
            "sliced distance to the target", log=True, better="less", short="target"
        ),
        "floor": Quantity("sliced distance of two samples of it", log=True, short="two samples"),
    }
    axes = ("a",)
    views = [
        Plane("pic.goal", "pic.cloud", "pic.bold", field="pic.field", target="pic.place",
              trails=True, title="Particles", note="crosses: where the bold ones belong", size=2),
        Hist("pic.height", theory="pic.density", title="Height", note="beside the exact blend"),
        Curves("error", "sliced", "floor", x="a", log="y", bounds=("floor",), title="To go",
               note="to one's own place, to the target as a whole"),
        Curves("error", x="blends", by="method", of="rate", log="xy", slopes=(-0.5, -1, -2),
               fit=True, title="Error by steps", note="on a line"),
    ]  # fmt: skip
    dtype = "float64"

    @given(by=("source", "target", "width", "dim"))
    def deblender(c, rng, backend):
        first = densities.Shape(c.source, 0.3, c.dim).make(rng, backend)
        return Deblender(first, densities.Shape(c.target, c.width, c.dim).make(rng, backend))

    @given(by=("particles",))
    def start(c, rng, backend, deblender):
        """A sample of the source; on a line in order and evenly spread, lest luck decide."""
        if len(deblender.blind()) == 1:
            jitter = rng.uniform("jitter", (c.particles,))
            return densities.spread_evenly(deblender.source, jitter)[:, None]
        return densities.draw(deblender.source, rng, "start", c.particles)

    @given()
    def goal(c, rng, backend, deblender, start):
        """Where the exact flow takes the particles, in the plane the first of them."""
        if start.shape[1] == 1:
            ends = deblender.source, deblender.target
            return densities.rearrangement(*ends, start[:, 0])[:, None]
        return follow(Kutta(), deblender.expected, start[:FOLLOWED], 48, crowd=1.5)

    @given(by=("particles", "dim"))
    def samples(c, rng, backend, deblender):
        """What is seen of two samples of the target."""
        target, sides = deblender.target, backend.tensor(directions(c.dim))
        both = [densities.draw(target, rng, name, c.particles) for name in ("one", "other")]
        return {"sides": sides, "seen": torch.stack([from_all_sides(x, sides) for x in both])}

    def init(given, c, rng, backend):
        return Deblend().init(given.start.clone())

    def step(state, given, c, k, rng):
        x, a, deblender = state["x"], state["a"], given.deblender
        b = a + c.pace / c.blends
        b = 1.0 if b > 1 - 1e-9 else b

        def guess(x, a):
            noise = rng.uniform("pick", (len(x),)), rng.normal("spread", tuple(x.shape))
            return deblender.sampled(x, a, *noise)

        if c.method == "fresh noise":
            end = x + (1 - a) * guess(x, a)
            fresh = densities.draw(deblender.source, rng, "fresh", len(x))
            return {"x": torch.lerp(fresh, end, b), "a": b}
        looks = {"random": guess, "blind": lambda x, a: deblender.blind()}
        walk = Midpoint() if c.method == "midpoint" else Deblend()
        return walk.step(state, looks.get(c.method, deblender.expected), b)

    def done(state, given, c):
        return "all have arrived" if state["a"] == 1 else None

    def observe(state, given, c):
        left = (state["x"][: len(given.goal)] - given.goal).norm(dim=1)
        return {"error": left.mean(), "typical": left.median(), "a": state["a"]}

    def assess(state, given, c):
        one, other = given.samples["seen"]
        seen = from_all_sides(state["x"], given.samples["sides"])
        return {"sliced": (seen - one).abs().mean(), "floor": (other - one).abs().mean()}

    def picture(state, given, c):
        x, a, deblender, goal = state["x"], state["a"], given.deblender, given.goal
        few = torch.linspace(0, len(goal) - 1, 12, device=x.device).long()[1:-1]
        if c.dim == 1:
            rows = torch.linspace(-3, 3, 13).to(x)[:, None]
            field = torch.cat([arrows(deblender, rows, i / 12) for i in range(12)])
        else:
            field = arrows(deblender, x[: len(goal) : 4], a)
        height = torch.linspace(-3.5, 3.5, 281).to(x)[:, None]
        blend = densities.shadow(deblender.blend(a), -1)
        return {
            "goal": shown(goal, 1.0), "cloud": shown(x, a), "bold": shown(x[few], a),
            "field": field, "place": shown(goal[few], 1.0), "height": x[:, -1],
            "density": torch.cat([height, densities.pdf(blend, height)[:, None]], 1),
        }  # fmt: skip

    studies = {"rate": Grid({"method": METHODS[:3], "blends": COUNTS}, set=LINE, stop=ENOUGH)}
    claims = [
        Claim(
            "line",
            "On a line the walk tends to the monotone rearrangement, at first order in the steps",
            source="desk, closed form",
            runs=Grid({"blends": COUNTS[1:4]}, set=LINE, stop=ENOUGH),
            checks=(
                Check("order", in_steps("error"), Within(-1.15, -0.85), label="slope"),
                Check("near", lambda d: d.error.sel(blends=64), AtMost(0.02), label="error"),
            ),
            control=Control(
                {"method": "blind"}, ("order", "near"), over={"blends": (16, 64)}, seeds=4
            ),
        ),
        Claim(
            "width",
            "A typical particle nears its place at first order only once steps are shorter than "
            "the narrowest mode is wide; until then it sits at the centre of a mode",
            source="desk",
            runs=Grid(
                {"width": (0.01, 0.02, 0.04), "blends": (4, *COUNTS, 256)},
                set={**LINE, "particles": 500}, stop=ENOUGH,
            ),
            checks=(
                Check("beyond", in_widths(1.2, 99), Within(-1.1, -0.85), label="slope beyond"),
                Check("before", in_widths(0, 0.2), AtLeast(-0.2), label="slope before"),
            ),
            # Wide modes leave no coarse regime, walks along random pairs no first order.
            control=Control(
                {"width": 0.5, "method": "random"}, ("beyond", "before"),
                {"width": (0.01,), "blends": (8, 16, 128, 256)},
            ),
            tier="standard",
        ),
        Claim(
            "paths",
            "The same start has the same end: walks along random pairs tend to it like 1/√N, along "
            "the expected ones like 1/N, looking twice like 1/N²",
            source="abstract: random paths tend to a deterministic map; the orders are ours",
            runs="rate",
            checks=tuple(
                Check(name, in_steps("error", method=name), Within(low, high), label=name)
                for name, low, high in (
                    ("random", -0.6, -0.4), ("expected", -1.15, -0.85), ("midpoint", -2.25, -1.75),
                )
            ),
            control=Control(
                {"method": "fresh noise"}, breaks=METHODS[:3], seeds=4,
                over={"method": METHODS[:3], "blends": COUNTS[:3]},
            ),
            tier="standard",
        ),
        Claim(
            "plane",
            "In the plane the sliced Wasserstein distance falls with the steps, down to that of "
            "two samples of the target, and every particle nears one place",
            source="desk",
            runs=Grid(
                {"target": ("moons", "rings"), "blends": (2, 4, 8, 64)},
                set={"particles": 1000}, stop=ENOUGH,
            ),
            checks=(
                Check("falls", in_steps("sliced", blends=[2, 4, 8]), AtMost(-0.7), label="slope"),
                Check("settles", settles, AtMost(1.5), label="over that of two samples"),
                Check("places", in_steps("error"), Within(-1.15, -0.85), label="slope, error"),
            ),
            control=Control({"method": "blind"}, ("falls", "settles", "places"), seeds=4),
            tier="standard",
        ),
    ]  # fmt: skip
