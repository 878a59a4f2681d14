"""Clusters, controller and leader go away and come back: nothing is lost, and then exactly the difference is written."""

import contextlib

import pytest

from bench import ACCEPTED, erase_unseen
from objects import ingress, namespace, service
from programs import wait_for

SHOP, CART, NEWS, DB = "shop.example.org", "cart.example.org", "news.example.org", "db.example.org"
WEB = namespace("web")


def begin(bench, **options):
    """Names in both clusters, in the first alone and in the second alone."""
    made = bench.begin({
        "cluster1": [WEB, ingress("cluster1", "10.1.0.1", SHOP), service("cluster1", "10.1.0.5", DB)],
        "cluster2": [WEB, ingress("cluster2", "10.2.0.1", SHOP),
                     ingress("cluster2", "10.2.0.2", (CART, "/", "/pay"), name="cart")],
    }, **options)
    assert set(made) == {SHOP, DB, CART}


# ---- a member cluster


def test_an_api_server_is_away_and_comes_back(bench):
    begin(bench)
    with bench.stopped("cluster2"):
        # Life goes on in the other cluster, also for the name that both have.
        bench.apply("cluster1", ingress("cluster1", "10.1.0.9", (SHOP, "/", "/pay")),
                    ingress("cluster1", "10.1.0.3", NEWS, name="news"))
        bench.delete("cluster1", service("cluster1", None, DB))
        done = bench.writes()
        assert done[SHOP][0] == "POST monitor http /pay" and set(done[SHOP][1:]) == {"PUT service"}
        assert done[NEWS] == ["POST monitor http /", "POST service"]
        assert done[DB] == ["DELETE service", "DELETE monitor tcp 8080"]
        assert set(done) == {SHOP, NEWS, DB}
        bench.delete("cluster1", ingress("cluster1", None, SHOP))
        assert bench.writes() == {SHOP: ["PUT service", "DELETE monitor http /pay"]}
        assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}
        assert bench.members(CART) == {"10.2.0.2": (1, 10)}
        erase_unseen(bench.rig.ground, "cluster2", "Ingress", "web", "cart")
    assert bench.writes() == {CART: ["DELETE service", "DELETE monitor http /", "DELETE monitor http /pay"]}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}


def test_the_leader_starts_while_a_member_is_away(bench):
    begin(bench)
    with bench.stopped("cluster2"):
        bench.rig.restart()
        assert bench.writes() == {}
        assert bench.state() == ACCEPTED
        assert bench.condition("ClustersSynced") == "False/Unreachable"
        assert set(bench.members(SHOP)) == {"10.1.0.1", "10.2.0.1"}
        assert set(bench.members(CART)) == {"10.2.0.2"}
        # What is kept stays through edits of the rest, its paths too.
        bench.apply("cluster1", ingress("cluster1", "10.1.0.9", SHOP))
        assert bench.writes() == {SHOP: ["PUT service"]}
        # What was seen to go is gone, whoever else is away.
        bench.delete("cluster1", ingress("cluster1", None, SHOP))
        assert bench.writes() == {SHOP: ["PUT service"]}
        assert set(bench.members(SHOP)) == {"10.2.0.1"}
    bench.wait_condition("ClustersSynced", "True/Synced", 30)
    assert bench.writes() == {}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}


def test_a_member_that_was_away_at_start_comes_back_unchanged(bench):
    begin(bench)
    with bench.stopped("cluster2"):
        bench.rig.restart()
        assert bench.writes() == {}
    bench.wait_condition("ClustersSynced", "True/Synced", 30)
    assert bench.writes() == {}


def test_objects_went_while_the_leader_and_a_member_were_away(bench):
    begin(bench)
    bench.rig.stop()
    with bench.stopped("cluster2"):
        erase_unseen(bench.rig.ground, "cluster2", "Ingress", "web", "cart")
        erase_unseen(bench.rig.ground, "cluster2", "Ingress", "web", "shop")
        bench.delete("cluster1", service("cluster1", None, DB))
        bench.rig.start()
        assert bench.writes() == {DB: ["DELETE service", "DELETE monitor tcp 8080"]}
    bench.wait_condition("ClustersSynced", "True/Synced", 30)
    assert bench.writes() == {CART: ["DELETE service", "DELETE monitor http /", "DELETE monitor http /pay"],
                              SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10)}


