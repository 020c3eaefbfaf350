"""What the terminal is told."""

import logging

import pytest

from bot.app.serve import in_one_line


@pytest.mark.parametrize(("level", "traceback"), [(logging.WARNING, False), (logging.ERROR, True)])
def test_only_an_error_comes_with_its_traceback(level: int, traceback: bool):
    error = ConnectionError("closed")
    record = logging.LogRecord("docket.worker", level, __file__, 1, "away", None, (type(error), error, None))
    assert in_one_line(record)
    assert ("ConnectionError: closed" in logging.Formatter().format(record)) is traceback
