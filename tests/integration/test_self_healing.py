"""Bad days of the controller: each kind of trouble in turn, in the middle of work. It is told, nothing is lost, doubled or left
behind, and when it ends the controller becomes exactly what it should be, so that the next start writes nothing.
"""

import time

import pytest

from bench import described
from objects import ingress, namespace, service
from programs import wait_for

WEB = namespace("web")
SHOP, DB, OLD, NEW = "shop.example.org", "db.example.org", "old.example.org", "new.example.org"
GS, HM = "/api/gslbservice", "/api/healthmonitor"
KINDS = {"gslbservice": GS, "healthmonitor": HM}
WRITES = [(method, path) for method in ("POST", "PUT", "DELETE") for path in (HM, GS)]
OWNER = "amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002"


def begin(bench, **options):
    made = bench.begin({
        "cluster1": [WEB, ingress("cluster1", "10.1.0.1", (SHOP, "/", "/cart")), service("cluster1", "10.1.0.5", DB),
                     ingress("cluster1", "10.1.0.2", OLD, name="old")],
        "cluster2": [WEB, ingress("cluster2", "10.2.0.1", SHOP)]}, **options)
    assert set(made) == {SHOP, DB, OLD}


def change(bench):
    """Work that meets every operation: monitors and services are made, changed and deleted."""
    bench.apply("cluster1", ingress("cluster1", "10.1.0.9", (SHOP, "/", "/pay")), service("cluster1", "10.1.0.6", DB, port=8081),
                ingress("cluster1", "10.1.0.3", NEW, name="new"))
    bench.delete("cluster1", ingress("cluster1", "10.1.0.2", OLD, name="old"))


def monitors(bench):
    """[(service, what it looks at)] of all of ours, also those that were there."""
    return sorted(described(o) for o in bench.avisim.objects("healthmonitor") if o["name"].startswith("amko--"))


def carried_out(bench):
    assert bench.members(SHOP) == {"10.1.0.9": (1, 10), "10.2.0.1": (1, 10)}
    assert bench.members(DB) == {"10.1.0.6": (1, 10)}
    assert bench.members(NEW) == {"10.1.0.3": (1, 10)}
    assert set(bench.services()) == {SHOP, DB, NEW}
    assert monitors(bench) == sorted([(SHOP, "http /"), (SHOP, "http /pay"), (DB, "tcp 8081"), (NEW, "http /")])


def heals(bench, timeout_s=45):
    """Everything is carried out by itself, and the next start finds nothing to do."""
    bench.settle(timeout_s=timeout_s)
    bench.wait_sync("an end of the failures", lambda sync: sync["settled"] and not sync["paused"] and not sync["names"]["failing"],
                    timeout_s)
    bench.settle()
    carried_out(bench)
    stands(bench)


def stands(bench):
    bench.log.entries()
    bench.rig.restart()
    assert bench.writes() == {}


def all_met(bench):
    """Every rule was followed as often as it says: the test has tested something."""
    rules = bench.avisim.faults()
    assert rules and [r for r in rules if r["done"] != r["rule"].get("times", r["done"] or -1)] == []


def events(bench, name):
    return [line for line in bench.leader.read_log().splitlines() if f"event={name} " in line]


def failing(bench):
    return {f["fqdn"]: f["error"] for f in bench.leader.sync()["failing"]}


# ---- the answer to a write is lost, or nothing that can be read; once for each operation


@pytest.mark.parametrize("do", [
    pytest.param({"close": "before"}, id="cut-before-it-was-done"),
    pytest.param({"close": "after"}, id="cut-after-it-was-done"),
    pytest.param({"truncate": True}, id="half-an-answer"),
    pytest.param({"body": "<html>ok</html>"}, id="HTML-with-2xx"),
    pytest.param({"body": "[1]"}, id="JSON-of-another-shape"),
    pytest.param({"body": {"name": "x"}}, id="an-object-without-uuid"),
    pytest.param({"body": ""}, id="nothing-with-2xx"),
])
def test_an_answer_is_lost(bench, do):
    begin(bench)
    for method, path in WRITES:
        bench.avisim.fault({"method": method, "path": path}, **do)
    change(bench)
    heals(bench)
    all_met(bench)


