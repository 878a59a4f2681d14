"""What people change in member clusters and in the policy: exactly the right operations, in the right order, none more."""

import pytest

from objects import GSLB, ingress, namespace, policy, service

SHOP, CART, DB = "shop.example.org", "cart.example.org", "db.example.org"
WEB = namespace("web")


def shop(cluster, *rules, **options):
    return ingress(cluster, f"10.{cluster[-1]}.0.1", *(rules or [SHOP]), **options)


def begin_shop(bench, **options):
    """One host in two clusters."""
    made = bench.begin({"cluster1": [WEB, shop("cluster1")], "cluster2": [WEB, shop("cluster2")]}, **options)
    assert made == {SHOP: ["POST monitor http /", "POST service"]}


# ---- objects


def test_an_address_changes_while_its_virtual_service_stays(bench):
    begin_shop(bench)
    bench.apply("cluster2", ingress("cluster2", "10.2.0.99", SHOP))
    assert bench.writes() == {SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10), "10.2.0.99": (1, 10)}


def test_tls_switched_on_and_off(bench):
    paths = (SHOP, "/", "/cart")
    bench.begin({"cluster1": [WEB, shop("cluster1", paths)], "cluster2": [WEB, shop("cluster2", paths)]})
    bench.apply("cluster1", shop("cluster1", paths, tls=[SHOP]))
    assert bench.writes() == {SHOP: ["POST monitor https /", "POST monitor https /cart", "PUT service",
                                     "DELETE monitor http /", "DELETE monitor http /cart"]}
    # A second member with TLS changes nothing, and TLS stays while one has it.
    bench.apply("cluster2", shop("cluster2", paths, tls=[SHOP]))
    bench.apply("cluster1", shop("cluster1", paths))
    assert bench.writes() == {}
    bench.apply("cluster2", shop("cluster2", paths))
    assert bench.writes() == {SHOP: ["POST monitor http /", "POST monitor http /cart", "PUT service",
                                     "DELETE monitor https /", "DELETE monitor https /cart"]}


def test_a_host_in_two_rules_has_the_paths_of_both(bench):
    made = bench.begin({"cluster1": [WEB, shop("cluster1", (SHOP, "/", "/cart"), (SHOP, "/cart", "/pay"))]})
    assert made == {SHOP: ["POST monitor http /", "POST monitor http /cart", "POST monitor http /pay", "POST service"]}
    bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart"), (SHOP, "/pay")))
    assert bench.writes() == {}
    bench.apply("cluster1", shop("cluster1", (SHOP, "/", "/cart")))
    assert bench.writes() == {SHOP: ["PUT service", "DELETE monitor http /pay"]}
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10)}


def test_a_host_in_two_namespaces(bench):
    begin_shop(bench)
    other = ingress("cluster1", "10.1.0.7", (SHOP, "/cart"), namespace="store")
    bench.apply("cluster1", namespace("store"), other)
    assert bench.writes() == {SHOP: ["POST monitor http /cart", "PUT service"]}
    assert set(bench.members(SHOP)) == {"10.1.0.1", "10.1.0.7", "10.2.0.1"}
    bench.delete("cluster1", shop("cluster1"))
    assert bench.writes() == {SHOP: ["PUT service"]}
    bench.delete("cluster1", other)
    assert bench.writes() == {SHOP: ["PUT service", "DELETE monitor http /cart"]}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}


def test_labels_join_and_leave(bench):
    begin_shop(bench)
    bench.apply("cluster2", shop("cluster2", labels={"app": "other"}))
    assert bench.writes() == {SHOP: ["PUT service"]}
    bench.apply("cluster1", shop("cluster1", labels={}))
    assert bench.writes() == {SHOP: ["DELETE service", "DELETE monitor http /"]}
    bench.apply("cluster2", shop("cluster2", labels=dict(GSLB, more="labels")))
    assert bench.writes() == {SHOP: ["POST monitor http /", "POST service"]}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}


def test_an_edit_that_means_nothing_writes_nothing(bench):
    begin_shop(bench)
    changed = shop("cluster1", labels=dict(GSLB, more="labels"))
    changed["metadata"]["annotations"]["somebody.example.org/note"] = "7"
    changed["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"]["number"] = 8080
    bench.apply("cluster1", changed)
    assert bench.writes() == {}


def test_the_objects_of_a_namespace_are_deleted(bench):
    begin_shop(bench)
    bench.apply("cluster2", ingress("cluster2", "10.2.0.2", CART, name="cart"), service("cluster2", "10.2.0.3", DB))
    bench.writes()
    bench.delete("cluster2", WEB)
    assert bench.writes() == {SHOP: ["PUT service"], CART: ["DELETE service", "DELETE monitor http /"],
                              DB: ["DELETE service", "DELETE monitor tcp 8080"]}
    assert bench.monitors() == [(SHOP, "http /")]


