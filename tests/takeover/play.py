"""A script on real processes: a stage has the simulators and the wires of one run after the other, a run its instances.

The same two classes as the fault matrix has, for the same runner.
"""

import glob
import http.client
import itertools
import os
import re
import signal
import subprocess
import time
import traceback
from datetime import datetime

import epochs
import judge
import netns
import plain
import world
from kube import Api, ApiError, Cluster
from instances import LEASE, MARK, TIMES, amko_cluster
from programs import Avisim, Program, built
from record import Record, Unsettled
from stage import Kubesim, Port
from steps import ALL, CONTEXTS, ROLES

KUBE_PORT, AVI_PORT = 7001, 8443
START_S, SETTLE_S = 60, 60
HOSTS = tuple(f"{name}.example.org" for name in ("shop", "pay", "mail", "news", "maps", "docs"))
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
HOME = world.HOME
AMKOCLUSTER = "amkocluster-federation"


class Stage:
    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.kubesim = Kubesim(folder)
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.avi, self.wires = None, []

    def start(self):
        netns.enter_own()
        self.wires = [netns.Wire(i) for i in range(len(CONTEXTS))]
        self.kubesim.start(f"{netns.SERVER}:{KUBE_PORT}", CONTEXTS)
        self.avisim.start("--listen", f"{netns.SERVER}:{AVI_PORT}", "--log-level", "warn")
        self.avi = Port("avisim", self.avisim.control)
        return self

    def stop(self):
        """Every exit status that is not 0: a sanitizer's complaint."""
        codes = [(p, p.stop()) for p in (self.kubesim, self.avisim) if p.child]
        return [f"{p.name} ended with {code}:\n{p.tail()}" for p, code in codes if code != 0]

    def reset(self):
        self.kubesim.port.ask("POST", "/_sim/reset")
        self.avi.ask("POST", "/_sim/reset", {"objects": world.FURNITURE, "leader": "cluster-aaaaaaaa"})
        self.avi.ask("POST", "/_sim/toggle", {"check_domains": False})
        for wire in self.wires:
            wire.heal_all()


