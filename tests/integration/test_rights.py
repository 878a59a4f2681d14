"""What amko asks of API servers is what deploy/manifests grants it: a right too few fails here, and a right too many too.

The simulated API servers follow no RBAC; their log tells what was asked. The own cluster is none of the members here, so
that it is clear for whom a request was. tests/e2e/test_rights.py has real API servers refuse what is not granted.
"""

import os

import pytest
import yaml

from manifests import CONTROLLER, gslb_config, member, namespace, policy
from ground import HOME
from instances import Instance, amko_cluster
from programs import Avisim, Leader, repository, wait_for
from sim_ground import SimGround

STATUS = f"/apis/amko.vmware.com/v1alpha1/namespaces/{HOME}/amkoclusters/amkocluster-federation/status"
OWN, MEMBERS = "cluster1", ["cluster2", "cluster3"]


def rules_of(name, account):
    """(namespace or None for all, rule) of every role in the file that is bound to the account."""
    with open(os.path.join(repository(), "deploy/manifests", name), encoding="utf-8") as f:
        objects = [obj for obj in yaml.safe_load_all(f) if obj]
    found = []
    for binding in objects:
        if binding["kind"].endswith("Binding") and account in [s["name"] for s in binding["subjects"]]:
            role, = [o for o in objects if o["kind"] == binding["roleRef"]["kind"]
                     and o["metadata"]["name"] == binding["roleRef"]["name"]]
            place = binding["metadata"].get("namespace")
            found += [(place, rule) for rule in role["rules"]]
    return found


def grants(rules):
    """Every single right: (namespace, group, resource, verb, name or None for all)."""
    return [(place, group, resource, verb, name) for place, rule in rules for group in rule["apiGroups"]
            for resource in rule["resources"] for verb in rule["verbs"] for name in rule.get("resourceNames", [None])]


def asked(entry):
    """A line of the log as RBAC sees it; None: discovery, which everybody may."""
    if not entry["resource"]:
        return None
    group = entry["path"].split("/")[2] if entry["path"].startswith("/apis/") else ""
    resource = entry["resource"] + (f"/{entry['subresource']}" if entry["subresource"] else "")
    selector = (entry["query"] or {}).get("fieldSelector", "")
    name = entry["name"] or (selector.removeprefix("metadata.name=") if selector.startswith("metadata.name=") else None)
    return entry["namespace"] or None, group, resource, entry["verb"], name


def is_granted(request, grant):
    place, group, resource, verb, name = grant
    return place in (None, request[0]) and (group, resource, verb) == request[1:4] and name in (None, request[4])


def entries_of(ground):
    return [e for e in ground.ask("GET", "/_sim/log?since=0") if (e["agent"] or "").startswith("amko/")]


def is_renewed(ground, name):
    done = {e["verb"] for e in entries_of(ground) if e["cluster"] == name and e["resource"] == "leases"}
    return {"create", "update"} <= done


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    """All that a life of amko asks: cluster -> set of requests."""
    folder = tmp_path_factory.mktemp("rights")
    ground, avisim = SimGround(str(folder)), Avisim(str(folder / "avisim.log"))
    amko = leader = None
    try:
        ground.start_all().reset()
        avisim.start().reset(CONTROLLER)
        avisim.toggle(check_domains=False)
        own = ground.clusters[OWN]
        own.apply(gslb_config(avisim.address, clusters=MEMBERS, uuid=None))
        own.apply(policy(clusters=["cluster2", "nowhere"]))          # refused: its status is written
        for name in ground.names:
            ground.clusters[name].apply(amko_cluster(name, name == OWN, ground.names))
        for name in MEMBERS:
            ground.clusters[name].apply(namespace())
            ground.clusters[name].apply(member(name))
        ground.ask("POST", "/_sim/log/clear")
        ground.ask("POST", "/_sim/faults", {"match": {"cluster": OWN, "path": STATUS, "verb": "patch"}, "times": 1,
                                            "do": {"status": 409}})
        members = ground.write_kubeconfig(str(folder / "only-members"), MEMBERS)
        amko = Instance(OWN, str(folder), ground.kubeconfig)
        amko.members = members
        amko.start()
        wait_for("all Leases, renewed", lambda: all(is_renewed(ground, name) for name in ground.names), 20)
        wait_for("it in the status", lambda: own.list("AMKOCluster", HOME)[0].get("status", {}).get("role") == "leader", 20)
        assert amko.stop() == 0, amko.tail()
        leader = Leader(str(folder / "leader.log"), ground.kubeconfig, OWN, members).start()
        wait_for("the refusal", lambda: (own.list("GlobalDeploymentPolicy")[0].get("status") or {}).get("errorStatus"), 20)
        own.apply(policy(clusters=MEMBERS))
        wait_for("a service at the controller", lambda: avisim.objects("gslbservice"), 20)
        wait_for("the state", lambda: (own.list("GSLBConfig")[0].get("status") or {}).get("state", "").startswith("success"), 20)
        leader.stop_cleanly()
        entries = entries_of(ground)
        yield {name: {asked(e) for e in entries if e["cluster"] == name} - {None} for name in ground.names}
    finally:
        for program in (amko, leader):
            if program:
                program.kill()
        avisim.kill()
        ground.stop_all()


ROLES = [(OWN, "rbac-own.yaml", "amko-sa"), (MEMBERS[0], "rbac-member.yaml", "amko-member"),
         (MEMBERS[1], "rbac-member.yaml", "amko-member")]


@pytest.mark.parametrize("cluster, file, account", ROLES)
def test_everything_asked_is_granted(requests, cluster, file, account):
    granted = grants(rules_of(file, account))
    refused = [request for request in requests[cluster] if not any(is_granted(request, grant) for grant in granted)]
    assert refused == [] and requests[cluster]


@pytest.mark.parametrize("file, account", [(file, account) for _, file, account in ROLES[:2]])
def test_everything_granted_is_asked_for(requests, file, account):
    seen = set().union(*(requests[cluster] for cluster, other, _ in ROLES if other == file))
    unused = [grant for grant in grants(rules_of(file, account)) if not any(is_granted(request, grant) for request in seen)]
    assert unused == []


def test_nothing_is_granted_by_a_wildcard():
    for _, file, account in ROLES:
        for place, rule in rules_of(file, account):
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
            assert "secrets" not in rule["resources"] or (place == HOME and rule["resourceNames"])