def test_the_type_of_a_service_changes(bench):
    made = bench.begin({"cluster1": [WEB, service("cluster1", "10.1.0.5", DB, 8080)],
                        "cluster2": [WEB, service("cluster2", "10.2.0.5", DB, 9090)]})
    assert made == {DB: ["POST monitor tcp 8080", "POST service"]}
    bench.apply("cluster2", service("cluster2", None, DB, 9090, type="ClusterIP"))
    assert bench.writes() == {DB: ["PUT service"]}
    bench.apply("cluster2", service("cluster2", "10.2.0.5", DB, 9090))
    assert bench.writes() == {DB: ["PUT service"]}
    # The monitor looks at the smallest port of those that are left; its name does not tell the port, so it is edited.
    bench.apply("cluster1", service("cluster1", None, DB, 8080, type="ClusterIP"))
    assert bench.writes() == {DB: ["PUT monitor tcp 9090", "PUT service"]}
    assert bench.members(DB) == {"10.2.0.5": (1, 10)}


# ---- the policy


def test_weights_and_priorities(bench):
    begin_shop(bench)
    bench.apply("cluster1", policy(split={"cluster1": (5, 10), "cluster2": (15, 10)}))
    assert bench.writes() == {SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.1.0.1": (5, 10), "10.2.0.1": (15, 10)}
    bench.apply("cluster1", policy(split={"cluster1": (5, 20), "cluster2": (15, 10)}))
    assert bench.writes() == {SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.1.0.1": (5, 20), "10.2.0.1": (15, 10)}
    # Said otherwise, meant the same.
    bench.apply("cluster1", policy(split={"cluster2": (15, 10), "cluster1": (5, 20)}))
    assert bench.writes() == {}


def test_the_app_selector_is_edited(bench):
    begin_shop(bench)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", CART, name="cart", labels={"app": "gslb", "stage": "new"}))
    bench.writes()
    bench.apply("cluster1", policy(app={"app": "gslb", "stage": "new"}))
    assert bench.writes() == {SHOP: ["DELETE service", "DELETE monitor http /"]}
    bench.apply("cluster1", policy())
    assert bench.writes() == {SHOP: ["POST monitor http /", "POST service"]}


def test_the_namespace_selector_and_the_labels_of_namespaces_are_edited(bench):
    red, blue = namespace("web", {"team": "red"}), namespace("web", {"team": "blue"})
    bench.begin({"cluster1": [red, shop("cluster1")], "cluster2": [blue, shop("cluster2", labels={})]})
    bench.apply("cluster1", policy(app=None, namespaces={"team": "blue"}))
    assert bench.writes() == {SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}
    bench.apply("cluster1", blue)
    assert bench.writes() == {SHOP: ["PUT service"]}
    bench.apply("cluster2", red)
    assert bench.writes() == {SHOP: ["PUT service"]}
    assert bench.members(SHOP) == {"10.1.0.1": (1, 10)}
    bench.apply("cluster1", namespace("web"))
    assert bench.writes() == {SHOP: ["DELETE service", "DELETE monitor http /"]}


def test_the_policy_is_deleted_and_comes_again(bench):
    begin_shop(bench)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", (CART, "/", "/pay"), name="cart"))
    bench.writes()
    bench.delete("cluster1", policy())
    assert bench.writes() == {SHOP: ["DELETE service", "DELETE monitor http /"],
                              CART: ["DELETE service", "DELETE monitor http /", "DELETE monitor http /pay"]}
    assert bench.services() == {} and bench.monitors() == []
    bench.apply("cluster1", policy())
    assert bench.writes() == {SHOP: ["POST monitor http /", "POST service"],
                              CART: ["POST monitor http /", "POST monitor http /pay", "POST service"]}


def test_a_policy_that_is_missing_at_start_deletes_nothing(bench):
    begin_shop(bench)
    bench.rig.stop()
    bench.delete("cluster1", policy(), shop("cluster1"))
    bench.rig.start()
    assert bench.writes() == {}
    assert bench.condition("PolicyAccepted") == "False/NoPolicy"
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", CART, name="cart"))
    assert bench.writes() == {}
    bench.apply("cluster1", policy())
    assert bench.writes() == {SHOP: ["PUT service"], CART: ["POST monitor http /", "POST service"]}
    assert bench.members(SHOP) == {"10.2.0.1": (1, 10)}


@pytest.mark.parametrize("split, done", [({}, {}), ({"cluster2": (7, 10)}, {SHOP: ["PUT service"]})],
                         ids=["which says the same", "with another weight for cluster2"])
def test_a_second_policy_waits_for_the_first_to_go(bench, split, done):
    begin_shop(bench)
    bench.apply("cluster1", service("cluster1", "10.1.0.5", DB))
    bench.writes()
    bench.apply("cluster1", policy(name="second", split=split))
    assert bench.writes() == {}
    statuses = {p["metadata"]["name"]: p["status"]["errorStatus"] for p in bench.rig.own.list("GlobalDeploymentPolicy")}
    assert statuses == {"global-gdp": "success", "second": "a GDP object already exists, can't add another"}
    bench.delete("cluster1", policy())
    assert bench.writes() == done
    assert [p["status"]["errorStatus"] for p in bench.rig.own.list("GlobalDeploymentPolicy")] == ["success"]
