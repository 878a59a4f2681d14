"""What tests of failures share: a site whose services stand at the controller already, and what a failure has to show.

A test breaks something, starts or goes on, and says what must be seen: the state and a condition of the GSLBConfig, a
line of the log. Then it mends it. In between nothing may be written to the controller: what stands there is right.
"""

import copy
import dataclasses
import json
import os
import re

import yaml

import pki
from bench import ACCEPTED
from ground import HOME
from manifests import CLUSTERS, CONTROLLER, HOST, address_in, gslb_config, member, namespace, policy
from programs import Leader, wait_for

FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


@dataclasses.dataclass
class Failure:
    """state: the exact text, or a compiled pattern; None: not looked at. says: what the condition's message names.
    event and fields: a line of the log; a field's value may be a pattern too."""
    condition: tuple                   # (type, status, reason)
    says: tuple = ()
    state: object = None
    event: str = None                  # where it is not the condition's own
    fields: dict = dataclasses.field(default_factory=dict)

    def logged(self):
        if self.event:
            return self.event, self.fields
        kind, status, reason = self.condition
        return "condition", {"type": kind, "status": status, "reason": reason}


def fits(want, got):
    return got == want if isinstance(want, str) else bool(got and want.search(got))


def same(got, want):
    assert got == want, f"got {got}, want {want}"


def parse_line(line):
    """A line of the log in logfmt."""
    return {key: json.loads(value) if value.startswith('"') else value for key, value in FIELD.findall(line)}


