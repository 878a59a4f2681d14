"""Fixtures of the tests of whole programs against simulators."""

import pytest

from bad_day import BadDay
from bench import Bench


@pytest.fixture
def bench(rig):
    bench = Bench(rig)
    yield bench
    bench.end()


@pytest.fixture(scope="session", autouse=True)
def days(request, tmp_path_factory):
    """A bad day takes a minute, mostly waiting: where tests will look at it, it begins with the first test of all."""
    rows = next((item.module.ROWS for item in request.session.items if "bad_day" in item.fixturenames), None)
    day = BadDay(tmp_path_factory.mktemp("bad-day"), rows) if rows else None
    if day:
        day.start()
    yield day
    if day:
        day.join(600)
        assert not day.is_alive() and day.error is None, day.error


@pytest.fixture
def bad_day(days):
    return days