def test_a_restart_with_nothing_changed_writes_nothing(bench):
    begin(bench)
    for _ in range(2):
        n = bench.avisim.last_n()
        bench.rig.restart()
        assert bench.writes() == {}
        methods = [(e["method"], e["path"]) for e in bench.avisim.log_since(n) if e["method"] != "GET"]
        assert methods == [("POST", "/logout"), ("POST", "/login")]


# ---- the controller


@pytest.mark.parametrize("kind", ["gslbservice", "healthmonitor"])
def test_an_object_of_another_owner_is_left_alone(bench, kind):
    # Whatever the monitor is called: of the name that ours would have.
    begin(bench)
    name = next(o["name"] for o in bench.avisim.objects(kind, written=True) if o["by_client"] and DB in str(o["body"]))
    theirs = {"name": name, "created_by": "somebody", "domain_names": [DB], "type": "HEALTH_MONITOR_PING", "is_federated": True,
              "markers": [{"key": "created-by", "values": ["somebody"]}], "uuid": f"{kind}-theirs"}
    bench.begin({"cluster1": [WEB]}, seeded={kind: [theirs]})
    bench.apply("cluster1", service("cluster1", "10.1.0.5", DB), ingress("cluster1", "10.1.0.1", SHOP))
    bench.wait_sync("a failing name", lambda sync: sync["names"]["failing"] == 1)
    sync = bench.settle()
    assert [failing["fqdn"] for failing in sync["failing"]] == [DB]
    done = bench.log.news()
    assert done[SHOP] == ["POST monitor http /", "POST service"]
    assert done[DB][-1].endswith("-> 409") and not [text for text in done[DB] if text.startswith(("PUT", "DELETE"))]
    assert [o["created_by"] for o in bench.avisim.objects(kind) if o["name"] == name] == ["somebody"]
    assert "event=name_taken" in bench.leader.read_log()
    bench.avisim.delete(kind, f"{kind}-theirs")
    bench.wait_sync("no failing name", lambda sync: not sync["names"]["failing"])
    assert bench.writes()[DB][-1] == "POST service"
    assert bench.members(DB) == {"10.1.0.5": (1, 10)}
    assert (DB, "tcp 8080") in bench.monitors()


@contextlib.contextmanager
def not_leader(bench):
    bench.avisim.toggle(leader=False)
    try:
        yield
    finally:
        bench.avisim.toggle(leader=True)


def test_another_controller_leads_for_a_while(bench):
    begin(bench)
    with not_leader(bench):
        # The first write finds out.
        bench.apply("cluster1", ingress("cluster1", "10.1.0.9", SHOP))
        bench.wait_state("error: controller not a leader")
        assert bench.condition("ControllerIsLeader") == "False/NotLeader"
        assert bench.log.news() == {SHOP: ["PUT service -> 400"]}
        bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEWS, name="news"))
        bench.delete("cluster1", service("cluster1", None, DB))
        assert bench.writes() == {}
    # Asked again every 10 s.
    bench.wait_state(ACCEPTED, 15)
    assert bench.writes() == {SHOP: ["PUT service"], NEWS: ["POST monitor http /", "POST service"],
                              DB: ["DELETE service", "DELETE monitor tcp 8080"]}
    assert bench.condition("ControllerIsLeader") == "True/Leader"


def test_a_controller_that_does_not_lead_is_noticed_without_a_write(bench):
    begin(bench, config=bench.config(refresh_s=1))
    with not_leader(bench):
        bench.wait_state("error: controller not a leader")
        bench.apply("cluster1", ingress("cluster1", "10.1.0.9", SHOP))
        assert bench.writes() == {}
    wait_for("a repair", lambda: bench.members(SHOP).get("10.1.0.9"), 15)
    assert bench.writes() == {SHOP: ["PUT service"]}