def test_a_write_that_was_not_done_although_the_answer_says_so(bench):
    """A deletion's answer shows nothing: the next refresh finds it out."""
    begin(bench, config=bench.config(refresh_s=2))
    for method, path in WRITES:
        bench.avisim.fault({"method": method, "path": path}, status=200, body={})
    change(bench)
    bench.settle()
    wait_for("the deletion", lambda: OLD not in bench.services(), 20)
    heals(bench)
    all_met(bench)


@pytest.mark.parametrize("status, body, more", [
    (419, "", {}), (429, {"error": "Too many requests"}, {"retry_after_s": 1}), (429, "<html>slow down</html>", {}),
    (500, {"error": "Internal Server Error"}, {}), (502, "<html><body>Bad Gateway</body></html>", {}), (503, "", {}),
    (504, "<html>", {}), (599, "", {})])
def test_the_controller_is_overloaded(bench, status, body, more):
    begin(bench)
    for method, path in WRITES:
        bench.avisim.fault({"method": method, "path": path}, status=status, body=body, **more)
    change(bench)
    heals(bench)
    all_met(bench)


def test_reading_after_a_lost_write_fails_too(bench):
    begin(bench)
    for method, path in WRITES:
        bench.avisim.fault({"method": method, "path": path}, close="after")
    bench.avisim.fault({"method": "GET", "path": GS, "name": "*"}, times=2, status=503, body="")
    bench.avisim.fault({"method": "GET", "path": HM, "name": "*"}, truncate=True)
    change(bench)
    heals(bench)
    all_met(bench)


# ---- one name's trouble is its own


@pytest.mark.parametrize("status, error", [
    (400, "ttl: 90000 is not in 0..86400"), (400, f"GslbService {NEW} domain name conflicting with existing domain name {NEW}"),
    (403, "User does not have permission to perform this operation"), (405, "Method \"POST\" not allowed."),
    (412, "Concurrent Update Error: object was changed since it was read"), (418, "no coffee"), (422, "unprocessable")])
def test_a_refusal_holds_up_nobody_else(bench, status, error):
    begin(bench)
    bench.avisim.fault({"method": "POST", "path": GS, "name": NEW}, times=None, status=status, body={"error": error})
    change(bench)
    wait_for("the others", lambda: (bench.members(SHOP) or {}).get("10.1.0.9") and (bench.members(DB) or {}).get("10.1.0.6")
             and bench.members(OLD) is None, 20)
    bench.wait_sync("one failing name", lambda sync: [f["fqdn"] for f in sync["failing"]] == [NEW])
    assert f"HTTP {status}: {error}" in failing(bench)[NEW]
    assert not bench.leader.sync()["paused"]
    assert bench.condition("ControllerReachable") == "True/Reachable"
    bench.avisim.end_faults()
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new", labels={"app": "gslb", "x": "y"}))
    heals(bench)


# ---- everybody waits while one asks


@pytest.mark.parametrize("do", [
    pytest.param({"status": 503, "body": "<html>"}, id="overloaded"),
    pytest.param({"status": 429, "body": "", "retry_after_s": 2}, id="too-many-requests"),
    pytest.param({"status": 400, "body": {"error": "GSLB system is in maintenance mode."}}, id="maintenance"),
    pytest.param({"close": "before"}, id="cut"),
])
def test_many_names_make_no_storm_at_a_controller_that_takes_no_writes(bench, do):
    begin(bench)
    bench.avisim.fault({"method": "POST"}, times=None, **do)
    names = [f"n{i}.example.org" for i in range(40)]
    bench.apply("cluster1", *[ingress("cluster1", f"10.1.1.{i + 1}", name, name=name.split(".")[0]) for i, name in enumerate(names)])
    bench.wait_sync("waiting names", lambda sync: sync["paused"] and sync["names"]["pending"] + sync["names"]["failing"] == 40)
    wait_for("a longer wait", lambda: events(bench, "writes_wait"), 15)
    assert len(bench.log.entries()) <= 24, "eight were in flight when it began"
    time.sleep(5)
    assert len(bench.log.entries()) <= 12, "one after the other, rarer and rarer"
    bench.avisim.end_faults()
    wait_for("all names", lambda: set(names) <= set(bench.services()), 45)
    bench.wait_sync("no failing name", lambda sync: sync["settled"] and not sync["names"]["failing"], 45)
    stands(bench)


