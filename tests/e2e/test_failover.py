"""How long it takes: from the loss of the leader to the first write of the next one, and from a person's word to a Lease that says
`acquired: true`. With leases of 3 s, renewed within 2 s and every 500 ms.

A round that a busy machine held up is played again, when it is quieter; every round is printed.
"""

import os
import threading
import time

import pytest

from instances import Federation
from manifests import CLUSTERS, HOST, member
from programs import wait_for
from continuity import Continuity, served

FIRST_WRITE_S, ACQUIRED_S = 5, 2
ROUNDS = 4
BOTH = CLUSTERS[:2]


@pytest.fixture
def begin(ground, avisim, tmp_path):
    sites = []

    def begin(failover=None, names=CLUSTERS):
        site = Federation(ground, avisim, tmp_path, names)
        sites.append(site)
        site.begin(failover=failover)
        site.wait_mode(failover or "Manual")
        wait_for("members of all clusters", lambda: len(served(avisim).get(HOST, [])) == len(names), 30)
        all_are_fit(site)
        return site
    try:
        yield begin
        for site in sites:
            site.end()
    finally:
        for site in sites:
            site.kill()


def all_are_fit(site):
    wait_for("everybody to be fit", lambda: all(i.ask("/api/fitness").get("fit", True) and i.leadership().get("role")
                                                for i in site.instances.values() if i.is_running()), 30)


def is_quiet():
    """Of what is ready to run there is not much more than there are processors for."""
    with open("/proc/loadavg", encoding="ascii") as f:
        return int(f.read().split()[3].split("/")[0]) <= os.cpu_count() + 1


def wait_for_quiet(timeout_s=20):
    """Two seconds of it, where they come."""
    since_s = began_s = time.monotonic()
    while time.monotonic() - since_s < 2 and time.monotonic() - began_s < timeout_s:
        since_s = since_s if is_quiet() else time.monotonic()
        time.sleep(0.05)


def within(figures, what, bound_s, play):
    """Plays rounds until one keeps to the bound."""
    took = []
    while len(took) < ROUNDS and (not took or took[-1] > bound_s):
        if took:
            wait_for_quiet()
        took.append(play(len(took)))
        figures.append(f"{what}: {took[-1]:.2f} s of {bound_s} s" + (f", round {len(took)}" if len(took) > 1 else ""))
    assert took[-1] <= bound_s, took


def acquired(site, name, since_s, before):
    """Seconds until the cluster's own Lease says that its instance leads in an epoch after this one."""
    def probe():
        context, epoch, is_acquired = site.claim(name)
        return context == name and is_acquired and epoch > before and time.monotonic() - since_s
    return wait_for(f"acquired: true in {name}", probe, 30, 0.01)


def leader_of(site):
    return wait_for("a leader", lambda: next((name for name in site.names if site.leads(name)), None), 30)


# ---- the leader is lost ----

def fails_over(site, address, promote):
    """Everything of the leader's cluster is killed; what changed then is at the controller in so many seconds."""
    old = leader_of(site)
    left = [name for name in site.names if name != old]
    continuity = Continuity(site.avisim)
    began_s = time.time()
    site.lose(old)
    if promote:
        said = []
        person = threading.Thread(target=lambda: said.append(site.kubectl_amko("promote", left[0], "--context", left[0])))
        person.start()
    site.ground.clusters[left[-1]].apply(member(left[-1], ip=address))
    first = continuity.first_write()
    if promote:
        person.join()
        assert said[0][0] == 0 and said[0][1].splitlines()[-1].startswith(f"{left[0]} leads in epoch"), said
    continuity.serves(HOST, address)
    new = next(name for name in left if site.leads(name, left))
    old_leader_returns(site, old, new)
    continuity.lost_nothing()
    continuity.had_one_writer_at_a_time()
    return first["time_ms"] / 1000 - began_s


