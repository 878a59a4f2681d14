"""kubectl-amko on simulated clusters: what it says, what it writes, how it ends."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest
import yaml

from ground import HOME
from programs import built
from sim_ground import SimGround
from standin import FIT, LEASE, NAME, PREFIX, UUID, Keeper, amkocluster, kept_of, lease

NAMES = ["cluster1", "cluster2", "cluster3"]
EPOCH = 4000002
VIEW = "Manual 4000001 3 cluster1 cluster2 cluster3"


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    ground = SimGround(str(tmp_path_factory.mktemp("sim")))
    try:
        yield ground.start_all()
    finally:
        ground.stop_all()


class Federation:
    """Three clusters, led by the first."""

    def __init__(self, ground):
        self.ground, self.keepers = ground, []
        ground.reset()
        led = kept_of(isLeader=True, number=4, led=True, epoch=EPOCH, promote="")
        for name in NAMES:
            self.put(name, amkocluster(name, NAMES, name == "cluster1", role="leader" if name == "cluster1" else "follower",
                                       kept=led if name == "cluster1" else None))
            self.put(name, lease("cluster1", EPOCH, view=VIEW))

    def put(self, cluster, obj):
        return self.ground.clusters[cluster].apply(obj)

    def object(self, cluster):
        return self.ground.clusters[cluster].get("AMKOCluster", HOME, NAME)

    def is_leader(self):
        return [name for name in NAMES if self.object(name)["spec"]["isLeader"]]

    def leases(self):
        found = {name: self.ground.clusters[name].get("Lease", HOME, LEASE) for name in NAMES
                 if self.ground.servers[name].is_running()}
        return {name: (obj["spec"].get("holderIdentity", "").split("/")[0], int(obj["metadata"]["annotations"][PREFIX + "epoch"]))
                for name, obj in found.items()}

    def events(self, cluster):
        return [(e["type"], e["reason"], e["message"]) for e in self.ground.clusters[cluster].list("Event", HOME)]

    def start(self, *names):
        for name in names:
            self.keepers.append(Keeper(self.ground, name))
            self.keepers[-1].start()

    def end(self):
        for keeper in self.keepers:
            keeper.end()
        self.ground.ask("DELETE", "/_sim/faults")
        for name in NAMES:
            self.ground.start(name)

    def writes(self):
        entries = self.ground.ask("GET", "/_sim/log?since=0")
        return [(e["cluster"], e["verb"], e["resource"]) for e in entries
                if (e["agent"] or "").startswith("amko/") and e["verb"] not in ("get", "list", "watch")]

    def promote_until(self, line, act):
        """Promotes cluster2, does something once a line is said; exit status, all lines, what was said of errors."""
        argv = [built("kubectl-amko"), "promote", "cluster2", "--kubeconfig", self.ground.kubeconfig]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
            try:
                lines = []
                while line not in lines:
                    lines.append(command.stdout.readline().rstrip("\n"))
                    assert lines[-1], (lines, command.stderr.read())
                act()
                out, err = command.communicate(timeout=30)
            finally:
                command.kill()
        return command.returncode, lines + out.splitlines(), err

    def run(self, *args, env=None, context="cluster1", kubeconfig=True):
        argv = [built("kubectl-amko"), *args]
        if kubeconfig:
            argv += ["--kubeconfig", self.ground.kubeconfig]
        if context:
            argv += ["--context", context]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(env or {})})
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def federation(ground):
    federation = Federation(ground)
    federation.ground.ask("POST", "/_sim/log/clear")
    yield federation
    federation.end()


def squeezed(text):
    """Widths and ages are another test's business."""
    return re.sub(r"\b\d+s\b", "Ns", re.sub(r" {2,}", "  ", text)).rstrip("\n").split("\n")


# ---- status

