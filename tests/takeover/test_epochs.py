"""The judge, tried on logs in which something is wrong: what cannot fail proves nothing. And the scripts."""

import pytest

import epochs
from steps import NAMES, ROLES, Script

EAST, WEST, SOUTH = (f"cluster{i}/amko-cluster{i}/uid/{i:016x}" for i in (1, 2, 3))
EAST_AGAIN = "cluster1/amko-cluster1/uid/ffffffffffffffff"
BEGIN = 1_000_000


def write(n, holder, epoch, at_ms=None, method="PUT", status=200, kind="gslbservice"):
    agent = f"amko/0.1.0 ({holder} epoch {epoch})" if epoch else f"amko/0.1.0 ({holder})"
    return {"n": n, "time_ms": BEGIN + (at_ms if at_ms is not None else n), "method": method, "type": kind,
            "status": status, "name": "shop.example.org", "agent": agent, "body": None}


def claim(n, holder, epoch, status=200):
    return dict(write(n, holder, None, kind="stringgroup", status=status),
                body={"kv": [{"key": "epoch", "value": str(epoch)}, {"key": "holder", "value": holder}]})


def renewed(at_ms, holder, *clusters):
    return [(BEGIN + at_ms, cluster, holder) for cluster in clusters]


ALL = ("cluster1", "cluster2", "cluster3")
# Both hold all Leases all the time: what is left is the order.
HELD = [r for at in range(0, 20000, 500) for holder in (EAST, WEST, SOUTH, EAST_AGAIN)
        for r in renewed(at, holder, *ALL)]
OLD, NEW = 1000001, 2000001


def judged(entries, renewals=HELD, ends=None, continued=(), is_manual=True):
    return epochs.judge_writes(entries, renewals, ends or {}, continued, is_manual)


ORDERS = [
    ("one epoch", [write(1, EAST, OLD), write(2, EAST, OLD)], True),
    ("one after the other", [write(1, EAST, OLD), write(2, EAST, OLD), write(3, WEST, NEW)], True),
    ("the old one once more", [write(1, EAST, OLD), write(2, WEST, NEW), write(3, EAST, OLD)], False),
    ("they take turns", [write(1, EAST, OLD), write(2, WEST, NEW), write(3, EAST, OLD), write(4, WEST, NEW)], False),
    ("the old one deletes", [write(1, WEST, NEW), write(2, EAST, OLD, method="DELETE", status=204)], False),
    ("the old one makes a monitor", [write(1, WEST, NEW), write(2, EAST, OLD, method="POST", kind="healthmonitor")], False),
    ("the old one is refused", [write(1, WEST, NEW), write(2, EAST, OLD, status=412)], False),
    ("the old one had left before it was heard", [write(1, WEST, NEW), write(2, EAST, OLD, status=0)], True),
    ("the old one reads", [write(1, WEST, NEW), write(2, EAST, OLD, method="GET")], True),
    ("the old one's record", [write(1, WEST, NEW), write(2, EAST, OLD, kind="stringgroup")], True),
    ("two holders of one epoch, the greater last", [write(1, EAST, OLD), write(2, WEST, OLD)], True),
    ("two holders of one epoch, the smaller last", [write(1, WEST, OLD), write(2, EAST, OLD)], False),
    ("two processes of one cluster", [write(1, EAST_AGAIN, OLD), write(2, EAST, OLD)], False),
    ("who writes leads by no epoch", [write(1, EAST, 0)], False),
    ("a stranger writes", [dict(write(1, EAST, OLD), agent="curl/7.88")], False),
    ("nobody says who writes", [dict(write(1, EAST, OLD), agent=None)], False),
]


@pytest.mark.parametrize("name, entries, is_fine", ORDERS, ids=[o[0] for o in ORDERS])
def test_the_order(name, entries, is_fine):
    verdict = judged(entries)
    assert (verdict.complaints == []) == is_fine and not verdict.brinks


# A write at 10000 ms: L - M + S after the renewals it needs is 2900 ms.
RENEWALS = [
    ("its own Lease lately", renewed(9000, EAST, "cluster1"), True, True),
    ("its own Lease as late as can be", renewed(7100, EAST, "cluster1"), True, True),
    ("its own Lease too long ago", renewed(7099, EAST, "cluster1"), True, False),
    ("its own Lease, afterwards", renewed(10001, EAST, "cluster1"), True, False),
    ("its own Lease, by the process before", renewed(9000, EAST_AGAIN, "cluster1"), True, False),
    ("Manual: all but its own", renewed(9000, EAST, "cluster2", "cluster3"), True, False),
    ("Automatic: two of three", renewed(9000, EAST, "cluster2", "cluster3"), False, True),
    ("Automatic: one of three", renewed(9000, EAST, "cluster2") + renewed(7000, EAST, *ALL), False, False),
    ("never any", renewed(9000, WEST, *ALL), False, False),
]


