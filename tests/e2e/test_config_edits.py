"""What is edited for the operator itself while it runs: GSLBConfig, Secret, the members' kubeconfig. Never a restart."""

import pytest

from bench import ACCEPTED, CONTROLLER, SYNCING, Writes
from manifests import secret
from objects import gslb_config, ingress, namespace, policy, service
from programs import Leader, wait_for

SHOP, CART = "shop.example.org", "cart.example.org"
WEB = namespace("web")
CLUSTERS = ("cluster1", "cluster2", "cluster3")
# One edit, as it shows: the configuration is looked at again as a whole.
PASSES_AGAIN = [SYNCING, "synced all objects", ACCEPTED]


def shop(cluster, *rules, **options):
    return ingress(cluster, f"10.{cluster[-1]}.0.1", *(rules or [SHOP]), **options)


def begin_shop(bench, more=None, **options):
    """One host in two clusters."""
    objects = {cluster: [WEB, shop(cluster)] for cluster in CLUSTERS[:2]}
    made = bench.begin({**objects, **(more or {})}, **options)
    assert made == {SHOP: ["POST monitor http /", "POST service"]}


class Unbroken:
    """The block ends with the process that it began with, and with these states shown, one after the other."""

    def __init__(self, bench, states=PASSES_AGAIN):
        self.bench, self.states = bench, states

    def __enter__(self):
        self.pid = self.bench.leader.child.pid
        self.config = self.bench.shown()

    def __exit__(self, kind, *_):
        if kind is None:
            self.bench.settle()
            assert self.bench.state() == ACCEPTED
            assert self.bench.leader.is_running() and self.bench.leader.child.pid == self.pid
            assert self.bench.states_since(self.config) == self.states


# ---- GSLBConfig


def test_a_member_cluster_joins_and_leaves(bench):
    # cluster3 serves Routes, so that its Ingresses would not count.
    begin_shop(bench, {"cluster3": [WEB, service("cluster3", "10.3.0.1", SHOP)]})
    # cluster3 is none of the members yet: this policy is refused, and the one before stays in force.
    bench.apply("cluster1", policy(CLUSTERS))
    assert bench.writes() == {}
    assert bench.condition("PolicyAccepted") == "False/Refused"
    with Unbroken(bench):
        bench.apply("cluster1", bench.config(*CLUSTERS))
        assert bench.writes() == {SHOP: ["PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1", "10.2.0.1", "10.3.0.1"}
    assert bench.condition("PolicyAccepted") == "True/Accepted"
    with Unbroken(bench):
        bench.apply("cluster1", bench.config("cluster1", "cluster3"))
        assert bench.writes() == {SHOP: ["PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1", "10.3.0.1"}
    with Unbroken(bench):
        bench.apply("cluster1", bench.config(*reversed(CLUSTERS)))
        assert bench.writes() == {SHOP: ["PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1", "10.2.0.1", "10.3.0.1"}


def test_the_last_cluster_of_a_service_leaves(bench):
    begin_shop(bench)
    bench.apply("cluster2", ingress("cluster2", "10.2.0.2", CART, name="cart"))
    bench.writes()
    bench.apply("cluster1", bench.config("cluster1"))
    assert bench.writes() == {SHOP: ["PUT service"], CART: ["DELETE service", "DELETE monitor http /"]}


def test_the_tenant_is_edited(bench):
    begin_shop(bench)
    bench.avisim.toggle(check_domains=True)   # as real controllers do: a name belongs to one service, so the old one goes first
    with Unbroken(bench):
        bench.apply("cluster1", bench.config(tenant="corp"))
        assert bench.writes() == {SHOP: ["POST monitor http / in corp", "DELETE service", "DELETE monitor http /",
                                         "POST service in corp"]}
    assert bench.members(SHOP, "corp") == {"10.1.0.1": (1, 10), "10.2.0.1": (1, 10)}


def test_a_tenant_that_does_not_exist_takes_nothing_away(bench):
    begin_shop(bench)
    bench.avisim.toggle(strict_tenants=True)
    bench.apply("cluster1", bench.config(tenant="amdin"))
    attempts = bench.writes()[SHOP]
    assert set(attempts) == {"POST monitor http / in amdin -> 404"}
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10), "10.2.0.1": (1, 10)}
    bench.apply("cluster1", bench.config())
    assert set(bench.writes().get(SHOP, [])) <= set(attempts)
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10), "10.2.0.1": (1, 10)}


def test_the_log_level_is_edited(bench):
    begin_shop(bench)

    def lines(event):
        return bench.leader.read_log().count(f"event={event} ")

    before = lines("avi_write")
    with Unbroken(bench, states=[]):
        bench.apply("cluster1", bench.config(log_level="WARN"))
        assert bench.writes() == {}
        bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
        assert bench.writes() == {SHOP: ["POST monitor http /cart", "PUT service"]}
    assert lines("avi_write") == before
    with Unbroken(bench, states=[]):
        bench.apply("cluster1", bench.config(log_level="INFO"))
        assert bench.writes() == {}
        bench.apply("cluster1", shop("cluster1"))
        assert bench.writes() == {SHOP: ["PUT service", "DELETE monitor http /cart"]}
    assert lines("avi_write") == before + 2