def test_status_shows_a_line_for_each_cluster(federation):
    code, out, err = federation.run("status")
    assert (code, err) == (0, "")
    assert squeezed(out) == [
        f"federation {UUID}, led by cluster1 in epoch {EPOCH}",
        "",
        "CONTEXT  ROLE  LEADER  EPOCH  HOLDER  CHANGED  ACQUIRED  FIT  VERSION",
        f"cluster1  leader  cluster1  {EPOCH}  cluster1/amko-0  Ns  true  yes  1.13.1",
        f"cluster2  follower  cluster1  {EPOCH}  cluster1/amko-0  Ns  true  yes  1.13.1",
        f"cluster3  follower  cluster1  {EPOCH}  cluster1/amko-0  Ns  true  yes  1.13.1"]
    assert federation.writes() == []


def test_status_begins_at_any_member_and_finds_the_others(federation):
    first = federation.run("status")[1]
    assert squeezed(federation.run("status", context="cluster3")[1]) == squeezed(first)


def test_status_says_what_is_wrong_where(federation):
    federation.put("cluster2", amkocluster("cluster2", NAMES, fit="api credentials uuid", role="follower", conditions=[
        {"type": "FenceUnavailable", "status": "True", "reason": "Refused", "message": "HTTP 403\x1b[2J from the controller"}]))
    federation.put("cluster3", lease("cluster9", EPOCH, federation="another"))
    federation.ground.clusters["cluster1"].delete("Lease", HOME, LEASE)
    federation.put("cluster1", amkocluster("cluster1", NAMES + ["nowhere"], True, role=None))
    code, out, err = federation.run("status")
    assert (code, err) == (0, "")
    assert squeezed(out)[3:] == [
        "cluster1  AMKO?  -  -  -  -  -  -  1.13.1",
        f"cluster2  follower  cluster1  {EPOCH}  cluster1/amko-0  Ns  true  no:avi,copy  1.13.1",
        f"cluster3  follower  cluster9  {EPOCH}  cluster9/amko-0  Ns  true  yes  1.13.1",
        "nowhere  -  -  -  -  -  -  -  -",
        "",
        "cluster1: AMKOCluster amkocluster-federation has no annotation amko.vmware.com/role: AMKO runs there, or nothing does",
        "cluster1: spec.isLeader is true, but a later promotion lets cluster9 lead: set it to false, or promote cluster1 again",
        "cluster2: Lease amko-leader is of another federation, 3f0c7c1e-9a51-11ee-8f4b-0242ac120002",
        "cluster2: FenceUnavailable: HTTP 403 [2J from the controller",
        "nowhere: your kubeconfig has no context of that name (kubectl config get-contexts lists what it has)"]


def test_status_of_a_cluster_that_is_down(federation):
    federation.ground.stop("cluster1")
    code, out, err = federation.run("status")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"error: cluster cluster1 cannot be reached: .+\nGive --context of another member to begin there\.\n", err)
    code, out, err = federation.run("status", context="cluster2")
    assert code == 0
    assert squeezed(out)[3:5] == ["cluster1  -  -  -  -  -  -  -  -",
                                  f"cluster2  follower  cluster1  {EPOCH}  cluster1/amko-0  Ns  true  yes  1.13.1"]
    assert re.match(r"cluster1: .+", squeezed(out)[-1])


def test_status_wide_shows_conditions(federation):
    federation.put("cluster2", amkocluster("cluster2", NAMES, conditions=[
        {"type": "current AMKOCluster Validation", "status": "won't federate objects", "reason": "AMKO not a leader"}]))
    out = squeezed(federation.run("status", "-o", "wide")[1])
    assert out[2] == ("CONTEXT  ROLE  LEADER  EPOCH  HOLDER  CHANGED  ACQUIRED  FIT  VERSION  PROMOTION  ISLEADER  FAILOVER  FENCE"
                      "  MEMBERS  VIEW")
    assert out[3] == (f"cluster1  leader  cluster1  {EPOCH}  cluster1/amko-0/0f5a/77c1  Ns  true  yes  1.13.1  4  true  Manual"
                      f"  record  -  {VIEW}")
    assert out[6:] == ["", "CONTEXT  CONDITION  STATUS  SINCE  REASON  MESSAGE",
                       "cluster2  current AMKOCluster Validation  won't federate objects  -  AMKO not a leader  -"]