# ---- the system's own states


def test_maintenance_begins_and_ends(bench):
    begin(bench)
    bench.avisim.toggle(maintenance=True)
    change(bench)
    wait_for("the controller's words", lambda: any("maintenance mode" in line for line in events(bench, "name_failing")), 15)
    assert {e["status"] for e in bench.log.entries()} == {400}
    bench.avisim.toggle(maintenance=False)
    heals(bench)


def test_another_controller_leads_for_a_while(bench):
    begin(bench)
    bench.avisim.toggle(leader=False)
    change(bench)
    bench.wait_state("error: controller not a leader")
    assert {e["status"] for e in bench.log.entries()} == {400}
    bench.avisim.toggle(leader=True)
    heals(bench)


def test_a_domain_name_that_somebody_else_has(bench):
    begin(bench)
    bench.avisim.toggle(check_domains=True)
    theirs = {"name": "theirs", "created_by": "somebody", "domain_names": [NEW], "uuid": "gslbservice-theirs"}
    bench.avisim.seed("gslbservice", theirs)
    change(bench)
    bench.wait_sync("one failing name", lambda sync: [f["fqdn"] for f in sync["failing"]] == [NEW], 20)
    assert "domain name conflicting with existing domain name" in failing(bench)[NEW]
    bench.avisim.delete("gslbservice", "gslbservice-theirs")
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new", labels={"app": "gslb", "x": "y"}))
    heals(bench)


# ---- sessions


def test_sessions_end_and_one_login_serves_all(bench):
    begin(bench)
    n = bench.avisim.last_n()
    bench.avisim.toggle(expire_sessions=True)
    change(bench)
    heals(bench)
    assert not events(bench, "avi_write_failed")
    logins = [e for e in bench.avisim.log_since(n) if e["path"] == "/login"]
    assert len(logins) == 2, "the second is the restart's"


@pytest.mark.parametrize("status, body", [(401, {"detail": "Authentication credentials were not provided."}), (401, "")])
def test_a_401_that_a_login_mends(bench, status, body):
    begin(bench)
    for method, path in WRITES:
        bench.avisim.fault({"method": method, "path": path}, status=status, body=body)
    change(bench)
    heals(bench)
    all_met(bench)


@pytest.mark.parametrize("do", [{"status": 503, "body": ""}, {"close": "before"}, {"close": "after"}, {"truncate": True},
                                {"status": 429, "body": "", "retry_after_s": 1}])
def test_the_login_after_a_lost_session_fails_first(bench, do):
    begin(bench)
    bench.avisim.toggle(expire_sessions=True)
    bench.avisim.fault({"path": "/login"}, **do)
    change(bench)
    heals(bench)
    all_met(bench)


def test_the_login_is_refused_and_then_works(bench):
    begin(bench)
    bench.avisim.toggle(expire_sessions=True)
    bench.avisim.fault({"path": "/login"}, status=401, body={"error": "Invalid credentials"})
    change(bench)
    bench.wait_condition("ControllerReachable", "False/Unauthorized")
    heals(bench)
    all_met(bench)


# ---- what the controller has is not what was thought


def uuid(bench, kind, fqdn):
    """Of the service, or of its only monitor."""
    return next(o["uuid"] for o in bench.avisim.objects(kind, written=True)
                if o["by_client"] and fqdn == (o["name"] if kind == "gslbservice" else described(o["body"])[0]))


@pytest.mark.parametrize("kinds", [("gslbservice",), ("gslbservice", "healthmonitor")])
def test_what_is_to_be_changed_or_deleted_was_deleted_by_others(bench, kinds):
    begin(bench)
    for kind in kinds:
        for fqdn in (DB, OLD):
            bench.avisim.delete(kind, uuid(bench, kind, fqdn))
    change(bench)
    heals(bench)
    assert not events(bench, "name_failing")


def test_a_monitor_that_a_service_refers_to_was_deleted_by_others(bench):
    """The service's change does not touch it: the refusal tells."""
    begin(bench)
    for host in (DB, OLD):
        bench.avisim.delete("healthmonitor", uuid(bench, "healthmonitor", host))
    bench.apply("cluster1", service("cluster1", "10.1.0.6", DB))
    assert bench.writes() == {DB: ["PUT service -> 404", "POST monitor tcp 8080", "PUT service"]}
    change(bench)
    heals(bench)
    assert not events(bench, "name_failing")


