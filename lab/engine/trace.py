"""What a run recorded: rows of numbers on a schedule of steps."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np


class Trace:
    """Rows of observed quantities, in the order of their steps.

    `trace["residual"]` has shape (rows,) or, for a vector, (rows, d); `trace.k` the steps.
    Bounded by the recording schedule: the number of rows grows with the logarithm of the steps.
    """

    def __init__(self):
        self._columns: dict[str, np.ndarray] = {}
        self._k = np.empty(64, dtype=np.int64)
        self._n = 0
        self.stages: list[tuple[int, str]] = []
        self.events: dict[str, int] = {}
        self.assessed: Trace | None = None

    def __len__(self):
        return self._n

    def __contains__(self, name):
        return name in self._columns

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "k":
            return self.k
        if name not in self._columns:
            if self.assessed is not None and name in self.assessed:
                return self.assessed[name]
            from lab.engine.suggest import unknown

            raise unknown("quantity", name, self.names)
        return self._columns[name][: self._n]

    def __repr__(self):
        if not self._n:
            return "Trace(empty)"
        last = ", ".join(f"{n} {_short(self[n][-1])}" for n in self.names[:6])
        return f"Trace({self._n} rows, k 0 to {self.k[-1]}; last: {last})"

    @property
    def k(self) -> np.ndarray:
        """The recorded steps, int64, rising."""
        return self._k[: self._n]

    @property
    def names(self) -> tuple[str, ...]:
        """The recorded quantities."""
        return tuple(self._columns)

    @property
    def nbytes(self) -> int:
        """Memory of the rows in bytes, costly ones included."""
        own = self._k.nbytes + sum(c.nbytes for c in self._columns.values())
        return own + (self.assessed.nbytes if self.assessed is not None else 0)

    def add(self, k: int, row: Mapping) -> None:
        """One row; its names and shapes are those of the first row.

        Raises
        ------
        ValueError
            Other names than before, or a step that does not rise.
        """
        if self._n and k <= self._k[self._n - 1]:
            raise ValueError(f"step {k} is recorded after step {self._k[self._n - 1]}")
        if not self._columns:
            for name, value in row.items():
                self._columns[name] = np.empty((len(self._k), *np.shape(value)))
        elif row.keys() != self._columns.keys():
            changed = ", ".join(sorted(row.keys() ^ self._columns.keys()))
            raise ValueError(f"observe() changed its names at step {k}: {changed}")
        if self._n == len(self._k):
            self._grow(2 * self._n)
        self._k[self._n] = k
        for name, value in row.items():
            self._columns[name][self._n] = value
        self._n += 1

    def extend(self, rows: Mapping[str, np.ndarray]) -> None:
        """Many rows: {"k": (n,), name: (n,) or (n, d)}."""
        for i, k in enumerate(rows["k"]):
            self.add(int(k), {name: rows[name][i] for name in rows if name != "k"})

    def since(self, n: int) -> dict[str, np.ndarray]:
        """The rows from number `n` on, as `extend` takes them."""
        found = {"k": self.k[n:].copy()}
        found.update({name: self[name][n:].copy() for name in self.names})
        return found

    def row(self, i: int) -> dict:
        """Row number `i` as {name: float or array}."""
        return {name: self[name][i] for name in self.names}

    def at(self, **where) -> dict:
        """The last row at which an axis has not passed a value: `trace.at(evals=1000)`.

        Returns the row with its "k". One axis is named.
        """
        ((axis, value),) = where.items()
        reached = np.flatnonzero(self[axis] <= value)
        i = int(reached[-1]) if len(reached) else 0
        return {"k": int(self.k[i]), **self.row(i)}

    def first(
        self, name: str, *, below: float | None = None, above: float | None = None, x: str = "k"
    ) -> float:
        """The value of `x` at the first row where `name` is below or above a bound; else inf."""
        if (below is None) == (above is None):
            raise ValueError("first() takes either below= or above=")
        costly = self.assessed
        if name not in self and costly is not None and name in costly and x not in costly:
            k = costly.first(name, below=below, above=above)
            return float(self.at(k=k)[x]) if math.isfinite(k) else k
        values = self[name]
        hit = np.flatnonzero(values < below if below is not None else values > above)
        return float(self[x][hit[0]]) if len(hit) else math.inf

    def until(self, k: int) -> Trace:
        """A copy that holds the rows up to step `k`."""
        n = int(np.searchsorted(self.k, k, side="right"))
        copy = Trace()
        copy._k = self._k[: max(n, 1)].copy()
        copy._columns = {name: c[: max(n, 1)].copy() for name, c in self._columns.items()}
        copy._n = n
        copy.stages = [(at, name) for at, name in self.stages if at <= k]
        copy.events = {name: at for name, at in self.events.items() if at <= k}
        copy.assessed = self.assessed.until(k) if self.assessed is not None else None
        return copy

    def to_dataset(self):
        """An xarray Dataset with the dimension k, and one for each vector."""
        import xarray as xr

        data = {}
        for name in self.names:
            values = self[name]
            dims = ("k",) if values.ndim == 1 else ("k", f"{name}_index")
            data[name] = (dims, values.copy())
        if self.assessed is not None:
            for name in self.assessed.names:
                values = self.assessed[name]
                dims = ("k_assessed",) + (() if values.ndim == 1 else (f"{name}_index",))
                data[name] = (dims, values.copy())
        coords = {"k": self.k.copy()}
        if self.assessed is not None and len(self.assessed):
            coords["k_assessed"] = self.assessed.k.copy()
        return xr.Dataset(data, coords)

    def _grow(self, room: int) -> None:
        self._k = np.concatenate([self._k, np.empty(room - len(self._k), dtype=np.int64)])
        for name, column in self._columns.items():
            extra = np.empty((room - len(column), *column.shape[1:]))
            self._columns[name] = np.concatenate([column, extra])


def _short(value) -> str:
    return f"{value:.3g}" if np.ndim(value) == 0 else f"[{len(value)}]"
