"""A member cluster in trouble: it is named, what is known of it stays, the others go on, it comes back by itself."""

import os

import pytest

from bench import ACCEPTED
from ground import ADMIN_TOKEN, NOBODY, NOBODY_TOKEN
from manifests import address_in, member
from trouble import Failure, same

BAD = "cluster3"
RIGHTS = [
    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "amko-test"},
     "rules": [{"apiGroups": ["", "networking.k8s.io", "route.openshift.io"], "verbs": ["get", "list", "watch"],
                "resources": ["namespaces", "services", "ingresses", "routes"]}]},
    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "amko-test"},
     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "amko-test"},
     "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": NOBODY}]},
]


@pytest.fixture
def site(site):
    with open(site.ground.authority.path("tokens.csv"), encoding="ascii") as f:
        tokens = f.read()
    yield site
    site.end()
    withdraw(site)
    with open(site.ground.authority.path("tokens.csv"), "w", encoding="ascii") as f:
        f.write(tokens)


def grant(site):
    for obj in RIGHTS:
        site.ground.clusters[BAD].apply(obj)


def withdraw(site):
    for obj in reversed(RIGHTS):
        site.ground.clusters[BAD].delete(obj["kind"], None, obj["metadata"]["name"])


def trouble(reason, *says):
    """Of the bad cluster; what is accepted stays accepted."""
    return Failure(("ClustersSynced", "False", reason), (BAD, *says), state=ACCEPTED,
                   event="cluster_trouble", fields={"cluster": BAD, "reason": reason})


# ---- from the start

def stop(site):
    site.ground.stop(BAD)


def start(site):
    site.ground.start(BAD)


def distrust(site):
    other = site.other_authority().crt

    def change(config):
        server = config["clusters"][2]["cluster"]["server"]
        config["clusters"][2]["cluster"] = {"server": server, "certificate-authority": other}
    site.write_members(change=change)


def use_unknown_token(site):
    site.write_members(users={BAD: {"token": "no-such-token"}})


def use_token_without_rights(site):
    path = os.path.join(site.folder, "token")
    with open(path, "w", encoding="ascii") as f:
        f.write(NOBODY_TOKEN)
    site.write_members(users={BAD: {"tokenFile": path}})


LOGIN = """echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",""" \
        f""""status": {{"token": "{ADMIN_TOKEN}"}}}}'"""


def write_login(site, text):
    path = os.path.join(site.folder, "login")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o700)
    return path


def use_login_that_fails(site):
    site.write_members(users={BAD: {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": write_login(site, "echo not logged in >&2; exit 1")}}})


def log_in(site):
    write_login(site, LOGIN)


def write_right_members(site):
    site.write_members()


@pytest.mark.parametrize("spoil, failure, mend", [
    pytest.param(stop, trouble("Unreachable", "API groups", "connect to 127.0.0.1"), start, id="down"),
    pytest.param(distrust, trouble("Unreachable", "API groups", "certificate of 127.0.0.1"), write_right_members,
                 id="wrong-authority"),
    pytest.param(use_unknown_token, trouble("Unauthorized", "API groups", "HTTP 401"), write_right_members,
                 id="unknown-token"),
    pytest.param(use_login_that_fails, trouble("Unauthorized", "exec plugin", "exit code 1: not logged in"), log_in,
                 id="login-fails"),
    pytest.param(use_token_without_rights, trouble("Forbidden", "Service", "HTTP 403", "services is forbidden"), grant,
                 id="no-rights"),
])
def test_a_cluster_in_trouble_at_boot_keeps_its_members_until_it_is_known(site, spoil, failure, mend):
    site.begin()
    site.lost = (BAD,)
    spoil(site)
    site.start()
    site.shows(failure)
    site.works()                       # and its member stays
    mend(site)
    site.lost = ()
    site.recovers(timeout_s=30)
    site.is_logged("cluster_synced", cluster=BAD)


# ---- later

def restart(site, while_down=lambda site: None):
    """The watches end and must be opened anew."""
    site.ground.stop(BAD)
    while_down(site)
    site.ground.start(BAD)


def begin_with_rights_of_its_own(site):
    """A user that can lose his rights; the tests' own administrator keeps his."""
    site.begin()
    grant(site)
    site.write_members(users={BAD: {"token": NOBODY_TOKEN}})
    site.start()
    site.is_accepted()
    site.is_condition("ClustersSynced", "True", "Synced")
    same(site.writes(), [])
    site.lost = (BAD,)


def is_known(site, state, n=2):
    """Its Services were not forgotten: the test's own, and the barrier."""
    kinds = next(c for c in site.leader.sync()["clusters"] if c["cluster"] == BAD)["kinds"]
    same([(k["state"], k["objects"]) for k in kinds if k["kind"] == "Service"], [(state, n)])


def test_a_cluster_that_forbids_later_keeps_its_objects(site):
    begin_with_rights_of_its_own(site)
    withdraw(site)
    restart(site)
    site.shows(trouble("Forbidden", "HTTP 403", "is forbidden"), timeout_s=30)
    is_known(site, "forbidden")
    site.works()
    grant(site)
    site.lost = ()
    site.recovers(timeout_s=30)


def test_a_cluster_that_knows_us_no_longer_keeps_its_objects(site):
    def without_token(site):
        path = site.ground.authority.path("tokens.csv")
        with open(path, encoding="ascii") as f:
            lines = [line for line in f if NOBODY_TOKEN not in line]
        with open(path, "w", encoding="ascii") as f:
            f.writelines(lines)
    begin_with_rights_of_its_own(site)
    restart(site, without_token)
    site.shows(trouble("Unauthorized", "HTTP 401"), timeout_s=30)
    is_known(site, "forbidden")
    site.works()
    site.write_members()               # the administrator's token
    site.lost = ()
    site.recovers(timeout_s=30)


def test_clusters_that_are_gone_or_somebody_else_later_keep_their_objects(site):
    """cluster2 is stopped, cluster3 comes back with a certificate of nobody's: both are stale after 30 s."""
    names = site.ground.authority
    crt, key = names.path(BAD + ".crt"), names.path(BAD + ".key")
    site.begin_running()
    site.lost = ("cluster2", BAD)
    site.ground.stop("cluster2")
    site.ground.stop(BAD)
    os.rename(crt, crt + ".good")
    os.rename(key, key + ".good")
    try:
        for made, path in zip(site.other_authority().sign(BAD, f"/CN={BAD}", "serverAuth", "IP:127.0.0.1"), (crt, key)):
            os.link(made, path)
        site.ground.spawn(BAD)
        site.works()
        site.shows(trouble("Unreachable", "certificate of", "cluster2", "connect to"), timeout_s=60)
        site.is_logged("cluster_trouble", cluster="cluster2", reason="Unreachable")
        is_known(site, "stale")
        site.works()
    finally:
        site.ground.servers[BAD].kill()
        os.replace(crt + ".good", crt)
        os.replace(key + ".good", key)
    site.ground.start("cluster2")
    site.ground.start(BAD)
    site.rig.apply("cluster2", member("cluster2", ip="10.20.2.77"))
    site.lost = ()
    site.is_condition("ClustersSynced", "True", "Synced", timeout_s=60)
    site.rig.settle()
    same([w["method"] for w in site.avisim.writes_since(site.seen)], ["PUT"])
    same(site.addresses()[1:], ["10.20.2.77", address_in(BAD)])
