"""The gallery in a browser: over the real registry, and over four hundred that are made up."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

MANY = 400


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """The address of a gallery over four hundred made-up experiments."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.bench.gallery_served", str(MANY)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LAB_HOME": str(tmp_path_factory.mktemp("many"))},
    )
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture
def gallery(page, address):
    page.goto(f"{address}/")
    return page


@pytest.fixture
def large(page, many):
    page.goto(f"{many}/")
    return page


def hits(page):
    return page.locator(".hits b")


def found(page):
    return page.locator(".found .fl")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


# -- what is seen first ----------------------------------------------------------------------------


def test_six_questions_then_the_families_as_pictures(gallery):
    expect(gallery.locator(".stage:not(.sheet) .fl")).to_have_count(6)
    expect(gallery.locator(".stage:not(.sheet) .fl svg.th:not(.quiet)")).to_have_count(6)
    for cell in gallery.locator(".fam:not(.own)").all():
        expect(cell.locator("svg.th")).to_have_count(1)
        expect(cell.locator(".fd")).not_to_be_empty()
        expect(cell.locator(".fn span")).to_have_text(re.compile(r"^\d+$"))
    expect(gallery.locator(".fam.own")).to_contain_text("Your own")
    expect(gallery.locator(".start")).to_contain_text("explorer")
    expect(gallery.locator(".start")).to_contain_text("author")


def test_a_card_opens_its_explorer(gallery):
    card = gallery.locator(".fl").first
    assert card.get_attribute("href") == "explore?name=infeasibility-detection"
    card.click()
    gallery.wait_for_url("**/explore?name=infeasibility-detection*")


def test_no_session_is_opened_for_it(page, address):
    sockets = []
    page.on("websocket", lambda ws: sockets.append(ws.url))
    page.goto(f"{address}/")
    page.goto(f"{address}/all")
    assert page.evaluate("document.scripts.length") < 5
    assert sockets == []


def test_every_experiment_from_a_to_z_without_a_script(browser, address):
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        plain.goto(f"{address}/all")
        links = plain.locator(".list a")
        names = [link.get_attribute("href") for link in links.all()]
        assert "explore?name=progress-measures" in names
        titles = [link.locator(".lq").inner_text() for link in links.all()]
        assert titles == sorted(titles, key=str.casefold)
        plain.goto(f"{address}/")
        expect(plain.locator(".stage:not(.sheet) .fl")).to_have_count(6)


# -- finding ---------------------------------------------------------------------------------------


def test_typing_is_forgiven_and_few_hits_take_the_sheets_place(gallery):
    gallery.locator("#find").fill("infeasable programm")
    expect(gallery.locator(".fams")).to_be_hidden()
    expect(found(gallery).first).to_have_attribute("href", "explore?name=infeasible-programme")
    expect(found(gallery).first.locator("svg.th:not(.quiet)")).to_have_count(1)
    gallery.keyboard.press("Enter")
    gallery.wait_for_url("**/explore?name=infeasible-programme*")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("deblend", "iterative-deblending"),  # the title
        ("nineteen weights", "global-magnitude-pruning"),  # the question
        ("understandign late", "progress-measures"),  # the family's words
        ("steffensen", "aitken-delta-squared"),  # a method
        ("mechanistic", "progress-measures"),  # the paper
        ("herding", "shuffling-lower-bounds"),  # a tag
    ],
)
def test_title_question_family_method_paper_are_searched(gallery, typed, name):
    gallery.locator("#find").fill(typed)
    first = f".found .fl[href='explore?name={name}']:nth-child(-n + 8)"  # a family has several
    expect(gallery.locator(first)).to_be_visible()


def test_facets_dim_families_change_counts_and_never_make_a_list(large):
    expect(hits(large)).to_have_text(str(MANY))
    large.get_by_role("button", name="mask", exact=True).click()
    n = int(hits(large).inner_text())
    assert 12 < n < MANY
    expect(large.locator(".fams")).to_be_visible()
    expect(found(large)).to_have_count(0)
    counts = [int(t) for t in large.locator(".fam:not(.own) .fn span").all_inner_texts()]
    own = large.evaluate("n => n", n - sum(counts))
    assert own in (0, 1)
    large.get_by_role("button", name="fails", exact=True).click()
    few = int(hits(large).inner_text())
    assert 0 < few <= 12
    expect(found(large)).to_have_count(few)
    expect(large.locator(".fams")).to_be_hidden()
    for cell in found(large).all():
        expect(cell).to_contain_text("fails")
    expect(large.locator(".found svg.th.quiet")).to_have_count(0)  # the drawings have come


