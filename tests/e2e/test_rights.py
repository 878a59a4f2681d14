"""amko and amko-leader with exactly the rights of deploy/manifests, on API servers that refuse everything else."""

import pytest

from accounts import FILES, MANIFESTS, MEMBER, POD, grant, manifest, revoke, token
from ground import HOME
from instances import LEASE, Instance, amko_cluster
from kube import ApiError
from manifests import CONTROLLER, gslb_config, member, namespace, policy
from programs import Leader, http_text, wait_for

MEMBERS = ["cluster1", "cluster2"]
RBAC = "rbac.authorization.k8s.io"


@pytest.fixture
def site(ground, avisim, tmp_path):
    """The leader of two clusters, with the service accounts' tokens; the roles are there once it is made."""
    ground.reset()
    avisim.reset(CONTROLLER)
    avisim.toggle(check_domains=False)
    made = {"cluster1": grant(ground.clusters["cluster1"], POD, MEMBER), "cluster2": grant(ground.clusters["cluster2"], MEMBER)}
    own = ground.write_kubeconfig(str(tmp_path / "own"), users={"cluster1": {"token": token(ground.clusters["cluster1"], POD)}})
    members = ground.write_kubeconfig(str(tmp_path / "members"), MEMBERS, users={
        name: {"token": token(ground.clusters[name], MEMBER)} for name in MEMBERS})
    leader = Leader(str(tmp_path / "leader.log"), own, "cluster1", members)
    leader.own, leader.members = own, members
    yield leader
    leader.kill()
    for name, objects in made.items():
        revoke(ground.clusters[name], objects)


def test_the_keeper_leads(ground, avisim, site, tmp_path):
    for name in MEMBERS:
        ground.clusters[name].delete("Lease", HOME, LEASE)
        ground.clusters[name].apply(amko_cluster(name, name == "cluster1", MEMBERS))
    amko = Instance("cluster1", str(tmp_path), site.own)
    amko.members = site.members
    try:
        amko.start()
        wait_for("every Lease", lambda: {holder(ground, name) for name in MEMBERS} == {"cluster1"}, 30)
        wait_for("it in the status", lambda: own_status(ground, "AMKOCluster").get("role") == "leader", 30)
        metrics = http_text(f"127.0.0.1:{amko.port}", "GET", "/metrics")[1]
        assert "_kube_requests_total" in metrics and 'code="403"' not in metrics and 'code="401"' not in metrics
        assert amko.stop() == 0, amko.tail()
        assert {holder(ground, name) for name in MEMBERS} == {None}, "it has given them up"
    finally:
        amko.kill()


def without_leases(cluster, account):
    """The account's role in its namespace, as somebody might write it who never heard of Leases."""
    role, = (obj for obj in manifest(FILES[account]) if obj["kind"] == "Role")
    cluster.apply(dict(role, rules=[rule for rule in role["rules"] if "leases" not in rule["resources"]]))


def leading(ground):
    shown = {c["type"]: c for c in own_status(ground, "AMKOCluster").get("conditions") or []}.get("Leading", {})
    return f"{shown.get('status')} {shown.get('reason')} {shown.get('message')}"


def wait_leading(ground, *says):
    try:
        wait_for("Leading", lambda: all(text in leading(ground) for text in says), 30)
    except TimeoutError:
        raise AssertionError(f"{says} in: {leading(ground)}") from None


def test_a_token_without_a_right_on_leases(ground, avisim, site, tmp_path):
    for name in MEMBERS:
        ground.clusters[name].delete("Lease", HOME, LEASE)
        ground.clusters[name].apply(amko_cluster(name, name == "cluster1", MEMBERS))
    without_leases(ground.clusters["cluster1"], POD)
    without_leases(ground.clusters["cluster2"], MEMBER)
    amko = Instance("cluster1", str(tmp_path), site.own)
    amko.members = site.members
    try:
        amko.start()
        wait_leading(ground, "False OwnLease", "cluster cluster1: the own service account may not get, create and update leases", "rbac-own.yaml",
                     "cluster cluster2: its context may not", "rbac-member.yaml")
        assert {holder(ground, name) for name in MEMBERS} == {None}
        for obj in manifest(FILES[POD]):
            ground.clusters["cluster1"].apply(obj)
        wait_leading(ground, "True ", "epoch 1000001 leads", "cluster cluster2: its context may not", "rbac-member.yaml")
        assert [holder(ground, name) for name in MEMBERS] == ["cluster1", None]
        assert ground.kubectl("cluster1", "-n", HOME, "get", "amkocluster", "--no-headers").split()[1:5] == [
            "leader", "cluster1", "1000001", "1/2"]
        for obj in manifest(FILES[MEMBER]):
            ground.clusters["cluster2"].apply(obj)
        wait_for("every Lease", lambda: {holder(ground, name) for name in MEMBERS} == {"cluster1"}, 30)
    finally:
        amko.kill()


