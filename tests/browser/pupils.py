"""A lesson of all kinds of steps, and browsers of a teacher, a projector and students."""

import re

from driving import WAIT_MS
from playwright.sync_api import expect

RUNS = """
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 60
low = 1e-4
high = 10.0
log = true
"""


def _step(kind, title, more=""):
    return f'[[step]]\nkind = "{kind}"\ntitle = "{title}"\n{more}'


LESSON = "\n".join([
    'title = "All kinds"',
    _step("show", "Join first"),
    _step("ask", "Left or right?", 'choices = ["left", "right"]\nnotes = "Wait for all."'),
    _step("predict", "How will it fall?", 'shape = "curve"' + RUNS),
    _step("reveal", "Like this"),
    _step("predict", "Which is first?", 'shape = "choice"' + RUNS
          + 'arms = { plain = { method = "Picard" }, anchored = { method = "Halpern" } }\n'),
    _step("predict", "When is it low?", 'shape = "step"\ntruth = "below 0.1"' + RUNS),
    _step("predict", "How low at the end?", 'shape = "number"' + RUNS),
    _step("predict", "Where does it pass?", 'shape = "point"\ntruth = "below 0.1"' + RUNS),
    _step("explore", "Yours",
          'free = [{ name = "weight", low = 0.1, high = 1.0, text = "share of the step" }]' + RUNS),
    _step("explore", "All of us",
          '[step.cells]\nx = "weight"\ny = "fastest"\nxs = [0.5, 1.0]\nys = [0.1, 1.0]' + RUNS),
    _step("discuss", "What now?"),
])  # fmt: skip
SHOW, ASK, CURVE, REVEAL, CHOICE, STEP, NUMBER, POINT, EXPLORE, CELLS, DISCUSS = range(11)


class Class:
    """A room with its teacher; pages whose faults are kept in `faults`."""

    def __init__(self, browser, address, lesson="all-kinds"):
        self._browser, self.address, self.faults = browser, address, []
        self.contexts = []
        self.teacher = self.page(width=1440, height=900)
        self.teacher.goto(f"{address}/class/teach#lesson={lesson}")
        expect(self.teacher.locator("#room-code")).not_to_be_empty()
        self.code = self.teacher.locator("#room-code").text_content()

    def page(self, width, height, context=None):
        """A page in a browser of its own, or beside another of the same one."""
        if context is None:
            context = self._browser.new_context(viewport={"width": width, "height": height})
            context.set_default_timeout(WAIT_MS)
            self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)
        return page

    def _said(self, message):
        # a cut cable is told by the browser itself
        if message.type == "error" and "WebSocket connection" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request):
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.faults.append(f"request: {request.url}")

    def wall(self):
        return self.page(0, 0, self.teacher.context)

    def student(self, name="", width=1000, height=800, address=None, typed=None):
        """A student who has come in."""
        page = self.page(width, height)
        if typed is None:
            page.goto(f"{address or self.address}/class#{self.code}")
        else:
            page.goto(f"{address or self.address}/class")
            page.get_by_label("Code on the wall").fill(typed)
        page.get_by_label("Your name").fill(name)
        page.get_by_role("button", name="Join").click()
        expect(page.locator("#net-text")).to_contain_text("Connected")
        return page

    def go(self, step):
        """To a step, by the teacher's rail."""
        button = self.teacher.locator("#steps button").nth(step)
        button.click()
        expect(button).to_have_attribute("aria-current", "step")

    def close(self):
        for context in self.contexts:
            context.close()


def take(room, student, step):
    """One step of any lesson: what the student does in it, and what comes of it."""
    {"ask": _answer, "predict": _answer, "reveal": _reveal, "run": _watch, "explore": _explore}.get(
        step.kind, lambda *_: None
    )(room, student, step)


def _answer(room, student, step):
    if step.kind == "ask" or step.shape == "choice":
        student.locator(".choices input").last.check()
    elif step.shape == "curve":
        draw(student)
    else:
        student.get_by_role("slider").first.press("ArrowRight")
    send(student)
    room.teacher.get_by_role("button", name="Close answers").click()
    expect(student.get_by_role("heading", level=1)).to_have_text("Answers are closed. Yours is in.")


def _reveal(room, student, step):
    for _ in range(2):
        room.teacher.get_by_role("button", name="Faster").click()
    expect(student.locator(".big")).to_have_text(re.compile(r"\d+ of 100"))


def _watch(room, student, step):
    room.teacher.get_by_role("button", name="Start the run").click()
    look = ".seed" if step.runs.seeds > 1 else ".run0"
    expect(student.locator(f"#scene path{look}")).to_have_count(len(step.runs.labels()))


def _explore(room, student, step):
    if step.free:
        student.get_by_role("slider").first.fill("800")
        said = "Your run ends at"
    else:
        student.get_by_role("button", name="Make my cell").click()
        said = re.compile("Your cell, .*: ")
    expect(student.locator(".said").first).to_contain_text(said)


def send(page):
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="Sent. You can still change it.")).to_be_visible()


def draw(page):
    """A line from the upper left to the lower right, by the pointer."""
    box = page.locator(".pad").bounding_box()
    left, right = box["x"] + 44, box["x"] + box["width"] - 8
    top, bottom = box["y"] + 40, box["y"] + box["height"] - 50
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2, steps=4)
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()
