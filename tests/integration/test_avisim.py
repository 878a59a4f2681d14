"""The simulated controller as a program: its ports, sessions over TLS, the control port, bad days, and a clean end.

Needs only the standard library. AVISIM names the program; else it is the one that make built.
"""

import concurrent.futures
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("AVISIM") or os.path.join(REPOSITORY, os.environ.get("BUILD", "build"), "avisim")
PASSWORD = "open-sesame"
OWNER = "amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002"


def monitor(name, **more):
    return {"name": name, "type": "HEALTH_MONITOR_TCP", "is_federated": True, "tenant_ref": "https:///api/tenant/?name=admin",
            "markers": [{"key": "created-by", "values": [OWNER]}], **more}


def service(name, *monitors, **more):
    return {"name": name, "domain_names": [name], "created_by": OWNER, "tenant_ref": "https:///api/tenant/?name=admin",
            "health_monitor_refs": [f"/api/healthmonitor?name={m}" for m in monitors],
            "groups": [{"name": "amko-gs-group-10", "priority": 10, "members": [
                {"ip": {"addr": "10.1.1.1", "type": "V4"}, "ratio": 1, "vs_uuid": "virtualservice-1"}]}], **more}


class Avisim:
    """The program, and its control port."""

    def __init__(self, folder, *options):
        self.certificate = os.path.join(folder, "cert.pem")
        self.log_path = os.path.join(folder, "log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [PROGRAM, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--password", PASSWORD, "--cert-out",
                 self.certificate, "--log-level", "debug", *options], stdout=subprocess.PIPE, stderr=log, text=True)
        ports = json.loads(self.child.stdout.readline())
        self.address, self.control = ports["listen"], ports["control"]

    def ask(self, method, path, body=None, status=200):
        connection = http.client.HTTPConnection(self.control, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == status, (method, path, answer.status, text)
            return json.loads(text)
        finally:
            connection.close()

    def toggle(self, **switches):
        return self.ask("POST", "/_sim/toggle", switches)

    def fault(self, match, times=1, skip=0, **do):
        """Adds a rule; its number."""
        rules = self.ask("POST", "/_sim/faults", {"match": match, **({} if times is None else {"times": times}), "skip": skip, "do": do})
        return rules[-1]["id"]

    def log(self, since=0):
        return self.ask("GET", f"/_sim/log?since={since}")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(10)


class Api:
    """A client with one connection and one session, which checks the server's certificate."""

    def __init__(self, sim, tenant="admin", version="22.1.3", login=True, timeout=10):
        context = ssl.create_default_context(cafile=sim.certificate)
        self.connection = http.client.HTTPSConnection(sim.address, context=context, timeout=timeout)
        self.headers = {"Content-Type": "application/json", "Referer": f"https://{sim.address}/", "X-Avi-Version": version,
                        "X-Avi-Tenant": tenant}
        if login:
            assert self.login() == 200

    def send(self, method, path, body=None, headers=None):
        text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        self.connection.request(method, path, text, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def call(self, method, path, body=None, **headers):
        """(status, parsed body)"""
        answer, text = self.send(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        return answer.status, json.loads(text) if text else None

    def login(self, password=PASSWORD, form=False):
        who = {"username": "admin", "password": password}
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        answer, _ = self.send("POST", "/login", urllib.parse.urlencode(who) if form else who, {"Content-Type": kind})
        self.set_cookies = [v for k, v in answer.getheaders() if k.lower() == "set-cookie"]
        cookies = dict(v.split(";")[0].split("=", 1) for v in self.set_cookies)
        if cookies:
            self.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
            self.headers["X-CSRFToken"] = cookies["csrftoken"]
        return answer.status

    def listing(self, path):
        """All objects of a collection, following `next` as clients do: by its path only."""
        found = []
        while path:
            status, page = self.call("GET", path)
            assert status == 200, page
            found += page["results"]
            path = page.get("next") and page["next"][page["next"].index("/api/"):]
        return found


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    sim = Avisim(str(tmp_path_factory.mktemp("avisim")))
    yield sim
    status = sim.stop()
    with open(sim.log_path, encoding="utf-8") as log:
        text = log.read()
    assert status == 0, text
    assert PASSWORD not in text


@pytest.fixture
def sim(program):
    """As at the start: the objects every controller has, nobody logged in, nothing switched."""
    program.toggle(password=PASSWORD)
    program.ask("POST", "/_sim/reset", {"objects": {"healthmonitor": [{"name": "System-GSLB-TCP", "type": "HEALTH_MONITOR_TCP",
                                                                      "is_federated": True}]}})
    return program


@pytest.fixture
def api(sim):
    return Api(sim)


# --- the program ---------------------------------------------------------------------------------------------

def run(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=10)


def test_help_is_printed_and_names_every_option():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for option in ("--listen", "--control", "--state", "--user", "--password", "--version", "--log-level", "--cert-out", "--help"):
        assert option in done.stdout


@pytest.mark.parametrize("options, complaint", [
    (["--nonsense"], "nonsense"), (["--log-level", "loud"], "--log-level: 'loud'"), (["--version", "new"], "--version: 'new'"),
    (["--session-seconds", "0"], "--session-seconds"), (["word"], "'word'")])
def test_a_wrong_option_is_refused(options, complaint):
    done = run(*options)
    assert done.returncode == 2 and complaint in done.stderr and done.stdout == ""


@pytest.mark.parametrize("options, complaint", [
    (["--listen", "nowhere"], "listen on nowhere: want address:port"), (["--state", "/nonexistent"], "/nonexistent: No such file"),
    (["--listen", "192.0.2.1:0"], "listen on 192.0.2.1:0"), (["--cert-out", "/nonexistent/x"], "/nonexistent/x")])
def test_what_cannot_be_opened_is_named(options, complaint):
    done = run("--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", *options)
    assert done.returncode == 1 and complaint in done.stderr and done.stdout == ""


def test_a_taken_port_is_named(sim):
    done = run("--listen", sim.address, "--control", "127.0.0.1:0")
    assert done.returncode == 1 and f"listen on {sim.address}: Address already in use" in done.stderr


def test_it_starts_from_a_file_and_stops_cleanly(tmp_path):
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"version": "22.1.5", "objects": {"pkiprofile": [{"name": "p", "_tenant": "corp"}]}}))
    sim = Avisim(str(tmp_path), "--state", str(state), "--user", "admin")
    api = Api(sim, tenant="corp")
    assert api.call("GET", "/api/initial-data")[1]["version"]["Version"] == "22.1.5"
    assert [p["name"] for p in api.listing("/api/pkiprofile")] == ["p"]
    assert sim.stop() == 0


