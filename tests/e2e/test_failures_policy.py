"""A GlobalDeploymentPolicy that cannot be: it says why, and the last one that could be stays in force."""

import re

import pytest

from bench import ACCEPTED
from ground import HOME
from manifests import CLUSTERS, HOST, member, policy
from trouble import Failure, same

NEW = "new.example.org"
REFUSED = [
    pytest.param(policy(clusters=[*CLUSTERS, "cluster9"]), "cluster context cluster9 not present in GSLBConfig",
                 id="unknown-cluster"),
    pytest.param(policy(healthMonitorRefs=["no-such-monitor"]), "health monitor ref no-such-monitor is invalid",
                 id="unknown-monitor"),
]


def says(site, text):
    def error_status():
        return site.rig.own.get("GlobalDeploymentPolicy", HOME, "global-gdp").get("status", {}).get("errorStatus")
    site.waits(f"errorStatus {text}", lambda: error_status() == text, 10)


def refused(text):
    return Failure(("PolicyAccepted", "False", "Refused"), (text,), state=ACCEPTED,
                   event="policy_refused", fields={"policy": "global-gdp", "err": re.compile(re.escape(text))})


@pytest.mark.parametrize("bad, text", REFUSED)
def test_a_refused_edit_leaves_the_accepted_policy_in_force(site, bad, text):
    site.begin_running()
    site.put(bad)
    says(site, text)
    site.shows(refused(text))
    site.works()
    site.rig.apply("cluster2", member("cluster2", NEW))
    site.rig.settle()
    same(site.addresses(NEW), ["10.20.2.11"])
    same(sorted({w["method"] for w in site.avisim.writes_since(site.seen)}), ["POST"])
    site.seen = site.avisim.last_n()
    site.put(policy())
    says(site, "success")
    site.is_condition("PolicyAccepted", "True", "Accepted")
    site.recovers()


@pytest.mark.parametrize("bad, text", REFUSED)
def test_a_policy_refused_at_boot_creates_and_deletes_nothing(site, bad, text):
    site.begin(gdp=bad)
    site.start()
    says(site, text)
    site.shows(refused(text))
    same(site.leader.sync()["policy"]["in_force"], None)
    site.rig.apply("cluster1", member("cluster1", NEW))
    site.rig.delete("cluster1", member("cluster1", HOST))
    site.rig.settle()
    same(site.writes(), [])
    site.rig.apply("cluster1", member("cluster1", HOST))
    site.put(policy())
    says(site, "success")
    site.is_condition("PolicyAccepted", "True", "Accepted")
    site.rig.settle()
    same([w["name"] for w in site.avisim.writes_since(site.seen) if w["type"] == "gslbservice"], [NEW])
    site.seen = site.avisim.last_n()
    site.recovers()


def test_without_a_policy_nothing_is_created_or_deleted(site):
    site.begin()
    site.rig.delete(site.ground.own, policy())
    site.start()
    site.is_accepted()
    site.is_condition("PolicyAccepted", "False", "NoPolicy", "no GlobalDeploymentPolicy is in force")
    site.rig.delete("cluster1", member("cluster1"))
    site.rig.settle()
    same(site.writes(), [])
    site.rig.apply("cluster1", member("cluster1"))
    site.put(policy())
    site.recovers()
