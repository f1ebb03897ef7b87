"""The states table of the design, row by row."""

import pytest

from lab.ui.words import together, waiting, word


@pytest.mark.parametrize(
    ("state", "shape", "sentence", "button"),
    [
        (dict(status="ready"), "ring", "ready", "Run"),
        (dict(status="ready", rows=0), "dots", "preparing", "Run"),
        (dict(status="running", head=7), "disc", "running", "Pause"),
        (dict(status="paused", head=8400), "square", "paused at 8\u2009400", "Resume"),
        (
            dict(status="finished", head=600, ended="max_steps"),
            "bar",
            "stopped at its limit of 600 steps",
            "Start again",
        ),
        (
            dict(status="finished", head=9, ended="done", sentence="arrived at 9"),
            "tick",
            "arrived at 9",
            "Start again",
        ),
        (
            dict(
                status="finished",
                head=212,
                ended="diverged",
                good=128,
                sentence="diverged at 212: x",
            ),
            "triangle",
            "diverged at 212: x",
            "Back to 128",
        ),
        (
            dict(status="failed", head=212, ended="error", good=128, sentence="failed at 212: NaN"),
            "alert",
            "failed at 212: NaN, kept up to 128",
            "Back to 128",
        ),
        (dict(status="finished", head=60, recorded=True), "record", "recorded, seed 0", "Run"),
        (dict(status="cancelled", head=318), "strike", "stopped at 318", "Start again"),
    ],
)
def test_each_state_has_its_shape_sentence_and_button(lane, state, shape, sentence, button):
    found = word(lane(**state))
    assert (found.shape, found.sentence, found.button) == (shape, sentence, button)


def test_who_waits_for_a_seat_reads_how_many_are_ahead():
    assert waiting(2).sentence == "waiting, 2 ahead"
    assert waiting(0).sentence == "waiting, next"
    assert (waiting(2).button, waiting(2).do) == ("Leave queue", "leave")


def test_the_liveliest_lane_speaks_and_a_fault_beside_it_is_named(lane):
    broken = lane("finished", head=5, ended="diverged", sentence="diverged at 5", label="Plain")
    found = together([lane("running", head=9), broken])
    assert found.do == "pause"
    assert "Plain: diverged at 5" in found.sentence


def test_methods_that_stand_at_an_earlier_step_are_named_and_branches_are_not(lane):
    lanes = [lane(head=10), lane(head=3, label="B"), lane(head=4, label="A, branch", dotted=True)]
    assert together(lanes).sentence == "paused at 10; B at 3"
    assert together([lane(head=10), lane("ready", label="C")]).sentence == "paused at 10; C at 0"
    assert together([lane(head=10), lane(head=10)]).sentence == "paused at 10"


def test_lanes_that_ended_alike_say_it_once(lane):
    done = dict(status="finished", head=600, ended="max_steps")
    assert together([lane(**done), lane(**done)]).sentence == "stopped at its limit of 600 steps"


def test_one_fault_among_ended_lanes_starts_again(lane):
    ended = [
        lane("finished", head=600, ended="max_steps"),
        lane("finished", head=5, ended="diverged", sentence="diverged at 5", label="B"),
    ]
    found = together(ended)
    assert found.sentence == "B: diverged at 5"
    assert found.do == "again"