def test_a_state_that_is_none_is_refused(tmp_path):
    state = tmp_path / "state.json"
    for text in ("{", "[]", '{"objects": {"vip": []}}', '{"objects": {"pkiprofile": [{}]}}', '{"version": "new"}'):
        state.write_text(text)
        done = run("--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", str(state))
        assert done.returncode == 1 and str(state) in done.stderr, text


# --- sessions ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("form", [False, True])
def test_a_login_sets_three_cookies(sim, form):
    api = Api(sim, login=False)
    assert api.login(form=form) == 200
    values = {}
    for cookie in api.set_cookies:
        name, value = re.match(r"(\S+?)=(\w{32}); Path=/;", cookie).groups()
        assert cookie.endswith("Secure") and ("HttpOnly" in cookie) == (name != "csrftoken")
        values[name] = value
    assert values["sessionid"] == values["avi-sessionid"] != values["csrftoken"]
    assert api.call("GET", "/api/cluster")[1]["uuid"] == "cluster-aaaaaaaa"


def test_a_wrong_password_is_refused_and_no_password_is_in_the_log(sim):
    api = Api(sim)
    assert api.login("guess-work") == 401
    text = json.dumps(sim.log())
    assert PASSWORD not in text and "guess-work" not in text and api.headers["X-CSRFToken"] not in text
    assert [e["body"] for e in sim.log()] == [{"username": "admin"}] * 2
    assert [e["status"] for e in sim.log()] == [200, 401]


