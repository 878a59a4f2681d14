"""What people, and things that went wrong, leave in AMKOClusters, Leases and kubeconfigs: the condition and an Event name the cluster
and the remedy, nothing ends, and nobody writes to the controller who should not.

A row is one mistake in two clusters. cluster1 has isLeader: true unless the row says otherwise; `writer` may write, nobody else.
"""

import copy
import json
import os
from dataclasses import dataclass, field

import pytest

from ground import HOME
from instances import LEASE, MARK, Federation
from manifests import HOST
from programs import wait_for
from upgrade import MEMBER, NAME, Observed, rights_on

CHECK, CONTEXTS, MEMBERS, LEADING = ("current AMKOCluster Validation", "member cluster initialisation", "member cluster validation",
                                     "Leading")
INVALID, UNFETCHED = "invalid AMKOCluster object", "some member cluster clients couldn't be fetched"
SECRET = "Secret gslb-config-secret"
OTHERS_UUID = "11111111-9a51-11ee-8f4b-0242ac120002"


class Site(Observed, Federation):
    """Two clusters, and what a row does to them."""

    def __init__(self, ground, avisim, folder):
        super().__init__(ground, avisim, folder, ["cluster1", "cluster2"])
        self.folder, self.rights, self.writer = str(folder), rights_on(ground), None

    def edit(self, context, **spec):
        self.ground.clusters[context].patch("AMKOCluster", HOME, NAME, {"spec": spec})

    def another(self, context, namespace=HOME, name="another"):
        obj = copy.deepcopy(self.cluster_object(context))
        obj["metadata"] = {"name": name, "namespace": namespace}
        self.ground.clusters[context].apply(obj)

    def remove(self, context):
        self.ground.clusters[context].delete("AMKOCluster", HOME, NAME)

    def put_lease(self, context, holder, **marks):
        self.ground.clusters[context].apply({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {
                "name": LEASE, "namespace": HOME, "annotations": {MARK + key: value for key, value in marks.items()}},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60}})

    def kubeconfig_without(self, context, *names):
        path = os.path.join(self.folder, f"{context}-members")
        kept = [n for n in self.ground.names if n not in names]
        self.instances[context].members = self.ground.write_kubeconfig(path, kept)

    def kubeconfig_text(self, context, text):
        self.instances[context].members = os.path.join(self.folder, f"{context}-members")
        with open(self.instances[context].members, "w", encoding="utf-8") as f:
            f.write(text)

    def kubeconfig_of(self, context, user):
        path = os.path.join(self.folder, f"{context}-members")
        self.instances[context].members = self.ground.write_kubeconfig(path, users={n: self.rights.user(n, user) for n in self.names})

    def refuse_leases(self, context):
        """To everybody whose kubeconfig leads there, not to the instance that runs there."""
        self.rights.begin([context])
        self.rights.grant(context, "amko-sa")
        others = [n for n in self.names if n != context]
        for name in others:
            users = {context: self.rights.user(context, MEMBER)}
            path = os.path.join(self.folder, f"{name}-members")
            self.instances[name].members = self.ground.write_kubeconfig(path, users=users)


def says(kind, status, *texts, at="cluster1"):
    return at, kind, status, texts


def event(reason, *texts, at="cluster1"):
    return at, reason, texts


@dataclass
class Row:
    name: str
    does: callable                     # before the instances start
    shows: list
    events: list = field(default_factory=list)
    writer: str = None                 # the only one that may write, and does
    leader: str = "cluster1"           # has isLeader: true
    then: callable = None              # once `shows` and `events` are there
    is_cheap: bool = False             # nothing in it depends on the server: simulated clusters are enough


def promoted(number):
    return json.dumps({"isLeader": True, "number": number, "ended": False, "forced": False, "led": False, "epoch": 0})


def both_promoted_under_one_number(site):
    for name in site.names:
        site.edit(name, isLeader=True)
        site.annotate(name, promotion=promoted(1), role="candidate")


def second_promoted(site):
    site.set_leader("cluster2", True)
    site.wait_condition("cluster2", LEADING, "False", "OtherLeads", "cluster cluster1 leads", "set isLeader to false there")
    site.wait_event("cluster2", "OtherLeads", "cluster cluster1 leads")
    site.wait_condition("cluster1", MEMBERS, "member cluster clients invalid",
                        "AMKO in cluster cluster2 is also a leader, conflicting state", "set it to false there or here")
    site.wait_event("cluster1", "MemberValidation", "cluster cluster2 says isLeader: true too")


GARBAGE = "its Lease amko-leader does not parse, and counts for nothing: delete it if no instance leads"

