"""The one place that knows about devices and precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch

DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}


class BackendError(ValueError):
    """A device or precision was asked for that this machine does not have."""


def available_devices() -> tuple[str, ...]:
    """Devices of this machine, in the order in which a person would prefer them last to first."""
    found = ["cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


@dataclass(frozen=True)
class Backend:
    """Where the numbers live and how precise they are.

    Parameters
    ----------
    device : {"cpu", "cuda", "mps"}
    dtype : {"float16", "bfloat16", "float32", "float64"}
        Precision of floating-point tensors.

    Raises
    ------
    BackendError
        When the device is absent here, or cannot hold the precision; the sentence names what
        there is.
    """

    device: str = "cpu"
    dtype: str = "float32"

    def __post_init__(self):
        have = available_devices()
        if self.device not in have:
            raise BackendError(f"no device {self.device!r} here; there is {', '.join(have)}")
        if self.dtype not in DTYPES:
            raise BackendError(f"no dtype {self.dtype!r}; there is {', '.join(DTYPES)}")
        if self.device == "mps" and self.dtype == "float64":
            raise BackendError("mps has no float64; take float32, or the device cpu")

    @property
    def torch_dtype(self) -> torch.dtype:
        return DTYPES[self.dtype]

    def tensor(self, data, dtype: torch.dtype | None = None) -> torch.Tensor:
        """`data` on this device; floating-point data in this precision unless `dtype` says other.

        Integers and booleans keep their type. Python floats and numpy arrays are read in float64
        first, so that a constant is rounded once.
        """
        if isinstance(data, float):
            found = torch.tensor(data, dtype=torch.float64)
        else:
            found = torch.as_tensor(data)
        if dtype is None and found.is_floating_point():
            dtype = self.torch_dtype
        return found.to(device=self.device, dtype=dtype)

    def zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(shape, device=self.device, dtype=self.torch_dtype)

    def ones(self, *shape: int) -> torch.Tensor:
        return torch.ones(shape, device=self.device, dtype=self.torch_dtype)

    def eye(self, n: int) -> torch.Tensor:
        return torch.eye(n, device=self.device, dtype=self.torch_dtype)

    def arange(self, *bounds: int) -> torch.Tensor:
        """Integers, int64."""
        return torch.arange(*bounds, device=self.device)

    def linspace(self, start: float, end: float, n: int) -> torch.Tensor:
        return self.tensor(torch.linspace(start, end, n, dtype=torch.float64))

    def logspace(self, start: float, end: float, n: int) -> torch.Tensor:
        """`n` numbers from `start` to `end`, evenly spaced in the logarithm (both above zero)."""
        exponents = torch.linspace(0.0, 1.0, n, dtype=torch.float64)
        return self.tensor(start * (end / start) ** exponents)