def test_expired_sessions_and_another_password(sim, api):
    sim.toggle(expire_sessions=True)
    assert api.call("GET", "/api/cluster") == (401, {"detail": "Authentication credentials were not provided."})
    assert api.login() == 200
    assert api.call("GET", "/api/cluster")[0] == 200
    sim.toggle(password="other")
    assert api.call("GET", "/api/cluster")[0] == 401
    assert api.login() == 401
    assert api.login("other") == 200


def test_strictness_can_be_switched_off(sim, api):
    assert api.call("POST", "/api/healthmonitor/", monitor("a"), X_CSRFToken="x")[0] == 403
    assert api.call("POST", "/api/healthmonitor/", monitor("a"), Referer="https://elsewhere/")[0] == 403
    sim.toggle(strict=False)
    assert api.call("POST", "/api/healthmonitor/", monitor("a"), X_CSRFToken="x", Referer="https://elsewhere/")[0] == 201


# --- objects -------------------------------------------------------------------------------------------------

def test_the_life_of_a_service(sim, api):
    status, hm = api.call("POST", "//api/healthmonitor/", monitor("m"))
    assert status == 201 and hm["url"].endswith(f"/api/healthmonitor/{hm['uuid']}#m")
    status, gs = api.call("POST", "//api/gslbservice/", service("a.example.org", "m", ttl=30))
    assert status == 201
    assert gs["health_monitor_refs"] == [f"https://{sim.address}/api/healthmonitor/{hm['uuid']}#m"]
    assert gs["tenant_ref"] == f"https://{sim.address}/api/tenant/admin#admin"
    assert gs["site_persistence_enabled"] is False and gs["ttl"] == 30
    status, again = api.call("PUT", f"//api/gslbservice/{gs['uuid']}", service("a.example.org"))
    assert status == 200 and "ttl" not in again and again["health_monitor_refs"] == [] and again["uuid"] == gs["uuid"]
    assert int(again["_last_modified"]) > int(gs["_last_modified"])
    answer, text = api.send("DELETE", f"//api/gslbservice/{gs['uuid']}")
    assert answer.status == 204 and text == b""
    assert api.call("DELETE", f"/api/gslbservice/{gs['uuid']}") == (404, {"error": "GslbService object not found!"})
    assert [(e["n"], e["method"], e["type"], e["name"], e["status"]) for e in sim.log() if e["type"]] == [
        (n, *rest) for n, rest in zip(range(sim.log()[0]["n"] + 1, 10**9), [
            ("POST", "healthmonitor", "m", 201), ("POST", "gslbservice", "a.example.org", 201),
            ("PUT", "gslbservice", "a.example.org", 200), ("DELETE", "gslbservice", "a.example.org", 204),
            ("DELETE", "gslbservice", None, 404)])]


def test_a_monitor_in_use_cannot_be_deleted(api):
    uuid = api.call("POST", "/api/healthmonitor/", monitor("m"))[1]["uuid"]
    api.call("POST", "/api/gslbservice/", service("a.example.org", "m"))
    assert api.call("DELETE", f"/api/healthmonitor/{uuid}") == (
        403, {"error": "Cannot delete, object is referred by: ['GslbService a.example.org']"})


def test_pages_are_followed_to_the_end(sim, api):
    sim.ask("PUT", "/_sim/objects/gslbservice", [service(f"s{i:03}.example.org") for i in range(250)])
    sim.ask("PUT", "/_sim/objects/gslbservice", service("foreign.example.org", created_by="amko-other", _tenant="corp"))
    api.headers["X-Avi-Tenant"] = "*"
    found = api.listing(f"//api/gslbservice?created_by={OWNER}&include_name&page_size=100")
    assert [o["name"] for o in found] == [f"s{i:03}.example.org" for i in range(250)]
    assert all(o["tenant_ref"].endswith("#admin") for o in found)
    assert len(api.listing("/api/gslbservice")) == 251
    assert api.call("GET", "/api/gslbservice?page_size=100&page=4")[0] == 404


