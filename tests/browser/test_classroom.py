"""A lesson in browsers: one teacher, a projector, students; by finger, by keys, by numbers."""

import csv
import io
import json
import re

import pytest
from driving import WAIT_MS, Relay
from playwright.sync_api import expect
from pupils import (
    ASK,
    CELLS,
    CHOICE,
    CURVE,
    EXPLORE,
    LESSON,
    NUMBER,
    POINT,
    REVEAL,
    STEP,
    Class,
    draw,
    send,
    take,
)
from test_accessibility import AXE, RUN_AXE

from lab.classroom.lesson import folders, read

SHIPPED = sorted(path.stem for path in folders()[-1].glob("*.toml"))
MOST_BYTES = 100_000  # of the student's page with all that it loads
expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def classes(browser, address):
    """Opens classes, whose pages may not fail or look outside."""
    opened = []

    def open_class(lesson):
        opened.append(Class(browser, address, lesson))
        return opened[-1]

    yield open_class
    for one in opened:
        one.close()
        assert not one.faults, "\n".join(one.faults)


@pytest.fixture
def room(classes, lab_home):
    """A class whose lesson has all kinds of steps."""
    (lab_home / "lessons").mkdir(exist_ok=True)
    (lab_home / "lessons" / "all-kinds.toml").write_text(LESSON)
    return classes("all-kinds")


def test_a_whole_lesson(room):
    teacher, wall = room.teacher, room.wall()
    wall.goto(f"{room.address}/class/wall")
    expect(wall.locator("#room-code")).to_have_text(room.code)
    typed = f"{room.code[:3].lower()}-{room.code[3:].lower()}"
    ada = room.student("Ada <b>", width=360, height=740)
    bo, someone = room.student("Bo", typed=typed), room.student()
    students = [ada, bo, someone]
    expect(wall.locator("#count-n")).to_have_text("3")
    expect(ada.locator("#net-text")).to_have_text("Connected · Ada <b>")
    expect(someone.locator("#net-text")).to_have_text(re.compile(r"Connected · \w+ \w+"))

    room.go(ASK)
    expect(teacher.locator("#notes")).to_have_text("Wait for all.")
    for student, choice in ((ada, "left"), (bo, "right"), (someone, "right")):
        student.get_by_label(choice).check()
        send(student)
    expect(wall.locator(".bars .fill")).to_have_count(0)
    teacher.get_by_role("button", name="Close answers").click()
    expect(wall.locator(".bars b:not(.letter)")).to_have_text(["1", "2"])
    expect(ada.get_by_role("heading", level=1)).to_have_text("Answers are closed. Yours is in.")

    room.go(CURVE)
    draw(ada)
    pad = bo.locator(".pad")
    pad.focus()
    for key in ("ArrowUp", "PageUp", "End", "ArrowDown"):
        pad.press(key)
    expect(bo.locator("#pad-said")).to_contain_text("step 60")
    someone.locator("summary").click()
    for when, high in ((0, 1), (60, 0.01)):
        someone.get_by_label("when (step)").fill(str(when))
        someone.get_by_label("how high").fill(str(high))
        someone.get_by_role("button", name="Set", exact=True).click()
    expect(someone.locator(".said").first).to_have_text("You say: from 1 to 0.0100.")
    for student in students:
        send(student)
    expect(teacher.locator("#count-n")).to_have_text("3")
    assert len(set(teacher.locator(".tile path.ans").evaluate_all(
        "paths => paths.map((path) => path.getAttribute('d'))"))) == 3  # fmt: skip
    expect(wall.locator(".tile path.ans[d^=M], .crowd, .middle")).to_have_count(0)
    expect(wall.locator(".dots i.in")).to_have_count(3)

    teacher.get_by_role("button", name="Look up").click()
    for page in (*students, wall):
        expect(page.get_by_role("heading", name="Eyes up")).to_be_visible()
    teacher.get_by_role("button", name="Go on").click()
    expect(ada.get_by_role("heading", name="Eyes up")).to_be_hidden()

    teacher.get_by_role("button", name="Reveal", exact=True).click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Here is the run.")
    teacher.get_by_role("button", name="To the end").click()
    for student in students:
        expect(student.locator(".big")).to_have_text(re.compile(r"\d+ of 100"))
    expect(ada.get_by_role("heading", level=1)).to_have_text("Like this")
    expect(ada.locator("dl")).to_contain_text("middle of the class")
    expect(wall.locator(".tile")).to_have_count(3)
    expect(wall.locator("#picture .crowd")).to_have_count(1)
    expect(wall.locator("#tiles")).not_to_contain_text("Bo")
    teacher.get_by_role("button", name="Show names").click()
    expect(wall.locator("#tiles")).to_contain_text("Ada <b>")

    room.go(EXPLORE)
    for student, where in ((ada, "200"), (bo, "900")):
        student.get_by_label("share of the step").fill(where)
    for student in (ada, bo):
        expect(student.locator(".said").first).to_contain_text("Your run ends at")
    for name in ("Ada", "Bo"):
        _tile(teacher, name).click()
    teacher.get_by_role("button", name="Side by side").click()
    expect(wall.locator("figcaption")).to_have_text(["Ada <b>", "Bo"])
    expect(someone.locator("#spot path.run1, #spot path.run2")).to_have_count(2)
    teacher.get_by_role("button", name="Clear").click()

    room.go(CELLS)
    for student in students:
        student.get_by_role("button", name="Make my cell").click()
    expect(teacher.locator("#far")).to_have_text("3 of 4 cells")
    expect(bo.locator(".said").first).to_have_text(
        re.compile("Your cell, weight 1, fastest 0.100: ")
    )
    teacher.get_by_role("button", name="Complete the picture").click()
    expect(wall.locator("#facts")).to_have_text("4 of 4 cells are made")
    expect(ada.locator("rect.cell:not(.none)")).to_have_count(4)

    assert "Ada" not in _saved(teacher, "csv").decode()
    teacher.get_by_label("with names").check()
    rows = list(csv.DictReader(io.StringIO(_saved(teacher, "csv").decode())))
    assert {row["student"] for row in rows} >= {"Ada <b>", "Bo"}
    assert json.loads(_saved(teacher, "notebook"))["nbformat"] == 4

    someone.get_by_role("button", name="Raise hand").click()
    expect(teacher.locator("#who")).to_contain_text("1 asking")
    _tile(teacher, "Bo").click()
    teacher.get_by_role("button", name="Send out").click()
    teacher.locator("dialog").get_by_role("button", name="Send out").click()
    expect(bo.get_by_role("heading", level=1)).to_contain_text("sent you out")
    teacher.get_by_role("button", name="End the lesson").click()
    teacher.get_by_role("button", name="End and delete").click()
    for student in (ada, someone):
        expect(student.get_by_role("heading", level=1)).to_contain_text("over")
    expect(teacher.get_by_role("heading", name="Teach", exact=True)).to_be_visible()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_lesson_is_taught_through(classes, name):
    lesson = read(name)
    room = classes(name)
    student, wall = room.student("Ada", width=360, height=740), room.wall()
    wall.goto(f"{room.address}/class/wall")
    for i, step in enumerate(lesson.steps):
        room.go(i)
        expect(wall.locator("#place")).to_have_text(
            f"{lesson.title} · {i + 1} of {len(lesson.steps)}"
        )
        take(room, student, step)
        _fits(student)
        expect(wall.get_by_role("heading", level=1).first).to_have_text(step.title)
    assert room.teacher.get_by_role("button", name="Last step").is_disabled()


