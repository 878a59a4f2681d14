"""Several instances: one leads, the others follow, and what happens when something ends."""

import os
import signal

import pytest

from continuity import Continuity, served
from ground import HOME
from instances import LEASE, Federation
from manifests import CLUSTERS, CONTROLLER, gslb_config, member
from programs import wait_for


@pytest.fixture
def site(ground, avisim, tmp_path):
    site = Federation(ground, avisim, tmp_path)
    try:
        yield site
        site.end()
    finally:
        site.kill()


def test_the_promoted_instance_leads_and_the_others_follow(site):
    site.begin(leader="cluster2")
    site.wait_leader("cluster2")
    wait_for("a service", lambda: "shop.example.org" in site.services(), 20)
    roles = {name: instance.leadership()["role"] for name, instance in site.instances.items()}
    assert roles == {"cluster1": "follower", "cluster2": "leader", "cluster3": "follower"}
    assert site.record()["holder"].startswith("cluster2/")
    site.no_right_was_missing()


def test_a_leader_that_is_asked_to_end_lets_go_and_nobody_else_leads_by_itself(site):
    site.begin()
    site.wait_leader("cluster1")
    site.instances["cluster1"].child.terminate()
    assert site.instances["cluster1"].child.wait(20) == 0
    assert [site.claim(name)[0] for name in site.names] == [None, None, None]


def test_a_person_hands_over(site):
    site.begin()
    first = site.wait_leader("cluster1")
    site.set_leader("cluster1", False)
    site.set_leader("cluster3", True)
    assert site.wait_leader("cluster3") > first


def test_another_leads_by_itself_when_the_leader_is_killed(site):
    site.begin(failover="Automatic")
    first = site.wait_leader("cluster1")
    site.wait_mode("Automatic")
    site.instances["cluster1"].kill()
    wait_for("another leader", lambda: site.leads("cluster2") or site.leads("cluster3"), 20)
    assert max(site.leads("cluster2"), site.leads("cluster3")) > first


def test_who_does_not_lead_runs_a_follower_that_says_whether_it_could(site):
    site.begin()
    site.wait_leader("cluster1")
    instance = site.instances["cluster2"]
    wait_for("a fit follower", lambda: instance.ask("/api/fitness").get("fit"), 20)
    wait_for("its metric", lambda: "amko_follower_fit 1" in instance.text("/metrics"), 20)


def test_a_killed_worker_is_started_again(site):
    site.begin()
    site.wait_leader("cluster1")
    instance = site.instances["cluster1"]
    pid = wait_for("a worker", instance.worker_pid, 10)
    os.kill(pid, signal.SIGKILL)
    wait_for("another worker", lambda: instance.worker_pid() not in (None, pid), 20)


def test_another_controller_that_leads_is_another_claim(site, second):
    """The record is not replicated: keeper and worker go over to the controller that leads, and write once the claim is there."""
    site.begin()
    first = wait_for("a record", site.record, 20)
    wait_for("a service", lambda: "shop.example.org" in site.services(), 20)
    second.reset(CONTROLLER)
    config = gslb_config(site.avisim.address, clusters=CLUSTERS)
    config["spec"]["gslbLeader"]["controllerAddresses"] = [second.address]
    site.ground.clusters["cluster1"].apply(config)
    site.avisim.toggle(leader=False)
    try:
        # A write that is refused shows it.
        site.ground.clusters["cluster1"].apply(member("cluster1", ip="10.20.1.99"))
        made = wait_for("a service there", lambda: second.objects("gslbservice", written=True), 40)
        assert [o["name"] for o in made] == ["shop.example.org"]
        record = second.objects("stringgroup")[0]
        assert {pair["key"]: pair["value"] for pair in record["kv"]}["holder"] == first["holder"]
        writes = [w["type"] for w in second.writes_since(0)]
        assert writes[0] == "stringgroup"
    finally:
        site.avisim.toggle(leader=True)


def bare_lease():
    """As somebody makes one by hand."""
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE, "namespace": HOME}}


def test_leases_that_hands_take_away_or_make_are_taken_again(site):
    site.begin()
    epoch = site.wait_leader("cluster1")
    site.ground.clusters["cluster2"].delete("Lease", HOME, LEASE)
    site.ground.clusters["cluster3"].delete("Lease", HOME, LEASE)
    site.ground.clusters["cluster3"].apply(bare_lease())
    assert site.claim("cluster2") == site.claim("cluster3") == (None, 0, False), "whose they are is to be seen first: for a lease"
    assert site.wait_leader("cluster1", timeout_s=30) == epoch
    # The own one decides where a person did: without it the epoch ends, and another one begins when the lease is over.
    site.ground.clusters["cluster1"].delete("Lease", HOME, LEASE)
    wait_for("a later epoch", lambda: site.leads("cluster1") > epoch, 30)
    site.ground.clusters["cluster2"].apply(member("cluster2", ip="10.20.2.99"))
    wait_for("the change", lambda: "10.20.2.99" in served(site.avisim)["shop.example.org"], 30)
    Continuity(site.avisim).had_one_writer_at_a_time()