def test_a_string_group_changes_only_for_who_read_it_last(api):
    status, group = api.call("POST", "/api/stringgroup/", {"name": "lease", "kv": [{"key": "holder", "value": "a"}]})
    assert status == 201
    assert api.call("POST", "/api/stringgroup/", {"name": "lease"})[0] == 409
    assert api.call("PUT", f"/api/stringgroup/{group['uuid']}", {**group, "kv": [{"key": "holder", "value": "b"}]})[0] == 200
    assert api.call("PUT", f"/api/stringgroup/{group['uuid']}", {**group, "kv": [{"key": "holder", "value": "c"}]})[0] == 412
    assert api.call("GET", f"/api/stringgroup/{group['uuid']}")[1]["kv"] == [{"key": "holder", "value": "b"}]


def test_clients_in_parallel_get_one_order(sim):
    def work(number):
        api = Api(sim)
        for i in range(25):
            statuses.append(api.call("POST", "/api/healthmonitor/", monitor(f"m{number}-{i}"))[0])
            statuses.append(api.call("POST", "/api/gslbservice/", service(f"s{number}-{i}.example.org", f"m{number}-{i}"))[0])

    statuses = []
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = sim.log()
    assert statuses == [201] * 400
    assert [e["n"] for e in log] == list(range(log[0]["n"], log[0]["n"] + 408))
    place = {e["name"]: e["n"] for e in log if e["name"]}
    assert all(place[f"m{n}-{i}"] < place[f"s{n}-{i}.example.org"] for n in range(8) for i in range(25))
    assert sim.ask("GET", "/_sim/stats")["max_connections"] >= 8


