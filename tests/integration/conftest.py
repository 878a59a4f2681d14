"""Fixtures of the tests of whole programs against simulators."""

import pytest

from bench import Bench


@pytest.fixture
def bench(rig):
    bench = Bench(rig)
    yield bench
    bench.end()
