"""A claim that is checked again from its page, and the runs of a study."""

import pytest
from driving import ready

from lab.engine.registry import catalogue

NAME = "infeasibility-detection"


@pytest.fixture(scope="module")
def entry():
    return next(e for e in catalogue() if e.name == NAME)


def test_a_claim_is_checked_again_and_its_verdict_stays(explore, entry):
    claim = next(claim.id for claim in entry.claims if claim.tier == "quick")
    page = explore(NAME)
    cell = f".notes .check[data-check='{claim}']"
    row = f"one(\"{cell}\").closest('td').textContent"
    page.evaluate(f'one("{cell} button").click()')
    # the verdict is spoken when it is there, and nothing else meanwhile
    page.wait_for_function("c => one('[data-live]').textContent.startsWith(c + ': ')", arg=claim)
    said = page.evaluate(row)
    assert "Check again" in said and "not checked" not in said
    page.reload(wait_until="domcontentloaded")
    ready(page)
    assert page.evaluate(row) == said


def test_a_check_can_be_stopped(explore):
    page = explore(NAME)
    page.evaluate("one('.vbox [data-do=check]').click()")
    page.wait_for_function("() => one('.vbox').classList.contains('measuring')")
    page.evaluate("one('.vbox [data-do=check-stop]').click()")
    page.wait_for_function("() => !one('.vbox').classList.contains('measuring')")
    assert page.evaluate("one('.vbox small').textContent") == "stopped"


def test_every_claim_has_its_checks_its_control_and_a_button(explore, entry):
    page = explore(NAME)
    text = page.evaluate("one('[data-fill=evidence]').textContent")
    for claim in entry.claims:
        assert claim.text in text
        assert page.evaluate("id => deep(`.check[data-check='${id}']`).length > 0", claim.id)


def test_a_page_opens_with_its_recorded_study_and_can_make_it_anew(explore):
    page = explore("iterative-deblending")
    assert page.evaluate("one('.ask.kept small').textContent") == "recorded"
    page.evaluate("one('.ask.kept [data-do=study]').click()")
    page.wait_for_function("() => one('.ask').classList.contains('busy')")
    page.evaluate("one('.ask [data-do=study-stop]').click()")
    page.wait_for_function("() => one('.ask small').textContent.startsWith('stopped')")
    assert not page.evaluate("one('.ask').classList.contains('kept')")