def test_status_for_programs(federation):
    federation.ground.stop("cluster3")
    told = json.loads(federation.run("status", "-o", "json")[1])
    assert (told["federation"], told["leader"], told["epoch"], told["leaderIsAlive"]) == (UUID, "cluster1", EPOCH, True)
    first, last = told["members"][0], told["members"][2]
    age = first["lease"].pop("ageSeconds")
    assert 0 <= age < 60
    assert first == {
        "context": "cluster1", "reachable": True, "name": NAME, "role": "leader", "isLeader": True, "version": "1.13.1",
        "failover": "Manual", "clusters": NAMES, "conditions": [], "problems": [],
        "promotion": {"number": 4, "ended": False, "forced": False, "led": True, "epoch": EPOCH},
        "fit": {part: True for part in FIT.split()},
        "lease": {"holder": "cluster1/amko-0/0f5a/77c1", "epoch": EPOCH, "promotion": 4, "acquired": True, "fenced": True,
                  "federation": UUID, "view": {"mode": "Manual", "epoch": 4000001, "serial": 3, "members": NAMES}}}
    assert not last["reachable"] and last["problems"]
    as_yaml = yaml.safe_load(federation.run("status", "-o", "yaml")[1])
    for member in told["members"] + as_yaml["members"]:
        member.get("lease", {}).pop("ageSeconds", None)
    assert as_yaml == told


def test_status_without_rights_says_so(federation, tmp_path):
    path = federation.ground.write_kubeconfig(str(tmp_path / "config"), users={"cluster1": {"token": "nobody-token"}})
    code, out, err = federation.run("status", "--kubeconfig", path, kubeconfig=False)
    assert (code, out) == (1, "") and "HTTP 403" in err


# ---- the kubeconfig

def test_several_kubeconfigs_count_as_one(federation, tmp_path):
    config = federation.ground.kubeconfig_object()
    parts = {"users": {"users": config["users"]},
             "rest": {key: value for key, value in config.items() if key not in ("users", "current-context")},
             "current": {"current-context": "cluster2"}}
    for name, part in parts.items():
        (tmp_path / name).write_text(yaml.safe_dump(part))
    files = ":".join(str(tmp_path / name) for name in ["users", "missing", "rest", "current"])
    code, out, err = federation.run("status", env={"KUBECONFIG": files}, context=None, kubeconfig=False)
    assert (code, err) == (0, "") and len(squeezed(out)) == 6


def test_the_kubeconfig_of_the_home_folder(federation, tmp_path):
    (tmp_path / ".kube").mkdir()
    federation.ground.write_kubeconfig(str(tmp_path / ".kube" / "config"))
    code, _, err = federation.run("status", env={"HOME": str(tmp_path), "KUBECONFIG": ""}, context=None, kubeconfig=False)
    assert (code, err) == (0, "")


def test_a_context_of_another_name_is_the_cluster_that_it_reaches(federation, tmp_path):
    config = federation.ground.kubeconfig_object()
    next(c for c in config["contexts"] if c["name"] == "cluster2")["name"] = "my-second"
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    code, out, err = federation.run("status", "--kubeconfig", str(tmp_path / "config"), context="my-second", kubeconfig=False)
    assert (code, err) == (0, "") and [line.split()[0] for line in squeezed(out)[3:]] == NAMES


@pytest.mark.parametrize("args, code, says", [
    (["status", "--context", "nowhere"], 1,
     'error: the kubeconfig has no context "nowhere" (kubectl config get-contexts lists what it has)\n'),
    (["promote"], 2, "error: promote: which cluster? Give the context of the one that shall lead\nTry 'kubectl amko help'.\n"),
    (["promote", "cluster9"], 3,
     "error: cluster9 is no member of this federation, whose members are cluster1, cluster2, cluster3\n"),
    (["demote", "cluster9"], 3,
     "error: cluster9 is no member of this federation, whose members are cluster1, cluster2, cluster3\n"),
])
def test_what_is_asked_for_is_not_there(federation, args, code, says):
    context = None if "--context" in args else "cluster1"
    assert federation.run(*args, context=context) == (code, "", says)
    assert federation.writes() == []


