"""A Kubernetes API client for tests, on the standard library: apply with status, get, list, delete, namespaces.

The API servers of the tests have no controller manager: nothing but a test changes an object, and a namespace goes
only when a test finishes its deletion.
"""

import http.client
import json
import socket
import ssl
import time

import yaml

# The version used where a test gives only the kind.
API_VERSIONS = {
    "Namespace": "v1", "Service": "v1", "Secret": "v1", "ConfigMap": "v1", "Event": "v1", "ServiceAccount": "v1",
    "Ingress": "networking.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1", "RoleBinding": "rbac.authorization.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "Route": "route.openshift.io/v1",
    "HostRule": "ako.vmware.com/v1beta1", "MultiClusterIngress": "ako.vmware.com/v1alpha1",
    "GSLBConfig": "amko.vmware.com/v1alpha1", "AMKOCluster": "amko.vmware.com/v1alpha1",
    "GSLBHostRule": "amko.vmware.com/v1alpha1", "GlobalDeploymentPolicy": "amko.vmware.com/v1alpha2",
}
MERGE_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    def __init__(self, method, path, status, body):
        message = body.get("message") if isinstance(body, dict) else body
        super().__init__(f"{method} {path}: HTTP {status}: {message}")
        self.status = status
        self.reason = body.get("reason") if isinstance(body, dict) else None


class Api:
    """Requests to one API server over one kept connection."""

    def __init__(self, host, port, ca_file, token, timeout_s=30):
        self.host, self.port, self.ca_file, self.token, self.timeout_s = host, port, ca_file, token, timeout_s
        self.tls = ssl.create_default_context(cafile=ca_file)
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, method, path, body, content_type):
        if not self.connection:
            self.connection = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=self.timeout_s)
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def request(self, method, path, body=None, content_type="application/json"):
        """The parsed answer; ApiError from 400 on."""
        try:
            status, text = self.send(method, path, body, content_type)
        except (http.client.HTTPException, ConnectionError, ssl.SSLError, socket.timeout):
            self.close()       # the server was restarted since the last request
            status, text = self.send(method, path, body, content_type)
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = text.decode("utf-8", "replace")
        if status >= 400:
            raise ApiError(method, path, status, answer)
        return answer


class Cluster:
    """One cluster's objects."""

    def __init__(self, name, api):
        self.name, self.api = name, api
        self.resources = {}            # (apiVersion, kind) -> {"plural", "namespaced", "status"}

    def is_ready(self):
        try:
            return self.api.request("GET", "/readyz") == "ok"
        except (ApiError, OSError, http.client.HTTPException):
            self.api.close()
            return False

    def resource(self, api_version, kind, wait_s=10):
        """How a kind is served; waits a little, discovery lags behind a new definition. LookupError when it is not."""
        deadline = time.monotonic() + wait_s
        while (api_version, kind) not in self.resources:
            self.discover(api_version)
            if (api_version, kind) in self.resources:
                break
            if time.monotonic() > deadline:
                raise LookupError(f"{self.name} does not serve {api_version} {kind}")
            time.sleep(0.1)
        return self.resources[api_version, kind]

    def discover(self, api_version):
        try:
            listing = self.api.request("GET", group_path(api_version))
        except ApiError as e:
            if e.status != 404:
                raise
            return
        with_status = {r["name"].split("/")[0] for r in listing["resources"] if r["name"].endswith("/status")}
        for r in listing["resources"]:
            if "/" not in r["name"]:
                self.resources[api_version, r["kind"]] = {
                    "plural": r["name"], "namespaced": r["namespaced"], "status": r["name"] in with_status}

    def serves(self, kind):
        try:
            self.resource(API_VERSIONS[kind], kind, wait_s=0)
        except LookupError:
            return False
        return True

    def path(self, kind, namespace=None, name=None, api_version=None):
        api_version = api_version or API_VERSIONS[kind]
        how = self.resource(api_version, kind)
        path = group_path(api_version)
        if how["namespaced"] and namespace:
            path += f"/namespaces/{namespace}"
        path += f"/{how['plural']}"
        return path + (f"/{name}" if name else "")

    def path_of(self, obj, named=True):
        meta = obj["metadata"]
        namespace = meta.get("namespace", "default")
        return self.path(obj["kind"], namespace, meta["name"] if named else None, obj["apiVersion"])

    def apply(self, obj):
        """Creates or replaces an object, then its status where it has one; the object as stored last."""
        how = self.resource(obj["apiVersion"], obj["kind"])
        stored = self.create_or_replace(obj)
        if how["status"] and "status" in obj:
            stored = self.replace(obj, "/status", stored)
        return stored

    def create_or_replace(self, obj):
        try:
            return self.api.request("POST", self.path_of(obj, named=False), obj)
        except ApiError as e:
            if e.reason != "AlreadyExists":
                raise
        return self.replace(obj)

    def replace(self, obj, subresource="", current=None):
        """PUT on the newest version; a conflict with another writer is tried again. The status keeps spec and metadata."""
        path = self.path_of(obj)
        for _ in range(10):
            current = current or self.api.request("GET", path)
            if subresource:
                body = dict(current, status=obj["status"])
            else:
                version = current["metadata"]["resourceVersion"]
                body = dict(obj, metadata=dict(obj["metadata"], resourceVersion=version))
            try:
                return self.api.request("PUT", path + subresource, body)
            except ApiError as e:
                if e.status != 409:
                    raise
                current = None
        raise RuntimeError(f"{self.name}: PUT {path}: conflicts without end")

    def apply_yaml(self, text):
        return [self.apply(obj) for obj in yaml.safe_load_all(text) if obj]

    def get(self, kind, namespace, name):
        """None where there is none."""
        try:
            return self.api.request("GET", self.path(kind, namespace, name))
        except ApiError as e:
            if e.status != 404:
                raise
            return None

    def list(self, kind, namespace=None):
        """All objects of a kind; none where the kind is not served."""
        if not self.serves(kind):
            return []
        return self.api.request("GET", self.path(kind, namespace))["items"]

    def patch(self, kind, namespace, name, change, subresource=""):
        return self.api.request("PATCH", self.path(kind, namespace, name) + subresource, change, MERGE_PATCH)

    def delete(self, kind, namespace, name):
        """False where there was none. A namespace goes with what is in it."""
        if kind == "Namespace":
            return self.delete_namespace(name)
        try:
            self.api.request("DELETE", self.path(kind, namespace, name))
        except ApiError as e:
            if e.status != 404:
                raise
            return False
        return True

    def delete_all(self, kind, keep=lambda obj: False):
        """Every object of a kind in all namespaces but those to keep."""
        for obj in self.list(kind):
            if not keep(obj):
                self.delete(kind, obj["metadata"].get("namespace"), obj["metadata"]["name"])

    def delete_namespace(self, name):
        """With its objects: no controller does it here."""
        if self.get("Namespace", None, name) is None:
            return False
        for kind in ("Ingress", "Service", "Secret", "ConfigMap", "Route", "HostRule", "MultiClusterIngress",
                     "GSLBConfig", "GlobalDeploymentPolicy", "GSLBHostRule", "AMKOCluster"):
            for obj in self.list(kind, name):
                self.delete(kind, name, obj["metadata"]["name"])
        self.api.request("DELETE", self.path("Namespace", None, name))
        left = self.get("Namespace", None, name)
        if left:
            left["spec"]["finalizers"] = []
            self.api.request("PUT", self.path("Namespace", None, name) + "/finalize", left)
        return True


def group_path(api_version):
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