def taken(bench, kind, **more):
    """An object of the name that ours would have, made by others."""
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new"))
    bench.settle()
    made = next(o for o in bench.avisim.objects(kind, written=True) if o["uuid"] == uuid(bench, kind, NEW))
    bench.delete("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new"))
    bench.settle()
    bench.log.news()
    theirs = {**made["body"], "uuid": f"{kind}-theirs", **more}
    theirs.pop("health_monitor_refs", None)
    bench.avisim.seed(kind, theirs)


MARKER = "created-by"


@pytest.mark.parametrize("kind, mark, done", [
    ("gslbservice", {"created_by": OWNER}, ["POST monitor http /", "POST service -> 409", "PUT service"]),
    ("gslbservice", {"created_by": "amko-gslb"}, ["POST monitor http /", "POST service -> 409", "PUT service"]),
    ("healthmonitor", {"markers": [{"key": MARKER, "values": [OWNER]}]}, ["POST monitor http / -> 409", "POST service"]),
    ("healthmonitor", {"markers": [{"key": MARKER, "values": ["amko-gslb"]}]},
     ["POST monitor http / -> 409", "PUT monitor http /", "POST service"]),
    ("healthmonitor", {"markers": []}, ["POST monitor http / -> 409", "PUT monitor http /", "POST service"]),
])
def test_an_unknown_object_of_ours_or_nobodys_is_adopted(bench, kind, mark, done):
    begin(bench)
    taken(bench, kind, **mark)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new"))
    assert bench.writes() == {NEW: done}
    change(bench)
    heals(bench)
    assert not events(bench, "name_taken")


@pytest.mark.parametrize("kind, mark", [
    ("gslbservice", {"created_by": "amko-77"}), ("gslbservice", {"created_by": "somebody"}), ("gslbservice", {"created_by": None}),
    ("healthmonitor", {"markers": [{"key": MARKER, "values": ["amko-77"]}]})])
def test_an_object_of_somebody_else_is_left_alone_and_told(bench, kind, mark):
    begin(bench)
    taken(bench, kind, **mark)
    change(bench)
    bench.wait_sync("one failing name", lambda sync: [f["fqdn"] for f in sync["failing"]] == [NEW], 20)
    assert "HTTP 409" in failing(bench)[NEW]
    assert events(bench, "name_taken")
    assert not [e for e in bench.log.entries() if e["uuid"] == f"{kind}-theirs" and e["method"] != "GET"]
    bench.avisim.delete(kind, f"{kind}-theirs")
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", NEW, name="new", labels={"app": "gslb", "x": "y"}))
    heals(bench)


# ---- answers that leave out what is needed, and lists that lie

CORP = "corp.example.org"


def begin_corp(bench):
    """A service of another tenant: only its references tell whose it is."""
    team = namespace("team")
    team["metadata"]["annotations"] = {"ako.vmware.com/tenant-name": "corp"}
    made = ingress("cluster1", "10.1.0.7", CORP, name="corp", namespace="team")
    made["metadata"]["annotations"]["ako.vmware.com/tenant-name"] = "corp"
    bench.apply("cluster1", team, made)
    assert bench.writes() == {CORP: ["POST monitor http / in corp", "POST service in corp"]}
    return made


@pytest.mark.parametrize("omit", [["url"], ["ref_names"], ["url", "ref_names"]])
def test_answers_to_writes_leave_out_names(bench, omit):
    begin(bench)
    for method in ("POST", "PUT"):
        bench.avisim.fault({"method": method, "path": "/api/"}, times=None, omit=omit)
    begin_corp(bench)
    change(bench)
    bench.settle()
    bench.wait_sync("no failing name", lambda sync: sync["settled"] and not sync["names"]["failing"], 30)
    assert set(bench.services("corp")) == {CORP}
    assert not [e for e in bench.log.entries() if e["status"] >= 400]
    stands(bench)


