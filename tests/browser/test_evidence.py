"""A claim that is checked again from its page, and the runs of a study."""

import pytest
from driving import server, wait_status

from lab.engine.registry import catalogue

PILOTS = ["infeasibility-detection", "aitken-delta-squared"]


def quick(name):
    entry = next(e for e in catalogue() if e.name == name)
    return next(claim.id for claim in entry.claims if claim.tier == "quick")


@pytest.mark.parametrize("name", PILOTS)
def test_a_claim_is_checked_again_and_its_verdict_stays(page, tmp_path, name):
    claim = quick(name)
    with server(LAB_HOME=str(tmp_path)) as (base, _):
        page.goto(f"{base}/explore?name={name}", wait_until="domcontentloaded")
        wait_status(page, "ready")
        cell = f".notes .check[data-check='{claim}']"
        page.evaluate(f'one("{cell} button").click()')
        page.wait_for_function(
            f"() => one(\"{cell}\").closest('td').textContent.includes('Check again')"
        )
        row = page.evaluate(f"one(\"{cell}\").closest('td').textContent")
        assert "Check again" in row and "not checked" not in row
        page.reload(wait_until="domcontentloaded")
        wait_status(page, "ready")
        kept = page.evaluate(f"one(\"{cell}\").closest('td').textContent")
        assert kept == row


def test_a_check_can_be_stopped(explore):
    page = explore(PILOTS[0])
    page.evaluate("one('.vbox [data-do=check]').click()")
    page.wait_for_function("() => one('.vbox').classList.contains('measuring')")
    page.evaluate("one('.vbox [data-do=check-stop]').click()")
    page.wait_for_function("() => !one('.vbox').classList.contains('measuring')")
    assert page.evaluate("one('.vbox small').textContent") == "stopped"


def test_every_claim_has_its_checks_its_control_and_a_button(explore):
    page = explore(PILOTS[0])
    entry = next(e for e in catalogue() if e.name == PILOTS[0])
    text = page.evaluate("one('[data-fill=evidence]').textContent")
    for claim in entry.claims:
        assert claim.text in text
        assert page.evaluate("id => deep(`.check[data-check='${id}']`).length > 0", claim.id)
