"""Two promises at scale, in their small forms: seconds, and counts only. `make soak` and `make outage` run the full ones."""

import pytest

from fleet import host
from outage import MAX_ATTEMPTS, WAYS, Outage
from soak import Soak


def test_killed_again_and_again_it_converges_and_writes_nothing_twice(tmp_path):
    soak = Soak(str(tmp_path), services=300, kills=7, seed=1)
    try:
        figures = soak.run()
    finally:
        soak.close()
    assert figures["checks"] == 7


@pytest.fixture(scope="module")
def outage(tmp_path_factory):
    outage = Outage(str(tmp_path_factory.mktemp("outage")), services=250)
    try:
        outage.start()
        yield outage
    finally:
        outage.close()


@pytest.mark.parametrize("way", WAYS)
def test_while_the_controller_is_away_hardly_anything_is_sent_and_then_each_change_once(outage, way):
    found = outage.away(way, dirty=200, seconds=8)
    _, _, writes = outage.back(way)
    outage.check_all_there()
    assert found["attempts"] < MAX_ATTEMPTS, found
    assert len(writes) == 200 and {e["status"] for e in writes} == {200}


def test_after_an_outage_what_changed_is_written_before_all_is_listed_and_what_others_changed_is_repaired(outage):
    theirs = outage.avisim.ask("GET", "/_sim/objects/gslbservice")[0]
    ours = [i for i in outage.fleet.some(250) if host(i) != theirs["name"]][:20]
    n = outage.avisim.last_n()
    outage.set_away("refuse", True)
    outage.fleet.move(ours)
    outage.wait_seen(20)
    outage.avisim.patch("gslbservice", theirs["uuid"], {"min_members": 7})
    _, _, writes = outage.back("refuse")
    listed = next(e["n"] for e in outage.avisim.log_since(n) if e["method"] == "GET" and "created_by" in e["query"])
    assert {e["name"] for e in writes if e["n"] < listed} == {host(i) for i in ours}
    assert [e["name"] for e in writes if e["n"] > listed] == [theirs["name"]]