def _tile(teacher, name):
    """The tile of a student whose name begins so; others have friendly names, by lot."""
    return teacher.get_by_role("button", name=re.compile(rf"^\d+ {name}\b"))


def _saved(teacher, form):
    teacher.locator("#format").select_option(form)
    with teacher.expect_download() as saved:
        teacher.get_by_role("button", name="Save", exact=True).click()
    return saved.value.path().read_bytes()


def test_a_lost_network_and_a_reload_keep_place_and_answer(room):
    relay = Relay(room.address)
    try:
        student = room.student("Ada", width=360, height=740, address=relay.address)
        room.go(CURVE)
        draw(student)
        student.reload()
        expect(student.locator("#net-text")).to_have_text("Connected · Ada")
        send(student)  # what was drawn is still there
        student.get_by_role("button", name="Change my curve").click()
        draw(student)
        relay.cut()
        expect(student.locator("#net-text")).to_contain_text("No network")
        student.get_by_role("button", name="Send again").click()
        kept = "No network. Your answer is kept here and will be sent."
        expect(student.locator("#banner")).to_have_text(kept)
        expect(room.teacher.locator("#who")).to_contain_text("1 away")
        relay.mend()
        heading = student.get_by_role("heading", name="Sent. You can still change it.")
        expect(heading).to_be_visible()
        expect(student.locator("#banner")).to_be_hidden()
        expect(room.teacher.locator(".tile")).to_have_count(1)
        student.reload()
        expect(heading).to_be_visible()
        room.teacher.reload()
        expect(room.teacher.locator("#room-code")).to_have_text(room.code)
        expect(room.teacher.locator(".tile")).to_have_attribute("aria-label", "1 Ada, sent")
    finally:
        relay.close()