class Instance(Program):
    """amko in one cluster, in its own namespace, with its worker."""

    def __init__(self, context, folder, wire, kubeconfig, fakes_time):
        super().__init__(f"amko in {context}", os.path.join(folder, f"{context}.log"))
        self.context, self.wire, self.kubeconfig = context, wire, kubeconfig
        self.clock = os.path.join(folder, f"{context}.clock") if fakes_time else None
        self.changes, self.n_read, self.rest = [], 0, b""
        self.pids = {}                 # of the worker that runs: program -> pid
        if fakes_time:
            self.step_clock(0)

    def start(self):
        env = {"POD_NAME": f"amko-{self.context}", "POD_UID": "uid", "TMPDIR": netns.TMP}
        if self.clock:
            env.update(LD_PRELOAD=f"{built('alarms.so')} {library()}", FAKETIME_TIMESTAMP_FILE=self.clock, FAKETIME_NO_CACHE="1",
                       FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        self.spawn([*self.wire.enter(), built("amko"), "--kubeconfig", self.kubeconfig, "--context", self.context,
                    "--members-kubeconfig", self.kubeconfig, "--listen", "127.0.0.1:0", *TIMES], env=env)

    def step_clock(self, seconds):
        with open(self.clock + ".new", "w", encoding="ascii") as f:
            f.write(f"{seconds:+d}\n")
        os.rename(self.clock + ".new", self.clock)

    def look(self):
        """Reads what its log says since the last look."""
        if not os.path.exists(self.log):
            return
        with open(self.log, "rb") as f:
            f.seek(self.n_read)
            new = f.read()
        self.n_read += len(new)
        *lines, self.rest = (self.rest + new).split(b"\n")
        text = b"\n".join(lines).decode("utf-8", "replace")
        for line in text.splitlines():
            started = re.search(r"event=worker_started program=(\S+) pid=(\d+)", line)
            if started:
                self.pids = {started[1].strip('"'): int(started[2])}
            elif "event=worker_ended" in line:
                self.pids = {}
        self.changes += epochs.parse_log(text)

    def leads(self):
        """The epoch that it says it leads by; 0."""
        self.look()
        if not self.is_running() or not self.changes:
            return 0
        _, _, stage, epoch = self.changes[-1]
        return epoch if stage in ("waiting", "leading") else 0

    def processes(self, part):
        """The pids of a part that run."""
        self.look()
        keeper = [self.child.pid] if self.is_running() else []
        workers = [pid for pid in self.pids.values() if keeper and parent(pid) == keeper[0]]
        return {"keeper": keeper, "worker": workers, "both": keeper + workers}[part]


def library():
    found = glob.glob(FAKETIME)
    if not found:
        raise RuntimeError(f"{FAKETIME} is missing: install the package faketime (make deps)")
    return found[0]


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return int(f.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wall_ms():
    return time.time() * 1000


class Run(Record):
    def __init__(self, stage, folder):
        super().__init__(folder)
        self.stage = stage
        self.instances, self.clusters, self.script, self.origin = {}, {}, None, 0
        self.slow = {}                 # cluster -> ms
        self.ips = {}                  # (cluster, host) -> address
        self.stopped = {}              # pid -> context
        self.continued = []            # (time_ms, context)
        self.spoiled = set()           # clusters whose Lease is nonsense until somebody deletes it
        self.n_orders = 0
        self.due = []                  # (when_ms, number, what): steps and what takes them back

    # ---- the clusters

    def bulk(self, cluster, put=(), delete=()):
        change = {"cluster": cluster, "objects": list(put), "delete": list(delete)}
        self.stage.kubesim.port.ask("POST", "/_sim/bulk", change)

    def cluster(self, name):
        """Its API server as a person reaches it: a fault may be in the way."""
        address, port = netns.SERVER, KUBE_PORT + CONTEXTS.index(name)
        if name not in self.clusters:
            api = Api(address, port, self.stage.kubesim.authority, "admin-token", timeout_s=3)
            self.clusters[name] = Cluster(name, api)
        return self.clusters[name]

    def as_person(self, name, what, do):
        """What a fault may prevent."""
        try:
            return do(self.cluster(name))
        except (ApiError, OSError, http.client.HTTPException) as e:
            self.cluster(name).api.close()
            self.tell(f"not done: {what} in {name}: {e}")
            return None

    def prepare(self):
        self.stage.reset()
        names = self.script.contexts
        config = dict(plain.CONFIG, members=list(names))
        for name in names:
            objects = [world.manifest((name, "Namespace", "", space), plain.SPACE) for space in (HOME, "web")]
            objects += [world.secret_object("secret"), world.config_object(config, f"{netns.SERVER}:{AVI_PORT}"),
                        world.policy_object(dict(plain.POLICY, clusters=list(names)))]
            objects.append(amko_cluster(name, name == self.script.leader, names,
                                        "Automatic" if self.script.mode == "Automatic" else None))
            self.bulk(name, objects)
            for host in HOSTS:
                self.put(name, host)
        self.instances = {name: Instance(name, self.folder, self.stage.wires[CONTEXTS.index(name)],
                                         self.stage.kubesim.kubeconfig, self.script.fakes_time) for name in names}

    def put(self, cluster, host):
        """An Ingress of this host whose address has changed."""
        dice = self.script.dice
        ip = f"10.{1 + CONTEXTS.index(cluster)}.{HOSTS.index(host)}.{dice.randint(1, 250)}"
        self.ips[cluster, host] = ip
        key = (cluster, "Ingress", "web", host.split(".")[0])
        self.bulk(cluster, [world.manifest(key, plain.serves(host, ip))])

    def change_something(self):
        self.put(self.script.dice.choice(self.script.contexts), self.script.dice.choice(HOSTS))

    # ---- steps

    def leader(self):
        """The context of the instance that leads by the highest epoch; who was to be the first, where nobody does."""
        leads = {name: i.leads() for name, i in self.instances.items()}
        best = max(leads, key=lambda name: leads[name])
        return best if leads[best] else self.script.leader

    def resolve(self, who):
        if who == ALL:
            return list(self.script.contexts)
        leader = self.leader()
        order = [leader] + [name for name in self.script.contexts if name != leader]
        return [order[ROLES.index(who)]]

    def tell(self, text):
        self.story.append(f"{self.now_ms():>6} {text}")

    def now_ms(self):
        return int((time.monotonic() - self.origin) * 1000)

    def begin_step(self, step):
        names = self.resolve(step.who)
        self.tell(f"{step}  [{', '.join(names)}]")
        takes_back = [getattr(self, f"do_{step.verb}")(name, *step.args) for name in names]
        if step.for_ms:
            self.later(step.for_ms, lambda: self.take_back(step, names, takes_back))

    def take_back(self, step, names, takes_back):
        self.tell(f"{step.verb} is over  [{', '.join(names)}]")
        for back in takes_back:
            if back:
                back()

    def later(self, ms, what):
        self.due.append((self.now_ms() + ms, len(self.story), what))

    def do_stop(self, name, part):
        pids = self.instances[name].processes(part)
        for pid in pids:
            send(pid, signal.SIGSTOP)
            self.stopped[pid] = name
        return lambda: self.go_on(pids)

    def go_on(self, pids):
        for pid in pids:
            name = self.stopped.pop(pid, None)
            if name:
                self.continued.append((wall_ms(), name))
                send(pid, signal.SIGCONT)

    def do_kill(self, name, part):
        instance = self.instances[name]
        for pid in reversed(instance.processes(part)):
            send(pid, signal.SIGKILL)
            self.stopped.pop(pid, None)
        if part == "worker":
            return None
        if instance.child:
            instance.child.wait(20)
        return lambda: self.come_again(name)

    def come_again(self, name):
        instance = self.instances[name]
        if instance.is_running():
            return
        if instance.child.returncode not in (0, -signal.SIGKILL):
            self.lines.append(f"{instance.name} ended with {instance.child.returncode}:\n{instance.tail(20)}")
        instance.look()
        instance.pids = {}
        instance.start()

    def do_end(self, name):
        instance = self.instances[name]
        if instance.is_running():
            instance.child.terminate()
        return lambda: self.come_again(name)

    def do_cut(self, name, servers, way):
        wire = self.instances[name].wire
        kube = {c: KUBE_PORT + i for i, c in enumerate(CONTEXTS)}
        ports = {"own": [kube[name]], "members": list(kube.values()), "avi": [AVI_PORT],
                 "all": list(kube.values()) + [AVI_PORT], **{c: [port] for c, port in kube.items()}}[servers]
        wire.cut(ports, way)
        return lambda: wire.heal(ports, way)

    def do_clock(self, name, seconds):
        self.instances[name].step_clock(seconds)
        return lambda: self.instances[name].step_clock(0)

    def faults(self, which, rules):
        which.ask("DELETE", "/_sim/faults")
        if rules:
            which.ask("POST", "/_sim/faults", rules)

    def do_slow(self, name, ms):
        self.slow = dict(self.slow, **{name: ms})
        self.show_slow()
        return lambda: (self.slow.pop(name, None), self.show_slow())

    def show_slow(self):
        self.faults(self.stage.kubesim.port, [{"match": {"cluster": name}, "do": {"delay_ms": ms}}
                                              for name, ms in self.slow.items()])

    def do_late(self, _name, ms):
        rule = {"match": {}, "do": {"delay_answer_ms": ms}}
        self.faults(self.stage.avi, [rule])
        return lambda: self.faults(self.stage.avi, [])

    def do_down(self, name):
        self.stage.kubesim.port.ask("POST", "/_sim/toggle", {"cluster": name, "down": True})
        return lambda: self.stage.kubesim.port.ask("POST", "/_sim/toggle", {"cluster": name, "down": False})

    EDITS = {
        "clear": {"spec": {"holderIdentity": ""}},
        "strange": {"spec": {"holderIdentity": "cluster9/amko-0/uid/0123456789abcdef"}},
        "older": {"metadata": {"annotations": {MARK + "epoch": "1"}}},
        "attempt": {"metadata": {"annotations": {MARK + "acquired": "false"}}},
        "bare": {"metadata": {"annotations": None}},
        "nonsense": {"metadata": {"annotations": {MARK + "epoch": "soon"}}},
    }

    def do_lease(self, name, edit):
        if edit == "delete":
            if self.as_person(name, "the Lease's deletion", lambda c: c.delete("Lease", HOME, LEASE)) is not None:
                self.spoiled.discard(name)
            return None
        if edit == "nonsense":
            self.spoiled.add(name)
        change = self.EDITS.get(edit)
        if edit == "newer":
            change = {"metadata": {"annotations": {MARK + "epoch": str(max(self.claim(name)[0], 0) + 1)}}}
        self.as_person(name, "the edit of the Lease", lambda c: c.patch("Lease", HOME, LEASE, change))
        return lambda: self.do_lease(name, "delete")

    def claim(self, name):
        """(epoch, holder, acquired, view) of a Lease; of one that is not there or cannot be read: (0, "", False, "")."""
        lease = self.as_person(name, "reading the Lease", lambda c: c.get("Lease", HOME, LEASE))
        lease = lease or {"metadata": {}, "spec": {}}
        marks = lease["metadata"].get("annotations") or {}
        epoch = marks.get(MARK + "epoch", "0")
        return (int(epoch) if epoch.isdigit() else 0, lease["spec"].get("holderIdentity") or "",
                marks.get(MARK + "acquired") == "true", marks.get(MARK + "view", ""))

    def set_leader(self, name, is_leader, order=None):
        change = {"spec": {"isLeader": is_leader}}
        if order:
            change["metadata"] = {"annotations": {MARK + "promote": order}}
        self.as_person(name, "the edit of the AMKOCluster", lambda c: c.patch("AMKOCluster", HOME, AMKOCLUSTER, change))

    def do_promote(self, name, is_forced, reach):
        self.n_orders += 1
        for other in self.script.contexts:
            if other != name and reach == "all":
                self.set_leader(other, False)
        self.set_leader(name, True, f"order-{self.n_orders}" + (" force" if is_forced else ""))

    def do_demote(self, name):
        self.set_leader(name, False)

    # ---- beginning

    def wait(self, what, probe, timeout_s):
        """Changes go on meanwhile."""
        deadline = time.monotonic() + timeout_s
        while not probe():
            if time.monotonic() > deadline:
                raise Unsettled(f"no {what} after {timeout_s} s")
            self.change_something()
            time.sleep(self.script.change_ms / 1000)

    def writes(self):
        return any(epochs.is_write(e) for e in self.stage.avi.ask("GET", "/_sim/log?since=0"))

    def is_in_force(self):
        """Every Lease shows the mode, and no other that it comes after."""
        views = {self.claim(name)[3] for name in self.script.contexts}
        return all(view.startswith(self.script.mode) and "|" not in view for view in views)

    def begin(self):
        self.prepare()
        self.origin = time.monotonic()
        for instance in self.instances.values():
            instance.start()
        self.wait("first write", self.writes, START_S)
        self.wait(f"mode {self.script.mode}", self.is_in_force, START_S)
        self.story.append(f"{self.now_ms():>6} {self.leader()} leads and writes")
        self.origin = time.monotonic()

    # ---- the faults

    def play(self):
        for step in self.script.steps:
            self.due.append((step.at_ms, step.at_ms, lambda step=step: self.begin_step(step)))
        while self.now_ms() < self.script.end_ms or self.due:
            self.due.sort(key=lambda d: d[:2])
            while self.due and self.due[0][0] <= self.now_ms():
                self.due.pop(0)[2]()
            self.change_something()
            time.sleep(self.script.change_ms / 1000)

    # ---- the end

    def calm(self):
        """What still holds of steps that nothing takes back."""
        self.tell("calm")
        self.go_on(list(self.stopped))
        for name in list(self.spoiled):
            self.do_lease(name, "delete")
        for name, instance in self.instances.items():
            if not instance.is_running():
                self.come_again(name)

    def who_leads(self):
        """(epoch, holder) on all Leases, acquired, and of one instance that says so itself, the others say no; None."""
        claims = {self.claim(name)[:3] for name in self.script.contexts}
        epoch, holder, is_acquired = next(iter(claims))
        leads = {name: i.leads() for name, i in self.instances.items() if i.leads()}
        is_one = len(claims) == 1 and is_acquired and holder and leads == {epochs.context(holder): epoch}
        return (epoch, holder) if is_one else None

    def conditions(self):
        """context -> (status, reason, message) of condition Leading."""
        found = {}
        for name in self.script.contexts:
            obj = self.as_person(name, "reading the AMKOCluster", lambda c: c.get("AMKOCluster", HOME, AMKOCLUSTER))
            for c in ((obj or {}).get("status") or {}).get("conditions") or []:
                if c["type"] == "Leading":
                    found[name] = (c["status"], c["reason"], c["message"])
        return found

    def services(self):
        found = self.stage.avi.ask("GET", "/_sim/objects/gslbservice?written=1")
        return {o["name"]: judge.addresses(o["object"]) for o in found}

    def wanted(self):
        return {host: {self.ips[c, host] for c in self.script.contexts} for host in HOSTS}

    BLOCKED = {"OtherLeads", "NotPromoted", "PromotionUsedUp"}

    def is_blocked(self):
        """Nobody leads, and every instance's condition says that a human has to decide."""
        found = self.conditions()
        return len(found) == len(self.script.contexts) and all(
            status == "False" and reason in self.BLOCKED and message for status, reason, message in found.values())

    def settle(self):
        """One leads and the controller has what is wanted; where a human has to decide, one does."""
        deadline, blocked_since, is_decided = time.monotonic() + SETTLE_S, None, False
        while time.monotonic() < deadline:
            leader = self.who_leads()
            if leader and self.services() == self.wanted():
                return
            is_blocked = not leader and self.is_blocked()
            blocked_since = (blocked_since or time.monotonic()) if is_blocked else None
            if blocked_since and not is_decided and time.monotonic() - blocked_since > 1:
                is_decided = True
                self.tell(f"nobody leads, the conditions say so: {self.conditions()}; {self.script.leader} is promoted")
                self.do_promote(self.script.leader, False, "all")
            time.sleep(0.2)
        raise Unsettled(f"not settled {SETTLE_S} s after the last fault: leader {self.who_leads()}\n  Leases: "
                        f"{[self.claim(n) for n in self.script.contexts]}\n  conditions: {self.conditions()}\n  "
                        f"wanted: {self.wanted()}\n  services: {self.services()}")

    def judge(self):
        entries = self.stage.avi.ask("GET", "/_sim/log?since=0")
        kube = self.stage.kubesim.port.ask("GET", "/_sim/log?since=0")
        verdict = epochs.judge_writes(entries, epochs.renewals(kube), self.ends(), self.continued,
                                      self.script.mode == "Manual")
        self.lines += verdict.complaints + epochs.judge_claims(entries)
        self.notes = [f"stopped between check and send: {line}" for line in verdict.brinks]
        writers = [epochs.sender(e) for e in entries if epochs.is_write(e)]
        self.story.append(f"{len(writers)} writes, in the order of their epochs:")
        self.story += [f"  epoch {epoch} of {holder}: {len(list(n))}" for (holder, epoch), n in itertools.groupby(writers)]

    def ends(self):
        """(epoch, holder) -> when its keeper said that it was over. Not of clocks that were stepped."""
        found = {}
        for instance in self.instances.values():
            instance.look()
            for stamp, holder, stage, epoch in instance.changes if not instance.clock else ():
                if stage == "ending":
                    moment = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
                    found.setdefault((epoch, holder), moment.timestamp() * 1000)
        return found

    # ---- the whole

    def run(self, script):
        self.script = script
        try:
            self.begin()
            self.play()
            self.calm()
            self.settle()
        except Unsettled as e:
            self.lines.append(str(e))
        except Exception:                              # a program that ended, or a mistake here: of this run alone
            self.lines.append(traceback.format_exc())
        try:
            self.end()
            self.judge()
        except Exception:
            self.lines.append(traceback.format_exc())
        finally:
            for instance in self.instances.values():
                instance.kill()
            for cluster in self.clusters.values():
                cluster.api.close()
        return self.lines

    def end(self):
        """All must end well: a sanitizer's complaint is another exit status."""
        self.stage.avi.ask("DELETE", "/_sim/faults")
        for wire in self.stage.wires:
            wire.heal_all()
        self.go_on(list(self.stopped))
        running = [i for i in self.instances.values() if i.is_running()]
        for instance in running:
            instance.child.terminate()
        for instance in running:
            try:
                code = instance.child.wait(20)
            except subprocess.TimeoutExpired:
                code = "nothing: it did not end"
            if code:
                self.lines.append(f"{instance.name} ended with {code}:\n{instance.tail(30)}")

    def keep(self, text):
        self.keep_all(text, controller_log=lambda: self.stage.avi.ask("GET", "/_sim/log?since=0"),
                      clusters_log=lambda: self.stage.kubesim.port.ask("GET", "/_sim/log?since=0"))
