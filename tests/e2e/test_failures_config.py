"""Bad configuration: what is shown, that nothing happens at the controller, and that mending it is enough."""

import os
import re

import pytest
import yaml

from bench import ACCEPTED
from ground import HOME, NOBODY, NOBODY_TOKEN
from manifests import CONTROLLER, SECRET, UUID, namespace, secret
from trouble import Failure, same

CREDENTIALS = {"username": "admin", "password": "secret"}


# ---- the members' kubeconfig

def write_malformed(site):
    site.write_members_text("apiVersion: v1\nkind: Config\nclusters: [}\n")


def remove_file(site):
    os.unlink(site.members)


def write_bad_field(site):
    def spoil(config):
        config["users"][1]["user"]["client-key-data"] = "%%%"
    site.write_members(change=spoil)


UNREADABLE = [
    pytest.param(write_malformed, "line 3", id="malformed"),
    pytest.param(write_bad_field, r"users\[1\].user.client-key-data: not base64", id="bad-field"),
    pytest.param(remove_file, "No such file", id="missing"),
]


def unreadable(site, says, last_good_stays):
    return Failure(("Accepted", "False", "BadKubeconfig"), (site.members, says.replace("\\", "")),
                   state=None if last_good_stays else re.compile(f"^error: provided kubeconfig has an error .*{says}"),
                   event="members_kubeconfig_unreadable",
                   fields={"path": site.members, "err": re.compile(says),
                           "last_good_stays": str(last_good_stays).lower()})


@pytest.mark.parametrize("spoil, says", UNREADABLE)
def test_an_unreadable_members_kubeconfig_at_boot_stops_before_anything_is_written(site, spoil, says):
    site.begin()
    spoil(site)
    site.start()
    site.shows(unreadable(site, says, last_good_stays=False))
    site.rig.settle()
    same(site.leader.sync()["phase"], "checking")
    site.write_members()
    site.recovers()


def test_an_unreadable_members_kubeconfig_later_leaves_the_last_good_one_in_force(site):
    site.begin_running()
    for spoil, says in (p.values for p in UNREADABLE):
        site.begin_log()
        spoil(site)
        site.shows(unreadable(site, says, last_good_stays=True))
        site.is_state(ACCEPTED)
        site.works()
        site.write_members()
        site.is_logged("members_kubeconfig_read", contexts="3")
        site.recovers()


def test_a_context_that_the_kubeconfig_lacks_is_named_and_its_members_stay(site):
    site.begin()
    site.write_members(names=["cluster1", "cluster2"])
    site.lost = ("cluster3",)
    site.start()
    site.shows(Failure(("ClustersSynced", "False", "UnknownContext"), ("cluster3",), state=ACCEPTED,
                       event="cluster_trouble", fields={"cluster": "cluster3", "reason": "UnknownContext"}))
    site.works()
    site.write_members()
    site.lost = ()
    site.recovers()
    site.is_logged("cluster_synced", cluster="cluster3")


def test_a_context_with_an_unusable_field_is_named_with_the_field(site):
    def spoil(config):
        config["contexts"][1]["context"]["user"] = "nobody-here"
    site.begin()
    site.write_members(change=spoil)
    site.lost = ("cluster2",)
    site.start()
    site.shows(Failure(("ClustersSynced", "False", "UnknownContext"),
                       ("cluster2", 'contexts[1].context.user: no user "nobody-here"'), state=ACCEPTED,
                       event="cluster_trouble", fields={"cluster": "cluster2", "reason": "UnknownContext"}))
    site.write_members()
    site.lost = ()
    site.recovers()


# ---- address and credentials

def refused(reason, *says, state):
    """Of a GSLBConfig that is not acceptable."""
    return Failure(("Accepted", "False", reason), says, state=state, event="gslbconfig_refused",
                   fields={"reason": reason, "err": re.compile(re.escape(says[0]))})


def edit(**spec):
    """Makes the GSLBConfig so."""
    return lambda site: site.put(site.config(**spec))


def write_secret(**values):
    def write(site):
        site.put(secret(**values))
    return write


def remove_secret(site):
    site.rig.delete(site.ground.own, secret())


