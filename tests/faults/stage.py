"""The processes of one worker: simulated clusters, controller and oracle, kept over many runs; a leader for each.

A Run plays one script on them and collects complaints.
"""

import http.client
import json
import os
import random
import re
import socket
import subprocess
import time
import traceback

import compare
import judge
import model
import world
from programs import Avisim, Leader, Program, built, repository
from record import Record, Unsettled
from world import CLUSTERS, CONFIG_KEY, HOME, OWN, POLICY_KEY

SETTLE_S = 240                         # several back-offs of a minute may follow each other
POLL_S = 0.1
BARRIER = "amko-barrier"
OWN_LISTING = re.compile(r"created_by=amko-[0-9a-f]")


class Port:
    """A simulator's control port, over one connection."""

    def __init__(self, name, address):
        self.name = name
        self.connection = http.client.HTTPConnection(address, timeout=20)

    def send(self, method, path, body):
        text = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            return self.connection.getresponse()
        except (http.client.HTTPException, ConnectionError):   # an idle connection was closed
            self.connection.close()
            self.connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            return self.connection.getresponse()

    def ask(self, method, path, body=None, gone_is_fine=False):
        answer = self.send(method, path, body)
        text = answer.read()
        if answer.status >= 300 and not (gone_is_fine and answer.status == 404):
            raise RuntimeError(f"{self.name}: {method} {path}: HTTP {answer.status}: {text[:300]!r}")
        self.last_n = int(answer.headers.get("X-Log-Last", 0))
        return json.loads(text)


def free_ports(n):
    """The first of n in a row, below those that outgoing connections get: who is down finds them free again."""
    for port in random.sample(range(20000, 32000, 8), 200):
        try:
            for i in range(n):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port + i))
            return port
        except OSError:
            continue
    raise RuntimeError("no free ports")


def start_on_ports(start, n, tries=5):
    """Somebody may take the ports between the look and the use."""
    for left in reversed(range(tries)):
        try:
            return start(free_ports(n))
        except RuntimeError:
            if not left:
                raise


class Kubesim(Program):
    def __init__(self, folder):
        super().__init__("kubesim", os.path.join(folder, "kubesim.log"))
        self.kubeconfig, self.authority = os.path.join(folder, "members"), os.path.join(folder, "ca.crt")
        self.port = None

    def start(self, listen, clusters):
        self.spawn([built("kubesim"), "--listen", listen, "--clusters", ",".join(clusters), "--kubeconfig-out", self.kubeconfig,
                    "--ca-out", self.authority, "--crds", os.path.join(repository(), "deploy/crds"), "--log-level", "warn"],
                   stdout=subprocess.PIPE)
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            self.check()
        self.port = Port("kubesim", json.loads(line)["control"])
        return self


