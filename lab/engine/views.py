"""Declarations of pictures: what is drawn, not how. `lab.views` has one renderer for each.

A source is named by one rule: `residual` is a recorded quantity, `pic.mask` an array of
`picture()`, and with `of="rate"` a name is a variable of that study's dataset.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class View:
    """What every picture has in common.

    Parameters
    ----------
    sources : tuple of str
        What is drawn.
    title, note : str
        The bold word above the picture and the grey words behind it; by default the title is the
        first source's quantity.
    of : str or None
        A study of the experiment; None draws the live run.
    size : int
        Share of the stage: 1 narrow, 2 wide.
    """

    sources: tuple[str, ...] = ()
    title: str = ""
    note: str = ""
    of: str | None = None
    size: int = 1

    def __init__(self, *sources, **options):
        known = {f: self.__dataclass_fields__[f] for f in self.__dataclass_fields__}
        for name in options:
            if name not in known:
                from lab.engine.suggest import unknown

                raise unknown(f"option of {type(self).__name__}", name, known)
        for name, spec in known.items():
            if name == "sources":
                value = tuple(sources)
            elif name in options:
                value = options[name]
            elif spec.default_factory is not field().default_factory:
                value = spec.default_factory()
            else:
                value = spec.default
            if isinstance(value, list):
                value = tuple(value)
            object.__setattr__(self, name, value)

    @property
    def kind(self) -> str:
        """The renderer's name."""
        return type(self).__name__.lower()

    def names(self) -> tuple[str, ...]:
        """Every source that the picture reads."""
        found = list(self.sources)
        for name in (
            "x",
            "field",
            "target",
            "theory",
            "bands",
            "edges",
            "sizes",
            "labels",
            "hue",
            "fill",
        ):
            value = getattr(self, name, None)
            if isinstance(value, str) and value.startswith("pic."):
                found.append(value)
        return tuple(found)

    def with_options(self, **options) -> View:
        """The same picture with some options changed."""
        kept = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "sources"}
        return type(self)(*self.sources, **{**kept, **options})


@dataclass(frozen=True, init=False)
class Curves(View):
    """Any series or end value against the step, a declared axis or a control.

    Parameters
    ----------
    x : str
        "k", a declared axis, or with `of` a dimension of the study.
    log : {"", "x", "y", "xy"}
        Logarithmic axes.
    by : str or None
        With `of`: the dimension that makes one curve for each value.
    slopes : tuple of float
        Reference slopes, drawn dotted (log-log).
    bounds : tuple of str
        Quantities drawn as bounds: dotted, never a method.
    roles : dict
        Quantity -> "train", "test", "exact" or "bound": a fixed colour and dash.
    fit : bool
        Draws the fitted line with its slope and interval.
    band : bool
        With seeds: a band and thin lines.
    percent : bool
        The y axis is a share, 0 to 100 %.
    """

    x: str = "k"
    log: str = ""
    by: str | None = None
    slopes: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()
    roles: dict = field(default_factory=dict)
    fit: bool = False
    band: bool = True
    percent: bool = False


@dataclass(frozen=True, init=False)
class Heat(View):
    """A matrix, field, mask, space-time picture, phase map or token grid.

    A recorded vector is drawn over the run (step across, component up); a picture array of shape
    (rows, columns) is drawn as it is now; several arrays stand beside one another. `signed` takes
    the ramp through zero; `alive` names a boolean picture whose False cells are drawn dead, or one
    for each source; `block`, (rows, columns) or so many columns of one row, outlines blocks of
    cells where they are large enough; `text` names a picture of cell texts; `labels` name the
    components of a recorded vector, which else are numbered from 1, or the pictures where there
    are several.
    """

    x: str = ""
    y: str = ""
    signed: bool = False
    log: bool = False
    alive: str | tuple[str, ...] | None = None
    block: int | tuple[int, int] = 1
    text: str | None = None
    beside: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, init=False)
class Bars(View):
    """One bar for each component of a vector; `labels` are texts or the name of a picture."""

    labels: tuple[str, ...] | str = ()
    log: bool = False
    signed: bool = False