def test_the_refresh_interval_is_edited_and_repairs_what_others_did(bench):
    begin_shop(bench)

    def repaired():
        wait_for("a repair", lambda: bench.avisim.writes_since(bench.log.seen), 10)
        return bench.writes()

    def uuid(kind):
        return next(o["uuid"] for o in bench.avisim.objects(kind, written=True) if o["by_client"])

    with Unbroken(bench):
        bench.apply("cluster1", bench.config(refresh_s=1))
        assert bench.writes() == {}
    bench.avisim.patch("gslbservice", uuid("gslbservice"), {"enabled": False})
    assert repaired() == {SHOP: ["PUT service"]}
    assert bench.services()[SHOP]["enabled"] is True
    bench.avisim.patch("healthmonitor", uuid("healthmonitor"), {"monitor_port": 8443})
    assert repaired() == {SHOP: ["PUT monitor http /"]}
    bench.avisim.delete("gslbservice", uuid("gslbservice"))
    assert repaired() == {SHOP: ["POST service"]}
    bench.avisim.delete("healthmonitor", uuid("healthmonitor"))
    assert repaired() == {SHOP: ["POST monitor http /", "PUT service"]}
    # What a client may add besides is its own business.
    bench.avisim.patch("gslbservice", uuid("gslbservice"), {"num_dns_ip": 3})
    bench.settle()
    n = bench.avisim.last_n()
    wait_for("two listings", lambda: [e["path"] for e in bench.avisim.log_since(n)].count("/api/pkiprofile") > 1, 10)
    assert bench.writes() == {}


def test_the_controller_is_another_one(bench, second):
    begin_shop(bench)
    second.reset(CONTROLLER)
    there = Writes(second)
    with Unbroken(bench):
        bench.apply("cluster1", gslb_config(second.address))
        assert bench.writes() == {}
    assert there.news() == {SHOP: ["POST monitor http /", "POST service"]}
    bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
    assert bench.writes() == {}
    assert there.news() == {SHOP: ["POST monitor http /cart", "PUT service"]}
    # Back again: only the edit is to be made up for.
    with Unbroken(bench):
        bench.apply("cluster1", bench.config())
        assert bench.writes() == {SHOP: ["POST monitor http /cart", "PUT service"]}
    assert there.news() == {}


# ---- the Secret


@pytest.fixture
def password(bench):
    """Sets the password at the controller, whose sessions end with that; afterwards it is as it was."""
    yield lambda text: bench.avisim.toggle(password=text)
    bench.avisim.toggle(password=bench.avisim.password)


def logins(bench, n):
    """The answers to logins since the n-th request."""
    return [e["status"] for e in bench.avisim.log_since(n) if e["path"] == "/login"]


def give_secret(bench, text):
    bench.wait_own(bench.rig.own.apply(secret(username="admin", password=text)))


def test_the_secret_changes_with_the_password(bench, password):
    begin_shop(bench)
    n = bench.avisim.last_n()
    with Unbroken(bench):
        password("another")
        give_secret(bench, "another")
        assert bench.writes(timeout_s=4) == {}
    assert logins(bench, n) == [200]
    bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
    assert bench.writes() == {SHOP: ["POST monitor http /cart", "PUT service"]}


def test_the_secret_comes_later_than_the_password(bench, password):
    begin_shop(bench)
    n = bench.avisim.last_n()
    password("another")
    bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
    bench.wait_condition("ControllerReachable", "False/Unauthorized")
    refused = bench.log.news()
    assert refused == {SHOP: ["POST monitor http /cart -> 401"]}
    assert bench.state() == ACCEPTED
    # It is noticed at once, not when the next attempt is due.
    give_secret(bench, "another")
    assert bench.writes(timeout_s=4) == {SHOP: ["POST monitor http /cart", "PUT service"]}
    assert bench.condition("ControllerReachable") == "True/Reachable"
    assert logins(bench, n) == [401, 200]


# ---- the members' kubeconfig


@pytest.fixture
def members(bench, tmp_path):
    """Rewrites the members' kubeconfig, a file of its own."""
    ground, path = bench.rig.ground, str(tmp_path / "members")

    def write(*names, **users):
        return ground.write_kubeconfig(path, names, {name: {"token": token} for name, token in users.items()})

    bench.rig.leader = Leader(bench.rig.leader.log, ground.kubeconfig, ground.own, members=path)
    return write


def test_a_context_comes_into_the_kubeconfig(bench, members):
    members("cluster1")
    begin_shop(bench)
    assert bench.condition("ClustersSynced") == "False/UnknownContext"
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10)}
    with Unbroken(bench, states=[]):
        members("cluster1", "cluster2")
        bench.wait_condition("ClustersSynced", "True/Synced")
        assert bench.writes() == {SHOP: ["PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1", "10.2.0.1"}


def test_a_token_in_the_kubeconfig_is_wrong_for_a_while(bench, members):
    members("cluster1", "cluster2")
    begin_shop(bench)
    bench.apply("cluster2", ingress("cluster2", "10.2.0.2", CART, name="cart"))
    bench.writes()
    with Unbroken(bench, states=[]):
        members("cluster1", "cluster2", cluster2="wrong")
        bench.wait_condition("ClustersSynced", "False/Unauthorized")
        # Nothing is known of cluster2 now: what it had stays, although it has gone meanwhile.
        bench.delete("cluster2", shop("cluster2"))
        bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
        bench.wait_sync("the edit in cluster1", lambda sync: bench.avisim.writes_since(bench.log.seen)[1:])
        assert bench.log.news() == {SHOP: ["POST monitor http /cart", "PUT service"]}
        assert set(bench.members(SHOP)) == {"10.1.0.1", "10.2.0.1"}
        members("cluster1", "cluster2")
        bench.wait_condition("ClustersSynced", "True/Synced")
        assert bench.writes() == {SHOP: ["PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1"}
    assert bench.members(CART) == {"10.2.0.2": (1, 10)}
