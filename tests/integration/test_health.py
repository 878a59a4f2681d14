"""Automatic: a leader that does not get on with its work for three leases hands over to one that could, and nobody writes twice."""

import os
import signal

import pytest

from instances import Federation
from manifests import HOST, member, secret
from programs import wait_for

OTHERS = ("cluster2", "cluster3")


@pytest.fixture
def site(ground, avisim, tmp_path):
    site = Federation(ground, avisim, tmp_path)
    try:
        site.begin(leader="cluster1", failover="Automatic")
        site.wait_leader("cluster1")
        site.wait_mode("Automatic")
        wait_for("a service", lambda: HOST in site.services(), 30)
        for name in OTHERS:
            wait_for(f"{name} is fit", lambda name=name: fit(site, name), 30)
        yield site
        site.end()
    finally:
        site.kill()
        avisim.end_faults()


def fit(site, name):
    marks = site.ground.clusters[name].get("AMKOCluster", "avi-system", "amkocluster-federation")["metadata"].get("annotations") or {}
    return {"avi", "api", "credentials"} <= set(marks.get("amko.vmware.com/fit", "").split())


def another_leads(site):
    return wait_for("another leader", lambda: next((n for n in OTHERS if site.leads(n)), None), 60)


def says_of_its_health(site, name):
    return [line for line in site.instances[name].read_log().splitlines() if " event=health " in line]


def test_a_worker_that_stands_still(site):
    first = site.leads("cluster1")
    pid = site.instances["cluster1"].worker_pid()
    os.kill(pid, signal.SIGSTOP)
    leader = another_leads(site)
    assert site.leads(leader) > first
    assert "event=worker_silent" in site.instances["cluster1"].read_log()
    site.ground.clusters["cluster2"].apply(member("cluster2", ip="10.20.2.77"))
    wait_for("the change at the controller", lambda: "10.20.2.77" in str(site.services()[HOST]), 30)
    assert not os.path.exists(f"/proc/{pid}"), "it was ended for good"


def test_a_leader_that_the_controller_does_not_let_in(site):
    """The Secret is each cluster's own."""
    site.ground.clusters["cluster1"].apply(secret(username=site.avisim.user, password="old"))
    assert another_leads(site)
    told = says_of_its_health(site, "cluster1")
    assert any("healthy=false" in line for line in told), told


def test_a_controller_that_shows_nobody_its_objects(site):
    """Nobody can do better: leadership goes round, and there is a leader when the trouble ends."""
    site.avisim.fault({"method": "GET", "path": "/api/gslbservice"}, times=None, status=500)
    site.ground.clusters["cluster1"].patch("GSLBConfig", "avi-system", "gc-1", {"spec": {"refreshInterval": 601}})      # lists anew
    another_leads(site)
    site.avisim.end_faults()
    site.ground.clusters["cluster2"].apply(member("cluster2", ip="10.20.2.78"))
    wait_for("the change at the controller", lambda: "10.20.2.78" in str(site.services()[HOST]), 60)
