"""Keepers for tests of the command line: one thread a cluster, which answers promotions as a keeper does, in the form of
common/leadership. It holds nobody back that leadership would: nothing is proved with it but what kubectl-amko says and writes.
"""

import datetime
import json
import threading

from ground import HOME
from kube import Api, ApiError, Cluster

PREFIX = "amko.vmware.com/"
LEASE = "amko-leader"
UUID = "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
NAME = "amkocluster-federation"
FIT = "avi api credentials copy uuid"


def amkocluster(context, clusters, is_leader=False, version="1.13.1", role="follower", fit=FIT, kept=None, conditions=None,
                **spec):
    """role None: AMKO's, which has no mark."""
    meta = {"name": NAME, "namespace": HOME, "annotations": {}}
    if role:
        meta["annotations"] = {PREFIX + "role": role, PREFIX + "fit": fit,
                               PREFIX + "promotion": json.dumps(kept or kept_of(isLeader=is_leader))}
    return {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "AMKOCluster", "metadata": meta,
            "spec": {"isLeader": is_leader, "clusterContext": context, "version": version, "clusters": clusters, **spec},
            "status": {"conditions": conditions or []}}


def kept_of(**values):
    return {"isLeader": False, "number": 0, "ended": False, "forced": False, "led": False, "epoch": 0, **values}


def lease(holder, epoch, acquired=True, promotion=None, federation=UUID, view=None, fence=None, duration_s=60, uid=None):
    """holder: a context, whose pod and process are made up; "": nobody."""
    annotations = {"epoch": str(epoch), "acquired": "true" if acquired else "false",
                   "promotion": str(epoch // 1000000 if promotion is None else promotion), "federation": federation}
    annotations.update({name: value for name, value in (("view", view), ("fence", fence)) if value})
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": LEASE, "namespace": HOME, "annotations": {PREFIX + k: v for k, v in annotations.items()}},
            "spec": {"holderIdentity": f"{holder}/amko-0/0f5a/77c1" if holder else "", "leaseDurationSeconds": duration_s,
                     "renewTime": now}}


class Keeper(threading.Thread):
    """Looks every few milliseconds: a new value of `promote`, isLeader turned off."""

    def __init__(self, ground, context, members=None):
        super().__init__(daemon=True)
        self.ground, self.context = ground, context
        self.clusters = {}
        for name, server in ground.servers.items():
            if members and name not in members:
                continue
            self.clusters[name] = Cluster(name, Api(server.address, server.port, ground.authority.crt, "admin-token", 2))
        self.ended = threading.Event()
        self.stage, self.error = "follower", None

    def run(self):
        while not self.ended.wait(0.02):
            try:
                self.look()
            except (ApiError, OSError) as e:
                self.error = e          # the cluster is down, or somebody was faster: the next look sees

    def end(self):
        self.ended.set()
        self.join(10)
        assert not self.is_alive()

    def own(self):
        return self.clusters[self.context].get("AMKOCluster", HOME, NAME)

    def look(self):
        obj = self.own()
        notes = obj["metadata"]["annotations"]
        kept = json.loads(notes[PREFIX + "promotion"])
        if notes.get(PREFIX + "promote", "") != kept.get("promote", ""):
            number = 1 + max(kept["number"], *(self.highest(c)[0] for c in self.clusters))
            kept.update(promote=notes[PREFIX + "promote"], isLeader=True, number=number, ended=False,
                        forced=notes[PREFIX + "promote"].endswith(" force"))
            self.keep("candidate", kept)
        elif kept["isLeader"] and not obj["spec"].get("isLeader"):
            kept.update(isLeader=False, ended=True)
            self.keep("standing-down" if self.holds() else "follower", kept)
        elif self.stage == "candidate" and (kept["forced"] or self.all_free()):
            self.take(kept)
        elif self.stage == "standing-down":
            self.give_up(kept)

    def keep(self, role, kept):
        self.stage = role
        self.clusters[self.context].patch("AMKOCluster", HOME, NAME, {"metadata": {"annotations": {
            PREFIX + "role": role, PREFIX + "promotion": json.dumps(kept)}}})

    def lease_of(self, context):
        return self.clusters[context].get("Lease", HOME, LEASE)

    def reachable(self):
        return [name for name in self.clusters if self.ground.servers[name].is_running()]

    def highest(self, context):
        """(promotion, epoch) of a cluster's Lease."""
        found = self.lease_of(context) if context in self.reachable() else None
        notes = found["metadata"]["annotations"] if found else {}
        return int(notes.get(PREFIX + "promotion", 0)), int(notes.get(PREFIX + "epoch", 0))

    def holds(self):
        found = self.lease_of(self.context)
        return bool(found) and found["spec"].get("holderIdentity", "").startswith(self.context + "/")

    def all_free(self):
        leases = [self.lease_of(context) for context in self.reachable()]
        return all(not found or not found["spec"].get("holderIdentity", "") for found in leases)

    def take(self, kept):
        kept["epoch"], kept["led"] = kept["number"] * 1000000 + 1, True
        for acquired in (False, True):
            for context in sorted(self.reachable()):
                self.clusters[context].apply(lease(self.context, kept["epoch"], acquired, kept["number"]))
        self.keep("leader", kept)

    def give_up(self, kept):
        """What another one took meanwhile, or takes right now (409: the next look sees), is not ours to empty."""
        for context in sorted(self.reachable()):
            found, cluster = self.lease_of(context), self.clusters[context]
            if not found or not found["spec"].get("holderIdentity", "").startswith(self.context + "/"):
                continue
            empty = lease("", kept["epoch"], True, kept["number"])
            empty["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            cluster.api.request("PUT", cluster.path("Lease", HOME, LEASE), empty)
        self.keep("follower", kept)