def old_leader_returns(site, old, new):
    site.bring_back(old)
    wait_for(f"{old} to follow {new}", lambda: site.leads(new) and site.instances[old].leadership().get("leader") == new, 30)
    assert site.instances[old].leadership()["role"] == "follower"
    all_are_fit(site)
    said = site.kubectl_amko("status", "--context", old)[1]
    assert f", led by {new} in epoch" in said.splitlines()[0], said


@pytest.mark.parametrize("names", [CLUSTERS, BOTH], ids=["three", "two"])
def test_another_leads_by_itself(begin, figures, names):
    """Of two, the one that is left has its own Lease and the record on the controller."""
    site = begin("Automatic", names)
    within(figures, f"kill to first write, Automatic, {len(names)} clusters", FIRST_WRITE_S,
           lambda i: fails_over(site, f"10.20.70.{i + 1}", promote=False))


@pytest.mark.parametrize("names", [CLUSTERS, BOTH], ids=["three", "two"])
def test_another_leads_when_it_is_promoted(begin, figures, names):
    site = begin("Manual", names)
    within(figures, f"kill and promote to first write, Manual, {len(names)} clusters", FIRST_WRITE_S,
           lambda i: fails_over(site, f"10.20.71.{i + 1}", promote=True))


# ---- a person's word ----

def hands_over(site, command, expected):
    """Runs it; seconds until a Lease says that another one of `expected` leads."""
    old = leader_of(site)
    before, found, began_s = site.claim(old)[1], [], time.monotonic()
    person = threading.Thread(target=lambda: found.append(site.kubectl_amko(*command)))
    person.start()
    try:
        return wait_for("acquired: true", lambda: next((time.monotonic() - began_s for name in expected
                                                        if site.claim(name)[::2] == (name, True) and site.claim(name)[1] > before), None),
                        30, 0.01)
    finally:
        person.join()
        assert found[0][0] == 0, found


@pytest.mark.parametrize("failover", ["Manual", "Automatic"])
def test_promote_takes_two_seconds(begin, figures, failover):
    site = begin(failover)
    continuity = Continuity(site.avisim)

    def play(i):
        target = next(name for name in site.names if name != leader_of(site))
        return hands_over(site, ("promote", target), [target])
    within(figures, f"promote to acquired: true, {failover}", ACQUIRED_S, play)
    site.ground.clusters["cluster1"].apply(member("cluster1", ip="10.20.72.1"))
    continuity.serves(HOST, "10.20.72.1")
    continuity.lost_nothing()
    continuity.had_one_writer_at_a_time()
    site.no_right_was_missing()


def test_demote_takes_two_seconds_until_another_leads(begin, figures):
    """Automatic: the fittest other one is named in the Leases that are given up, and takes them at once."""
    site = begin("Automatic")

    def play(i):
        if i:                          # only who was promoted can be demoted
            site.kubectl_amko("promote", next(name for name in site.names if name != leader_of(site)))
        old = leader_of(site)
        return hands_over(site, ("demote", old), [name for name in site.names if name != old])
    within(figures, "demote to another's acquired: true, Automatic", ACQUIRED_S, play)


def test_who_was_demoted_is_promoted_again(begin, figures):
    """Manual: nobody leads meanwhile."""
    site = begin()

    def play(_):
        began_s = time.monotonic()
        code, said, warned = site.kubectl_amko("demote")
        figures.append(f"demote to the end of the command, Manual: {time.monotonic() - began_s:.2f} s")
        assert (code, said.splitlines()[-1]) == (0, "cluster1 is no leader any more"), said
        assert "nobody leads from then on, until somebody is promoted" in warned
        assert [site.claim(name)[0] for name in site.names] == [None] * 3
        before, began_s = site.claim("cluster1")[1], time.monotonic()
        site.kubectl_amko("promote", "cluster1")
        return acquired(site, "cluster1", began_s, before)
    within(figures, "promote after demote to acquired: true, Manual", ACQUIRED_S, play)
