"""From AMKO 1.13.1 to amko, cluster by cluster: who leads is what isLeader says, the controller is left as it is, and what is
missing is named. docs/upgrade.md has the same steps for people."""

import pytest

from instances import LEASE
from ground import HOME
from manifests import HOST, member
from programs import wait_for
from upgrade import FOLLOWERS, NAME, Installation, amkos, chart_object, define, define_ours

CHECK, LEADING = "current AMKOCluster Validation", "Leading"
OLD_DEFINITION = "apply deploy/crds/amkoclusters.yaml"


@pytest.fixture
def site(ground, avisim, tmp_path):
    site = Installation(ground, avisim, tmp_path)
    try:
        yield site
        site.end()
    finally:
        site.kill()
        site.undo()


def leases(site):
    return [name for name in site.names if site.lease(name)]


def test_members_are_upgraded_one_by_one(site):
    site.left_by_amko(leader="cluster2")

    site.upgrade("cluster1")                       # a follower first
    said = site.wait_condition("cluster1", LEADING, "False", "ReferenceLeads", "cluster cluster2 says isLeader: true and runs no amko",
                               "cluster cluster3: its context may not", "leases.coordination.k8s.io", OLD_DEFINITION)
    assert "cluster1:" not in said, said
    assert list(site.conditions("cluster1").items())[0] == (FOLLOWERS[0][0], (*FOLLOWERS[0][1:], ""))
    assert site.mark("cluster1") == "follower" and "role" not in site.cluster_object("cluster1")["status"], "pruned"
    site.upgrade("cluster3")
    site.wait_condition("cluster3", LEADING, "False", "ReferenceLeads", "cluster cluster2 says")
    assert leases(site) == []
    site.nobody_wrote()

    site.upgrade("cluster2")                       # then the leader
    site.wait_leader("cluster2", within=["cluster2"])
    site.wait_condition("cluster1", LEADING, "False", "NotPromoted")
    site.wait_condition("cluster2", LEADING, "True", "epoch", "cluster cluster1: ", "cluster cluster3: ", "bind the Role")
    assert leases(site) == ["cluster2"]
    types = list(site.conditions("cluster2"))
    assert types == [CHECK, "member cluster initialisation", "member cluster validation", LEADING, "FenceUnavailable"], \
        "AMKO's types in its order, and none of what nobody does now"
    assert site.conditions("cluster2")["member cluster validation"][:2] == ("validated all member clusters", "")
    wait_for("a worker at rest", lambda: site.instances["cluster2"].ask("/api/sync").get("settled"), 30)
    site.nobody_wrote()
    site.ground.clusters["cluster1"].apply(member("cluster1", ip="10.20.1.77"))
    wait_for("the change at the controller", site.writes, 20)

    for name in site.names:                        # then the right, member by member
        site.grant_leases(name)
    site.wait_leader("cluster2")
    site.patiently("no more complaints", lambda: "bind the Role" not in str(site.conditions("cluster2")[LEADING]), "cluster2")
    assert {site.leads("cluster2") > 0, site.mark("cluster1") == "follower", site.mark("cluster3") == "follower"} == {True}


def test_the_definitions_may_come_last(site):
    site.left_by_amko(leader="cluster1")
    site.upgrade("cluster1")
    site.wait_condition("cluster1", LEADING, "True", OLD_DEFINITION)
    site.wait_event("cluster1", "OldDefinition", OLD_DEFINITION)
    for name in site.names:
        define_ours(site.ground.clusters[name])
    site.set_leader("cluster1", False)             # the next change shows all of it
    site.patiently("the whole status", lambda: site.cluster_object("cluster1")["status"].get("role") == "follower", "cluster1")
    site.patiently("the message where it belongs", lambda: site.conditions("cluster1")[LEADING][1] == "NotPromoted", "cluster1")
    site.patiently("no more word of it", lambda: OLD_DEFINITION not in str(site.conditions("cluster1")), "cluster1")
    site.nobody_wrote()


def test_what_an_older_definition_does_not_know_is_pruned(ground):
    """What amko stored is not to be seen any more, neither is what is written now: so the marks are annotations."""
    ground.reset()
    cluster = ground.clusters["cluster3"]
    try:
        ours = chart_object("cluster3", False, ["cluster3"])
        ours["spec"]["failover"], ours["status"]["role"] = "Automatic", "follower"
        ours["metadata"]["annotations"] = {"amko.vmware.com/role": "follower"}
        stored = cluster.apply(ours)
        assert stored["spec"]["failover"] == "Automatic" and stored["status"]["role"] == "follower"
        define(cluster, amkos("crds.yaml"), False)
        stored = cluster.get("AMKOCluster", HOME, NAME)
        assert "failover" not in stored["spec"] and "role" not in stored["status"]
        stored = cluster.patch("AMKOCluster", HOME, NAME, {"status": {"role": "leader"}}, "/status")
        assert "role" not in stored["status"] and stored["metadata"]["annotations"] == ours["metadata"]["annotations"]
    finally:
        define_ours(cluster)


def test_a_leading_amko_blocks_every_candidate(site):
    site.left_by_amko(leader="cluster2")
    site.upgrade("cluster1")
    site.set_leader("cluster1", True)
    site.wait_condition("cluster1", LEADING, "False", "ReferenceLeads", "cluster cluster2 ", "upgrade it, or set its isLeader to false")
    site.wait_event("cluster1", "ReferenceLeads", "cluster cluster2 ")
    site.wait_condition("cluster1", "member cluster validation", "member cluster clients invalid",
                        "AMKO in cluster cluster2 is also a leader, conflicting state")
    assert leases(site) == []
    site.nobody_wrote()
    site.set_leader("cluster2", False)
    site.wait_leader("cluster1", within=["cluster1"])
    site.nobody_wrote()


def test_the_pods_own_role_is_needed_to_lead(site):
    site.left_by_amko(leader="cluster1")
    site.upgrade("cluster1", with_role=False)
    site.wait_condition("cluster1", LEADING, "False", "OwnLease", "cluster cluster1: ", "deploy/manifests/rbac-own.yaml")
    site.wait_event("cluster1", "MemberInTrouble", "cluster cluster1: ", "rbac-own.yaml")
    site.nobody_wrote()
    site.rights.grant("cluster1", "amko-sa")
    site.wait_leader("cluster1", within=["cluster1"])
    assert site.ground.clusters["cluster1"].get("Lease", HOME, LEASE)
    assert HOST in site.services()
