"""What a person asks of a race beyond what every page understands."""

from __future__ import annotations

from lab.engine.controls import ControlError
from lab.engine.suggest import UnknownName
from lab.ui.lanes import Full
from lab.ui.race import frame, takeaway
from lab.ui.race.address import as_number
from lab.ui.race.field import Entrant, FieldError, entrant
from lab.ui.requests import Requests
from lab.views.numerals import MINUS

FIELDS = 60  # of a form, at most


class RaceRequests(Requests):
    """The verbs of a race's page."""

    def on_add(self, message) -> None:
        """A further method: an arm with other controls."""
        page = self.page
        try:
            one = self._read(message.get("fields"))
            if one in self.lanes.field:
                raise FieldError(f"{one.name} races already; change one of its controls")
            self.lanes.add(one)
        except (FieldError, ControlError, UnknownName, Full) as error:
            page.fill({"refused": frame.esc(str(error))})
            return
        page.fill({"refused": ""})
        page.relane()
        page.report()

    def on_drop(self, message) -> None:
        self.lanes.drop(str(message.get("name")))
        self.page.relane()
        self.page.report()

    def on_reach(self, message) -> None:
        """The number that the table below the fold counts to; an empty field is the page's own."""
        text = str(_fields(message.get("fields")).get("to", "")).strip()[:30]
        value = as_number(text)
        refused = bool(text) and value is None
        self.page.to_refused = "a number is wanted, such as 1e-6" if refused else ""
        if not refused:
            self.page.to = value
        self.page.report()

    def on_seeds(self, message=None) -> None:
        """Further seeds as a band; pressed again, the band goes."""
        self.page.ask_seeds(0 if self.page.seeds else frame.SEEDS)
        self.page.report()

    def on_copy_python(self, message=None) -> None:
        self.page.tell(copy=takeaway.python(self.lanes), what="Python")

    def on_arm(self, message) -> None:
        """All methods race; nobody is chosen."""

    def _read(self, fields) -> Entrant:
        fields = _fields(fields)
        entry = self.page.entry
        arm = fields.get("arm") if entry.arms else None
        changes = {}
        for name, spec in entry.controls.items():
            text = str(fields.get(f"c.{name}", "")).strip()
            if text:
                changes[name] = typed(spec, text[:200])
        own = entry.arms.get(arm, {})
        changes = {n: v for n, v in changes.items() if own.get(n, self.lanes.values[n]) != v}
        if not changes and arm in [one.arm for one in self.lanes.field if not one.changes]:
            raise FieldError("It races already. Change one of its controls.")
        return entrant(entry, arm, changes)


def typed(spec, text: str):
    """What a person wrote into a field of the form, as the control's kind; unchecked beyond that.

    Raises
    ------
    FieldError
    """
    try:
        if spec.kind == "selector":
            return spec.objects[int(text)]
        if spec.kind == "boolean":
            return (True, False)[int(text)]
        if spec.kind == "text":
            return text
        if spec.kind == "numbers":
            return [_number(part) for part in text.replace(";", ",").split(",")]
        value = _number(text)
        return int(value) if spec.kind == "integer" and value.is_integer() else value
    except (ValueError, IndexError):
        raise FieldError(f"{spec.name} does not take {text[:30]!r}") from None


def _number(text: str) -> float:
    return float(text.strip().replace(MINUS, "-"))


def _fields(found) -> dict:
    """The fields of a form, as texts."""
    if not isinstance(found, dict) or len(found) > FIELDS:
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, str)}