def test_a_body_over_the_limit_is_refused(api):
    answer, _ = api.send("POST", "/api/healthmonitor/", b"x" * (4 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_it_stays_quick_with_many_objects(sim, api):
    sim.ask("PUT", "/_sim/objects/healthmonitor", [monitor(f"m{i:05}") for i in range(10000)])
    api.headers["X-Avi-Tenant"] = "*"
    start = time.monotonic()
    assert len(api.listing("/api/healthmonitor?is_federated=true&include_name&page_size=100")) == 10001
    for i in range(0, 10000, 50):
        assert api.call("GET", f"/api/healthmonitor?name=m{i:05}")[1]["count"] == 1
    assert time.monotonic() - start < 10


# --- the control port ----------------------------------------------------------------------------------------

def test_health_and_unknown_paths(sim):
    sim.ask("GET", "/_sim/health")
    assert "error" in sim.ask("GET", "/_sim/nothing", status=404)
    assert "error" in sim.ask("GET", "/_sim/objects/vip", status=404)
    assert "error" in sim.ask("POST", "/_sim/health", status=405)


def test_what_was_written_is_kept_as_it_was_written(sim, api):
    sim.ask("PUT", "/_sim/objects/healthmonitor", {"name": "seeded", "type": "HEALTH_MONITOR_TCP", "uuid": "healthmonitor-1"})
    body = monitor("m", monitor_port=80)
    uuid = api.call("POST", "/api/healthmonitor/", body)[1]["uuid"]
    found = {o["name"]: o for o in sim.ask("GET", "/_sim/objects/healthmonitor?written=1")}
    assert found["m"]["body"] == body and found["m"]["tenant"] == "admin" and found["m"]["uuid"] == uuid
    assert (found["m"]["seeded"], found["m"]["by_client"]) == (False, True)
    assert found["m"]["object"]["successful_checks"] == 2
    assert (found["seeded"]["seeded"], found["seeded"]["by_client"], found["seeded"]["uuid"]) == (True, False, "healthmonitor-1")
    changed = monitor("seeded", monitor_port=81)
    assert api.call("PUT", "/api/healthmonitor/healthmonitor-1", changed)[0] == 200
    found = {o["name"]: o for o in sim.ask("GET", "/_sim/objects/healthmonitor?written=1&name=seeded")}
    assert found["seeded"]["body"] == changed and (found["seeded"]["seeded"], found["seeded"]["by_client"]) == (True, True)


def test_edits_behind_the_back(sim, api):
    gs = api.call("POST", "/api/gslbservice/", service("a.example.org", ttl=30))[1]
    sim.ask("PATCH", f"/_sim/objects/gslbservice/{gs['uuid']}", {"ttl": 60, "created_by": None})
    now = api.call("GET", f"/api/gslbservice/{gs['uuid']}")[1]
    assert now["ttl"] == 60 and "created_by" not in now and now["_last_modified"] != gs["_last_modified"]
    sim.ask("DELETE", f"/_sim/objects/gslbservice/{gs['uuid']}")
    assert api.call("PUT", f"/api/gslbservice/{gs['uuid']}", service("a.example.org"))[0] == 404
    assert len(sim.log()) == 4
    sim.ask("DELETE", f"/_sim/objects/gslbservice/{gs['uuid']}", status=404)
    sim.ask("PATCH", f"/_sim/objects/gslbservice/{gs['uuid']}", {}, status=404)


def test_leader_and_maintenance(sim, api):
    sim.toggle(leader=False)
    assert api.call("POST", "/api/healthmonitor/", monitor("m")) == (400, {"error": "Config Operations can be done ONLY on leader"})
    assert api.call("GET", "/api/gslb")[1]["results"][0]["leader_cluster_uuid"] != "cluster-aaaaaaaa"
    sim.toggle(leader="cluster-x")
    assert api.call("GET", "/api/gslb")[1]["results"][0]["leader_cluster_uuid"] == "cluster-x"
    sim.toggle(leader=True, maintenance=True)
    assert api.call("POST", "/api/healthmonitor/", monitor("m")) == (400, {"error": "GSLB system is in maintenance mode."})
    sim.toggle(maintenance=False)
    assert api.call("POST", "/api/healthmonitor/", monitor("m"))[0] == 201


def test_permissions_domains_tenants_and_version(sim, api):
    sim.toggle(deny={"gslbservice": ["corp"]})
    assert api.call("POST", "/api/gslbservice/", service("a.example.org"), X_Avi_Tenant="corp")[0] == 403
    sim.toggle(deny={})
    assert api.call("POST", "/api/gslbservice/", service("a.example.org"))[0] == 201
    other = {**service("a.example.org"), "tenant_ref": "/api/tenant?name=corp"}
    assert "domain name conflicting with existing domain name" in api.call("POST", "/api/gslbservice/", other)[1]["error"]
    sim.toggle(check_domains=False, strict_tenants=True)
    assert api.call("POST", "/api/gslbservice/", other)[0] == 404
    sim.toggle(strict_tenants=False)
    assert api.call("POST", "/api/gslbservice/", other)[0] == 201
    sim.toggle(check_subdomains=True, subdomains=["example.org"], version="22.1.2")
    assert api.call("GET", "/api/cloud")[0] == 400
    api.headers["X-Avi-Version"] = "22.1.2"
    assert api.call("POST", "/api/gslbservice/", service("a.example.com"))[0] == 400


def test_a_toggle_that_is_none_changes_nothing(sim):
    before = sim.ask("GET", "/_sim/toggle")
    for switches in ({"maintenance": True, "nonsense": 1}, {"maintenance": True, "hang": "yes"}, {"leader": 1}, {"version": "new"}, []):
        assert "error" in sim.ask("POST", "/_sim/toggle", switches, status=400)
    assert sim.ask("GET", "/_sim/toggle") == before


def test_refusing_and_coming_back(sim, api):
    sim.toggle(refuse=True)
    with pytest.raises(OSError):
        api.call("GET", "/api/cluster")
    with pytest.raises(ConnectionRefusedError):
        Api(sim, login=False).login()
    sim.toggle(refuse=False)
    api.connection.close()
    assert api.call("GET", "/api/cluster")[0] == 200


def test_hanging_then_answering_who_still_waits(sim):
    patient, hasty = Api(sim), Api(sim, timeout=0.3)
    sim.toggle(hang=True)
    patient.connection.request("POST", "/api/healthmonitor/", json.dumps(monitor("patient")), patient.headers)
    with pytest.raises(TimeoutError):
        hasty.call("POST", "/api/healthmonitor/", monitor("hasty"))
    hasty.connection.close()
    assert sim.ask("GET", "/_sim/stats")["open"] == 2
    sim.toggle(hang=False)
    assert patient.connection.getresponse().status == 201
    assert sim.ask("GET", "/_sim/stats")["open"] == 0
    assert [o["name"] for o in sim.ask("GET", "/_sim/objects/healthmonitor")] == ["System-GSLB-TCP", "patient"]


CUT = (http.client.HTTPException, ConnectionError, ssl.SSLError)


def test_rules_are_counted_shown_and_cleared(sim, api):
    number = sim.fault({"method": "POST", "path": "/api/healthmonitor", "name": "shop*"}, times=2, skip=1, status=503, retry_after_s=7,
                       body="<html>busy</html>", content_type="text/html")
    assert [api.call("POST", "/api/healthmonitor/", monitor("shop-1"))[0], api.call("POST", "/api/healthmonitor/", monitor("other"))[0]] == [201, 201]
    for _ in range(2):
        answer, text = api.send("POST", "/api/healthmonitor/", monitor("shop-2"))
        assert (answer.status, answer.getheader("Retry-After"), answer.getheader("Content-Type"), text) == (503, "7", "text/html", b"<html>busy</html>")
    assert api.call("POST", "/api/healthmonitor/", monitor("shop-2"))[0] == 201
    assert [(r["id"], r["seen"], r["done"], r["rule"]["do"]["status"]) for r in sim.ask("GET", "/_sim/faults")] == [(number, 4, 2, 503)]
    assert [(e["status"], e["fault"]) for e in sim.log() if e["method"] == "POST" and e["name"] == "shop-2"] == [(503, number), (503, number), (201, 0)]
    sim.ask("DELETE", "/_sim/faults")
    assert sim.ask("GET", "/_sim/faults") == []
    assert sim.ask("POST", "/_sim/faults", {"do": {"half": True}}, status=400)["error"] == "do.half: no such key"
    assert "error" in sim.ask("POST", "/_sim/faults", None, status=400)


@pytest.mark.parametrize("when, method, left", [
    ("before", "POST", []), ("after", "POST", [20]), ("before", "PUT", [10]), ("after", "PUT", [20]), ("before", "DELETE", [10]), ("after", "DELETE", [])])
def test_a_cut_connection(sim, api, method, when, left):
    path, body = "/api/healthmonitor/", monitor("m", send_interval=20)
    if method != "POST":
        path += api.call("POST", path, monitor("m"))[1]["uuid"]
    number = sim.fault({"method": method, "name": "m"}, close=when)
    with pytest.raises(CUT):
        api.call(method, path, None if method == "DELETE" else body)
    assert [(e["status"], e["fault"], e["name"], e["method"]) for e in sim.log()[-1:]] == [(0, number, "m", method)]
    assert [o["send_interval"] for o in sim.ask("GET", "/_sim/objects/healthmonitor?name=m")] == left
    assert Api(sim).call("GET", "/api/cluster")[0] == 200
    assert sim.ask("GET", "/_sim/stats")["open"] == 0


def test_half_an_answer(sim, api):
    sim.fault({"method": "POST"}, truncate=True)
    with pytest.raises(CUT) as e:
        api.call("POST", "/api/healthmonitor/", monitor("m"))
    if isinstance(e.value, http.client.IncompleteRead):
        assert b"{" == e.value.partial[:1] and 100 < len(e.value.partial)
    assert [e["status"] for e in sim.log()[-1:]] == [0]
    uuid = sim.ask("GET", "/_sim/objects/healthmonitor?name=m")[0]["uuid"]
    again = Api(sim)
    sim.fault({"method": "DELETE"}, truncate=True)
    with pytest.raises(CUT):                   # of nothing there is no half
        again.call("DELETE", f"/api/healthmonitor/{uuid}")
    assert sim.ask("GET", "/_sim/objects/healthmonitor?name=m") == []


def test_a_login_with_half_an_answer_has_its_cookies(sim):
    api = Api(sim, login=False)
    sim.fault({"path": "/login"}, delay_body_ms=1)
    assert api.login() == 200 and len(api.set_cookies) == 3


def test_an_answer_comes_late(sim, api):
    """Late by each of the three ways; only the first keeps the request from being done."""
    sim.fault({"name": "a"}, delay_ms=400)
    sim.fault({"name": "b"}, delay_answer_ms=400)
    sim.fault({"name": "c"}, delay_body_ms=400)
    clients = {name: Api(sim) for name in "abc"}
    began = time.monotonic()
    for name, client in clients.items():
        client.connection.request("POST", "/api/healthmonitor/", json.dumps(monitor(name)), client.headers)
    while not sim.ask("GET", "/_sim/objects/healthmonitor?name=c"):
        assert time.monotonic() < began + 10
    header = clients["c"].connection.getresponse()
    assert header.status == 201
    for name in "ab":
        assert clients[name].connection.getresponse().status == 201
    assert json.loads(header.read())["name"] == "c"
    assert time.monotonic() - began >= 0.39
    order = [e["name"] for e in sim.log() if e["method"] == "POST" and e["path"] == "/api/healthmonitor"]
    assert order[-1] == "a" and sorted(order) == ["a", "b", "c"]
    assert sim.ask("GET", "/_sim/stats")["open"] == 0


def wait_open(sim, n):
    deadline = time.monotonic() + 10
    while sim.ask("GET", "/_sim/stats")["open"] != n:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_leaves_while_a_request_is_delayed_has_asked_for_nothing(sim):
    hasty = Api(sim, timeout=0.2)
    sim.fault({"name": "hasty"}, delay_ms=500)
    with pytest.raises(TimeoutError):
        hasty.call("POST", "/api/healthmonitor/", monitor("hasty"))
    hasty.connection.close()
    deadline = time.monotonic() + 10
    while not [e for e in sim.log() if e["name"] == "hasty"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [e["status"] for e in sim.log() if e["name"] == "hasty"] == [0]
    assert sim.ask("GET", "/_sim/objects/healthmonitor?name=hasty") == []


def test_a_reset_cuts_what_is_late_or_held_and_tells_nothing_of_it(sim, api):
    late, held = Api(sim), Api(sim)
    sim.fault({"name": "late"}, delay_ms=60000)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(late.call, "POST", "/api/healthmonitor/", monitor("late"))]
        wait_open(sim, 1)
        sim.toggle(hang=True)
        calls.append(pool.submit(held.call, "POST", "/api/healthmonitor/", monitor("held")))
        wait_open(sim, 2)
        sim.ask("POST", "/_sim/reset")
        assert all(isinstance(call.exception(10), (http.client.HTTPException, OSError)) for call in calls)
    assert sim.log() == [] and sim.ask("GET", "/_sim/stats")["open"] == 0
    assert not [o for o in sim.ask("GET", "/_sim/objects/healthmonitor") if o["name"] in ("late", "held")]


def test_lies_in_lists(sim, api):
    for i in range(3):
        api.call("POST", "/api/healthmonitor/", monitor(f"m{i}"))
    sim.fault({"path": "/api/healthmonitor"}, times=5, endless=True, count=2, omit=["url", "ref_names"])
    page = api.call("GET", "/api/healthmonitor?include_name&page_size=3")[1]
    for n in range(2, 6):
        assert (page["count"], len(page["results"])) == (2, 3)
        assert all("url" not in o and "#" not in o["tenant_ref"] for o in page["results"])
        assert page["next"].endswith(f"&page={n}")
        page = api.call("GET", page["next"][page["next"].index("/api/"):])[1]
    assert page["next"].endswith("&page=6")
    assert api.call("GET", "/api/healthmonitor?page=6")[0] == 404


def test_the_port_closes_with_requests_on_their_way(sim, api):
    sim.fault({"path": "/api/cluster"}, times=2, delay_ms=60000)
    clients = [Api(sim), Api(sim)]
    for client in clients:
        client.connection.request("GET", "/api/cluster", None, client.headers)
    deadline = time.monotonic() + 10
    while sim.ask("GET", "/_sim/stats")["open"] < 2:
        assert time.monotonic() < deadline
    sim.toggle(refuse=True)
    assert sim.ask("GET", "/_sim/stats")["open"] == 0
    sim.toggle(refuse=False)
    assert Api(sim).call("GET", "/api/cluster")[0] == 200


def test_no_new_tls_connection(sim, api):
    sim.toggle(reject_tls=True)
    with pytest.raises(CUT):
        Api(sim, login=False).login()
    assert api.call("GET", "/api/cluster")[0] == 200
    sim.toggle(reject_tls=False)
    assert Api(sim).call("GET", "/api/cluster")[0] == 200


def test_a_reset_keeps_sessions_and_goes_back_to_the_defaults(sim, api):
    last = sim.ask("GET", "/_sim/stats")["log"]["last"]
    sim.fault({}, times=None, status=500)
    sim.toggle(maintenance=True, check_domains=False, hang=True, reject_tls=True, deny={"*": ["*"]})
    sim.ask("POST", "/_sim/reset", {"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["a.org"], "third_party_sites": ["oslo"],
                                    "objects": {"healthmonitor": [{"name": "h", "type": "HEALTH_MONITOR_PING"}]}})
    assert sim.log() == []
    assert api.call("POST", "/api/gslbservice/", service("s", "h"))[0] == 201
    gslb = api.call("GET", "/api/gslb")[1]["results"][0]
    assert gslb["dns_configs"] == [{"domain_name": "a.org"}] and [s["name"] for s in gslb["third_party_sites"]] == ["oslo"]
    assert sim.ask("GET", "/_sim/toggle")["check_domains"] is True
    assert sim.log()[0]["n"] == last + 1
    assert "error" in sim.ask("POST", "/_sim/reset", {"objects": {"healthmonitor": [{}]}}, status=400)
    assert len(sim.ask("GET", "/_sim/objects/gslbservice")) == 1


def test_the_log_can_be_read_in_parts_and_cleared(sim, api):
    for i in range(5):
        api.call("GET", f"/api/cloud?name={i}")
    log = sim.log()
    assert sim.ask("GET", f"/_sim/log?since={log[2]['n']}&limit=2") == log[3:5]
    assert sim.log(since=10**18) == []
    sim.ask("POST", "/_sim/log/clear")
    assert sim.log() == []


def test_stats_count_by_endpoint(sim, api):
    before = sim.ask("GET", "/_sim/stats")
    uuid = api.call("POST", "/api/healthmonitor/", monitor("m"))[1]["uuid"]
    api.call("GET", f"/api/healthmonitor/{uuid}")
    api.call("GET", "//api/healthmonitor?name=m")
    after = sim.ask("GET", "/_sim/stats")
    for endpoint in ("POST /api/healthmonitor", "GET /api/healthmonitor/<uuid>", "GET /api/healthmonitor"):
        assert after["endpoints"][endpoint] - before["endpoints"].get(endpoint, 0) == 1
    assert after["logins"] == before["logins"] and after["objects"]["healthmonitor"] == 2