class Site:
    """A rig whose clusters, policy and controller agree: one service with a member in each cluster."""

    # The converged controller, made once by a healthy run.
    controller = None

    def __init__(self, rig, folder):
        self.rig, self.ground, self.avisim = rig, rig.ground, rig.avisim
        self.folder = str(folder)
        self.members = os.path.join(self.folder, "members")
        rig.leader = self.leader = Leader(rig.leader.log, self.ground.kubeconfig, self.ground.own, members=self.members)
        self.seen = self.n_changes = self.log_from = 0
        self.lost = ()                 # clusters whose changes cannot be seen now

    # ---- before the failure

    def begin(self, config=None, gdp=None, leader=None):
        """Everything is as a healthy leader left it, and none runs. config, gdp, leader: others than the usual ones."""
        if not Site.controller:
            Site.controller = self.converge()
        self.prepare(Site.controller if leader is None else dict(Site.controller, leader=leader), config, gdp)
        return self

    def begin_running(self):
        self.begin()
        self.start()
        self.is_accepted()
        same(self.writes(), [])
        return self

    def prepare(self, controller, config=None, gdp=None):
        self.rig.reset(controller)
        self.seen = self.avisim.last_n()
        self.write_members()
        self.put(config or self.config(), gdp or policy())
        for cluster in CLUSTERS:
            self.rig.apply(cluster, namespace(), member(cluster))

    def converge(self):
        self.prepare(CONTROLLER)
        self.start()
        self.is_accepted()
        self.rig.stop()
        state = copy.deepcopy(CONTROLLER)
        for kind in ("healthmonitor", "gslbservice"):
            made = [o for o in self.avisim.objects(kind, written=True) if o["by_client"]]
            assert made
            kept = state["objects"].get(kind, [])
            state["objects"][kind] = kept + [dict(o["body"], uuid=o["uuid"], _tenant=o["tenant"]) for o in made]
        return state

    def config(self, address=None, **more):
        return gslb_config(self.avisim.address if address is None else address, **more)

    def put(self, *objects):
        self.rig.apply(self.ground.own, *objects)

    def start(self, *options):
        self.rig.start(*options)

    # ---- the members' kubeconfig

    def write_members(self, names=None, users=None, change=None):
        """change(object): an edit of what would be right."""
        config = self.ground.kubeconfig_object(names, users)
        if change:
            change(config)
        self.write_members_text(yaml.safe_dump(config))

    def write_members_text(self, text):
        with open(self.members + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.members + ".new", self.members)

    def other_authority(self):
        return pki.Authority(self.folder, "other")

    # ---- what is to be seen

    def status(self, name="gc-1", namespace=HOME):
        found = self.rig.own.get("GSLBConfig", namespace, name)
        return (found or {}).get("status") or {}

    def condition(self, kind):
        return next((c for c in self.status().get("conditions", []) if c["type"] == kind), {})

    def waits(self, what, probe, timeout_s):
        def alive_and():
            self.leader.check()
            return probe()
        try:
            return wait_for(what, alive_and, timeout_s, 0.05)
        except TimeoutError as e:
            seen = f"status: {self.status()}\n/api/sync: {self.leader.sync()}\n{self.leader.tail()}"
            raise AssertionError(f"{e}\n{seen}") from None

    def is_state(self, want, timeout_s=15):
        self.waits(f"state {want}", lambda: fits(want, self.status().get("state")), timeout_s)

    def is_condition(self, kind, status, reason, *says, timeout_s=15):
        def probe():
            c = self.condition(kind)
            return (c.get("status"), c.get("reason")) == (status, reason) and all(text in c["message"] for text in says)
        self.waits(f"{kind}={status}/{reason} with {says}", probe, timeout_s)

    def events(self, event):
        """Lines of the log since the last begin_log()."""
        lines = self.leader.read_log()[self.log_from:].splitlines()
        return [entry for entry in map(parse_line, lines) if entry.get("event") == event]

    def begin_log(self):
        self.log_from = len(self.leader.read_log())

    def is_logged(self, event, **fields):
        def probe():
            return any(all(fits(want, e.get(key)) for key, want in fields.items()) for e in self.events(event))
        self.waits(f"event={event} {fields}", probe, 5)

    def shows(self, failure, timeout_s=15, refused=()):
        """The failure is to be seen, and nothing was written but attempts that were refused with these statuses."""
        if failure.state is not None:
            self.is_state(failure.state, timeout_s)
        self.is_condition(*failure.condition, *failure.says, timeout_s=timeout_s)
        event, fields = failure.logged()
        self.is_logged(event, **fields)
        same([w["status"] for w in self.avisim.writes_since(self.seen)], list(refused))
        self.seen = self.avisim.last_n() if refused else self.seen

    def metric(self, name):
        """The sum over all labels."""
        return sum(float(v) for v in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.leader.text("/metrics"), re.M))

    # ---- the controller

    def new_entries(self):
        return self.avisim.log_since(self.seen)

    def writes(self):
        """Since begin() or changes(); refused ones too."""
        return [f"{w['method']} {w['path']} {w['name']}: {w['status']}" for w in self.avisim.writes_since(self.seen)]

    def requests(self, method, path):
        return [e for e in self.new_entries() if (e["method"], e["path"]) == (method, path)]

    def addresses(self, host=HOST):
        """Of the service's members; None where there is no such service."""
        found = [o["object"] for o in self.avisim.objects("gslbservice", written=True) if o["name"] == host]
        return sorted(m["ip"]["addr"] for g in found[0]["groups"] for m in g["members"]) if found else None

    def moves(self):
        """cluster1's member gets another address; the address."""
        self.n_changes += 1
        ip = f"10.20.1.{100 + self.n_changes}"
        self.rig.apply("cluster1", member("cluster1", ip=ip))
        return ip

    def has_moved_to(self, ip, timeout_s=30):
        """The one write that the move makes was made, and the other clusters' members are still there."""
        self.rig.settle(timeout_s, without=self.lost)
        writes = self.avisim.writes_since(self.seen)
        same([(w["method"], w["type"], w["name"], w["status"]) for w in writes], [("PUT", "gslbservice", HOST, 200)])
        same(self.addresses(), sorted([ip, address_in("cluster2"), address_in("cluster3")]))
        self.seen = self.avisim.last_n()

    def works(self):
        """Changes come through."""
        self.has_moved_to(self.moves())

    # ---- after the failure

    def is_accepted(self, timeout_s=20):
        self.is_state(ACCEPTED, timeout_s)
        self.is_condition("Accepted", "True", "Accepted")
        self.rig.settle(without=self.lost)

    def recovers(self, timeout_s=20):
        """All is well by itself, nothing was written for it, and changes come through."""
        self.is_accepted(timeout_s)
        self.is_condition("ControllerReachable", "True", "Reachable", timeout_s=timeout_s)
        self.is_condition("ControllerIsLeader", "True", "Leader")
        self.is_condition("ClustersSynced", "True", "Synced", timeout_s=timeout_s)
        same(self.writes(), [])
        self.works()

    def end(self):
        """The bench is handed on as it was found, and our program has ended well."""
        try:
            self.rig.stop()
        finally:
            self.leader.kill()
            for name in CLUSTERS:
                if not self.ground.servers[name].is_running():
                    self.ground.start(name)
