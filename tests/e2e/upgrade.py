"""Clusters as AMKO 1.13.1 left them, and amko in its place: its definitions, rights and objects, and what becomes of them.

    site = Installation(ground, avisim, folder)
    site.left_by_amko(leader="cluster2")       # nothing of amko runs, the services are at the controller
    site.upgrade("cluster1")                   # the pod is replaced, and its own role; nothing else
    site.grant_leases("cluster1")              # the Role that a member's identity lacks

On real API servers rights are rights; on simulated ones a rule refuses what AMKO's roles do not grant.
"""

import copy
import os

import yaml

from ground import HOME, definitions
from instances import LEASE, Federation, Instance
from kube import ApiError
from manifests import CLUSTERS, CONTROLLER, HOST, UUID, gslb_config, member, namespace, policy, secret
from programs import Leader, repository, wait_for

NAME = "amkocluster-federation"
OWN, MEMBER = "amko-sa", "gslb-user"           # who the pod is, and who it is for the members
FEDERATED = "federated to all valid clusters successfully"
# What AMKO's federator shows where it leads, and where it does not.
LEADERS = [("current AMKOCluster Validation", "valid AMKOCluster object"),
           ("member cluster initialisation", "all cluster clients fetched"),
           ("member cluster validation", "validated all member clusters"),
           ("GSLBConfig Federation", FEDERATED), ("GDP Federation", FEDERATED)]
FOLLOWERS = [("current AMKOCluster Validation", "won't federate objects", "AMKO not a leader")]


def documents(path):
    with open(os.path.join(repository(), path), encoding="utf-8") as f:
        return [obj for obj in yaml.safe_load_all(f) if obj]


def amkos(file):
    return documents(os.path.join("tests/e2e/amko-1.13.1", file))


def chart_object(context, is_leader, clusters):
    """AMKOCluster as the chart renders it, with the federator's status."""
    keys = ("type", "status", "reason")
    conditions = [dict(zip(keys, c)) for c in (LEADERS if is_leader else FOLLOWERS)]
    return {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "AMKOCluster", "metadata": {"name": NAME, "namespace": HOME},
            "spec": {"clusterContext": context, "clusters": list(clusters), "isLeader": is_leader, "version": "1.13.1"},
            "status": {"conditions": conditions}}


def keeps(cluster, obj, *path):
    """Whether the definition in force lets this field through; a changed one takes a moment."""
    trial = copy.deepcopy(obj)
    trial["metadata"]["name"] = "trial"
    stored = cluster.api.request("POST", cluster.path(obj["kind"], HOME) + "?dryRun=All", trial)
    for key in path:
        stored = stored.get(key, {})
    return bool(stored)


def define(cluster, objects, are_ours):
    """Replaces the three definitions that AMKO had too, and waits until they are in force."""
    for obj in objects:
        cluster.apply(obj)
    trial = chart_object(cluster.name, False, [])
    trial["spec"]["failover"] = "Automatic"
    wait_for("the definition in force", lambda: keeps(cluster, trial, "spec", "failover") == are_ours, 30, 0.1)
    trial = gslb_config("10.0.0.1")
    trial["spec"]["gslbLeader"]["controllerAddresses"] = ["10.0.0.2"]
    wait_for("GSLBConfig's too", lambda: keeps(cluster, trial, "spec", "gslbLeader", "controllerAddresses") == are_ours, 30, 0.1)


def define_ours(cluster):
    define(cluster, [d for d in definitions() if d["spec"]["group"] == "amko.vmware.com"], True)


class SimRights:
    """Rules refuse what AMKO's roles do not grant: anything about Leases."""

    def __init__(self, ground):
        self.ground, self.refused = ground, set()

    def begin(self, names):
        self.refused = {(name, user) for name in names for user in (OWN, MEMBER)}
        self.show()

    def show(self):
        self.ground.end_faults()
        self.ground.fault(*({"match": {"cluster": name, "user": user, "resource": "leases"},
                             "do": {"status": 403, "reason": "Forbidden", "message":
                                    f'leases.coordination.k8s.io is forbidden: User "{user}" may do nothing with them'}}
                            for name, user in sorted(self.refused)))

    def grant(self, name, user):
        self.refused.discard((name, user))
        self.show()

    def user(self, _name, user):
        return {"token": f"admin-token:{user}"}

    def end(self):
        self.ground.end_faults()


