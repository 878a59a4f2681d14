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

USER_MONITOR = {"name": "user-hm", "_tenant": "admin", "type": "HEALTH_MONITOR_TCP", "is_federated": True, "monitor_port": 80}


def listings(bench):
    return [e for e in bench.avisim.log_since() if e["method"] == "GET" and "created_by=amko-gslb" in e["path"] + str(e)]


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


def test_a_refused_policy_made_again_is_judged_again(bench):
    """What it names has come to the controller meanwhile."""
    bench.begin({"cluster1": [WEB, shop("cluster1")]}, gdp=policy_of(clusters=["cluster1"], healthMonitorRefs=["user-hm"]))
    assert bench.condition("PolicyAccepted") == "False/Refused"
    refused = bench.rig.own.list("GlobalDeploymentPolicy")[0]
    bench.delete("cluster1", refused)
    bench.settle()
    assert bench.condition("PolicyAccepted") == "False/NoPolicy"
    bench.avisim.seed("healthmonitor", [USER_MONITOR])
    bench.apply("cluster1", policy_of(clusters=["cluster1"], healthMonitorRefs=["user-hm"]))
    assert bench.writes() == {SHOP: ["POST service"]}


def test_a_note_in_a_description_does_not_keep_addresses(bench):
    """Somebody added a remark at the controller. All clusters are known, so there is nothing that it could stand for."""
    bench.begin({"cluster1": [WEB, shop("cluster1")], "cluster2": [WEB, shop("cluster2")]}, config=bench.config(refresh_s=1))
    service = next(s for s in bench.avisim.objects("gslbservice") if s["name"] == SHOP)
    described = service["description"] + ",ask Jane first"
    bench.avisim.patch("gslbservice", service["uuid"], {"description": described})
    n = len(listings(bench))
    wait_for("a listing", lambda: len(listings(bench)) > n + 1, 10)
    bench.apply("cluster1", shop("cluster1", "10.1.0.9"))
    bench.settle()
    assert set(bench.members(SHOP)) == {"10.1.0.9", "10.2.0.1"}
    bench.delete("cluster1", shop("cluster1"))
    bench.settle()
    assert set(bench.members(SHOP)) == {"10.2.0.1"}
    bench.delete("cluster2", shop("cluster2"))
    bench.settle()
    assert bench.members(SHOP) is None
    bench.log.news()


def test_what_was_held_and_is_gone_is_not_told_for_ever(bench):
    bench.begin({"cluster1": [WEB, shop("cluster1")]}, config=bench.config(refresh_s=1))
    service = next(s for s in bench.avisim.objects("gslbservice") if s["name"] == SHOP)
    bench.leader.kill()
    bench.avisim.patch("gslbservice", service["uuid"], {"description": ""})
    bench.delete("cluster1", shop("cluster1"))
    bench.rig.start()
    bench.settle()
    assert bench.condition("DeletesHeld") == "True/Held"
    bench.avisim.delete("gslbservice", service["uuid"])
    for monitor in bench.avisim.objects("healthmonitor"):
        bench.avisim.delete("healthmonitor", monitor["uuid"])
    bench.wait_condition("DeletesHeld", "False/None")


def test_a_reference_that_leads_nowhere_does_not_look_like_a_lost_service(bench):
    """The user's monitor is gone; the controller answers 404 to the update, as it does for a service that is gone."""
    bench.begin({"cluster1": [WEB, shop("cluster1")]}, seeded={"healthmonitor": [USER_MONITOR]},
                gdp=policy_of(clusters=["cluster1"], healthMonitorRefs=["user-hm"]))
    uuid = bench.avisim.objects("healthmonitor")[0]["uuid"]
    bench.avisim.patch("gslbservice", bench.avisim.objects("gslbservice")[0]["uuid"], {"health_monitor_refs": []})
    bench.avisim.delete("healthmonitor", uuid)
    bench.apply("cluster1", shop("cluster1", "10.1.0.9"))
    failing = bench.wait_sync("a failing name", lambda sync: sync["failing"])["failing"]
    assert "404" in failing[0]["error"]
    bench.avisim.seed("healthmonitor", [USER_MONITOR])
    wait_for("a good update", lambda: bench.log.news().get(SHOP, [""])[-1] == "PUT service", 10)
    assert set(bench.members(SHOP)) == {"10.1.0.9"}


@pytest.mark.parametrize("body", ["{}", '{"kind": "Status", "status": "Success"}', '{"kind": "APIResourceList"}'])
def test_an_answer_that_is_no_list_of_apis_does_not_say_that_one_is_absent(bench, faults, body):
    """A gateway answers in the API server's place, while lists pass."""
    bench.begin({"cluster1": [WEB, shop("cluster1")], "cluster2": [WEB, shop("cluster2")]})
    bench.rig.stop()
    faults({"match": {"cluster": "cluster1", "path": "/apis/networking.k8s.io/v1"}, "do": {"status": 200, "body": body}})
    bench.rig.start()
    bench.wait_condition("ClustersSynced", "False/BadAnswer")
    bench.wait_state(ACCEPTED)
    assert bench.log.news() == {}
    bench.rig.ground.ask("DELETE", "/_sim/faults")
    bench.wait_condition("ClustersSynced", "True/Synced")
    assert bench.writes() == {}