def test_every_shape_by_keys_on_a_narrow_phone(room):
    student = room.student("Ada", width=360, height=640)
    said = {
        STEP: ("when", "You say: at step 31."),
        NUMBER: ("how high", "You say: "),
        POINT: ("when", "You say: at step 31, "),
    }
    for step in (ASK, CHOICE):
        room.go(step)
        student.locator(".choices input").first.focus()
        student.keyboard.press("Space")
        send(student)
        _fits(student)
    for step, (slider, words) in said.items():
        room.go(step)
        student.get_by_label(slider).focus()
        for _ in range(5):
            student.keyboard.press("ArrowRight")
        expect(student.locator(".said").first).to_contain_text(words)
        send(student)
        _fits(student)


def _fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_wrong_codes_and_a_second_teacher(room):
    student = room.page(360, 740)
    student.goto(f"{room.address}/class")
    student.get_by_label("Code on the wall").fill("abc")
    student.get_by_role("button", name="Join").click()
    expect(student.get_by_role("alert").first).to_contain_text("six letters")
    student.get_by_label("Code on the wall").fill("222222")
    student.get_by_role("button", name="Join").click()
    expect(student.get_by_role("alert").first).to_contain_text("no room with this code")
    room.teacher.get_by_role("button", name="Second teacher").click()
    secret = room.teacher.locator(".secret").text_content()
    second = room.page(1000, 800)
    second.goto(f"{room.address}/class/teach")
    second.get_by_label("Code of the room").fill(room.code)
    second.get_by_label("Code for teachers").fill(secret)
    second.get_by_role("button", name="Come in").click()
    expect(second.locator("#room-code")).to_have_text(room.code)
    expect(second.get_by_role("button", name="Second teacher")).to_be_hidden()


def test_a_friendly_name_and_another(room):
    student = room.page(360, 740)
    student.goto(f"{room.address}/class#{room.code}")
    given = student.locator("#given")
    expect(given).to_have_text(re.compile(r"^\w+ \w+$"))
    first = given.text_content()
    student.get_by_label("Your name").fill("Ada")
    expect(given).to_be_hidden()
    student.get_by_label("Your name").fill("")
    student.get_by_role("button", name="Another").click()
    expect(given).not_to_have_text(first)
    name = given.text_content()
    student.get_by_role("button", name="Join").click()
    expect(student.locator("#net-text")).to_have_text(f"Connected · {name}")


def test_notes_and_a_lesson_from_the_shelf(room):
    with room.teacher.expect_popup() as opened:
        room.teacher.get_by_role("button", name="Notes to print").click()
    notes = opened.value
    expect(notes.get_by_role("heading", level=1)).to_have_text("All kinds")
    expect(notes.get_by_text("Wait for all.")).to_be_visible()
    assert notes.evaluate("getComputedStyle(document.querySelector('.when')).display") == "grid"
    other = room.page(1000, 800)
    other.goto(f"{room.address}/class/teach")
    expect(other.get_by_role("link", name="Notes for When will it grok?")).to_be_visible()
    other.get_by_role("button", name="Open a room for All kinds").click()
    expect(other.locator("#room-code")).to_have_text(re.compile(r"^\w{6}$"))
    assert other.locator("#room-code").text_content() != room.code


def test_the_students_page_is_light(room):
    student = room.page(360, 740)
    loaded = []
    student.on("response", lambda response: loaded.append(len(response.body())))
    student.goto(f"{room.address}/class", wait_until="networkidle")
    assert len(loaded) > 4
    assert sum(loaded) < MOST_BYTES


def test_axe_finds_nothing_in_light_and_in_dark(room):
    wall = room.wall()
    wall.goto(f"{room.address}/class/wall")
    expect(wall.locator("#room-code")).to_have_text(room.code)
    student = room.student("Ada", width=360, height=740)
    gate = room.page(1000, 800)
    gate.goto(f"{room.address}/class/teach")
    door = room.page(360, 740)
    door.goto(f"{room.address}/class")
    pages = [room.teacher, wall, student]
    _axe([*pages, gate, door])
    room.go(ASK)
    expect(student.get_by_label("left")).to_be_visible()
    _axe(pages, "dark")
    room.go(CURVE)
    expect(student.locator(".pad")).to_be_visible()
    draw(student)
    _axe(pages, "dark")
    send(student)
    room.go(REVEAL)
    room.teacher.get_by_role("button", name="To the end").click()
    expect(student.locator(".big")).to_be_visible()
    _axe(pages)
    for step in (EXPLORE, CELLS):
        room.go(step)
        expect(wall.locator("#place")).to_contain_text(f"{step + 1} of 11")
        _axe(pages, "dark")


def _axe(pages, *schemes):
    for page in pages:
        page.evaluate(AXE)
        for scheme in schemes or ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(RUN_AXE) == [], (page.url, scheme)
