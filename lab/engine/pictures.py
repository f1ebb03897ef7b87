"""Pictures of a run: small arrays at steps of the recording schedule, so that one can scrub.

A picture maps names to arrays. Booleans are kept and sent as bits, floats as 32 bits.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np

from lab.engine.schedule import PICTURES

MAX_BYTES = 1_000_000  # of one picture
STORE_BYTES = 24_000_000
WORTH_PACKING = 4_096  # entries; packing a small mask takes longer than sending it


class PictureError(ValueError):
    """A picture that cannot be drawn or is too large; the message says what to change."""


@dataclass(frozen=True)
class Bits:
    """A boolean array as bits."""

    shape: tuple[int, ...]
    data: bytes

    @property
    def nbytes(self) -> int:
        return len(self.data)

    def array(self) -> np.ndarray:
        count = int(np.prod(self.shape))
        flat = np.unpackbits(np.frombuffer(self.data, np.uint8), count=count)
        return flat.astype(bool).reshape(self.shape)


def pack(picture: dict) -> dict:
    """A picture as it is kept and sent: arrays of float32 or int32, bits, or tuples of text.

    Takes tensors and arrays on any device.

    Raises
    ------
    PictureError
        Over MAX_BYTES, or an entry that is neither an array nor a list of texts.
    """
    packed: dict = {}
    for name, value in picture.items():
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            packed[name] = tuple(value)
            continue
        if hasattr(value, "detach"):
            value = value.detach()
            if value.is_floating_point():
                value = value.float()
            value = value.cpu().numpy()
        array = np.asarray(value)
        if array.dtype == bool and array.size < WORTH_PACKING:
            packed[name] = array.copy()
        elif array.dtype == bool:
            packed[name] = Bits(array.shape, np.packbits(array).tobytes())
        elif array.dtype.kind == "f":
            packed[name] = np.array(array, dtype=np.float32)
        elif array.dtype.kind in "iu":
            packed[name] = np.array(array, dtype=np.int32)
        else:
            raise PictureError(f"picture {name!r} is a {array.dtype}; take numbers or texts")
    size = nbytes(packed)
    if size > MAX_BYTES:
        raise PictureError(f"the picture has {size:,} bytes; {MAX_BYTES:,} at most")
    return packed


def unpack(packed: dict) -> dict:
    """The picture as arrays (booleans again bool)."""
    return {n: v.array() if isinstance(v, Bits) else v for n, v in packed.items()}


def nbytes(packed: dict) -> int:
    """Bytes of a packed picture."""
    return sum(
        sum(map(len, value)) if isinstance(value, tuple) else value.nbytes
        for value in packed.values()
    )


class Pictures:
    """Packed pictures by step, thinned by doubling their gap once there are too many.

    Which steps are kept is a function of the steps and the sizes alone.
    """

    def __init__(self, every: int = 1, limit: int = PICTURES, budget: int = STORE_BYTES):
        self.gap, self.limit, self.budget = every, limit, budget
        self.ks: list[int] = []
        self.nbytes = 0
        self._packed: dict[int, dict] = {}

    def __len__(self):
        return len(self.ks)

    def due(self, k: int) -> bool:
        """Whether a recorded step `k` gets a picture."""
        return k % self.gap == 0 and k not in self._packed

    def add(self, k: int, packed: dict) -> None:
        """Keeps a packed picture; steps rise."""
        self._packed[k] = packed
        self.ks.append(k)
        self.nbytes += nbytes(packed)
        while len(self.ks) > 2 and (len(self.ks) > self.limit or self.nbytes > self.budget):
            self._thin()

    def at(self, k: int) -> tuple[int, dict]:
        """The newest kept picture at or before step `k`, as (its step, arrays).

        Raises
        ------
        LookupError
            Nothing is kept yet.
        """
        i = bisect.bisect_right(self.ks, k) - 1
        if i < 0:
            raise LookupError("no picture is kept yet")
        return self.ks[i], unpack(self._packed[self.ks[i]])

    def until(self, k: int) -> Pictures:
        """A copy that holds the pictures up to step `k`."""
        copy = Pictures(self.gap, self.limit, self.budget)
        copy.ks = [at for at in self.ks if at <= k]
        copy._packed = {at: self._packed[at] for at in copy.ks}
        copy.nbytes = sum(map(nbytes, copy._packed.values()))
        return copy

    def packed(self, k: int) -> dict:
        """The packed picture of exactly step `k`."""
        return self._packed[k]

    def match(self, gap: int) -> None:
        """Thins until the gap is that of another store that it mirrors."""
        while self.gap < gap:
            self._thin()

    def _thin(self) -> None:
        self.gap *= 2
        for k in [k for k in self.ks[1:] if k % self.gap]:
            self.nbytes -= nbytes(self._packed.pop(k))
            self.ks.remove(k)
