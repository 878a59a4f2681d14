"""kubectl-amko on real API servers, as kubectl's plugin, with the rights that docs/cli.md asks for."""

import os
import re
import subprocess
import time

import pytest

from ground import HOME, NOBODY, NOBODY_TOKEN
from programs import built
from standin import LEASE, NAME, PREFIX, UUID, Keeper, amkocluster, kept_of, lease

NAMES = ["cluster1", "cluster2"]
EPOCH = 4000002
READ = [{"apiGroups": ["amko.vmware.com"], "resources": ["amkoclusters", "gslbconfigs"], "verbs": ["list"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]}]
WRITE = READ + [{"apiGroups": ["amko.vmware.com"], "resources": ["amkoclusters"], "verbs": ["patch"]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]


@pytest.fixture
def federation(ground):
    ground.reset()
    for name in NAMES:
        cluster = ground.clusters[name]
        leads = name == "cluster1"
        kept = kept_of(isLeader=leads, number=4 if leads else 0, led=leads, epoch=EPOCH)
        cluster.apply(amkocluster(name, NAMES, leads, role="leader" if leads else "follower", kept=kept))
        cluster.apply(lease("cluster1", EPOCH))
    keepers = []
    yield keepers
    for keeper in keepers:
        keeper.end()
    for name in NAMES:
        ground.clusters[name].delete("Lease", HOME, LEASE)
        for kind in ("RoleBinding", "Role"):
            ground.clusters[name].delete(kind, HOME, "cli")


def kubectl(ground, *args, kubeconfig=None, env=None):
    path = os.path.dirname(built("kubectl-amko")) + ":" + os.environ["PATH"]
    done = subprocess.run([os.path.join(ground.binaries, "kubectl"), "amko", *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={**os.environ, "PATH": path, "KUBECONFIG": kubeconfig or ground.kubeconfig})
    return done.returncode, done.stdout, done.stderr


def rows(text):
    return [line.split() for line in text.split("\n\n")[1].splitlines()]


def grant(ground, rules):
    for name in NAMES:
        meta = {"name": "cli", "namespace": HOME}
        ground.clusters[name].apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": rules})
        ground.clusters[name].apply({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "cli"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": NOBODY}]})


@pytest.fixture
def nobodys(ground, tmp_path):
    return ground.write_kubeconfig(str(tmp_path / "config"), users={name: {"token": NOBODY_TOKEN} for name in NAMES})


def test_as_a_plugin(ground, federation):
    code, out, err = kubectl(ground, "status")
    assert (code, err) == (0, "")
    assert [row[:5] for row in rows(out)[1:]] == [[name, role, "cluster1", str(EPOCH), "cluster1/amko-0"]
                                                  for name, role in (("cluster1", "leader"), ("cluster2", "follower"))]


def test_a_lease_is_as_old_as_its_last_change(ground, federation):
    cluster = ground.clusters["cluster1"]
    time.sleep(2.1)
    cluster.apply(lease("cluster1", EPOCH))
    ages = [int(re.fullmatch(r"(\d+)s", row[5])[1]) for row in rows(kubectl(ground, "status")[1])[1:]]
    assert ages[0] <= ages[1] - 2, ages


def test_reading_is_enough_for_status(ground, federation, nobodys):
    grant(ground, READ)
    code, out, err = kubectl(ground, "status", kubeconfig=nobodys)
    assert (code, err) == (0, "") and len(rows(out)) == 3 and len(out.split("\n\n")) == 2, out
    code, out, err = kubectl(ground, "promote", "cluster2", kubeconfig=nobodys)
    assert code == 1 and "HTTP 403" in err


@pytest.mark.parametrize("left_out, says", [(READ[0], "HTTP 403"), (READ[1], "Lease amko-leader cannot be read: HTTP 403")])
def test_status_needs_these_rights(ground, federation, nobodys, left_out, says):
    grant(ground, [rule for rule in READ if rule is not left_out])
    code, out, err = kubectl(ground, "status", kubeconfig=nobodys)
    assert says in out + err


def test_promote_with_its_rights(ground, federation, nobodys):
    for name in NAMES:
        federation.append(Keeper(ground, name, NAMES))
        federation[-1].start()
    ground.clusters["cluster2"].delete_all("Event")          # of the federations before
    grant(ground, WRITE)
    code, out, err = kubectl(ground, "promote", "cluster2", kubeconfig=nobodys)
    assert (code, err, out.splitlines()[-1]) == (0, "", "cluster2 leads in epoch 5000001")
    events = ground.clusters["cluster2"].list("Event", HOME)
    assert [(e["reason"], e["involvedObject"]["kind"], e["involvedObject"]["name"]) for e in events] == [("Promoted", "AMKOCluster", NAME)]
    code, out, err = kubectl(ground, "promote", "cluster1", "--force", "--yes-federation-id", UUID, kubeconfig=nobodys)
    assert code == 0 and re.fullmatch(r"warning: it could not be noted in the status: .*HTTP 403.*\n", err), err
    grant(ground, WRITE + [{"apiGroups": ["amko.vmware.com"], "resources": ["amkoclusters/status"], "verbs": ["patch"]}])
    assert kubectl(ground, "promote", "cluster2", "--force", "--yes-federation-id", UUID, kubeconfig=nobodys)[::2] == (0, "")
    stored = ground.clusters["cluster2"].get("AMKOCluster", HOME, NAME)
    assert [c["type"] for c in stored["status"]["conditions"]] == ["ForcedPromotion"]
    assert stored["metadata"]["annotations"][PREFIX + "promote"].endswith(" force")