@pytest.mark.parametrize("name, renewals, is_manual, is_fine", RENEWALS, ids=[r[0] for r in RENEWALS])
def test_what_backs_a_write(name, renewals, is_manual, is_fine):
    verdict = judged([write(1, EAST, OLD, at_ms=10000)], renewals, is_manual=is_manual)
    assert (verdict.complaints == []) == is_fine


@pytest.mark.parametrize("late_ms, is_fine", [(0, True), (900, True), (901, False)])
def test_an_epoch_that_has_ended_writes_no_more(late_ms, is_fine):
    verdict = judged([write(1, EAST, OLD, at_ms=10000 + late_ms)], ends={(OLD, EAST): BEGIN + 10000})
    assert (verdict.complaints == []) == is_fine


LATE = [write(1, WEST, NEW, at_ms=9000), write(2, EAST, OLD, at_ms=10050)]
BRINKS = [
    ("directly after SIGCONT", [(BEGIN + 10000, "cluster1")], LATE, 0, 1),
    ("long after SIGCONT", [(BEGIN + 9000, "cluster1")], LATE, 1, 0),
    ("before SIGCONT", [(BEGIN + 10100, "cluster1")], LATE, 1, 0),
    ("another one's SIGCONT", [(BEGIN + 10000, "cluster2")], LATE, 1, 0),
    ("a second write", [(BEGIN + 10000, "cluster1")], LATE + [write(3, EAST, OLD, at_ms=10060)], 1, 1),
]


@pytest.mark.parametrize("name, continued, entries, n_complaints, n_brinks", BRINKS, ids=[b[0] for b in BRINKS])
def test_a_stop_between_check_and_send_explains_one_write(name, continued, entries, n_complaints, n_brinks):
    verdict = judged(entries, continued=continued)
    assert (len(verdict.complaints), len(verdict.brinks)) == (n_complaints, n_brinks)


CLAIMS = [
    ("upwards", [claim(1, EAST, OLD), claim(2, EAST, OLD), claim(3, WEST, NEW)], True),
    ("back", [claim(1, WEST, NEW), claim(2, EAST, OLD)], False),
    ("back, refused", [claim(1, WEST, NEW), claim(2, EAST, OLD, status=412)], True),
    ("back to the smaller holder", [claim(1, WEST, OLD), claim(2, EAST, OLD)], False),
]


@pytest.mark.parametrize("name, entries, is_fine", CLAIMS, ids=[c[0] for c in CLAIMS])
def test_the_record(name, entries, is_fine):
    assert (epochs.judge_claims(entries) == []) == is_fine


LOG = """ts=2026-11-24T10:36:29.904Z level=info proc=keeper event=identity holder=cluster1/amko-0/uid/0f
ts=2026-11-24T10:36:30.904Z level=info proc=keeper event=leadership stage=leading was=waiting role=leader epoch=1000001
ts=2026-11-24T10:36:31.904Z level=info proc=leader event=lease epoch=1000001 state=open
ts=2026-11-24T10:36:32.904Z level=info proc=keeper event=leadership stage=ending was=leading role=leader epoch=1000001
"""


def test_a_keepers_log_tells_its_epochs():
    holder = "cluster1/amko-0/uid/0f"
    assert epochs.parse_log(LOG) == [("2026-11-24T10:36:30.904Z", holder, "leading", OLD),
                                     ("2026-11-24T10:36:32.904Z", holder, "ending", OLD)]


# ---- scripts


def test_a_number_makes_the_same_script_each_time():
    assert [str(Script(seed)) for seed in range(1, 50)] == [str(Script(seed)) for seed in range(1, 50)]
    assert len({str(Script(seed)) for seed in range(1, 50)}) == 49


CAN_STAY = {"kill", "clock", "lease", "promote", "demote"}


def test_scripts_can_be_played():
    for script in map(Script, [*NAMES, *range(1, 201)]):
        roles = {"all", *ROLES[:len(script.contexts)]}
        assert script.leader in script.contexts and {s.who for s in script.steps} <= roles, str(script)
        assert all(s.for_ms or s.verb in CAN_STAY for s in script.steps), str(script)
        assert script.end_ms <= 11000, str(script)


def test_every_kind_of_fault_comes_up_in_200_seeds():
    steps = [s for seed in range(1, 201) for s in Script(seed).steps]
    assert {s.verb for s in steps} == CAN_STAY | {"stop", "end", "cut", "slow", "late", "down"}
    assert len({(s.verb, s.args) for s in steps}) > 40
