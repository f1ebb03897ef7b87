"""Dark and light, phones, projectors, keyboards, screen readers."""

from driving import head, run_to, status, step, wait_status

FIXED_POINT = "infeasibility-detection"


def test_on_a_phone_nothing_scrolls_sideways(explore):
    page = explore(FIXED_POINT)
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => getComputedStyle(one('.transport')).position === 'fixed'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.evaluate("one('.run').getBoundingClientRect().bottom")
    assert box <= 740
    small = page.evaluate(
        "deep('.transport button').filter((b) => b.offsetParent && b.offsetHeight < 44).length"
    )
    assert small == 0


def test_dark_and_light_change_page_and_pictures(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    page.wait_for_function("() => colours(0) > 3")
    assert page.evaluate("one('.lab').dataset.theme") == "light"
    before = page.evaluate("pixels(0)")
    page.keyboard.press("d")
    page.wait_for_function("was => pixels(0) !== was", arg=before)
    assert page.evaluate("getComputedStyle(one('.stage')).backgroundColor") == "rgb(12, 15, 17)"


def test_the_status_is_spoken_and_every_picture_has_a_sentence(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    live = page.evaluate("one('[data-live]').getAttribute('aria-live')")
    assert live == "polite"
    page.wait_for_function(
        "() => deep('.slot').every((s) => s.getAttribute('role') === 'img'"
        " && s.getAttribute('aria-label').length > 12)"
    )
    run_to(page, 30)
    page.wait_for_function("() => one('[data-live]').textContent.startsWith('paused at')")
    assert status(page).startswith("paused at")


def test_the_theme_follows_the_system_until_a_person_chooses(explore):
    page = explore(FIXED_POINT)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => one('.lab').dataset.theme === 'dark'")
    page.keyboard.press("d")
    page.wait_for_function("() => one('.lab').dataset.theme === 'light'")
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("one('.lab').dataset.theme") == "light"


def test_on_a_phone_the_rest_of_the_transport_is_in_a_sheet(explore):
    page = explore(FIXED_POINT)
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => getComputedStyle(one('.transport')).position === 'fixed'")
    page.evaluate("one('[data-do=more]').click()")
    page.wait_for_function("() => one('dialog.rest').open")
    page.evaluate("one('dialog.rest [data-do=axis][data-name=seconds]').click()")
    page.wait_for_function("() => location.search.includes('x=seconds')")
    page.evaluate("one('dialog.rest input').focus()")
    page.keyboard.type("k >= 30")
    page.keyboard.press("Enter")
    wait_status(page, "paused at")
    assert head(page) == 30
    assert not page.evaluate("one('dialog.rest').open")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_projector_leaves_pictures_and_transport_and_draws_them_larger(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    page.keyboard.press("p")
    page.wait_for_function("() => one('.lab').hasAttribute('data-projector')")
    assert page.evaluate("getComputedStyle(one('.rail')).display") == "none"
    assert page.evaluate("getComputedStyle(one('.slot')).getPropertyValue('--axis-size')") == "17px"
    page.keyboard.press("p")
    page.wait_for_function("() => !one('.lab').hasAttribute('data-projector')")


def test_a_tab_key_walks_from_question_to_controls_with_a_visible_ring(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    seen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(() => { let n = document.activeElement;"
                " while (n?.shadowRoot?.activeElement) n = n.shadowRoot.activeElement;"
                " return [n.className, getComputedStyle(n).outlineStyle] })()"
            )
        )
    assert all(outline == "solid" for _, outline in seen), seen
    names = [name for name, _ in seen]
    assert names.index("verdict") < names.index("run") < names.index("seek")


def test_little_motion_paints_rarely_and_beats_nothing(explore, page):
    page.emulate_media(reduced_motion="reduce")
    explore(FIXED_POINT)
    page.evaluate("one('.run').click()")
    wait_status(page, "running")
    assert page.evaluate("getComputedStyle(one('.status svg')).animationName") == "none"
    page.evaluate("one('.run').click()")


def test_the_seek_track_says_where_it_stands(explore):
    page = explore(FIXED_POINT)
    run_to(page, 30)
    said = page.evaluate("one('.seek').getAttribute('aria-valuetext')")
    assert said == f"step {step(page)} of {head(page)}"
