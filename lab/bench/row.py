"""One measured figure."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """A figure beside its goal.

    Parameters
    ----------
    name : str
    value : float or None
        None when it could not be measured here; `note` says why.
    unit : str
    goal : float or None
    more : bool
        The value should be at least the goal; at most by default.
    note : str
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    more: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without goal or value."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.more else self.value <= self.goal

    def to_json(self) -> dict:
        fields = asdict(self)
        del fields["more"]
        value = None if self.value is None else float(f"{self.value:.4g}")
        return {**fields, "value": value, "met": self.met}
