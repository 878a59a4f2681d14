"""The accounts of deploy/manifests in the clusters of a ground, and tokens that prove to be them: nothing else is allowed to who
comes with one, so that a right that is missing there fails a test. A ground that has no `has_rbac` lets everybody do everything.
"""

import os

import yaml

from ground import HOME
from programs import repository

MANIFESTS = os.path.join(repository(), "deploy/manifests")
POD, MEMBER = "amko-sa", "amko-member"                # whom amko is in its own cluster, and in every member
FILES = {POD: "rbac-own.yaml", MEMBER: "rbac-member.yaml"}


def manifest(name):
    with open(os.path.join(MANIFESTS, name), encoding="utf-8") as f:
        return [obj for obj in yaml.safe_load_all(f) if obj]


def grant(cluster, *accounts):
    """The accounts with their roles; what was made, for revoke()."""
    return [cluster.apply(obj) for account in accounts for obj in manifest(FILES[account])]


def revoke(cluster, made):
    for obj in reversed(made):
        cluster.delete(obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])


def token(cluster, account):
    """As the kubelet gets it for a pod, and `kubectl create token` for people."""
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return cluster.api.request("POST", f"/api/v1/namespaces/{HOME}/serviceaccounts/{account}/token", asked)["status"]["token"]
