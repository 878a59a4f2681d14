"""The simulated API servers as a program: identities over TLS, objects, lists, watches, apply, definitions, bad days, a clean end.

Needs only the standard library. KUBESIM names the program; else it is the one that make built.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import pytest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("KUBESIM") or os.path.join(REPOSITORY, os.environ.get("BUILD", "build"), "kubesim")
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/web/ingresses"
POLICIES = "/apis/amko.vmware.com/v1alpha2/namespaces/web/globaldeploymentpolicies"
MERGE, JSON_PATCH, STRATEGIC, APPLY = (
    "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json",
    "application/apply-patch+yaml")


class Kubesim:
    """The program, and its control port."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.ca, self.kubeconfig = os.path.join(folder, "ca.pem"), os.path.join(folder, "kubeconfig")
        self.log_path = os.path.join(folder, "log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [PROGRAM, "--clusters", "east,west", "--ca-out", self.ca, "--kubeconfig-out", self.kubeconfig,
                 "--crds", os.path.join(REPOSITORY, "deploy/crds"), *options], stdout=subprocess.PIPE, stderr=log, text=True)
        self.ready = json.loads(self.child.stdout.readline())
        self.control = self.ready["control"]

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

    def fault(self, match, times=1, skip=0, **do):
        return self.ask("POST", "/_sim/faults", {"match": match, "times": times, "skip": skip, "do": do})

    def toggle(self, **switches):
        return self.ask("POST", "/_sim/toggle", switches)

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(20)


