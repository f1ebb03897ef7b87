"""Arms that start from one point under one noise, run side by side."""

from __future__ import annotations

from lab.engine.rules import rule as as_rule
from lab.engine.session import Session
from lab.engine.suggest import unknown


class Race:
    """One session for each arm, with the same seed, controls and givens.

    Parameters
    ----------
    experiment : str or class
    arms : sequence of str or None
        Names of arms; all of them when None.
    controls : dict
        Values that every arm shares (an arm's own values win).
    **options
        As for Session: seed, device, dtype, worker.

    Attributes
    ----------
    lanes : dict of str to Session
    """

    def __init__(self, experiment, arms=None, controls: dict | None = None, **options):
        from lab.engine.registry import load

        self.experiment = load(experiment)
        known = self.experiment.arms
        for arm in arms or ():
            if arm not in known:
                raise unknown("arm", arm, known)
        if not known:
            raise ValueError(f"{self.experiment.slug()} has no arms to race")
        self.lanes = {
            arm: Session(self.experiment, {**(controls or {}), **known[arm]}, **options)
            for arm in arms or known
        }

    def __repr__(self):
        lines = [f"Race({self.experiment.slug()!r})"]
        lines += [f"  {arm}: {lane!r}" for arm, lane in self.lanes.items()]
        return "\n".join(lines)

    def _repr_html_(self):
        from lab.engine.display import still

        return still("race", self)

    def advance(self, n: int = 1) -> int:
        """Every arm takes `n` steps; returns the most that one took."""
        return max(lane.advance(n) for lane in self.lanes.values())

    def run_until(self, rule, max_steps: int | None = None) -> dict[str, int]:
        """Each arm runs until the rule holds for it; the steps that each took."""
        rule = as_rule(rule)
        return {arm: lane.run_until(rule, max_steps) for arm, lane in self.lanes.items()}

    def set(self, **controls) -> Race:
        """Changes live controls of every arm."""
        self.lanes = {arm: lane.set(**controls) for arm, lane in self.lanes.items()}
        return self

    def order(self, measure: str | None = None) -> list[str]:
        """The arms, best first, by a quantity at their heads (the first one by default)."""
        measure = measure or self.experiment.measure()
        more = self.experiment.quantity(measure).better == "more"
        last = {arm: float(lane.trace[measure][-1]) for arm, lane in self.lanes.items()}
        return sorted(last, key=last.__getitem__, reverse=more)

    def to_dataset(self):
        """The traces of all arms on one axis of steps, with the dimension "arm"."""
        import xarray as xr

        traces = [lane.trace.to_dataset() for lane in self.lanes.values()]
        return xr.concat(
            traces, xr.DataArray(list(self.lanes), dims="arm", name="arm"), join="outer"
        )

    def close(self) -> None:
        """Ends every lane."""
        for lane in self.lanes.values():
            lane.close()
