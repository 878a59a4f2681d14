"""Fixtures of the tests of whole programs."""

import pytest

from bench import Bench
from trouble import Site


@pytest.fixture
def bench(rig):
    bench = Bench(rig)
    yield bench
    bench.end()


@pytest.fixture
def site(rig, tmp_path):
    site = Site(rig, tmp_path)
    yield site
    site.end()
