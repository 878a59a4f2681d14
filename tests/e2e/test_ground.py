"""The ground under the other tests is what it says."""

import pytest
import yaml

from kube import Api, ApiError

INGRESS = yaml.safe_load("""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web, labels: {app: gslb}}
spec:
  ingressClassName: avi-lb
  rules: [{host: shop.example.org}]
status: {loadBalancer: {ingress: [{ip: 10.20.0.11, hostname: shop.example.org}]}}
""")
SERVICE = yaml.safe_load("""
apiVersion: v1
kind: Service
metadata: {name: db, namespace: web}
spec: {type: LoadBalancer, ports: [{port: 5432}]}
status: {loadBalancer: {ingress: [{ip: 10.20.0.12}]}}
""")
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}


@pytest.fixture(autouse=True)
def clean(ground):
    ground.reset()


def test_every_cluster_keeps_objects_and_their_status_apart(ground):
    for i, cluster in enumerate(ground.clusters.values()):
        ingress = dict(INGRESS, status={"loadBalancer": {"ingress": [{"ip": f"10.20.{i}.11"}]}})
        cluster.apply(NAMESPACE)
        cluster.apply(ingress)
        cluster.apply(SERVICE)
    addresses = [c.get("Ingress", "web", "shop")["status"]["loadBalancer"]["ingress"][0]["ip"]
                 for c in ground.clusters.values()]
    assert addresses == ["10.20.0.11", "10.20.1.11", "10.20.2.11"]


def test_applying_again_replaces_spec_and_status(ground):
    cluster = ground.clusters["cluster1"]
    cluster.apply(NAMESPACE)
    cluster.apply(SERVICE)
    cluster.apply(dict(SERVICE, spec={"type": "LoadBalancer", "ports": [{"port": 80}]},
                       status={"loadBalancer": {"ingress": []}}))
    now = cluster.get("Service", "web", "db")
    assert [p["port"] for p in now["spec"]["ports"]] == [80]
    assert now["status"]["loadBalancer"] == {}


def test_a_reset_leaves_nothing_of_a_test(ground):
    cluster = ground.clusters["cluster2"]
    cluster.apply(NAMESPACE)
    cluster.apply(INGRESS)
    ground.reset()
    assert [n["metadata"]["name"] for n in cluster.list("Namespace") if n["metadata"]["name"] == "web"] == []
    assert [i["metadata"]["namespace"] for i in cluster.list("Ingress")] == ["amko-barrier"]


def test_routes_are_served_by_the_third_cluster_only(ground):
    assert [c.serves("Route") for c in ground.clusters.values()] == [False, False, True]


def test_barriers_move_on_with_every_touch(ground):
    first, second = ground.touch_barriers(), ground.touch_barriers()
    assert set(first["cluster1"]) == {"Namespace", "Service", "Ingress", "HostRule", "MultiClusterIngress"}
    assert all(second[c][kind] > first[c][kind] for c in first for kind in first[c])


def test_every_context_of_the_kubeconfig_lets_kubectl_in(ground):
    for name in ground.names:
        assert "gslb" in ground.kubectl(name, "api-resources", "--api-group=amko.vmware.com"), name


def test_a_restarted_api_server_has_its_address_and_objects(ground):
    cluster = ground.clusters["cluster2"]
    cluster.apply(NAMESPACE)
    ground.stop("cluster2")
    assert not cluster.is_ready()
    ground.start("cluster2")
    assert cluster.get("Namespace", None, "web")


def test_a_user_without_rights_is_forbidden_and_an_unknown_one_unauthorized(ground):
    server = ground.servers["cluster1"]
    for token, status in (("nobody-token", 403), ("no-such-token", 401)):
        with pytest.raises(ApiError) as e:
            Api(server.address, server.port, ground.authority.crt, token).request("GET", "/api/v1/namespaces")
        assert e.value.status == status
