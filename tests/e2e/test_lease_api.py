"""What an API server makes of the requests that leadership is built on. The simulated one must do the same."""

import pytest

from ground import HOME
from instances import LEASE
from kube import ApiError

PATH = f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases"
OTHER_UID = "00000000-0000-4000-8000-000000000000"


class Server:
    """One Lease of a cluster, and the last two versions of it that were seen."""

    def __init__(self, cluster):
        self.api, self.now, self.before, self.n = cluster.api, None, None, 0

    def ask(self, method, body=None):
        """"200", or "409 Conflict"."""
        path = PATH if method == "POST" else f"{PATH}/{LEASE}"
        try:
            answer = self.api.request(method, path, body)
        except ApiError as e:
            return f"{e.status} {e.reason}"
        if answer.get("kind") == "Lease" and method != "DELETE":
            self.before, self.now = self.now, answer
        return "done"

    def body(self, uid=None, version=None, **spec):
        meta = {"name": LEASE, "namespace": HOME, "annotations": {"amko.vmware.com/epoch": "1000001"}}
        meta.update({"uid": uid} if uid else {}, **({"resourceVersion": version} if version else {}))
        self.n += 1                    # what changes nothing is no new version
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta,
                "spec": {"holderIdentity": "cluster1/amko-0/uid/ab", "leaseDurationSeconds": 3,
                         "renewTime": f"2026-01-05T09:30:00.{self.n:06}Z", **spec}}

    def marks(self, lease):
        return {"uid": lease["metadata"]["uid"], "version": lease["metadata"]["resourceVersion"]}

    # ---- the words of a row

    def create(self):
        return self.ask("POST", self.body())

    def create_by_put(self):
        return self.ask("PUT", self.body())

    def renew(self, **spec):
        """As leadership does: the very object that was seen, at the very version."""
        return self.ask("PUT", self.body(**self.marks(self.now), **spec))

    def renew_stale(self):
        return self.ask("PUT", self.body(**self.marks(self.before)))

    def renew_old_uid(self):
        return self.ask("PUT", self.body(self.before["metadata"]["uid"], self.now["metadata"]["resourceVersion"]))

    def renew_other_uid(self):
        return self.ask("PUT", self.body(OTHER_UID, self.now["metadata"]["resourceVersion"]))

    def renew_version_only(self):
        return self.ask("PUT", self.body(version=self.now["metadata"]["resourceVersion"]))

    def renew_uid_only(self):
        return self.ask("PUT", self.body(self.now["metadata"]["uid"]))

    def empty(self):
        return self.renew(holderIdentity="")

    def no_duration(self):
        return self.renew(leaseDurationSeconds=0)

    def no_fraction(self):
        return self.renew(renewTime="2026-01-05T09:30:00Z")

    def nonsense(self):
        return self.renew(renewTime="yesterday")

    def read(self):
        return self.ask("GET")

    def delete(self):
        return self.ask("DELETE")


@pytest.fixture
def server(ground):
    ground.reset()
    cluster = ground.clusters["cluster1"]
    cluster.delete("Lease", HOME, LEASE)
    yield Server(cluster)
    cluster.delete("Lease", HOME, LEASE)


@pytest.mark.parametrize("words, says", [
    pytest.param("read", "404 NotFound", id="there-is-none"),
    pytest.param("create read", "done", id="one-is-made"),
    pytest.param("create create", "409 AlreadyExists", id="two-make-it-at-once"),
    pytest.param("create renew renew", "done", id="renewed-again-and-again"),
    pytest.param("create renew renew_stale", "409 Conflict", id="somebody-was-faster"),
    pytest.param("create renew_version_only", "done", id="the-uid-may-be-left-out"),
    pytest.param("create renew_uid_only", "422 Invalid", id="the-version-may-not"),
    pytest.param("create create_by_put", "422 Invalid", id="nor-both"),
    pytest.param("create renew_other_uid", "409 Conflict", id="another-object-at-that-version"),
    pytest.param("create delete create_by_put", "done", id="a-put-without-both-makes-one"),
    pytest.param("create delete renew", "409 Conflict", id="deleted-it-is-not-renewed"),
    pytest.param("create delete renew_uid_only", "409 Conflict", id="nor-by-its-uid"),
    pytest.param("create delete renew_version_only", "done", id="but-the-version-alone-makes-another"),
    pytest.param("create delete create renew_stale", "409 Conflict", id="recreated-it-is-another"),
    pytest.param("create delete create renew_old_uid", "409 Conflict", id="also-where-the-version-is-right"),
    pytest.param("create delete delete", "404 NotFound", id="deleted-twice"),
    pytest.param("create empty renew", "done", id="nobody-may-hold-it"),
    pytest.param("create no_duration", "422 Invalid", id="a-duration-of-nothing"),
    pytest.param("create no_fraction", "400 BadRequest", id="a-time-without-a-fraction"),
    pytest.param("create nonsense", "400 BadRequest", id="a-time-that-is-none"),
])
def test_a_lease(server, words, says):
    *before, last = words.split()
    assert [getattr(server, word)() for word in before] == ["done"] * len(before)
    assert getattr(server, last)() == says