class Oracle(Program):
    def __init__(self, folder):
        super().__init__("oracle", os.path.join(folder, "oracle.log"))

    def start(self):
        with open(self.log, "ab") as err:
            self.child = subprocess.Popen([built("oracle")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)
        return self

    def ask(self, state):
        self.child.stdin.write(json.dumps(state).encode() + b"\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            self.check()
        return json.loads(line)

    def stop(self, timeout_s=15):
        self.child.stdin.close()
        return self.child.wait(timeout_s)


class Stage:
    """What a worker keeps."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.kubesim, self.oracle = Kubesim(folder), Oracle(folder)
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.avi = None

    def start(self):
        start_on_ports(lambda port: self.kubesim.start(f"127.0.0.1:{port}", CLUSTERS), len(CLUSTERS))
        start_on_ports(lambda port: self.avisim.start("--listen", f"127.0.0.1:{port}", "--log-level", "warn"), 1)
        self.oracle.start()
        self.avi = Port("avisim", self.avisim.control)
        return self

    def stop(self):
        """Every exit status that is not 0: a sanitizer's complaint."""
        programs = [p for p in (self.kubesim, self.avisim, self.oracle) if p.child]
        codes = [(p, p.stop()) for p in programs]
        return [f"{p.name} ended with {code}:\n{p.tail()}" for p, code in codes if code != 0]

    def reset(self):
        self.kubesim.port.ask("POST", "/_sim/reset")
        self.avi.ask("POST", "/_sim/toggle", {
            "refuse": False, "reject_tls": False, "hang": False, "password": "secret"})
        self.avi.ask("POST", "/_sim/reset", {"objects": world.FURNITURE, "leader": "cluster-aaaaaaaa"})
        self.avi.ask("POST", "/_sim/toggle", {"check_domains": False})


class Run(Record):
    """One script on a stage. Its story has the controller's log numbers."""

    def __init__(self, stage, folder):
        super().__init__(folder)
        self.stage = stage
        self.leader = Leader(os.path.join(folder, "leader.log"), stage.kubesim.kubeconfig, OWN)
        self.history = world.History()
        self.watchman = judge.Watchman()
        self.foreign = {}              # uuid -> the object as the controller shows it
        self.password = "secret"
        self.n = 0                     # the controller's last log entry before the step
        self.n_read = 0                # log entries that were judged
        self.n_barrier = 0
        self.own_versions = {}         # kind -> newest version that was written

    # ---- the simulators

    def log_n(self):
        """The number of the controller's last log entry."""
        self.stage.avi.ask("GET", f"/_sim/log?since={2**53}")
        return self.stage.avi.last_n

    def bulk(self, cluster, put=(), delete=()):
        """The cluster's version afterwards."""
        return self.stage.kubesim.port.ask("POST", "/_sim/bulk", {
            "cluster": cluster, "objects": list(put), "delete": list(delete)})["resourceVersion"]

    def controllers(self, kind):
        return self.stage.avi.ask("GET", f"/_sim/objects/{kind}?written=1")

    def read_log(self):
        entries = self.stage.avi.ask("GET", f"/_sim/log?since={self.n_read}")
        self.n_read = max([self.n_read] + [e["n"] for e in entries])
        return entries

    # ---- steps: what is said of them stands in script.py

    def play(self, steps):
        for step in steps:
            self.n = self.log_n()
            self.story.append(f"n={self.n:<5} {step}")
            getattr(self, f"do_{step.verb}")(*step.args)

    def do_put(self, key, spec):
        self.history.put(key, spec, self.n)
        self.bulk(key[0], [world.manifest(key, spec)])

    def do_delete(self, key):
        self.history.put(key, None, self.n)
        self.bulk(key[0], (), [world.bare(key)])

    def put_own(self, key, spec, obj):
        self.history.put(key, spec, self.n)
        self.own_versions[key[1]] = self.bulk(OWN, [obj] if spec else (), () if spec else [obj])

    def do_policy(self, spec):
        self.put_own(POLICY_KEY, spec, world.policy_object(spec) if spec else world.bare(POLICY_KEY))

    def do_config(self, spec):
        obj = world.config_object(spec, self.stage.avisim.address) if spec else world.bare(CONFIG_KEY)
        self.put_own(CONFIG_KEY, spec, obj)

    def do_password(self, text):
        self.password = text
        self.stage.avi.ask("POST", "/_sim/toggle", {"password": text})

    def do_secret(self, text):
        self.own_versions["Secret"] = self.bulk(OWN, [world.secret_object(text)])

    def do_kube_fault(self, rule):
        if "resource_version" in rule["do"]:
            self.history.lied.update([rule["match"]["cluster"]] if "cluster" in rule["match"] else CLUSTERS)
        self.stage.kubesim.port.ask("POST", "/_sim/faults", rule)

    def do_kube_switch(self, switches):
        self.stage.kubesim.port.ask("POST", "/_sim/toggle", switches)

    def do_avi_fault(self, rule):
        self.stage.avi.ask("POST", "/_sim/faults", rule)

    def do_avi_switch(self, switches):
        self.stage.avi.ask("POST", "/_sim/toggle", switches)

    def do_calm(self, ends_watches):
        """No faults any more."""
        self.stage.kubesim.port.ask("DELETE", "/_sim/faults")
        self.stage.avi.ask("DELETE", "/_sim/faults")
        for cluster in CLUSTERS:
            self.do_kube_switch({"cluster": cluster, "down": False})
        if ends_watches:
            self.do_kube_switch({"end_watches": True})
        self.do_avi_switch({
            "refuse": False, "reject_tls": False, "hang": False, "maintenance": False, "leader": True, "deny": {}})

    def do_tamper(self, kind, tenant, host, change):
        """Somebody edits or deletes (change None) what the controller has for a host, behind our back."""
        for obj in self.controllers(kind):
            body = obj["object"]
            mine = obj["name"] == host if kind == "gslbservice" else f"gsname: {host}" in body.get("description", "")
            if not (mine and obj["tenant"] == tenant and judge.is_ours(kind, body)):
                continue
            self.watchman.read(self.read_log(), self.history)
            self.watchman.tamper(host)
            path = f"/_sim/objects/{kind}/{obj['uuid']}"
            method = "DELETE" if change is None else "PATCH"
            self.stage.avi.ask(method, path, change, gone_is_fine=True)        # the leader may be faster

    def do_foreign(self, kind, obj):
        """Somebody else's object comes, unless its name is taken in its tenant."""
        if any(o["name"] == obj["name"] and o["tenant"] == "admin" for o in self.controllers(kind)):
            return
        self.stage.avi.ask("PUT", f"/_sim/objects/{kind}", obj)
        uuid = obj["uuid"]
        self.foreign[uuid] = self.stage.avi.ask("GET", f"/_sim/objects/{kind}/{uuid}")
        self.watchman.foreign.add(uuid)

    def do_foreign_gone(self, kind, uuid):
        if self.foreign.pop(uuid, None):
            self.stage.avi.ask("DELETE", f"/_sim/objects/{kind}/{uuid}")

    def do_start(self):
        if not self.leader.is_running():
            self.leader.start()

    def do_kill(self):
        self.leader.check()
        self.leader.kill()

    def do_kill_after(self, n_requests):
        """In the middle of whatever it does at the controller, if it does anything."""
        until, deadline = self.n + n_requests, time.monotonic() + 1
        while self.log_n() < until and time.monotonic() < deadline:
            time.sleep(0.004)
        self.do_kill()

    def do_stop(self):
        self.leader.check()
        self.leader.stop_cleanly()

    def do_pause(self, ms):
        time.sleep(ms / 1000)

    def do_relisted(self):
        """Waits until the leader has read everything at the controller anew, twice: what somebody else did is known."""
        n, deadline = self.n, time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            self.leader.check()
            entries = self.stage.avi.ask("GET", f"/_sim/log?since={n}")
            if sum(bool(OWN_LISTING.search(e["query"])) and e["status"] == 200 for e in entries) >= 2:
                return
            time.sleep(3 * POLL_S)
        raise Unsettled(f"the controller was not read again for {SETTLE_S} s\n{self.leader.tail(40)}")

    # ---- the end of a round

    def touch_barriers(self):
        """{cluster: {kind: version}} of objects that change now: once they are seen, so is all that came before."""
        self.n_barrier += 1
        marks = {}
        for cluster in CLUSTERS:
            objects = barriers(str(self.n_barrier))
            version = self.bulk(cluster, objects)
            marks[cluster] = {obj["kind"]: version - len(objects) + 1 + i for i, obj in enumerate(objects)}
        return marks

    def settle(self):
        """Waits until all was seen and carried through, and nothing fails any more."""
        marks, deadline, pause_s = self.touch_barriers(), time.monotonic() + SETTLE_S, POLL_S
        passes, sync, why = None, None, ""
        while time.monotonic() < deadline:
            sync = self.leader.sync()
            why = self.unsettled(sync, marks)
            if not why and sync["passes_total"] == passes:
                return
            passes = None if why else sync["passes_total"]
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.02, 5 * POLL_S)
        raise Unsettled(f"not settled after {SETTLE_S} s: {why}\n/api/sync: {sync}\n{self.leader.tail(40)}")

    def unsettled(self, sync, marks):
        if sync is None:
            return "/api/sync does not answer"
        if sync["phase"] != "running" or sync["paused"] or not sync["settled"]:
            return f"phase {sync['phase']}, paused {sync['paused']}, settled {sync['settled']}"
        if sync["names"]["failing"] or sync["names"]["held"] or sync["policy"]["accepted"] != "True":
            return f"names {sync['names']}, policy {sync['policy']}"
        for kind in sync["own"]:
            if version(kind) < self.own_versions.get(kind["kind"], 0):
                return f"own {kind}, written was {self.own_versions}"
        states = {(c["cluster"], kind["kind"]): kind for c in sync["clusters"] for kind in c["kinds"]}
        for cluster in self.history.now(CONFIG_KEY)["members"]:
            for kind, mark in marks[cluster].items():
                seen = states.get((cluster, kind), {"state": "not watched", "resourceVersion": ""})
                if seen["state"] != "synced" or version(seen) < mark:
                    return f"{cluster} {kind}: {seen}, the barrier is at {mark}"
        return ""

    def want(self):
        """The oracle's word on what is there now."""
        answer = self.stage.oracle.ask(world.state(self.history, self.stage.avisim.address))
        assert answer["policy"] == "success", f"the script ends with a policy that is refused: {answer['policy']}"
        return answer

    def check(self):
        """All is quiet: is it right?"""
        want = self.want()
        found = {kind: self.controllers(kind) for kind in judge.TYPES}
        lines = self.watchman.read(self.read_log(), self.history)
        lines += judge.second_opinion(want, model.expect(self.history))
        for kind in judge.TYPES:
            lines += judge.objects(kind, found[kind], want[kind])
            lines += judge.strangers(kind, found[kind], self.foreign)
        lines += judge.duplicates(found["gslbservice"]) + judge.orphans(found["healthmonitor"], found["gslbservice"])
        self.watchman.settled(found["gslbservice"])
        self.history.settled()
        return lines

    def check_restart(self):
        """A leader that starts where all is right writes nothing."""
        n = self.log_n()
        self.do_start()
        self.settle()
        writes = [e for e in self.stage.avi.ask("GET", f"/_sim/log?since={n}") if judge.is_write(e)]
        return compare.writes([judge.describe(e) for e in writes], 0)

    # ---- the whole

    def begin(self):
        self.stage.reset()
        for cluster in CLUSTERS:
            home = world.manifest((cluster, "Namespace", "", HOME), {"labels": {}, "tenant": None})
            self.bulk(cluster, [home] + barriers("0"))
        self.do_secret(self.password)

    def run(self, script):
        """The complaints; rounds end at the first that has any."""
        try:
            self.begin()
            for i, steps in enumerate(script.rounds):
                self.story.append(f"---- round {i + 1}")
                self.play(steps)
                self.settle()
                self.lines += self.check()
                if self.lines:
                    return self.lines
            self.story.append("---- a restart")
            self.play(script.ending)
            self.lines += self.check_restart()
            self.do_stop()
        except Unsettled as e:
            self.lines.append(str(e))
        except Exception:                              # a program that ended, or a mistake here: of this run alone
            self.lines.append(traceback.format_exc())
        finally:
            self.leader.kill()
        return self.lines

    def keep(self, text):
        self.keep_all(text, controller_log=lambda: self.stage.avi.ask("GET", "/_sim/log"),
                      gslbservice=lambda: self.controllers("gslbservice"),
                      healthmonitor=lambda: self.controllers("healthmonitor"),
                      clusters_log=lambda: self.stage.kubesim.port.ask("GET", "/_sim/log"))


def version(kind):
    """A server may have told any text as one."""
    text = kind["resourceVersion"]
    return int(text) if text.isdigit() else 0


def barriers(text):
    """Objects that no policy selects, one a kind."""
    annotations = {"barrier": text}
    meta = world.meta(BARRIER, BARRIER, None, annotations)
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": world.meta(BARRIER, None, None, annotations)},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 80}]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
         "spec": {"defaultBackend": {"service": {"name": BARRIER, "port": {"number": 80}}}}},
    ]
