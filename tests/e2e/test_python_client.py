"""The Python client `kubernetes` talks to the clusters under the tests, simulated or real, as every other client does."""

import threading

import pytest

kubernetes = pytest.importorskip("kubernetes", reason="the package python3-kubernetes is not installed")
from kubernetes import client, config, watch  # noqa: E402
from kubernetes.client.rest import ApiException  # noqa: E402

CONFIGS = ("amko.vmware.com", "v1alpha1", "web", "gslbconfigs")


@pytest.fixture(params=["cluster1", "cluster2"])
def api(ground, request):
    """A token and a client certificate. (This client cannot read a token file that ends with a line's end.)"""
    ground.reset()
    made = config.new_client_from_config(ground.kubeconfig, request.param)
    client.CoreV1Api(made).create_namespace({"metadata": {"name": "web"}})
    return made


def ingress(name, **labels):
    return client.V1Ingress(metadata=client.V1ObjectMeta(name=name, labels=labels),
                            spec=client.V1IngressSpec(rules=[client.V1IngressRule(host=f"{name}.example.org")]))


def test_discovery(api):
    assert client.VersionApi(api).get_code().major == "1"
    assert "amko.vmware.com" in [g.name for g in client.ApisApi(api).get_api_versions().groups]
    assert "services" in [r.name for r in client.CoreV1Api(api).get_api_resources().resources]
    names = [c.spec.names.kind for c in client.ApiextensionsV1Api(api).list_custom_resource_definition().items]
    assert "GSLBConfig" in names


def test_changes_are_watched(api):
    net = client.NetworkingV1Api(api)
    first = net.create_namespaced_ingress("web", ingress("a", x="1"))
    seen = []

    def look():
        for event in watch.Watch().stream(net.list_namespaced_ingress, "web", timeout_seconds=10,
                                          resource_version=first.metadata.resource_version):
            seen.append((event["type"], event["object"].metadata.labels, event["object"].status.load_balancer.ingress))
            if event["type"] == "DELETED":
                return

    looker = threading.Thread(target=look)
    looker.start()
    net.patch_namespaced_ingress("a", "web", {"metadata": {"labels": {"y": "2"}}})
    net.patch_namespaced_ingress("a", "web", [{"op": "remove", "path": "/metadata/labels/x"}])
    net.patch_namespaced_ingress_status("a", "web", {"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}})
    now = net.read_namespaced_ingress("a", "web")
    now.metadata.labels = {"z": "3"}
    net.replace_namespaced_ingress("a", "web", now)
    net.delete_namespaced_ingress("a", "web")
    looker.join(15)
    assert [(kind, labels, bool(addresses)) for kind, labels, addresses in seen] == [
        ("MODIFIED", {"x": "1", "y": "2"}, False), ("MODIFIED", {"y": "2"}, False), ("MODIFIED", {"y": "2"}, True),
        ("MODIFIED", {"z": "3"}, True), ("DELETED", {"z": "3"}, True)]


def test_custom_objects_are_checked(api):
    custom = client.CustomObjectsApi(api)
    custom.create_namespaced_custom_object(*CONFIGS, {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "GSLBConfig",
                                                      "metadata": {"name": "gc"}, "spec": {"logLevel": "INFO"}})
    assert custom.patch_namespaced_custom_object(*CONFIGS, "gc", {"spec": {"logLevel": "DEBUG"}})["spec"] == {"logLevel": "DEBUG"}
    with pytest.raises(ApiException) as e:
        custom.patch_namespaced_custom_object(*CONFIGS, "gc", {"spec": {"logLevel": "LOUD"}})
    assert e.value.status == 422
    assert [o["metadata"]["name"] for o in custom.list_namespaced_custom_object(*CONFIGS)["items"]] == ["gc"]


def test_built_in_kinds(api):
    core, leases = client.CoreV1Api(api), client.CoordinationV1Api(api)
    meta = client.V1ObjectMeta(name="a")
    core.create_namespaced_secret("web", client.V1Secret(metadata=meta, string_data={"k": "v"}))
    assert core.read_namespaced_secret("a", "web").data == {"k": "dg=="}
    core.create_namespaced_service("web", client.V1Service(metadata=meta, spec=client.V1ServiceSpec(
        type="LoadBalancer", ports=[client.V1ServicePort(port=80)])))
    found = core.list_namespaced_service("web", field_selector="spec.type=LoadBalancer").items
    assert [(s.metadata.name, s.spec.ports[0].target_port) for s in found] == [("a", 80)]
    leases.create_namespaced_lease("web", client.V1Lease(metadata=meta, spec=client.V1LeaseSpec(
        holder_identity="me", lease_duration_seconds=15)))
    assert leases.read_namespaced_lease("a", "web").spec.holder_identity == "me"
    leases.delete_namespaced_lease("a", "web")
    with pytest.raises(ApiException) as e:
        core.create_namespaced_secret("web", client.V1Secret(metadata=meta))
    assert e.value.status == 409


def test_pages(api):
    core = client.CoreV1Api(api)
    for i in range(7):
        core.create_namespaced_config_map("web", client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"c{i}")))
    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map("web", limit=3, _continue=token)
        names += [c.metadata.name for c in page.items]
        token = page.metadata._continue or ""
    assert names == [f"c{i}" for i in range(7)]