def holder(ground, name):
    lease = ground.clusters[name].get("Lease", HOME, LEASE) or {"spec": {}}
    return (lease["spec"].get("holderIdentity") or "").split("/")[0] or None


def own_status(ground, kind):
    found = ground.clusters["cluster1"].list(kind, HOME)
    return found[0].get("status") or {} if found else {}


def begin(ground, avisim, leader):
    ground.clusters["cluster1"].apply(gslb_config(avisim.address, clusters=MEMBERS, uuid=None))
    ground.clusters["cluster1"].apply(policy(clusters=["cluster2", "nowhere"]))
    for name in MEMBERS:
        ground.clusters[name].apply(namespace())
        ground.clusters[name].apply(member(name))
    leader.start()


def test_the_leader_does_all_of_its_work(ground, avisim, site):
    begin(ground, avisim, site)
    wait_for("the policy's refusal in its status", lambda: own_status(ground, "GlobalDeploymentPolicy").get("errorStatus"), 30)
    ground.clusters["cluster1"].apply(policy(clusters=MEMBERS))
    wait_for("a service of both clusters", lambda: [s for s in avisim.objects("gslbservice", written=True)
                                                    if len(s["object"]["groups"][0]["members"]) == 2], 30)
    wait_for("the state", lambda: own_status(ground, "GSLBConfig").get("state") == "success: gslb config accepted", 30)
    config = ground.clusters["cluster1"].list("GSLBConfig", HOME)[0]
    assert config["metadata"]["annotations"]["amko.vmware.com/amko-uuid"]
    metrics = site.text("/metrics")
    assert "_kube_requests_total" in metrics and 'code="403"' not in metrics and 'code="401"' not in metrics
    site.stop_cleanly()


def test_the_manifests_are_taken_as_they_are(ground):
    ground.reset()
    told = ground.kubectl("cluster3", "apply", "-k", MANIFESTS, "--dry-run=server").splitlines()
    made = [obj for name in manifest("kustomization.yaml")[0]["resources"] for obj in manifest(name)]
    assert len(told) == len(made) and all(line.endswith("(server dry run)") for line in told), told


@pytest.mark.parametrize("method, path", [
    ("GET", f"/api/v1/namespaces/{HOME}/secrets"), ("GET", f"/api/v1/namespaces/{HOME}/secrets/other"), ("GET", "/api/v1/secrets"),
    ("GET", "/api/v1/services"), ("GET", "/api/v1/pods"), ("DELETE", f"/apis/amko.vmware.com/v1alpha1/namespaces/{HOME}/gslbconfigs/gc-1"),
])
def test_the_pods_account_may_not(ground, site, method, path):
    assert refused(ground.clusters["cluster1"], POD, method, path)


@pytest.mark.parametrize("method, path", [
    ("GET", f"/api/v1/namespaces/{HOME}/secrets"), ("GET", "/api/v1/secrets"), ("GET", "/api/v1/configmaps"),
    ("DELETE", "/apis/networking.k8s.io/v1/namespaces/web/ingresses/shop"), ("DELETE", "/api/v1/namespaces/web"),
])
def test_a_members_account_may_not(ground, site, method, path):
    assert refused(ground.clusters["cluster2"], MEMBER, method, path)


def refused(cluster, account, method, path):
    api = type(cluster.api)(cluster.api.host, cluster.api.port, cluster.api.ca_file, token(cluster, account))
    with pytest.raises(ApiError) as error:
        api.request(method, path)
    return error.value.status == 403