ROWS = [
    Row("two were promoted under one number", both_promoted_under_one_number,
        [says(LEADING, "False", "OtherLeads", "cluster cluster2 leads, or was promoted not earlier"),
         says(LEADING, "False", "OtherLeads", "cluster cluster1 leads, or was promoted not earlier", at="cluster2"),
         says(MEMBERS, "member cluster clients invalid", "AMKO in cluster cluster2 is also a leader, conflicting state")],
        [event("OtherLeads", "cluster cluster2", "kubectl amko promote"), event("OtherLeads", "cluster cluster1", at="cluster2")]),
    Row("a second isLeader: true beside one that leads", lambda site: None, [says(LEADING, "True", "epoch")],
        writer="cluster1", then=second_promoted),

    Row("the members' kubeconfig lacks the own context", lambda site: site.kubeconfig_without("cluster1", "cluster1"),
        [says(CONTEXTS, "all cluster clients fetched", "cluster cluster1: the members' kubeconfig does not have this cluster's own context",
              "add it to " + SECRET), says(LEADING, "True", "epoch")],
        [event("MemberInitialisation", "cluster cluster1: ", "add it to " + SECRET)], writer="cluster1", is_cheap=True),
    Row("the others' kubeconfig lacks this cluster", lambda site: site.kubeconfig_without("cluster2", "cluster1"),
        [says(LEADING, "False", "NotPromoted", "cluster cluster1: the members' kubeconfig has no context of that name", at="cluster2")],
        [event("MemberInTrouble", "cluster cluster1: ", "add it to the Secret", at="cluster2")], writer="cluster1", is_cheap=True),
    Row("a cluster that the kubeconfig does not have", lambda site: site.edit("cluster1", clusters=["cluster1", "cluster2", "nowhere"]),
        [says(CONTEXTS, UNFETCHED, 'for kubernetes cluster nowhere: context "nowhere" does not exist', "cluster nowhere: ",
              "take it out of spec.clusters"),
         says(LEADING, "True", "cluster nowhere: the members' kubeconfig has no context of that name")],
        [event("MemberInTrouble", "cluster nowhere: "), event("MemberInitialisation", "cluster nowhere: ")], writer="cluster1",
        is_cheap=True),
    Row("a members' kubeconfig that is none", lambda site: site.kubeconfig_text("cluster1", "apiVersion: v1\nclusters: [\n"),
        [says(CONTEXTS, "member cluster clients invalid", "for kubernetes cluster cluster2: ", "correct the members' kubeconfig in " + SECRET)],
        [event("MemberInitialisation", "correct the members' kubeconfig in " + SECRET)], is_cheap=True),

    Row("no right on the Lease of one member", lambda site: site.refuse_leases("cluster2"),
        [says(LEADING, "True", "cluster cluster2: its context may not get, create and update leases.coordination.k8s.io", "bind the Role")],
        [event("MemberInTrouble", "cluster cluster2: ", "deploy/manifests/rbac-member.yaml")], writer="cluster1"),

    Row("nonsense in a member's Lease", lambda site: site.put_lease("cluster2", "nonsense"),
        [says(LEADING, "True", "cluster cluster2: " + GARBAGE, "spec.holderIdentity is no <context>/<pod>/<pod uid>/<random>")],
        [event("MemberInTrouble", "cluster cluster2: " + GARBAGE)], writer="cluster1",
        then=lambda site: leave_lease(site, "cluster2", "nonsense")),
    Row("nonsense in the own Lease", lambda site: site.put_lease("cluster1", "", epoch="-1"),
        [says(LEADING, "False", "OwnLease", "cluster cluster1: " + GARBAGE, "amko.vmware.com/epoch is no whole number")],
        [event("MemberInTrouble", "cluster cluster1: " + GARBAGE)], then=lambda site: leave_lease(site, "cluster1", "")),
    Row("a member's Lease is another federation's", lambda site: site.put_lease(
        "cluster2", "cluster2/amko-0/u/r", epoch="9000001", promotion="9", acquired="true", federation=OTHERS_UUID),
        [says(LEADING, "True", "cluster cluster2: its Lease amko-leader is of another federation", OTHERS_UUID)],
        [event("MemberInTrouble", "cluster cluster2: ", OTHERS_UUID)], writer="cluster1",
        then=lambda site: leave_lease(site, "cluster2", "cluster2/amko-0/u/r")),
    Row("a member says that it is called otherwise", lambda site: site.edit("cluster2", clusterContext="west"),
        [says(LEADING, "True", "cluster cluster2: its AMKOCluster says that it is another cluster", "spec.clusterContext"),
         says(LEADING, "False", "BadAMKOCluster", "spec.clusterContext of the AMKOCluster is not cluster2", at="cluster2")],
        [event("MemberInTrouble", "cluster cluster2: "), event("BadAMKOCluster", "is not cluster2", at="cluster2")], writer="cluster1"),

    Row("two AMKOClusters", lambda site: site.another("cluster1"),
        [says(CHECK, INVALID, "only one AMKOClusterObject allowed per cluster", "delete all but one of amkocluster-federation, another"),
         says(LEADING, "False", "BadAMKOCluster", "more than one AMKOCluster in namespace avi-system")],
        [event("AMKOClusterValidation", "delete all but one")],
        then=lambda site: site.patiently("the second is told too", lambda: INVALID in str(
            site.ground.clusters["cluster1"].get("AMKOCluster", HOME, "another").get("status")), "cluster1")),
    Row("the only AMKOCluster is in another namespace", lambda site: (site.another("cluster1", "web"), site.remove("cluster1")), [],
        then=lambda site: site.patiently("it is told so", lambda: "AMKOCluster's namespace is not avi-system" in str(
            site.ground.clusters["cluster1"].get("AMKOCluster", "web", "another").get("status")), "cluster1")),
    Row("no version", lambda site: site.edit("cluster1", version=""),
        [says(CHECK, INVALID, "version field can't be empty in AMKOCluster object", "set spec.version of AMKOCluster " + NAME),
         says(LEADING, "False", "BadAMKOCluster", "version field can't be empty")],
        [event("AMKOClusterValidation", "set spec.version"), event("BadAMKOCluster", "version field")], is_cheap=True),
    Row("no context", lambda site: site.edit("cluster1", clusterContext=""),
        [says(CHECK, INVALID, "clusterContext field can't be empty in AMKOCluster object", "one of cluster1, cluster2"),
         says(LEADING, "False", "BadAMKOCluster", "is not cluster1, the context of this cluster")],
        [event("AMKOClusterValidation", "set spec.clusterContext")], is_cheap=True),
    Row("a follower that could not lead is told before it must", lambda site: site.edit("cluster2", version=""),
        [says(CHECK, "won't federate objects", "AMKO not a leader", "it could not lead: set spec.version", at="cluster2")],
        [event("AMKOClusterValidation", "set spec.version", at="cluster2")], writer="cluster1", is_cheap=True),
    Row("somebody wrote into the keeper's annotation", lambda site: site.annotate("cluster1", promotion="7"),
        [says(LEADING, "False", "BadAMKOCluster", "annotation amko.vmware.com/promotion is not what amko wrote there: remove it")],
        [event("BadAMKOCluster", "remove it")], is_cheap=True),

    Row("a member without AMKOCluster", lambda site: site.remove("cluster2"),
        [says(MEMBERS, "error in validating some member clusters", "no AMKOCluster object present in cluster cluster2, can't federate",
              "cluster cluster2: install amko there, or take it out of spec.clusters")],
        [event("MemberValidation", "cluster cluster2: install amko there")], writer="cluster1"),
    Row("a member with two", lambda site: site.another("cluster2"),
        [says(MEMBERS, "error in validating some member clusters",
              "more than one AMKOCluster objects present in cluster cluster2, can't federate", "delete all but one")],
        [event("MemberValidation", "cluster cluster2: delete all but one")], writer="cluster1", is_cheap=True),
    Row("a member of another version", lambda site: site.edit("cluster2", version="1.11.1"),
        [says(MEMBERS, "error in validating some member clusters",
              "version mismatch, current AMKO: 1.13.1, AMKO in cluster cluster2: 1.11.1", "upgrade the older one")],
        [event("MemberValidation", "cluster cluster2 says version 1.11.1")], writer="cluster1", is_cheap=True),
]


