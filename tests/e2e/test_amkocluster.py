"""AMKOCluster on real API servers: what AMKO's chart left stays valid under our definition, and kubectl shows who leads."""

import copy

import pytest
import yaml

from ground import HOME, definitions
from kube import ApiError
from programs import wait_for

NAME = "amkocluster-federation"
# As AMKO's chart renders it, with the status that its federator wrote.
CHART = yaml.safe_load(f"""
apiVersion: amko.vmware.com/v1alpha1
kind: AMKOCluster
metadata: {{name: {NAME}, namespace: {HOME}}}
spec:
  clusterContext: cluster3
  clusters: [cluster1, cluster3]
  isLeader: false
  version: 1.13.1
status:
  conditions:
  - {{type: current AMKOCluster Validation, status: "won't federate objects", reason: AMKO not a leader}}
""")
TEXT = {"type": "string"}
LEADING = {"type": "Leading", "status": "True", "reason": "Acquired", "message": "", "lastTransitionTime": "2026-01-05T09:30:00Z"}


def ours():
    return next(d for d in definitions() if d["metadata"]["name"] == "amkoclusters.amko.vmware.com")


def amkos():
    """The definition as AMKO's chart installs it: no columns, three texts a condition."""
    definition = ours()
    version = definition["spec"]["versions"][0]
    del version["additionalPrinterColumns"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    schema["spec"]["properties"] = {"isLeader": {"type": "boolean"}, "clusterContext": TEXT, "version": TEXT,
                                    "clusters": {"type": "array", "items": TEXT}}
    schema["status"] = {"type": "object", "properties": {"conditions": {"type": "array", "items": {
        "type": "object", "properties": {"type": TEXT, "status": TEXT, "reason": TEXT}}}}}
    return definition


def define(cluster, definition, keeps_failover):
    """A changed schema takes a moment: until a try without effect shows it."""
    cluster.apply(definition)
    trial = copy.deepcopy(CHART)
    trial["metadata"]["name"], trial["spec"]["failover"] = "trial", "Automatic"
    path = cluster.path("AMKOCluster", HOME) + "?dryRun=All"
    wait_for("the definition in force",
             lambda: ("failover" in cluster.api.request("POST", path, trial)["spec"]) == keeps_failover, 30)


@pytest.fixture
def cluster(ground):
    ground.reset()
    cluster = ground.clusters["cluster3"]
    yield cluster
    define(cluster, ours(), True)


def status_patch(cluster, **fields):
    return cluster.patch("AMKOCluster", HOME, NAME, {"status": fields}, "/status")["status"]


def columns(ground, **kwargs):
    lines = ground.kubectl("cluster3", "-n", HOME, "get", "amkoclusters", **kwargs).splitlines()
    return [line.split() for line in lines]


def test_objects_of_the_chart_stay_valid_and_get_our_status(ground, cluster):
    define(cluster, amkos(), False)
    cluster.apply(CHART)
    assert "role" not in status_patch(cluster, role="follower"), "AMKO's definition prunes what it does not know"
    define(cluster, ours(), True)
    stored = cluster.get("AMKOCluster", HOME, NAME)
    assert (stored["spec"], stored["status"]) == (CHART["spec"], CHART["status"])
    conditions = CHART["status"]["conditions"] + [LEADING]
    shown = status_patch(cluster, role="leader", leader="cluster3", epoch=4000002, membersReady="1/2", conditions=conditions)
    assert shown["conditions"] == conditions and shown["epoch"] == 4000002
    head, row = columns(ground)
    assert head == ["NAME", "ROLE", "LEADER", "EPOCH", "MEMBERS", "AGE"]
    assert row[:-1] == [NAME, "leader", "cluster3", "4000002", "1/2"]


def test_an_object_without_status_shows_no_role(ground, cluster):
    cluster.apply(CHART)
    assert columns(ground)[1][0] == NAME and len(columns(ground)[1]) == 2


def test_a_status_write_keeps_the_generation_and_a_spec_write_keeps_the_status(cluster):
    generation = cluster.apply(CHART)["metadata"]["generation"]
    status_patch(cluster, role="follower")
    stored = cluster.patch("AMKOCluster", HOME, NAME, {"metadata": {"annotations": {"amko.vmware.com/role": "follower"}},
                                                       "status": {"role": "leader"}})
    assert stored["metadata"]["generation"] == generation and stored["status"]["role"] == "follower"


@pytest.mark.parametrize("spec, says", [
    ({"failover": "automatic"}, 'supported values: "Automatic", "Manual"'),
    ({"isLeader": "true"}, "must be of type boolean"),
    ({"clusters": [1]}, "must be of type string"),
])
def test_what_the_schema_refuses(cluster, spec, says):
    with pytest.raises(ApiError, match=says) as refused:
        cluster.apply(dict(CHART, spec=spec))
    assert refused.value.status == 422


def test_a_type_of_condition_stands_once(cluster):
    cluster.apply(CHART)
    with pytest.raises(ApiError, match="Duplicate value"):
        status_patch(cluster, conditions=[LEADING, LEADING])