NO_ADDRESS = refused("NoController", "spec.gslbLeader.controllerIP is empty",
                     state="error: invalid gslb config with controller IP ")
NO_CREDENTIALS = refused("NoCredentials", "spec.gslbLeader.credentials is empty",
                         state="error: invalid gslb config with leaderSecret ")
BAD_UUID = refused("BadUUID", "amko.vmware.com/amko-uuid", '"one" is no UUID', state=None)
NO_SECRET = refused("NoSecret", f"Secret {HOME}/{SECRET} does not exist",
                    state=f"error: secret object doesn't exist {SECRET}")
BAD_SECRET = refused("BadSecret", f"Secret {HOME}/{SECRET} lacks username or password",
                     state=f"error: invalid gslb config with leaderSecret {SECRET}")
REFUSED = [
    pytest.param(edit(address=""), NO_ADDRESS, id="no-address"),
    pytest.param(edit(credentials=""), NO_CREDENTIALS, id="no-credentials"),
    pytest.param(remove_secret, NO_SECRET, id="no-secret"),
    pytest.param(write_secret(username="admin"), BAD_SECRET, id="no-password"),
    pytest.param(write_secret(username="admin", password=""), BAD_SECRET, id="empty-password"),
    pytest.param(write_secret(password="secret"), BAD_SECRET, id="no-username"),
    pytest.param(edit(uuid="one"), BAD_UUID, id="bad-uuid"),
]


def mend(site):
    site.put(site.config())
    site.put(secret(**CREDENTIALS))


@pytest.mark.parametrize("spoil, failure", REFUSED)
def test_a_refused_configuration_at_boot_is_taken_as_soon_as_it_is_mended(site, spoil, failure):
    site.begin()
    spoil(site)
    site.start()
    site.shows(failure)
    site.rig.settle()
    same(site.new_entries(), [])
    mend(site)
    site.is_accepted(timeout_s=3)      # at once: less than any back-off
    site.recovers()


@pytest.mark.parametrize("spoil, failure", REFUSED)
def test_a_refused_edit_leaves_the_last_configuration_in_force(site, spoil, failure):
    site.begin_running()
    spoil(site)
    site.shows(failure)
    site.works()
    mend(site)
    site.is_accepted(timeout_s=3)
    site.recovers()


def test_a_secret_of_another_name_is_followed(site):
    site.begin()
    site.put(site.config(credentials="other"))
    site.start()
    site.shows(refused("NoSecret", f"Secret {HOME}/other does not exist",
                       state="error: secret object doesn't exist other"))
    site.put(secret("other", **CREDENTIALS))
    site.is_accepted(timeout_s=3)
    site.recovers()


# ---- which GSLBConfig

def test_a_configuration_in_another_namespace_is_refused_and_never_used(site):
    site.begin()
    site.rig.delete(site.ground.own, site.config())
    site.put(namespace(), site.config(namespace="web"))
    site.start()
    state = "error: invalid gslb config, namespace can only be avi-system"
    site.waits(state, lambda: site.status(namespace="web").get("state") == state, 10)
    site.is_logged("gslbconfig_refused", gslbconfig="web/gc-1", err=state)
    site.rig.settle()
    same(site.new_entries(), [])
    same(site.leader.sync()["phase"], "waiting")
    site.put(site.config())
    site.recovers()
    same(site.status(namespace="web")["state"], state)


def test_a_second_configuration_is_refused_until_the_first_is_gone(site):
    site.begin_running()
    second = site.config(name="gc-2")
    site.put(second)
    state = "error: can't add another gslbconfig"
    site.waits(state, lambda: site.status("gc-2").get("state") == state, 10)
    site.is_logged("gslbconfig_refused", gslbconfig=f"{HOME}/gc-2", err=state)
    site.is_state(ACCEPTED)
    site.works()
    site.rig.delete(site.ground.own, site.config())
    site.waits("gc-2 is accepted", lambda: site.status("gc-2").get("state") == ACCEPTED, 10)
    site.works()


def test_a_deleted_configuration_stays_in_force_until_it_comes_again(site):
    site.begin_running()
    site.rig.delete(site.ground.own, site.config())
    site.is_logged("gslbconfig_gone", name="gc-1")
    site.waits("the metric", lambda: site.metric("amko_gslbconfig_missing") == 1, 5)
    site.works()
    site.put(site.config())
    site.recovers()
    site.waits("the metric", lambda: site.metric("amko_gslbconfig_missing") == 0, 5)