@dataclass(frozen=True, init=False)
class Profile(View):
    """Arrays against an index or against the array named by `x`: spectra, signals, densities.

    `roles` as in Curves; a source with a role that has fewer values than `x` marks those places
    on the x axis by upright lines: where an interval begins and ends.
    """

    x: str = ""
    log: str = ""
    roles: dict = field(default_factory=dict)
    fill: bool = False


@dataclass(frozen=True, init=False)
class Graph(View):
    """A network: node positions (n, 2), `edges` (m, 2) of indices, values colour the nodes.

    Edges of shape (m, 3), which may be the source, carry a weight: its sign is their colour, its
    size their width, and where it is 0 they are gone; a node without an edge is pale. `layout` is
    where nodes stand that have no positions: "given" (on a ring), "spring" (neighbours near),
    "layers" (as the signal runs, from the first number of an edge to the second).
    """

    edges: str = ""
    layout: str = "given"
    sizes: str | None = None


@dataclass(frozen=True, init=False)
class Plane(View):
    """Points and paths in the plane.

    A source that is a recorded pair is drawn as the path of the run up to now; a picture of shape
    (2,) as a path through the kept pictures; one of shape (n, 2) as n points, now.

    Parameters
    ----------
    field : str or None
        A picture of shape (m, 4): arrows from (x, y) by (dx, dy).
    target : str or None
        A picture of shape (j, 2): places to reach, drawn as crosses.
    lines : str or None
        A picture of shape (l, 4): segments (x0, y0, x1, y1).
    start : tuple of str or None
        Two controls that the start may be dragged by.
    equal : bool
        One unit is as long across as up.
    trails : bool
        Points leave a trail through the kept pictures.
    hue : str or None
        A picture of shape (n,): where each of n points stands on something that goes round, in
        turns; they are coloured by it, where one run is drawn.
    reach : float
        At least so far from the middle is shown, each way; 0: what the run fills.
    fill : str or None
        A picture of shape (rows, columns), the lowest row first: shares on a grid of even cells
        over the square of `reach` (of 1 where that is 0). It lies behind everything, 0 in the
        first series' colour, 1 in the second's: a classifier's answers and where they turn.
    """

    field: str | None = None
    target: str | None = None
    lines: str | None = None
    start: tuple[str, str] | None = None
    equal: bool = True
    trails: bool = False
    hue: str | None = None
    reach: float = 0.0
    fill: str | None = None
    x: str = ""
    y: str = ""


@dataclass(frozen=True, init=False)
class Hist(View):
    """A sample as a histogram, with the density named by `theory` (a picture of shape (n, 2))."""

    theory: str | None = None
    bins: int = 60
    log: str = ""


@dataclass(frozen=True, init=False)
class Images(View):
    """A strip of small images: a picture of shape (n, height, width)."""

    labels: tuple[str, ...] = ()
    signed: bool = False


@dataclass(frozen=True, init=False)
class Table(View):
    """Text, a listing or counters: quantities as rows, or a picture of texts."""


@dataclass(frozen=True, init=False)
class Timeline(View):
    """Gantt bars or an event raster: a picture of shape (n, 4): lane, start, end, kind."""

    labels: tuple[str, ...] = ()


def Convergence(*sources, **options) -> Curves:
    """Residuals on logarithmic axes, with reference slopes."""
    return Curves(*sources, **{"log": "xy", "fit": True, **options})


def Trajectory(*sources, **options) -> Plane:
    """Iterates in the plane over their field; the start may be dragged."""
    return Plane(*sources, **{"equal": True, **options})


def Spectrum(source, **options) -> Heat:
    """A recorded spectrum over the run, with the spectrum of now as bars beside it."""
    return Heat(source, **{"beside": True, "size": 2, **options})


def Mask(*sources, alive=None, **options) -> Heat:
    """Signed weights, dead ones dark. Without `alive` the source is the boolean mask itself.

    What died or came back since the picture before is bright for a moment. Several sources, with
    as many masks, stand beside one another; so do layers of one array (`lab.core.mlp.side_by_side`)
    that columns without a value keep apart.
    """
    return Heat(*sources, **{"alive": alive, "signed": alive is not None, **options})


KINDS = (Curves, Heat, Bars, Profile, Graph, Plane, Hist, Images, Table, Timeline)