class Api:
    """A client with one connection, which checks the server's certificate."""

    def __init__(self, sim, cluster="east", token="admin-token", cert=None, timeout=10):
        context = ssl.create_default_context(cafile=sim.ca)
        if cert:
            context.load_cert_chain(cert)
        self.connection = http.client.HTTPSConnection(sim.ready["clusters"][cluster], context=context, timeout=timeout)
        self.headers = {"User-Agent": "tests/1"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def open(self, method, path, body=None, kind="application/json"):
        text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        self.connection.request(method, path, text, {**self.headers, **({"Content-Type": kind} if text else {})})
        return self.connection.getresponse()

    def call(self, method, path, body=None, kind="application/json"):
        """(status, parsed body)"""
        answer = self.open(method, path, body, kind)
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode()

    def must(self, method, path, body=None, kind="application/json"):
        status, answer = self.call(method, path, body, kind)
        assert 200 <= status < 300, (method, path, status, answer)
        return answer


class Watch:
    """A stream of events over a connection of its own."""

    def __init__(self, sim, path, **options):
        self.api = Api(sim, **options)
        self.answer = self.api.open("GET", path + ("&" if "?" in path else "?") + "watch=1")
        self.status = self.answer.status

    def next(self):
        line = self.answer.readline()
        return json.loads(line) if line.strip() else None

    def take(self, n):
        return [(e["type"], e["object"]["metadata"].get("name")) for e in (self.next() for _ in range(n))]

    def close(self):
        self.api.connection.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    sim = Kubesim(str(tmp_path_factory.mktemp("kubesim")), "--bookmark-ms", "100", "--history", "200")
    yield sim
    status = sim.stop()
    with open(sim.log_path, encoding="utf-8") as log:
        text = log.read()
    assert status == 0 and "ERROR" not in text, text


@pytest.fixture
def sim(program):
    program.ask("POST", "/_sim/reset")
    return program


@pytest.fixture
def api(sim):
    client = Api(sim)
    client.must("POST", "/api/v1/namespaces", {"metadata": {"name": "web"}})
    yield client
    client.connection.close()


def ingress(name="shop", host="shop.example.org", **meta):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, **meta},
            "spec": {"rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}


def policy(name="gdp", **spec):
    return {"apiVersion": "amko.vmware.com/v1alpha2", "kind": "GlobalDeploymentPolicy", "metadata": {"name": name},
            "spec": {"matchRules": {}, "matchClusters": [{"cluster": "east"}], **spec}}


def configmap(name, **meta):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": {"a": "1"}}


# ---- who one is


def test_the_line_says_where_everything_is(sim):
    assert set(sim.ready["clusters"]) == {"east", "west"} and sim.ready["kubeconfig"] == sim.kubeconfig
    config = json.load(open(sim.kubeconfig, encoding="utf-8"))
    assert [c["name"] for c in config["contexts"]] == ["east", "west"] and config["current-context"] == "east"
    assert [list(u["user"]) for u in config["users"]] == [["token"], ["client-certificate-data", "client-key-data"]]
    assert "\t" not in open(sim.kubeconfig, encoding="utf-8").read()


@pytest.mark.parametrize("token, path, status", [
    ("admin-token", "/api/v1/namespaces", 200), ("admin-token:alice", "/api/v1/namespaces", 200),
    ("nobody-token", "/api/v1/namespaces", 403), ("other", "/api/v1/namespaces", 401),
    (None, "/api/v1/namespaces", 403), (None, "/version", 200), ("nobody-token", "/apis", 200), (None, "/readyz", 200)])
def test_who_may_do_what(sim, token, path, status):
    assert Api(sim, token=token).call("GET", path)[0] == status


def test_a_refusal_names_user_verb_and_resource(sim):
    status, answer = Api(sim, token="nobody-token").call("GET", "/apis/networking.k8s.io/v1/ingresses")
    assert status == 403 and answer["reason"] == "Forbidden"
    assert answer["message"] == ('ingresses.networking.k8s.io is forbidden: User "nobody" cannot list resource "ingresses" in '
                                 'API group "networking.k8s.io" at the cluster scope')


def test_a_client_certificate_is_an_identity(sim):
    user = json.load(open(sim.kubeconfig, encoding="utf-8"))["users"][1]["user"]
    with tempfile.NamedTemporaryFile("wb") as f:
        for key in ("client-certificate-data", "client-key-data"):
            f.write(base64.b64decode(user[key]))
        f.flush()
        assert Api(sim, cluster="west", token=None, cert=f.name).call("GET", "/api/v1/namespaces")[0] == 200


# ---- objects


def test_a_new_object_gets_what_the_server_gives(api):
    made = api.must("POST", INGRESSES, dict(ingress(), status={"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}))
    meta = made["metadata"]
    assert re.fullmatch(r"[0-9a-f-]{36}", meta["uid"]) and meta["generation"] == 1 and meta["namespace"] == "web"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert made["status"] == {"loadBalancer": {}}, "a status comes by its subresource only"
    assert meta["managedFields"][0]["manager"] == "tests" and meta["managedFields"][0]["operation"] == "Update"
    assert api.must("GET", f"{INGRESSES}/shop") == made


@pytest.mark.parametrize("body, status, reason, text", [
    (ingress("shop"), 409, "AlreadyExists", 'ingresses.networking.k8s.io "shop" already exists'),
    (ingress("Shop_1"), 422, "Invalid", "metadata.name: Invalid value"),
    (ingress("a", namespace="other"), 400, "BadRequest", "does not match the namespace sent"),
    (dict(ingress("a"), kind="Service"), 400, "BadRequest", "cannot be handled as a Ingress"),
    (dict(ingress("a"), spec={}), 422, "Invalid", "either `defaultBackend` or `rules` must be specified"),
    ({"kind": "Ingress"}, 422, "Invalid", "name or generateName is required"),
    ("{", 400, "BadRequest", "json parse error")])
def test_what_cannot_be_made(api, body, status, reason, text):
    api.must("POST", INGRESSES, ingress())
    got, answer = api.call("POST", INGRESSES, body)
    assert (got, answer["reason"]) == (status, reason) and text in answer["message"], answer


def test_a_namespace_has_to_be_there(api):
    status, answer = api.call("POST", INGRESSES.replace("/web/", "/nowhere/"), ingress())
    assert status == 404 and answer["message"] == 'namespaces "nowhere" not found'


def test_names_are_made_on_request(api):
    names = {api.must("POST", "/api/v1/namespaces/web/configmaps", {"metadata": {"generateName": "x-"}})["metadata"]["name"]
             for _ in range(5)}
    assert len(names) == 5 and all(re.fullmatch("x-[a-z0-9]{5}", n) for n in names)


def test_an_update_needs_the_newest_version(api):
    made = api.must("POST", INGRESSES, ingress())
    changed = api.must("PUT", f"{INGRESSES}/shop", dict(made, spec=ingress(host="a.example.org")["spec"]))
    assert changed["metadata"]["generation"] == 2
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    status, answer = api.call("PUT", f"{INGRESSES}/shop", dict(made, spec=ingress(host="b.example.org")["spec"]))
    assert (status, answer["reason"]) == (409, "Conflict") and "the object has been modified" in answer["message"]
    assert api.must("PUT", f"{INGRESSES}/shop", changed) == changed, "nothing changes: no new version"


def lease(**meta):
    return {"metadata": {"name": "l", **meta}, "spec": {"leaseDurationSeconds": 3, "renewTime": "2026-01-05T09:30:00.123456Z"}}


@pytest.mark.parametrize("body, status", [
    pytest.param(lease(uid="00000000-0000-4000-8000-000000000000"), 409, id="no-new-one-has-that-uid"),
    pytest.param(lease(resourceVersion="7"), 201, id="a-version-means-nothing"),
    pytest.param(dict(lease(), spec={"renewTime": "2026-01-05T09:30:00Z"}), 400, id="a-time-without-a-fraction"),
    pytest.param(dict(lease(), spec={"leaseDurationSeconds": 0}), 422, id="a-duration-of-nothing"),
])
def test_a_put_makes_a_lease(api, body, status):
    """tests/e2e/test_lease_api.py has the same on real API servers, and more."""
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    assert api.call("PUT", path, body)[0] == status
    assert api.call("PUT", path, lease())[0] == (422 if status == 201 else 201), "an update needs a version"


def test_a_lease_without_a_spec_has_an_empty_one(api):
    assert api.call("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", {"metadata": {"name": "l"}})[1]["spec"] == {}


def test_a_status_is_written_apart(api):
    made = api.must("POST", INGRESSES, ingress())
    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    shown = api.must("PUT", f"{INGRESSES}/shop/status", dict(made, status=status, spec={}))
    assert shown["status"] == status and shown["spec"] == made["spec"] and shown["metadata"]["generation"] == 1
    kept = api.must("PUT", f"{INGRESSES}/shop", dict(shown, status={}))
    assert kept["status"] == status


@pytest.mark.parametrize("kind, patch, want", [
    (MERGE, {"metadata": {"labels": {"a": None, "c": "3"}}}, {"b": "2", "c": "3"}),
    (JSON_PATCH, [{"op": "test", "path": "/metadata/labels/a", "value": "1"}, {"op": "remove", "path": "/metadata/labels/b"},
                  {"op": "replace", "path": "/metadata/labels/a", "value": "9"}], {"a": "9"}),
    (STRATEGIC, {"metadata": {"labels": {"$patch": "replace", "z": "1"}}}, {"z": "1"})])
def test_patches(api, kind, patch, want):
    api.must("POST", INGRESSES, ingress(labels={"a": "1", "b": "2"}))
    assert api.must("PATCH", f"{INGRESSES}/shop", patch, kind)["metadata"]["labels"] == want


def test_a_strategic_patch_merges_ports_by_number(api):
    path = "/api/v1/namespaces/web/services"
    api.must("POST", path, {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}})
    now = api.must("PATCH", f"{path}/s", {"spec": {"ports": [{"port": 81, "name": "c"}]}}, STRATEGIC)
    assert [(p["name"], p["port"], p["protocol"]) for p in now["spec"]["ports"]] == [("a", 80, "TCP"), ("c", 81, "TCP")]
    assert now["spec"]["type"] == "ClusterIP" and now["spec"]["clusterIP"].startswith("10.96.")


def test_a_secret_keeps_what_was_sent_as_text(api):
    made = api.must("POST", "/api/v1/namespaces/web/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "value"}})
    assert made["data"] == {"k": "dmFsdWU="} and made["type"] == "Opaque" and "stringData" not in made


def test_finalizers_hold_an_object(api):
    api.must("POST", INGRESSES, ingress(finalizers=["example.org/f"]))
    assert api.must("DELETE", f"{INGRESSES}/shop")["metadata"]["deletionTimestamp"]
    assert api.call("GET", f"{INGRESSES}/shop")[0] == 200
    api.must("PATCH", f"{INGRESSES}/shop", {"metadata": {"finalizers": None}}, MERGE)
    assert api.call("GET", f"{INGRESSES}/shop")[0] == 404


def test_a_deletion_has_preconditions(api):
    made = api.must("POST", INGRESSES, ingress())
    assert api.call("DELETE", f"{INGRESSES}/shop", {"preconditions": {"uid": "other"}})[0] == 409
    done = api.must("DELETE", f"{INGRESSES}/shop", {"preconditions": {"uid": made["metadata"]["uid"]}})
    assert done["status"] == "Success" and done["details"]["uid"] == made["metadata"]["uid"]
    assert api.call("DELETE", f"{INGRESSES}/shop")[0] == 404


def test_a_namespace_goes_with_what_is_in_it(sim, api):
    api.must("POST", INGRESSES, ingress())
    api.must("POST", "/api/v1/namespaces/web/configmaps", configmap("held", finalizers=["example.org/f"]))
    assert api.must("DELETE", "/api/v1/namespaces/web")["status"]["phase"] == "Terminating"
    assert api.call("GET", f"{INGRESSES}/shop")[0] == 404
    status, answer = api.call("POST", INGRESSES, ingress("new"))
    assert status == 403 and "because it is being terminated" in answer["message"]
    api.must("PATCH", "/api/v1/namespaces/web/configmaps/held", {"metadata": {"finalizers": None}}, MERGE)
    assert api.call("GET", "/api/v1/namespaces/web")[0] == 404


def test_nothing_is_kept_of_a_dry_run(api):
    assert api.must("POST", f"{INGRESSES}?dryRun=All", ingress())["metadata"]["uid"]
    assert api.call("GET", f"{INGRESSES}/shop")[0] == 404


# ---- definitions


def test_a_schema_prunes_defaults_and_checks(api):
    made = api.must("POST", POLICIES, policy(trafficSplit=[{"cluster": "east", "other": 1}], unknown={"a": 1}))
    assert made["spec"]["trafficSplit"] == [{"cluster": "east", "weight": 1, "priority": 10}] and "unknown" not in made["spec"]
    status, answer = api.call("POST", POLICIES, policy("bad", trafficSplit=[{"cluster": "east", "weight": 21}], ttl="x"))
    assert status == 422 and answer["reason"] == "Invalid"
    causes = {c["field"]: c["message"] for c in answer["details"]["causes"]}
    assert causes["spec.trafficSplit[0].weight"].endswith("should be less than or equal to 20")
    assert "must be of type integer" in causes["spec.ttl"]
    status, answer = api.call("POST", f"{POLICIES}?fieldValidation=Strict", policy("strict", unknown=1))
    assert status == 400 and 'unknown field "spec.unknown"' in answer["message"]


def definition(plural="things", status=True):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.example.org"},
            "spec": {"group": "example.org", "scope": "Namespaced", "names": {"kind": "Thing", "plural": plural},
                     "versions": [{"name": "v1", "served": True, "storage": True, **({"subresources": {"status": {}}} if status else {}),
                                   "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def test_a_definition_is_served_at_once_and_goes_with_its_objects(sim, api):
    made = api.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    assert {c["type"]: c["status"] for c in made["status"]["conditions"]} == {"NamesAccepted": "True", "Established": "True"}
    resources = [r["name"] for r in api.must("GET", "/apis/example.org/v1")["resources"]]
    assert resources == ["things", "things/status"]
    path = "/apis/example.org/v1/namespaces/web/things"
    thing = api.must("POST", path, {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"x": 1}})
    thing = api.must("PUT", f"{path}/a/status", dict(thing, status={"ok": True}))
    assert thing["status"] == {"ok": True} and thing["metadata"]["generation"] == 1
    assert api.must("PUT", f"{path}/a", dict(thing, spec={"x": 2}))["metadata"]["generation"] == 2
    watch = Watch(sim, f"{path}?resourceVersion={thing['metadata']['resourceVersion']}")
    api.must("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.org")
    assert watch.take(2) == [("MODIFIED", "a"), ("DELETED", "a")] and watch.next() is None
    assert api.call("GET", path)[0] == 404 and api.call("GET", "/apis/example.org")[0] == 404


# ---- lists


def fill(api, n):
    for i in range(n):
        api.must("POST", "/api/v1/namespaces/web/configmaps", configmap(f"c{i:02}", labels={"even": str(i % 2 == 0).lower()}))


def test_pages_are_one_consistent_list(api):
    path = "/api/v1/namespaces/web/configmaps"
    fill(api, 10)
    page = api.must("GET", f"{path}?limit=4")
    names, version = [i["metadata"]["name"] for i in page["items"]], page["metadata"]["resourceVersion"]
    assert page["metadata"]["remainingItemCount"] == 6 and "kind" not in page["items"][0]
    api.must("DELETE", f"{path}/c05")
    api.must("POST", path, configmap("c045"))
    while page["metadata"].get("continue"):
        page = api.must("GET", f"{path}?limit=4&continue={page['metadata']['continue']}")
        names += [i["metadata"]["name"] for i in page["items"]]
        assert page["metadata"]["resourceVersion"] == version
    assert names == [f"c{i:02}" for i in range(10)]
    assert [i["metadata"]["name"] for i in api.must("GET", path)["items"]] == \
        sorted([f"c{i:02}" for i in range(10) if i != 5] + ["c045"])


def test_a_page_of_a_list_that_is_forgotten_is_gone(sim, api):
    fill(api, 3)
    token = api.must("GET", "/api/v1/namespaces/web/configmaps?limit=1")["metadata"]["continue"]
    sim.toggle(cluster="east", compact=True)
    status, answer = api.call("GET", f"/api/v1/namespaces/web/configmaps?limit=1&continue={token}")
    assert (status, answer["reason"]) == (410, "Expired")


@pytest.mark.parametrize("query, names", [
    ("labelSelector=even=true", ["c00", "c02"]), ("labelSelector=even!=true", ["c01", "c03"]),
    ("labelSelector=even+in+(true,false),other+notin+(x)", ["c00", "c01", "c02", "c03"]), ("labelSelector=!even", []),
    ("labelSelector=even", ["c00", "c01", "c02", "c03"]), ("fieldSelector=metadata.name=c01", ["c01"]),
    ("fieldSelector=metadata.name!=c01,metadata.namespace==web", ["c00", "c02", "c03"])])
def test_selectors(api, query, names):
    fill(api, 4)
    got = api.must("GET", f"/api/v1/configmaps?{query}")
    assert [i["metadata"]["name"] for i in got["items"]] == names


def test_fields_that_cannot_be_selected_are_refused(api):
    assert api.call("GET", "/api/v1/services?fieldSelector=spec.other=1")[0] == 400
    assert api.call("GET", f"{POLICIES}?fieldSelector=spec.other=1")[0] == 400
    assert [n["metadata"]["name"] for n in api.must("GET", "/api/v1/namespaces?fieldSelector=status.phase=Active,metadata.name=web")["items"]] == ["web"]


def test_a_version_of_the_future_is_not_there_yet(api):
    status, answer = api.call("GET", "/api/v1/namespaces?resourceVersion=99999999")
    assert status == 504 and answer["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


# ---- watches


def test_a_watch_tells_every_change_from_its_version_on(sim, api):
    version = api.must("GET", INGRESSES)["metadata"]["resourceVersion"]
    made = api.must("POST", INGRESSES, ingress())
    watch = Watch(sim, f"{INGRESSES}?resourceVersion={version}")
    api.must("PUT", f"{INGRESSES}/shop", dict(made, spec=ingress(host="b.example.org")["spec"]))
    api.must("DELETE", f"{INGRESSES}/shop")
    assert watch.take(3) == [("ADDED", "shop"), ("MODIFIED", "shop"), ("DELETED", "shop")]
    watch.close()


def test_a_watch_without_a_version_begins_with_what_is_there(sim, api):
    api.must("POST", INGRESSES, ingress())
    for query in ("", "?resourceVersion=0"):
        watch = Watch(sim, INGRESSES + query)
        assert watch.take(1) == [("ADDED", "shop")]
        watch.close()
    watch = Watch(sim, f"{INGRESSES}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
    assert watch.take(1) == [("ADDED", "shop")]
    event = watch.next()
    assert event["type"] == "BOOKMARK" and event["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    watch.close()


def test_objects_come_into_a_selection_and_leave_it(sim, api):
    version = api.must("POST", INGRESSES, ingress())["metadata"]["resourceVersion"]
    watch = Watch(sim, f"{INGRESSES}?labelSelector=app=gslb&resourceVersion={version}")
    api.must("PATCH", f"{INGRESSES}/shop", {"metadata": {"labels": {"app": "gslb"}}}, MERGE)
    gone = api.must("PATCH", f"{INGRESSES}/shop", {"metadata": {"labels": None}}, MERGE)
    assert watch.next()["type"] == "ADDED"
    event = watch.next()
    assert event["type"] == "DELETED" and event["object"]["metadata"]["labels"] == {"app": "gslb"}
    assert event["object"]["metadata"]["resourceVersion"] == gone["metadata"]["resourceVersion"]
    watch.close()


def test_bookmarks_move_on_and_a_watch_ends_in_time(sim, api):
    version = api.must("GET", INGRESSES)["metadata"]["resourceVersion"]
    began = time.monotonic()
    watch = Watch(sim, f"{INGRESSES}?resourceVersion={version}&allowWatchBookmarks=true&timeoutSeconds=1")
    newest = api.must("POST", "/api/v1/namespaces/web/configmaps", configmap("a"))["metadata"]["resourceVersion"]
    events = []
    while (event := watch.next()):
        events.append(event)
    assert 0.9 < time.monotonic() - began < 5
    assert events and {e["type"] for e in events} == {"BOOKMARK"}
    assert events[-1]["object"]["metadata"]["resourceVersion"] == newest and events[-1]["object"]["kind"] == "Ingress"


def test_a_watch_from_before_the_history_is_gone(sim, api):
    version = api.must("GET", INGRESSES)["metadata"]["resourceVersion"]
    for i in range(201):
        api.must("POST", INGRESSES, ingress(f"i{i}"))
    event = Watch(sim, f"{INGRESSES}?resourceVersion={version}").next()
    assert event["type"] == "ERROR" and event["object"]["code"] == 410 and event["object"]["reason"] == "Expired"


# ---- apply


def applied(api, manager, body, path=f"{INGRESSES}/shop", force=""):
    return api.call("PATCH", f"{path}?fieldManager={manager}{force}", body, APPLY)


def test_apply_owns_fields_and_conflicts_over_them(api):
    status, made = applied(api, "one", ingress(labels={"a": "1", "b": "1"}))
    assert status == 201 and made["metadata"]["managedFields"][0]["operation"] == "Apply"
    status, answer = applied(api, "two", dict(ingress(labels={"a": "2"})))
    assert status == 409 and answer["reason"] == "Conflict"
    assert answer["message"] == 'Apply failed with 1 conflict: conflict with "one": .metadata.labels.a'
    assert answer["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".metadata.labels.a"}]
    status, now = applied(api, "two", dict(ingress(labels={"a": "2"})), force="&force=true")
    assert status == 200 and now["metadata"]["labels"] == {"a": "2", "b": "1"}
    # What one no longer says goes, what others say too stays.
    status, now = applied(api, "one", ingress())
    assert status == 200 and now["metadata"]["labels"] == {"a": "2"}
    assert applied(api, "one", ingress())[1] == now, "nothing changes: no new version"
    assert api.call("PATCH", f"{INGRESSES}/shop", ingress(), APPLY)[0] == 422


def test_apply_merges_lists_that_are_maps(api):
    path = "/api/v1/namespaces/web/services/s"
    one = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"name": "a", "port": 80}]}}
    two = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
           "spec": {"ports": [{"name": "b", "port": 81, "protocol": "TCP"}]}}
    one["spec"]["ports"][0]["protocol"] = "TCP"
    assert applied(api, "one", one, path)[0] == 201
    status, now = applied(api, "two", two, path)
    assert status == 200 and [p["name"] for p in now["spec"]["ports"]] == ["a", "b"]
    one["spec"]["ports"] = []
    status, now = applied(api, "one", one, path)
    assert [p["name"] for p in now["spec"]["ports"]] == ["b"]


def test_an_update_takes_fields_over(api):
    applied(api, "one", ingress(labels={"a": "1"}))
    api.must("PATCH", f"{INGRESSES}/shop?fieldManager=two", {"metadata": {"labels": {"a": "2"}}}, MERGE)
    status, answer = applied(api, "one", ingress(labels={"a": "1"}))
    assert status == 409 and answer["message"].endswith('conflict with "two" using networking.k8s.io/v1: .metadata.labels.a')


# ---- bad days


def test_a_rule_says_which_request_and_how_often(sim, api):
    sim.fault({"cluster": "east", "resource": "ingresses", "verb": "list"}, times=2, skip=1, status=503, reason="ServiceUnavailable",
              message="later", retry_after_s=3)
    assert [api.call("GET", INGRESSES)[0] for _ in range(4)] == [200, 503, 503, 200]
    assert Api(sim, "west").call("GET", "/apis/networking.k8s.io/v1/ingresses")[0] == 200
    assert [(r["seen"], r["done"]) for r in sim.ask("GET", "/_sim/faults")] == [(4, 2)]
    faulty = [e["fault"] for e in sim.ask("GET", "/_sim/log") if e["verb"] == "list" and e["cluster"] == "east"]
    assert [bool(f) for f in faulty] == [False, True, True, False]
    sim.ask("DELETE", "/_sim/faults")
    assert sim.ask("GET", "/_sim/faults") == []


@pytest.mark.parametrize("rule", [{"match": {"verbs": "list"}, "do": {}}, {"do": {"status": 7}}, {"do": {"resource_version": "x"}}, "x"])
def test_a_rule_that_says_nothing_is_refused(sim, rule):
    sim.ask("POST", "/_sim/faults", rule, status=400)
    assert sim.ask("GET", "/_sim/faults") == []


def test_an_answer_comes_late(sim, api):
    sim.fault({}, delay_ms=300)
    began = time.monotonic()
    assert api.call("GET", INGRESSES)[0] == 200 and time.monotonic() - began >= 0.28


def test_half_an_answer_and_no_answer(sim, api):
    fill(api, 5)
    sim.fault({"verb": "list"}, half=True)
    with pytest.raises((http.client.IncompleteRead, ssl.SSLError, ConnectionError)) as e:
        Api(sim).call("GET", "/api/v1/configmaps")
    if isinstance(e.value, http.client.IncompleteRead):
        assert 100 < len(e.value.partial)
    sim.fault({"verb": "list"}, close=True)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, ssl.SSLError)):
        Api(sim).call("GET", "/api/v1/configmaps")
    assert Api(sim).call("GET", "/api/v1/configmaps")[0] == 200


def test_a_list_without_end(sim, api):
    fill(api, 2)
    sim.fault({"verb": "list"}, times=5, endless=True)
    page = api.must("GET", "/api/v1/configmaps")
    for _ in range(4):
        assert len(page["items"]) == 2
        page = api.must("GET", f"/api/v1/configmaps?continue={page['metadata']['continue']}")
    assert page["metadata"]["continue"]


def test_gone_as_an_answer_and_as_an_event(sim, api):
    sim.fault({"verb": "list"}, gone=True)
    assert api.call("GET", INGRESSES)[0] == 410
    sim.fault({"verb": "watch"}, gone=True)
    assert Watch(sim, INGRESSES).status == 410
    sim.fault({"verb": "watch"}, gone="event")
    watch = Watch(sim, INGRESSES)
    assert watch.next()["object"]["code"] == 410 and watch.next() is None


def test_a_trickle(sim, api):
    sim.fault({"path": "/version"}, bytes_per_second=200)
    began = time.monotonic()
    assert api.must("GET", "/version")["major"] == "1"
    assert time.monotonic() - began > 0.5


def test_a_rule_for_the_pages_behind_the_first(sim, api):
    fill(api, 3)
    sim.fault({"verb": "list", "param": "continue"}, times=5, gone=True)
    status, page = api.call("GET", "/api/v1/configmaps?limit=2")
    assert status == 200 and len(page["items"]) == 2
    assert api.call("GET", f"/api/v1/configmaps?limit=2&continue={page['metadata']['continue']}")[0] == 410


def test_an_answer_and_a_line_of_many_bytes(sim, api):
    sim.fault({"verb": "list"}, pad_bytes=100000)
    answer = api.open("GET", INGRESSES).read()
    assert len(answer) > 100000 and json.loads(answer)["kind"] == "IngressList"
    sim.fault({"verb": "watch"}, pad_bytes=100000)
    watch = Watch(sim, INGRESSES)
    line = watch.answer.readline()
    assert len(line) > 100000 and json.loads(line)["type"] == "BOOKMARK"
    api.must("POST", INGRESSES, ingress())
    assert watch.take(1) == [("ADDED", "shop")]
    watch.close()


def test_a_watch_in_drops(sim, api):
    sim.fault({"verb": "watch"}, bytes_per_second=2000)
    watch = Watch(sim, INGRESSES)
    began = time.monotonic()
    api.must("POST", INGRESSES, ingress())
    assert watch.take(1) == [("ADDED", "shop")]
    assert time.monotonic() - began > 0.15
    watch.close()


def test_lies_about_versions(sim, api):
    sim.fault({"verb": "list"}, times=3, resource_version="text")
    assert api.must("GET", INGRESSES)["metadata"]["resourceVersion"] == "not-a-number"
    sim.ask("DELETE", "/_sim/faults")
    sim.fault({"verb": "list"}, times=3, resource_version="old")
    assert api.must("GET", INGRESSES)["metadata"]["resourceVersion"] == "1"
    sim.ask("DELETE", "/_sim/faults")
    sim.fault({"verb": "watch"}, resource_version="same")
    watch = Watch(sim, f"{INGRESSES}?allowWatchBookmarks=true")
    versions = {watch.next()["object"]["metadata"]["resourceVersion"] for _ in range(2)}
    api.must("POST", INGRESSES, ingress())
    versions |= {watch.next()["object"]["metadata"]["resourceVersion"] for _ in range(3)}
    assert len(versions) == 1
    watch.close()


def test_a_silent_watch_and_a_malformed_line(sim, api):
    sim.fault({"verb": "watch"}, silent=True)
    watch = Watch(sim, f"{INGRESSES}?allowWatchBookmarks=true&timeoutSeconds=1")
    api.must("POST", INGRESSES, ingress())
    assert watch.next() is None
    sim.fault({"verb": "watch"}, malformed=True)
    watch = Watch(sim, INGRESSES)
    with pytest.raises(ValueError):
        watch.next()
    assert watch.take(1) == [("ADDED", "shop")]
    watch.close()


def test_a_cluster_goes_down_and_comes_back_with_its_objects(sim, api):
    api.must("POST", INGRESSES, ingress())
    watch = Watch(sim, INGRESSES)
    assert watch.take(1) == [("ADDED", "shop")]
    sim.toggle(cluster="east", down=True)
    try:
        with contextlib.suppress(http.client.HTTPException, OSError):
            assert watch.next() is None
        with pytest.raises(OSError):
            socket.create_connection(sim.ready["clusters"]["east"].split(":"), 2)
        assert Api(sim, "west").call("GET", "/readyz")[0] == 200
    finally:
        sim.toggle(cluster="east", down=False)
    assert Api(sim).must("GET", f"{INGRESSES}/shop")


def test_the_log_has_every_request_in_order(sim, api):
    api.must("POST", INGRESSES, ingress())
    api.call("GET", f"{INGRESSES}/other")
    entries = sim.ask("GET", "/_sim/log")
    assert [(e["verb"], e["resource"], e["name"], e["status"]) for e in entries] == [
        ("create", "namespaces", None, 201), ("create", "ingresses", None, 201), ("get", "ingresses", "other", 404)]
    assert [e["n"] for e in entries] == sorted(e["n"] for e in entries)
    assert {(e["cluster"], e["user"], e["agent"]) for e in entries} == {("east", "admin", "tests/1")}
    assert sim.ask("GET", f"/_sim/log?since={entries[1]['n']}") == entries[2:]


# ---- many


def test_many_objects_and_watches(sim, api):
    objects = [dict(ingress(f"i{i:05}", f"h{i}.example.org", namespace=f"ns{i % 50}"),
                    status={"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}) for i in range(10000)]
    done = sim.ask("POST", "/_sim/bulk", {"cluster": "east", "objects": objects})
    assert done["put"] == 10000
    n, path = 0, "/apis/networking.k8s.io/v1/ingresses?limit=500"
    page = api.must("GET", path)
    version = page["metadata"]["resourceVersion"]
    while True:
        n += len(page["items"])
        if not page["metadata"].get("continue"):
            break
        page = api.must("GET", f"{path}&continue={page['metadata']['continue']}")
    assert n == 10000 and page["items"][0]["status"]["loadBalancer"]["ingress"]
    watches = [Watch(sim, f"/apis/networking.k8s.io/v1/ingresses?resourceVersion={version}") for _ in range(100)]
    api.must("PATCH", "/apis/networking.k8s.io/v1/namespaces/ns0/ingresses/i00000", {"metadata": {"labels": {"a": "1"}}}, MERGE)
    assert {tuple(w.take(1)) for w in watches} == {(("MODIFIED", "i00000"),)}
    assert sim.ask("GET", "/_sim/stats")["clusters"]["east"]["watches"] >= 100
    for watch in watches:
        watch.close()
    assert sim.ask("POST", "/_sim/bulk", {"cluster": "east", "delete": objects})["deleted"] == 10000
    assert api.must("GET", path)["items"] == []


def test_help_and_bad_options():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and "usage: kubesim" in done.stdout
    for options in (["--clusters", "A"], ["--history", "x"], ["what"], ["--no-such"]):
        assert subprocess.run([PROGRAM, *options], capture_output=True, timeout=10).returncode == 2
    done = subprocess.run([PROGRAM, "--crds", "/nowhere"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "/nowhere" in done.stderr
