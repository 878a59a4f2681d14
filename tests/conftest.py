"""Options and fixtures of the tests that drive processes. The ground and the controller serve the whole session."""

import os
import subprocess

import pytest

from ground import RealGround
from programs import Avisim, repository
from rig import Rig
from sim_ground import SimGround


def real_ground(folder):
    binaries = os.environ.get("AMKO_APISERVER") or subprocess.run(
        [os.path.join(repository(), "tests/e2e/build-apiserver.sh")], check=True, stdout=subprocess.PIPE,
        text=True).stdout.strip()
    return RealGround(folder, binaries)


GROUNDS = {"real": real_ground, "sim": SimGround}


FIGURES = pytest.StashKey()


@pytest.fixture
def figures(request):
    """Lines that are printed at the end, whatever becomes of the test."""
    return request.config.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter, config):
    if config.stash.get(FIGURES, None):
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(config.stash[FIGURES]))


def pytest_addoption(parser):
    parser.addoption("--ground", default="real", choices=sorted(GROUNDS), help="the clusters under the tests")


@pytest.fixture(scope="session")
def ground(request, tmp_path_factory):
    ground = GROUNDS[request.config.getoption("--ground")](str(tmp_path_factory.mktemp("ground")))
    try:
        yield ground.start_all()
    finally:
        ground.stop_all()


@pytest.fixture(scope="session")
def avisim(tmp_path_factory):
    avisim = Avisim(str(tmp_path_factory.mktemp("avisim") / "log"))
    try:
        yield avisim.start()
        assert avisim.stop() == 0, avisim.tail()
    finally:
        avisim.kill()


@pytest.fixture
def rig(ground, avisim, tmp_path):
    """A bench of one test; its leader is ended with the test."""
    rig = Rig(ground, avisim, str(tmp_path / "leader.log"))
    try:
        yield rig
    finally:
        rig.leader.kill()


@pytest.fixture
def second(tmp_path):
    """Another controller, of this test alone."""
    controller = Avisim(str(tmp_path / "second.log"))
    try:
        yield controller.start()
    finally:
        controller.kill()