def test_an_identity_is_made_once_and_kept_over_a_restart(site):
    def annotation():
        meta = site.rig.own.get("GSLBConfig", HOME, "gc-1")["metadata"]
        return meta.get("annotations", {}).get("amko.vmware.com/amko-uuid")

    site.prepare(CONTROLLER, config=site.config(uuid=None))
    site.start()
    site.is_accepted()
    made = annotation()
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made) and made != UUID
    site.is_logged("uuid_written", gslbconfig="gc-1", uuid=made)
    owners = {o["object"]["created_by"] for o in site.avisim.objects("gslbservice", written=True)}
    same(owners, {f"amko-{made}"})
    site.rig.stop()
    site.seen = site.avisim.last_n()
    site.start()
    site.recovers()
    same(annotation(), made)


# ---- our own cluster

def rights(*resources):
    """Of the user without rights, in our own cluster."""
    kind, meta = "rbac.authorization.k8s.io", {"name": "amko-test"}
    return [{"apiVersion": f"{kind}/v1", "kind": "ClusterRole", "metadata": meta,
             "rules": [{"apiGroups": ["", "amko.vmware.com"], "resources": list(resources),
                        "verbs": ["get", "list", "watch", "patch"]}]},
            {"apiVersion": f"{kind}/v1", "kind": "ClusterRoleBinding", "metadata": meta,
             "roleRef": {"apiGroup": kind, "kind": "ClusterRole", "name": "amko-test"},
             "subjects": [{"apiGroup": kind, "kind": "User", "name": NOBODY}]}]


@pytest.fixture
def as_nobody(site):
    """Begun; our program is nobody in its own cluster, the administrator in the members'."""
    site.begin()
    own = os.path.join(site.folder, "own")
    site.ground.write_kubeconfig(own, users={site.ground.own: {"token": NOBODY_TOKEN}})
    site.leader.argv[site.leader.argv.index("--kubeconfig") + 1] = own
    yield site
    for obj in rights():
        site.rig.own.delete(obj["kind"], None, obj["metadata"]["name"])


def test_a_secret_that_may_not_be_read_is_told(as_nobody):
    site, resources = as_nobody, ["gslbconfigs", "globaldeploymentpolicies", "namespaces"]
    site.put(*rights(*resources))
    site.start()
    site.shows(Failure(("Accepted", "False", "SecretUnreadable"), ("secrets", "HTTP 403"),
                       event="own_cluster_trouble", fields={"err": re.compile("list secrets: HTTP 403")}))
    site.put(*rights(*resources, "secrets"))
    site.recovers(timeout_s=30)


def test_a_configuration_that_may_not_be_read_is_told_in_log_and_readiness(as_nobody):
    site = as_nobody
    site.start()
    site.is_logged("own_cluster_trouble", err=re.compile("list gslbconfigs: HTTP 403"))
    site.waits("readiness with the reason", lambda: "list gslbconfigs: HTTP 403" in site.leader.text("/readyz"), 5)
    same(site.new_entries(), [])
    site.put(*rights("gslbconfigs", "globaldeploymentpolicies", "namespaces", "secrets"))
    site.recovers(timeout_s=30)


def test_a_malformed_kubeconfig_in_the_environment_is_told(site):
    site.begin()
    at = site.leader.argv.index("--members-kubeconfig")
    del site.leader.argv[at:at + 2]
    site.rig.env = {"GSLB_CONFIG": "apiVersion: v1\nclusters: [}\n"}
    site.start()
    site.shows(Failure(("Accepted", "False", "BadKubeconfig"), ("GSLB_CONFIG: line 2",),
                       state=re.compile("^error: provided kubeconfig has an error GSLB_CONFIG: line 2"),
                       event="members_kubeconfig_unreadable", fields={"path": "GSLB_CONFIG"}))
    site.rig.stop()
    site.rig.env = {"GSLB_CONFIG": yaml.safe_dump(site.ground.kubeconfig_object())}
    site.start()
    site.recovers()
