"""What thumbnails are made of: whole numbers on a 400 x 240 grid, written as differences."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from lab.views.palette import Style
from lab.views.still.axis import Axis
from lab.views.still.cells import levels

WIDTH, HEIGHT = 400, 240
LEFT, RIGHT, TOP, BOTTOM = 18, 382, 16, 224
_ACROSS, _UP = 52, 31  # cells of a matrix, at most
_LEVELS = 8  # shades of a matrix


def rows(values, columns: int) -> np.ndarray | None:
    """Rows of so many finite numbers; None when it is something else."""
    if values is None or values.ndim != 2 or values.shape[1] != columns:
        return None
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values).all(1)]
    return values if len(values) else None


def axes(places, equal: bool) -> tuple[Axis, Axis]:
    """The axes that hold these places (n, 2); with `equal` one unit is as long across as up."""
    low, high = places.min(0), places.max(0)
    span = np.where(high > low, high - low, 1.0)
    size = np.array([RIGHT - LEFT, BOTTOM - TOP], dtype=float)
    middle, half = (low + high) / 2, span * 0.53
    if equal:
        half = size / 2 * (2 * half / size).max()
    (x0, y0), (x1, y1) = middle - half, middle + half
    return Axis(x0, x1, False, LEFT, RIGHT), Axis(y0, y1, False, BOTTOM, TOP)


def some(values, n: int):
    """Values at equal distances, at most `n`."""
    return values[:: max(1, -(-len(values) // n))]


def even(path, n: int) -> np.ndarray:
    """Which points of a path to keep: evenly along its length, so that no bend is lost."""
    if len(path) <= n:
        return np.arange(len(path))
    span = np.ptp(path, axis=0)
    step = np.linalg.norm(np.diff(path, axis=0) / np.where(span > 0, span, 1), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    if not along[-1]:
        return np.array([0, len(path) - 1])
    return np.unique(np.searchsorted(along, np.linspace(0, along[-1], n)).clip(0, len(path) - 1))


def shares(values, log: bool = False) -> np.ndarray:
    """Values as shares of their range; 0 where there is none."""
    return np.nan_to_num(levels(values, log)[0])


def coarse(values, across: int = _ACROSS, up: int = _UP) -> np.ndarray:
    """Means of blocks, so that at most `up` rows and `across` columns are left."""
    for dim, most in ((0, up), (1, across)):
        n = values.shape[dim]
        if n > most:
            edges = np.linspace(0, n, most + 1).astype(int)[:-1]
            counts = np.diff(np.append(edges, n))
            shape = (-1, 1) if dim == 0 else (1, -1)
            values = np.add.reduceat(values, edges, axis=dim) / counts.reshape(shape)
    return values


def moves(points) -> str:
    """A path through points, in whole numbers and differences."""
    whole = np.round(points).astype(int)
    whole = whole[np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(1)])]
    (x, y), rest = whole[0], np.diff(whole, axis=0)
    if not len(rest):
        return f"M{x} {y}h0"
    return f"M{x} {y}l" + " ".join(f"{a} {b}" for a, b in rest).replace(" -", "-")


def path(points, style: Style) -> str:
    """A line through points, in a style of curves."""
    dash = f' stroke-dasharray="{" ".join(str(2 * d) for d in style.dash)}"' if style.dash else ""
    stroke = f'stroke="var(--{style.token})" stroke-width="{2 * style.width:g}"'
    return f'<path d="{moves(points)}" {stroke} stroke-linejoin="round"{dash}/>'


def _jumps(starts, ends) -> str:
    starts, ends = np.round(starts).astype(int), np.round(ends).astype(int)
    last, parts = np.zeros(2, dtype=int), []
    for start, end in zip(starts, ends):
        (x, y), (dx, dy) = start - last, end - start
        parts.append(f"m{x} {y}l{dx} {dy}")
        last = end
    return "".join(parts).replace(" -", "-")


def segments(starts, ends, n: int) -> str:
    """Straight lines, at most `n`."""
    d = _jumps(some(starts, n), some(ends, n))
    bold = 'stroke-width="3.5"' if len(starts) <= 80 else 'stroke-width="2" opacity=".6"'
    return f'<path d="{d}" stroke="var(--h)" {bold}/>'


def arrows(starts, ends, n: int) -> str:
    """A field's arrows, each at most as long as two of them are apart."""
    starts, ends = some(starts, n // 2), some(ends, n // 2)
    inside = (starts > [0, 0]).all(1) & (starts < [WIDTH, HEIGHT]).all(1)
    if inside.sum() < 4:
        return ""
    starts, ends = starts[inside], ends[inside]
    longest = np.linalg.norm(ends - starts, axis=1).max() or 1.0
    room = np.sqrt(WIDTH * HEIGHT / len(starts)) * 0.9
    ends = starts + (ends - starts) * min(1.0, room / longest)
    return f'<path d="{_jumps(starts, ends)}" stroke="var(--line)" stroke-width="2"/>'


def dots(places, token: str, size: int, opacity: float) -> str:
    """Round points of one colour."""
    d = _jumps(places, places).replace("l0 0", "h0")
    faint = f' opacity="{opacity}"' if opacity < 1 else ""
    stroke = f'stroke="var(--{token})" stroke-width="{size}" stroke-linecap="round"'
    return f'<path d="{d}" {stroke}{faint}/>'


def crosses(places) -> str:
    """Places to reach."""
    d = "".join(f"M{x - 7:.0f} {y - 7:.0f}l14 14m0-14l-14 14" for x, y in places)
    return f'<path d="{d}" stroke="var(--ink)" stroke-width="2.5"/>'


def now(style: Style, place) -> str:
    """Where a run stands: yellow, in the colour of its curve."""
    x, y = place
    stroke = f'stroke="var(--{style.token})" stroke-width="4"'
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="8" fill="var(--now)" {stroke}/>'


def rule(y: float) -> str:
    """The line that bars stand on."""
    return f'<path d="M{LEFT} {y:.0f}H{RIGHT}" stroke="var(--line)" stroke-width="2"/>'


def matrix(shares, token: str, mark: str = "m", bits: int = 0) -> str:
    """Shares of 0 to 1 as cells of one colour: a small image is the mask of a rectangle.

    With `bits`, 1 or 2, the image takes as many for a cell: two or four shades.
    """
    rows, columns = shares.shape
    side = min((RIGHT - LEFT) / columns, (BOTTOM - TOP) / rows)
    if columns * side < 0.8 * (RIGHT - LEFT) and rows > 1 and columns > 1:
        wide, high = min(RIGHT - LEFT, 1.6 * columns * side), rows * side
    else:
        wide, high = RIGHT - LEFT, BOTTOM - TOP
    x, y = (WIDTH - wide) / 2, (HEIGHT - high) / 2
    return _image(shares, token, mark, (x, y, wide, high), bits, "image-rendering:pixelated")


def ground(shares, x: Axis, y: Axis, far: float) -> str:
    """Shares on a grid over the square from -far to far, the lowest row first: 0 in the first
    series' colour, 1 in the second's, one half is blank."""
    shares = coarse(np.where(np.isfinite(shares), shares, 0.5), 26, 26)[::-1]
    (left, right), (top, bottom) = x([-far, far]), y([far, -far])
    box = (left, top, right - left, bottom - top)
    parts = ((np.clip(1 - 2 * shares, 0, 1), "a"), (np.clip(2 * shares - 1, 0, 1), "b"))
    drawn = "".join(_image(part, token, f"g{token}", box) for part, token in parts)
    return f'<g opacity=".42">{drawn}</g>'


def _image(shares, token: str, mark: str, box, bits: int = 0, look: str = "") -> str:
    x, y, wide, high = box
    box = f'x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}"'
    image = base64.b64encode(_png(shares, bits)).decode()
    style = f' style="{look}"' if look else ""
    return (
        f'<mask id="{mark}"><image {box} preserveAspectRatio="none"{style} '
        f'href="data:image/png;base64,{image}"/></mask>'
        f'<rect {box} fill="var(--{token})" mask="url(#{mark})"/>'
    )


def _png(shares, bits: int) -> bytes:
    """A grey PNG of a few shades; `bits` for each, or bytes where it is 0."""
    most = 2**bits - 1 if bits else _LEVELS - 1
    steps = np.round(np.clip(shares, 0, 1) * most)
    rows, columns = steps.shape
    if bits:
        places = np.unpackbits(steps.astype(np.uint8)[..., None], axis=2)[..., 8 - bits :]
        pixels = np.packbits(places.reshape(rows, -1), axis=1)
    else:
        pixels = np.round(255 / most * steps).astype(np.uint8)
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels], 1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", columns, rows, bits or 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines, 9)), chunk(b"IEND", b"")]
    )
