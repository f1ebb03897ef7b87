"""What the server's log leaves out, and what it keeps."""

import logging

import pytest
from tornado.websocket import WebSocketClosedError

from lab.ui.hush import LOGGERS, SAID, hush


@pytest.fixture(autouse=True)
def hushed():
    hush()
    hush()  # every page says it


@pytest.mark.parametrize("name", LOGGERS)
def test_what_is_sent_to_a_closed_tab_leaves_no_line(caplog, name):
    logger = logging.getLogger(name)
    logger.warning(SAID)
    try:
        raise WebSocketClosedError
    except WebSocketClosedError:
        logger.exception("Task exception was never retrieved")
    assert not caplog.records


@pytest.mark.parametrize("name", LOGGERS)
def test_everything_else_is_kept(caplog, name):
    try:
        raise ValueError("a fault of ours")
    except ValueError:
        logging.getLogger(name).exception("Task exception was never retrieved")
    logging.getLogger(name).warning("something else")
    assert len(caplog.records) == 2