def test_lists_leave_out_names(bench):
    """Whose an object is cannot be told then: it is not ours to delete."""
    begin(bench)
    begin_corp(bench)
    bench.avisim.fault({"method": "GET"}, times=None, omit=["ref_names"])
    bench.rig.restart()
    bench.settle()
    written = {text for texts in bench.log.news().values() for text in texts}
    # In admin the services look as if they referred to other monitors.
    assert written <= {"PUT service", "POST monitor http / in corp -> 409", "POST service in corp -> 409"}, written
    bench.avisim.end_faults()
    bench.rig.restart()
    assert bench.writes() == {}
    assert set(bench.services("corp")) == {CORP}
    change(bench)
    bench.settle()
    stands(bench)


@pytest.mark.parametrize("count", [0, 1, 999999, -1])
def test_lists_tell_a_wrong_count(bench, count):
    begin(bench)
    bench.avisim.fault({"method": "GET"}, times=None, count=count)
    bench.rig.restart()
    assert bench.writes() == {}
    change(bench)
    heals(bench)


def test_a_list_without_end_is_given_up_and_told_and_nothing_goes(bench):
    begin(bench)
    bench.avisim.fault({"method": "GET", "path": GS}, times=None, endless=True)
    bench.rig.stop()
    n = bench.avisim.last_n()
    bench.rig.start()
    bench.wait_condition("ControllerReachable", "False/BadListing", 60)
    assert events(bench, "listing_failed")
    assert sum(e["path"] == GS for e in bench.avisim.log_since(n)) <= 2 * 2001
    bench.avisim.end_faults()
    bench.wait_condition("ControllerReachable", "True/Reachable", 30)
    assert bench.writes() == {}
    change(bench)
    heals(bench)


def test_a_list_without_end_while_running(bench):
    begin(bench, config=bench.config(refresh_s=1))
    bench.avisim.fault({"method": "GET", "path": HM}, times=None, endless=True)
    bench.wait_condition("ControllerReachable", "False/BadListing", 60)
    change(bench)
    assert bench.log.news() == {}
    bench.avisim.end_faults()
    heals(bench)


# ---- drift


@pytest.mark.parametrize("spoil, done, fields", [
    pytest.param(lambda b, gs, hm: b.avisim.patch("gslbservice", gs, {"ttl": 77, "enabled": False}), ["PUT service"],
                 ("ttl", "enabled"), id="a-service-is-edited"),
    pytest.param(lambda b, gs, hm: b.avisim.patch("healthmonitor", hm, {"monitor_port": 7}), ["PUT monitor tcp 8080"],
                 ("monitor_port",), id="a-monitor-is-edited"),
    pytest.param(lambda b, gs, hm: b.avisim.delete("gslbservice", gs), ["POST service"], (), id="a-service-is-deleted"),
    pytest.param(lambda b, gs, hm: b.avisim.delete("healthmonitor", hm), ["POST monitor tcp 8080", "PUT service"],
                 ("health_monitor_refs",), id="a-monitor-is-deleted"),
    pytest.param(lambda b, gs, hm: (b.avisim.delete("gslbservice", gs), b.avisim.delete("healthmonitor", hm)),
                 ["POST monitor tcp 8080", "POST service"], (), id="both-are-deleted"),
    pytest.param(lambda b, gs, hm: (b.avisim.patch("gslbservice", gs, {"domain_names": ["other.example.org"]}),
                                    b.avisim.patch("healthmonitor", hm, {"failed_checks": 9})),
                 ["PUT monitor tcp 8080", "PUT service"], ("domain_names", "failed_checks"), id="both-are-edited"),
])
def test_what_others_do_is_undone_within_the_refresh_interval_and_told(bench, spoil, done, fields):
    begin(bench, config=bench.config(refresh_s=2))
    told = len(events(bench, "avi_write"))
    spoil(bench, uuid(bench, "gslbservice", DB), uuid(bench, "healthmonitor", DB))
    wait_for("a repair", lambda: len(bench.avisim.writes_since(bench.log.seen)) >= len(done), 20)
    assert bench.writes() == {DB: done}
    lines = events(bench, "avi_write")[told:]
    assert len(lines) == len(done)
    assert all(any(field in line.split("fields=")[-1] for line in lines) for field in fields), lines
    change(bench)
    heals(bench)