# ---- promote

def test_promote_hands_over(federation):
    federation.start(*NAMES)
    code, out, err = federation.run("promote", "cluster2")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("cluster1: isLeader is false now (generation ")
    assert lines[1].startswith("cluster2: promoted (generation ")
    assert lines[-1] == "cluster2 leads in epoch 5000001"
    assert federation.is_leader() == ["cluster2"]
    assert federation.leases() == {name: ("cluster2", 5000001) for name in NAMES}
    order = federation.object("cluster2")["metadata"]["annotations"][PREFIX + "promote"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-[0-9a-f]{8}", order)
    assert [e[:2] for e in federation.events("cluster1")] == [("Normal", "Demoted")]
    assert [e[:2] for e in federation.events("cluster2")] == [("Normal", "Promoted")]
    assert federation.events("cluster2")[0][2].endswith("(kubectl amko promote)")


def test_promote_clears_before_it_promotes_and_writes_nothing_else(federation):
    federation.start(*NAMES)
    assert federation.run("promote", "cluster2")[0] == 0
    assert federation.writes() == [("cluster1", "patch", "amkoclusters"), ("cluster1", "create", "events"),
                                   ("cluster2", "patch", "amkoclusters"), ("cluster2", "create", "events")]


def test_promote_tells_how_far_it_is(federation):
    federation.start("cluster2")
    code, lines, err = federation.promote_until("cluster2 stands, and waits until the Leases are free",
                                                lambda: federation.start("cluster1", "cluster3"))
    assert (code, err) == (0, "")
    assert [re.sub(r" \(.*", "", line) for line in lines[:3]] == [
        "cluster1: isLeader is false now", "cluster2: promoted", f"cluster1 leads in epoch {EPOCH}"]
    assert lines[-1] == "cluster2 leads in epoch 5000001"


def test_promote_of_the_leader_changes_nothing(federation):
    assert federation.run("promote", "cluster1") == (0, f"cluster1 leads already, in epoch {EPOCH}\n", "")
    assert federation.writes() == []


def test_promote_of_one_that_was_overtaken_is_a_new_act(federation):
    federation.start(*NAMES)
    assert federation.run("promote", "cluster2")[0] == 0
    federation.ground.clusters["cluster1"].patch("AMKOCluster", HOME, NAME, {"spec": {"isLeader": True}})
    code, out, err = federation.run("promote", "cluster1")
    assert (code, err, out.splitlines()[-1]) == (0, "", "cluster1 leads in epoch 6000001")
    assert federation.is_leader() == ["cluster1"]


def test_promote_when_the_leaders_cluster_is_lost(federation):
    federation.ground.stop("cluster1")
    federation.start("cluster2", "cluster3")
    federation.put("cluster2", lease("", EPOCH))        # as if it had run out
    code, out, err = federation.run("promote", "cluster2", "--timeout", "1s", context=None)
    assert code == 4
    assert err.startswith("warning: cluster cluster1, whose instance leads, cannot be reached: cluster2 leads once its Leases "
                          "have run out; while it lives and reaches the other clusters, they do not\n"
                          "error: not done in time; the order stands, and kubectl amko status shows how it goes on\n")
    assert "cluster1 does not answer\n" in out
    code, lines, _ = federation.promote_until("cluster2 stands, and waits until the Leases are free",
                                              lambda: federation.put("cluster3", lease("", EPOCH)))
    assert (code, lines[-1]) == (0, "cluster2 leads in epoch 6000001")


def test_promote_of_one_whose_keeper_is_dead_ends_in_time(federation):
    federation.start("cluster1")
    code, out, err = federation.run("promote", "cluster2", "--timeout", "2s")
    assert code == 4
    assert "cluster2 has not seen its promotion yet\n" in out
    assert err.startswith("error: not done in time; the order stands, and kubectl amko status shows how it goes on\n")


def test_promote_is_judged_anew_after_a_conflict(federation):
    federation.start(*NAMES)
    federation.ground.ask("POST", "/_sim/faults", {"match": {"cluster": "cluster2", "resource": "amkoclusters", "verb": "patch"},
                                                   "times": 1, "do": {"status": 409}})
    code, out, err = federation.run("promote", "cluster2")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "cluster2 leads in epoch 5000001"


def test_promote_stops_where_the_old_leader_cannot_be_cleared(federation):
    federation.start(*NAMES)
    federation.ground.ask("POST", "/_sim/faults", {"match": {"cluster": "cluster1", "resource": "amkoclusters", "verb": "patch"},
                                                   "do": {"status": 403}})
    code, out, err = federation.run("promote", "cluster2")
    assert (code, out) == (1, "")
    assert err.startswith("error: cluster cluster1: AMKOCluster amkocluster-federation: HTTP 403")
    assert err.endswith(": cluster2 was not promoted; what was written before stands, so promote again\n")
    assert federation.is_leader() == ["cluster1"]


def test_an_event_that_cannot_be_made_is_a_warning(federation):
    federation.start(*NAMES)
    federation.ground.ask("POST", "/_sim/faults", {"match": {"resource": "events"}, "do": {"status": 403}})
    code, out, err = federation.run("promote", "cluster2")
    assert code == 0
    assert [line.split(": HTTP")[0] for line in err.splitlines()] == [
        f"warning: cluster {name}: no Event about it could be made" for name in ("cluster1", "cluster2")]


@pytest.mark.parametrize("what, says", [
    ({"cluster2": amkocluster("cluster2", NAMES, role=None)},
     "cluster cluster2: AMKOCluster amkocluster-federation has no annotation amko.vmware.com/role"),
    ({"cluster2": amkocluster("other", NAMES)},
     'cluster cluster2: AMKOCluster amkocluster-federation says clusterContext: "other"'),
    ({"cluster3": amkocluster("cluster3", NAMES, True, role=None)}, "cluster cluster3: AMKO leads there"),
])
def test_promote_refuses_what_cannot_end_well(federation, what, says):
    for name, obj in what.items():
        federation.put(name, obj)
    federation.ground.ask("POST", "/_sim/log/clear")
    code, out, err = federation.run("promote", "cluster2")
    assert (code, out) == (3, "")
    assert err.startswith("error: " + says)
    assert federation.writes() == [] and "cluster1" in federation.is_leader()


def test_promote_without_a_fence_needs_the_old_leader_or_force(federation):
    for name in NAMES:
        federation.put(name, lease("cluster1", EPOCH, fence="none"))
    federation.ground.stop("cluster1")
    code, out, err = federation.run("promote", "cluster2", context=None)
    assert (code, out) == (3, "")
    assert err == ("error: cluster cluster1, whose instance leads, cannot be reached, and there is no record on the controller that "
                   "would stop it: make sure that it is dead, then use --force\n")


# ---- force

def test_force_goes_past_living_leases_and_is_noted(federation):
    federation.ground.stop("cluster1")
    federation.start("cluster2", "cluster3")
    code, out, err = federation.run("promote", "cluster2", "--force", "--yes-federation-id", UUID, context=None)
    assert (code, out.splitlines()[-1]) == (0, "cluster2 leads in epoch 5000001")
    obj = federation.object("cluster2")
    assert obj["metadata"]["annotations"][PREFIX + "promote"].endswith(" force")
    noted = [c for c in obj["status"]["conditions"] if c["type"] == "ForcedPromotion"]
    assert len(noted) == 1 and noted[0]["status"] == "True"
    says = noted[0]["message"]
    assert re.fullmatch(r"promoted with --force by \S+@\S+ \(kubectl amko promote\), past cluster1, which was seen to lead", says)
    assert federation.events("cluster2") == [("Warning", "ForcedPromotion", says)]
    assert f"cluster2: ForcedPromotion: {says}" in federation.run("status", context="cluster2")[1]


def test_the_next_promotion_takes_the_note_away(federation):
    federation.start(*NAMES)
    assert federation.run("promote", "cluster2", "--force", "--yes-federation-id", UUID)[0] == 0
    assert federation.run("promote", "cluster1")[0] == 0
    assert federation.run("promote", "cluster2")[0] == 0
    assert federation.object("cluster2")["status"]["conditions"] == []


@pytest.mark.parametrize("args, says", [
    ([], "error: --force asks for the federation's id, and there is nobody to ask: give --yes-federation-id\n"),
    (["--yes-federation-id", UUID[:-1]], "error: that is not this federation's id: nothing was changed\n"),
])
def test_force_needs_the_federations_id(federation, args, says):
    assert federation.run("promote", "cluster2", "--force", *args) == (3, "", says)
    assert federation.writes() == [] and federation.is_leader() == ["cluster1"]


def typed(federation, line):
    """promote --force at a terminal: exit status, and what stood on it."""
    master, slave = pty.openpty()
    child = subprocess.Popen([built("kubectl-amko"), "promote", "cluster2", "--force", "--kubeconfig",
                              federation.ground.kubeconfig], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown, is_answered, deadline = "", False, time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 4096).decode()
            except OSError:
                break
        if not is_answered and "shows it): " in shown:
            os.write(master, (line + "\n").encode())
            is_answered = True
    os.close(master)
    return child.wait(10), shown


def test_force_asks_at_a_terminal(federation):
    federation.start(*NAMES)
    code, shown = typed(federation, UUID)
    assert code == 0 and "cluster2 will take Leases that may be alive, past cluster1." in shown
    assert UUID not in shown.split("shows it): ")[0], "who does not know the id has to look it up"
    assert federation.is_leader() == ["cluster2"]


def test_force_takes_no_other_word_for_it(federation):
    code, shown = typed(federation, "yes")
    assert code == 3 and "that is not this federation's id: nothing was changed" in shown
    assert federation.is_leader() == ["cluster1"]


# ---- demote

def test_demote_lets_the_leader_stand_down(federation):
    federation.start(*NAMES)
    code, out, err = federation.run("demote")
    assert (code, out.splitlines()[-1]) == (0, "cluster1 is no leader any more")
    assert err == "warning: failover is Manual: nobody leads from then on, until somebody is promoted\n"
    assert federation.is_leader() == [] and federation.leases()["cluster1"][0] == ""
    assert federation.run("demote") == (0, "nobody leads, as far as can be seen\n", "")
    assert "led by nobody" in federation.run("status")[1]


def test_demote_of_a_follower_changes_nothing(federation):
    assert federation.run("demote", "cluster3") == (0, "cluster3 follows already\n", "")
    assert federation.writes() == []


def test_demote_after_a_failover_names_the_way(federation):
    federation.put("cluster1", amkocluster("cluster1", NAMES, False, role="leader", failover="Automatic"))
    federation.ground.ask("POST", "/_sim/log/clear")
    assert federation.run("demote") == (3, "", "error: cluster1 leads without isLeader: true, after a failover: promote the one that "
                                               "shall lead instead\n")
    assert federation.writes() == []


def test_demote_that_nobody_hears_ends_in_time(federation):
    code, out, err = federation.run("demote", "--timeout", "1s")
    assert code == 4 and out.splitlines()[-1] == "cluster1 has not seen it yet"
    assert federation.is_leader() == []


# ---- the rest

def test_help_teaches(federation):
    for args in ([], ["help"], ["--help"], ["status", "-h"], ["help", "promote"], ["promote", "--help"], ["demote", "--help"]):
        code, out, err = federation.run(*args, context=None, kubeconfig=False)
        assert (code, err) == (0, "") and out.startswith("usage: kubectl amko ") and "kubectl amko " in out[30:]
        assert all(len(line) <= 112 for line in out.splitlines())


def test_a_closed_pipe_is_no_success(federation):
    done = subprocess.run(f"{built('kubectl-amko')} status --kubeconfig {federation.ground.kubeconfig} > /dev/full", shell=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 1
