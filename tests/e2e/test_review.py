"""Orders of events that are rare: what must still come right by itself, and end well."""

import time

import pytest

from manifests import gslb_config as config_of
from manifests import policy as policy_of
from objects import ingress, namespace, policy
from bench import ACCEPTED
from programs import wait_for

SHOP, CART = "shop.example.org", "cart.example.org"
WEB = namespace("web")


def shop(cluster, ip=None, **options):
    return ingress(cluster, ip or f"10.{cluster[-1]}.0.1", SHOP, **options)


@pytest.fixture
def faults(rig):
    """Adds rules of what goes wrong at the simulated clusters."""
    if not hasattr(rig.ground, "ask"):
        pytest.skip("needs simulated clusters")
    yield lambda *rules: rig.ground.ask("POST", "/_sim/faults", list(rules))
    rig.ground.ask("DELETE", "/_sim/faults")


def gslbconfig_patch(status, times):
    return {"match": {"method": "PATCH", "resource": "gslbconfigs"}, "times": times, "do": {"status": status}}


def test_an_identity_that_could_not_be_kept_is_tried_again(bench, faults):
    bench.rig.reset({"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}})
    faults(gslbconfig_patch(500, 2))
    bench.apply("cluster1", config_of(bench.avisim.address, uuid=None, clusters=["cluster1", "cluster2"]), policy())
    bench.rig.start()
    bench.wait_sync("a configuration in charge", lambda sync: sync["phase"] == "running", timeout_s=20)


def test_the_end_comes_well_while_a_write_is_refused(bench):
    """The controller lets nobody in any more, and a write hangs, when the process is asked to end."""
    bench.begin({"cluster1": [WEB, shop("cluster1")]})
    bench.avisim.toggle(hang=True)
    bench.apply("cluster1", shop("cluster1", "10.1.0.9"))
    bench.wait_sync("a write in flight", lambda sync: sync["names"]["in_flight"] == 1)
    bench.avisim.toggle(password="another", expire_sessions=True)
    bench.leader.child.terminate()
    wait_for("the signal", lambda: "event=stopping" in bench.leader.read_log(), 5)
    try:
        bench.avisim.toggle(hang=False)
        assert bench.leader.child.wait(8) == 0, bench.leader.tail()
    finally:
        bench.avisim.toggle(password=bench.avisim.password)
    bench.log = None
