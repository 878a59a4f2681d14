"""A rig with words for tests that change one thing and look at the controller's ordered log.

bench.writes() waits until everything is carried through and gives what was written since it was last asked, by global name:

    {"shop.example.org": ["POST monitor https /", "PUT service", "DELETE monitor http /"]}

Neighbouring operations of one method on monitors are sorted: their order means nothing.
An operation of another tenant than admin ends in " in <tenant>", a refused one in " -> <HTTP status>".
"""

import base64
import contextlib
import itertools
import json

from ground import HOME
from objects import gslb_config, policy
from programs import http_json, wait_for

CONTROLLER = {"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}}
ACCEPTED = "success: gslb config accepted"
SYNCING = "syncing all objects"


class Writes:
    """What clients write to one controller, in words."""

    def __init__(self, avisim):
        self.avisim, self.seen = avisim, avisim.last_n()
        self.monitors = {}             # name -> (name of its service, what it looks at)

    def entries(self):
        """The raw entries since the last call."""
        entries = self.avisim.writes_since(self.seen)
        self.seen = max([self.seen] + [e["n"] for e in entries])
        return entries

    def news(self):
        """{global name: [operation, ...]} since the last call, in order."""
        found = {}
        for entry in self.entries():
            name, text = self.words(entry)
            found.setdefault(name, []).append(text)
        return {name: sort_neighbours(texts) for name, texts in found.items()}

    def words(self, entry):
        if entry["type"] == "gslbservice":
            name, what = entry["name"], "service"
        else:
            name, what = self.monitor(entry)
        tenant = "" if entry["tenant"] == "admin" else f" in {entry['tenant']}"
        refused = "" if 200 <= entry["status"] < 300 else f" -> {entry['status']}"
        return name, f"{entry['method']} {what}{tenant}{refused}"

    def monitor(self, entry):
        body = entry["body"]
        if isinstance(body, dict):
            self.monitors[body["name"]] = described(body)
        name, what = self.monitors[entry["name"]]
        return name, f"monitor {what}"


def sort_neighbours(texts):
    """A service is a group of its own, so that what comes before it stays before it."""
    groups = itertools.groupby(texts, key=lambda text: text.split(" ")[:2])
    return [text for _, group in groups for text in sorted(group)]


def described(monitor):
    """("shop.example.org", "https /cart") or ("db.example.org", "tcp 8080") of a monitor's body."""
    parts = dict(part.split(": ", 1) for part in monitor["description"].split(", "))
    if "path" in parts:
        return parts["gsname"], f"{parts['protocol']} {parts['path']}"
    return parts["gsname"], f"{monitor['type'].rsplit('_', 1)[1].lower()} {monitor['monitor_port']}"


class Bench:
    def __init__(self, rig):
        self.rig, self.avisim = rig, rig.avisim
        self.log = None

    # ---- beginning

    @property
    def leader(self):
        return self.rig.leader

    def begin(self, objects, config=None, gdp=None, seeded=None):
        """A controller with these objects (type -> list), the clusters with those (name -> list), and a started leader; what
        it wrote first."""
        self.rig.reset(dict(CONTROLLER, objects=seeded or {}))
        self.log = Writes(self.avisim)
        self.apply(self.rig.ground.own, config or self.config(), gdp or policy())
        for cluster, found in objects.items():
            self.apply(cluster, *found)
        self.rig.start()
        return self.writes()

    def config(self, *members, **options):
        """A GSLBConfig that names this controller."""
        return gslb_config(self.avisim.address, members or ("cluster1", "cluster2"), **options)

    # ---- changes

    def cluster(self, name):
        return self.rig.ground.clusters[name]

    def apply(self, cluster, *objects):
        self.rig.apply(cluster, *objects)

    def delete(self, cluster, *objects):
        self.rig.delete(cluster, *objects)

    @contextlib.contextmanager
    def stopped(self, cluster):
        """The cluster's API server is down inside the block."""
        self.rig.ground.stop(cluster)
        try:
            yield
        finally:
            self.rig.ground.start(cluster)

    # ---- what came of it

    def settle(self, **options):
        return self.rig.settle(**options)

    def writes(self, **options):
        self.settle(**options)
        return self.log.news()

    def services(self, tenant="admin"):
        return {s["name"]: s["object"] for s in self.avisim.objects("gslbservice", written=True) if s["tenant"] == tenant}

    def members(self, name, tenant="admin"):
        """{address: (weight, priority)} of a service; None where there is no such service."""
        found = self.services(tenant).get(name)
        return found and {m["ip"]["addr"]: (m["ratio"], g["priority"]) for g in found["groups"] for m in g["members"]}

    def monitors(self):
        """[(service, what it looks at)] of those that a client made."""
        return sorted(described(m["body"]) for m in self.avisim.objects("healthmonitor", written=True) if m["by_client"])

    def shown(self):
        """The GSLBConfig as it is."""
        return self.rig.own.list("GSLBConfig")[0]

    def state(self):
        """None where there is no status: replacing a GSLBConfig takes it away until the leader writes it again."""
        return self.shown().get("status", {}).get("state")

    def condition(self, kind):
        conditions = self.shown().get("status", {}).get("conditions", [])
        return next((f"{c['status']}/{c['reason']}" for c in conditions if c["type"] == kind), None)

    def wait_condition(self, kind, value, timeout_s=15):
        wait_for(f"{kind}={value}", lambda: self.condition(kind) == value, timeout_s)

    def wait_state(self, state, timeout_s=15):
        wait_for(f"state \"{state}\"", lambda: self.state() == state, timeout_s)

    def wait_sync(self, what, probe, timeout_s=15):
        """Waits until probe(/api/sync) is true; the answer."""
        def ask():
            sync = self.leader.sync()
            return sync if sync and probe(sync) else None
        return wait_for(what, ask, timeout_s)

    def wait_own(self, obj, timeout_s=15):
        """Waits until the leader has seen this stored object of the own cluster."""
        version = int(obj["metadata"]["resourceVersion"])
        self.wait_sync(f"own {obj['kind']} at {version}", lambda sync: any(
            kind["kind"] == obj["kind"] and int(kind["resourceVersion"] or 0) >= version for kind in sync["own"]), timeout_s)

    def states_since(self, config):
        """Every other state that the GSLBConfig showed after this version of it, one after the other."""
        path = self.rig.own.path("GSLBConfig", HOME)
        version = config["metadata"]["resourceVersion"]
        text = self.rig.own.api.request("GET", f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=1")
        lines = text.splitlines() if isinstance(text, str) else [json.dumps(text)] if text else []
        shown = [config] + [json.loads(line)["object"] for line in lines]
        # A client's PUT takes the status away, it is no subresource here.
        states = [c["status"]["state"] for c in shown if "status" in c]
        return [state for state, _ in itertools.groupby(states)][1:]

    def end(self):
        """Nothing is written while it ends, and nothing came after the last look."""
        self.rig.stop()
        late = self.log.news() if self.log else {}
        assert late == {}, f"written after the last look: {late}"



def erase_unseen(ground, cluster, kind, namespace, name):
    """Takes an object out of the database, behind the cluster's API server."""
    key = f"/{cluster}/{kind.lower()}/{namespace}/{name}".encode()
    status, answer = http_json(ground.etcd_url.removeprefix("http://"), "POST", "/v3/kv/deleterange",
                               {"key": base64.b64encode(key).decode()})
    assert status == 200 and answer.get("deleted") == "1", f"{key}: HTTP {status}: {answer}"