class RealRights:
    def __init__(self, ground):
        self.ground, self.made = ground, []

    def apply(self, name, *objects):
        for obj in objects:
            self.ground.clusters[name].apply(obj)
            self.made.append((name, obj))

    def begin(self, names):
        for name in names:
            self.apply(name, *amkos("rbac.yaml"))

    def grant(self, name, user):
        """The manifests of amko: all of the pod's, and of a member's the Role, bound to the identity that is there."""
        if user == OWN:
            self.apply(name, *documents("deploy/manifests/rbac-own.yaml"))
            return
        role, = (o for o in documents("deploy/manifests/rbac-member.yaml") if o["kind"] == "Role")
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                   "metadata": {"name": role["metadata"]["name"], "namespace": HOME},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]},
                   "subjects": [{"kind": "ServiceAccount", "name": user, "namespace": HOME}]}
        self.apply(name, role, binding)

    def user(self, name, user):
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        path = f"/api/v1/namespaces/{HOME}/serviceaccounts/{user}/token"
        return {"token": self.ground.clusters[name].api.request("POST", path, asked)["status"]["token"]}

    def end(self):
        for name, obj in reversed(self.made):
            self.ground.clusters[name].delete(obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
        self.made = []


def rights_on(ground):
    return SimRights(ground) if hasattr(ground, "sim") else RealRights(ground)


class Observed:
    """What is to be seen of AMKOClusters: a part of a Federation."""

    def cluster_object(self, name):
        return self.ground.clusters[name].get("AMKOCluster", HOME, NAME)

    def mark(self, name):
        return ((self.cluster_object(name)["metadata"].get("annotations")) or {}).get("amko.vmware.com/role")

    def conditions(self, name):
        """type -> (status, reason, message), in their order."""
        shown = (self.cluster_object(name).get("status") or {}).get("conditions") or []
        return {c["type"]: (c["status"], c.get("reason", ""), c.get("message", "")) for c in shown}

    def wait_condition(self, name, kind, status, *says, timeout_s=20):
        """The condition has this status, and its reason or message says all of this; both, as one text."""
        def probe():
            shown = self.conditions(name).get(kind)
            text = f"{shown[1]} {shown[2]}" if shown else ""
            return text if shown and shown[0] == status and all(s in text for s in says) else None
        return self.patiently(f"{kind}={status} {says} in {name}", probe, name, timeout_s)

    def patiently(self, what, probe, name, timeout_s=20):
        try:
            return wait_for(what, probe, timeout_s, 0.05)
        except TimeoutError as e:
            raise AssertionError(f"{e}\n{yaml.safe_dump(self.cluster_object(name))}\n{self.instances[name].tail(30)}") from None

    def wait_event(self, name, reason, *says):
        def probe():
            return [e for e in self.ground.clusters[name].list("Event", HOME)
                    if e["reason"] == reason and all(s in e["message"] for s in says)]
        return self.patiently(f"Event {reason} {says} in {name}", probe, name)

    def nobody_wrote(self):
        writes = self.writes()
        assert not writes, [f"{w['method']} {w['path']} {w.get('name')}" for w in writes]


class Installation(Observed, Federation):
    def __init__(self, ground, avisim, folder, names=CLUSTERS):
        super().__init__(ground, avisim, folder, names)
        self.folder = str(folder)
        self.rights = rights_on(ground)

    def left_by_amko(self, leader):
        """leader None: none of the clusters has isLeader: true."""
        self.ground.reset()
        self.avisim.reset(copy.deepcopy(CONTROLLER))
        self.avisim.toggle(check_domains=False)
        for name in self.names:
            cluster = self.ground.clusters[name]
            cluster.delete_all("AMKOCluster")
            cluster.delete_all("Event")
            cluster.delete("Lease", HOME, LEASE)
            define(cluster, amkos("crds.yaml"), False)
            for obj in (secret(username=self.avisim.user, password=self.avisim.password), namespace(), member(name),
                        gslb_config(self.avisim.address, clusters=self.names), policy(clusters=self.names),
                        chart_object(name, name == leader, self.names)):
                cluster.apply(obj)
        self.write_services(leader or self.names[0])
        self.rights.begin(self.names)
        for name, instance in self.instances.items():
            path = os.path.join(self.folder, f"{name}-members")
            instance.members = self.ground.write_kubeconfig(path, users={n: self.rights.user(n, MEMBER) for n in self.names})
            path = os.path.join(self.folder, f"{name}-own")
            instance.kubeconfig = self.ground.write_kubeconfig(path, users={name: self.rights.user(name, OWN)})
        return self

    def write_services(self, context):
        """AMKO's services are ours to the byte (tests/conformance): amko-leader alone makes them."""
        leader = Leader(os.path.join(self.folder, "amko-1.13.1.log"), self.ground.kubeconfig, context)
        try:
            leader.start()
            wait_for("services", lambda: (leader.sync() or {}).get("settled") and HOST in self.services(), 30)
            leader.stop_cleanly()
        finally:
            leader.kill()
        self.writes()

    def upgrade(self, name, with_role=True):
        """The pod, and the pod's own role."""
        if with_role:
            self.rights.grant(name, OWN)
        self.instances[name].start()

    def grant_leases(self, name):
        self.rights.grant(name, MEMBER)

    def end(self):
        super().end()
        self.rights.end()

    def undo(self):
        """What others expect of the ground."""
        self.rights.end()
        for name in self.names:
            define_ours(self.ground.clusters[name])