def test_families_without_hits_are_dimmed_and_out_of_the_way(large):
    large.locator("#find").fill("momentum kernel")
    expect(large.locator(".fam.off").first).to_be_visible()
    for cell in large.locator(".fam.off:not(.own)").all():
        expect(cell).to_have_attribute("aria-disabled", "true")
        expect(cell).to_have_attribute("tabindex", "-1")


def test_a_family_opens_its_experiments(large):
    large.locator(".fam", has_text="Games").click()
    expect(large.locator(".found h2")).to_have_text("Games")
    expect(found(large)).to_have_count(19)
    expect(large.locator(".found h2")).to_be_focused()
    large.go_back()
    expect(large.locator(".fams")).to_be_visible()
    expect(hits(large)).to_have_text(str(MANY))


def test_nothing_found_offers_the_loosest_facet(gallery):
    gallery.goto(gallery.url + "#see=mask,histogram&takes=seconds")
    nothing = gallery.locator(".sheet .nothing")
    expect(nothing).to_contain_text("Nothing shows a mask and a histogram in seconds. Take away:")
    nothing.get_by_role("button").click()
    expect(nothing).to_be_hidden()
    expect(hits(gallery)).not_to_have_text("0")
    gallery.locator("#find").fill("zzzzqqqq")
    expect(nothing).to_contain_text("about “zzzzqqqq”")


def test_the_state_is_in_the_address(large, many):
    large.locator("#find").fill("momentum")
    large.get_by_role("button", name="curve", exact=True).click()
    large.get_by_role("button", name="minutes").click()
    n = hits(large).inner_text()
    assert large.url.endswith("#q=momentum&see=curve&takes=minutes")
    other = large.context.new_page()
    other.goto(large.url)
    expect(hits(other)).to_have_text(n)
    expect(other.locator("#find")).to_have_value("momentum")
    expect(other.get_by_role("button", name="minutes")).to_have_attribute("aria-pressed", "true")
    large.get_by_role("link", name="Clear").click()
    expect(hits(large)).to_have_text(str(MANY))
    assert "#" not in large.url


@pytest.mark.parametrize(
    "hash", ["#see=<img>&claim=x&takes=%", "#%E0%A4%A", "#family=%3Cb%3E", "#q=" + "x" * 5000]
)
def test_a_broken_link_shows_the_gallery(page, address, hash):
    page.goto(f"{address}/{hash}")
    expect(page.locator(".stage:not(.sheet) .fl")).to_have_count(6)
    expect(page.locator(".sheet img")).to_have_count(0)


def test_links_of_the_explorer_come_back_to_a_family_and_to_the_finder(page, address):
    page.goto(f"{address}/#fixed-point")
    expect(page.locator(".found h2")).to_have_text("Fixed points")
    page.goto(f"{address}/all")
    page.goto(f"{address}/#find")
    expect(page.locator("#find")).to_be_focused()


def test_your_own_shows_what_is_broken_and_how_to_write_one(large):
    large.locator(".fam.own").click()
    expect(found(large)).to_have_count(1)
    expect(large.locator(".mine")).to_contain_text("torn_0.py, line 3: NameError")
    expect(large.locator(".mine")).to_contain_text("lab new my-iteration")


# -- everyone --------------------------------------------------------------------------------------


def test_all_of_it_by_keyboard(large):
    large.keyboard.press("/")
    expect(large.locator("#find")).to_be_focused()
    large.keyboard.type("d momentum")  # d is a letter here
    expect(large.locator("html")).to_have_attribute("data-theme", "light")
    large.keyboard.press("Escape")
    expect(large.locator("#find")).to_have_value("")
    large.keyboard.press("ArrowDown")
    expect(large.locator(".fam").first).to_be_focused()
    large.keyboard.press("Enter")
    expect(found(large).first).to_be_visible()
    large.keyboard.press("d")
    expect(large.locator("html")).to_have_attribute("data-theme", "dark")
    large.keyboard.press("Escape")
    expect(large.locator(".fams")).to_be_visible()


def test_dark_is_remembered_and_follows_the_system_before(page, address):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    ground = "getComputedStyle(document.querySelector('.lab')).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("[data-do=theme]").click()
    assert page.evaluate(ground) != dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("hash", ["", "#family=games", "#family=your-own", "#see=mask&claim=fails"])
def test_a_phone_is_never_scrolled_sideways(page, many, hash):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{many}/{hash}")
    expect(hits(page)).not_to_be_empty()
    assert sideways(page) <= 0
    page.goto(f"{many}/all")
    assert sideways(page) <= 0


def test_it_is_light(page, many):
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(f"{many}/", wait_until="networkidle")
    assert sum(sizes) < 600_000
