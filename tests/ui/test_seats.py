"""Seats: how many sessions a visitor and a server have running, and who waits."""

from lab.ui.seats import EACH, Hall


def hall(in_all=100):
    found, moved = Hall(in_all), []
    return found, moved


def test_a_visitor_has_four_running_and_the_fifth_waits():
    room, moved = hall()
    ask = room.seats("ada")
    first = ask(EACH - 1, lambda: moved.append("first"))
    second = ask(1, lambda: moved.append("second"))
    third = ask(1, lambda: moved.append("third"))
    fourth = ask(2, lambda: moved.append("fourth"))
    assert [t.granted for t in (first, second, third, fourth)] == [True, True, False, False]
    assert (third.ahead, fourth.ahead) == (0, 1)
    assert room.seats("bob")(4, lambda: None).granted  # another visitor has seats of his own
    second.give_back()
    assert third.granted and not fourth.granted
    assert fourth.ahead == 0
    assert moved == ["third", "fourth"]


def test_leaving_the_queue_lets_others_move_up():
    room, _ = hall()
    ask = room.seats("ada")
    ask(4, lambda: None)
    second, third = ask(2, lambda: None), ask(2, lambda: None)
    second.give_back()
    second.give_back()  # twice is once
    assert third.ahead == 0


def test_nobody_overtakes_another_run_of_the_same_visitor():
    room, _ = hall()
    ask = room.seats("ada")
    ask(3, lambda: None)
    large, small = ask(2, lambda: None), ask(1, lambda: None)
    assert not large.granted and not small.granted


def test_a_full_server_counts_everybody_who_waits():
    room, _ = hall(in_all=EACH)
    room.seats("ada")(4, lambda: None)
    bob, eve = (room.seats(name)(1, lambda: None) for name in ("bob", "eve"))
    assert (bob.ahead, eve.ahead) == (0, 1)


def test_a_page_with_more_runs_than_seats_gets_all_seats():
    room, _ = hall()
    assert room.seats("ada")(6, lambda: None).granted