def leave_lease(site, context, holder):
    assert (site.lease(context)["spec"].get("holderIdentity") or "") == holder, "nobody writes over what it cannot read"


def writer_of(write):
    """Every process says who asks: "amko/0.1.0 (cluster1/<pod>/<uid>/<random> epoch 1000001)"."""
    return write["agent"].split("(")[1].split("/")[0]


@pytest.fixture
def site(request, ground, avisim, tmp_path):
    if request.node.callspec.params["row"].is_cheap and request.config.getoption("--ground") == "real":
        pytest.skip("the same on simulated clusters")
    site = Site(ground, avisim, tmp_path)
    try:
        yield site
        site.end()
        assert {writer_of(w) for w in site.writes()} <= {site.writer}, "nor at its end"
    finally:
        site.kill()
        site.rights.end()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_told_and_nobody_writes_who_should_not(site, row):
    site.writer = row.writer
    site.prepare(leader=row.leader)
    for name in site.names:
        site.ground.clusters[name].delete_all("Event")
    row.does(site)
    for instance in site.instances.values():
        instance.start()
    for at, kind, status, texts in row.shows:
        site.wait_condition(at, kind, status, *texts)
    for at, reason, texts in row.events:
        site.wait_event(at, reason, *texts)
    if row.writer:
        wait_for("a service", lambda: HOST in site.services(), 30)
    if row.then:
        row.then(site)
    for instance in site.instances.values():
        assert instance.is_running(), instance.tail()
    wrote = site.writes()
    assert bool(wrote) == bool(row.writer)
    assert {writer_of(w) for w in wrote} <= {row.writer}
