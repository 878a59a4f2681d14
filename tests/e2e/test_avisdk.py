"""The vendor's own Python SDK is content with the simulated controller, so what it accepts is not just our own idea."""

import hashlib
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def cache():
    return os.environ.get("AMKO_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "amko")


@pytest.fixture(scope="module")
def sdk_python():
    """The interpreter of a virtual environment with the SDK, made once for each requirements.txt."""
    requirements = os.path.join(HERE, "requirements.txt")
    with open(requirements, "rb") as f:
        folder = os.path.join(cache(), "avisdk-" + hashlib.sha256(f.read()).hexdigest()[:16])
    python, done = os.path.join(folder, "bin/python"), os.path.join(folder, "done")
    if not os.path.exists(done):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", requirements], check=True)
        open(done, "w", encoding="ascii").close()
    return python


@pytest.mark.parametrize("step", ["login", "refused_login", "objects", "paging", "expired_session"])
def test_the_sdk_is_content(step, sdk_python, avisim):
    avisim.reset({"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}})
    # Its verify=False is overruled by these; a proxy would not reach the simulator.
    env = {k: v for k, v in os.environ.items()
           if k not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") and not k.lower().endswith("_proxy")}
    done = subprocess.run([sdk_python, "-W", "ignore", os.path.join(HERE, "avisdk_steps.py"), step, avisim.address, avisim.control],
                          capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
