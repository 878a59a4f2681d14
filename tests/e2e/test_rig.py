"""The wait for an outcome ends when all is carried through, and not before."""

import pytest

from rig import unsettled


def sync(settled=True, own=5, own_objects=1, ingress=9):
    return {"settled": settled, "passes_total": 3,
            "own": [{"kind": "GSLBConfig", "state": "synced", "resourceVersion": str(own), "objects": own_objects},
                    {"kind": "Secret", "state": "synced", "resourceVersion": "1", "objects": 1}],
            "clusters": [{"cluster": "cluster1", "kinds": [
                {"kind": "Ingress", "state": "synced", "resourceVersion": str(ingress), "objects": 4}]}]}


MARKS = {"cluster1": {"Ingress": 9, "Route": 10}, "cluster2": {"Ingress": 11}}


@pytest.mark.parametrize("answer, why", [
    (sync(), ""),
    (None, "/api/sync does not answer"),
    (sync(settled=False), "settled is false"),
    (sync(own=4), "own GSLBConfig is at 4, written was 5"),
    (sync(own_objects=2), "own GSLBConfig: 2 objects, there are 1"),
    (sync(ingress=8), "cluster1 Ingress is at 8, the barrier at 9"),
    (sync(ingress=""), "cluster1 Ingress is at , the barrier at 9"),
    (sync(ingress=10), ""),
], ids=["all is done", "no answer", "work is left", "an own object was not seen", "a deletion was not seen",
        "a member's change was not seen", "a kind was never listed", "a newer version is fine too"])
def test_unsettled(answer, why):
    assert unsettled(answer, MARKS, {"GSLBConfig": 5}, {"GSLBConfig": 1}) == why
