"""amko-leader is killed with SIGKILL at random moments while its clusters change. Run by `make soak`.

    make soak                                 50 kills, 10000 names, some minutes
    make soak KILLS=10 SERVICES=1000 SEED=7   another size, another seed

The moments are drawn from a seed and spread over what a leader does: starting, listing, syncing, creating, updating, deleting,
resting; small changes go on all the time, also while it is dead. After every fifth part of the kills the changes pause, and then
the controller must have exactly what the clusters say (fleet.py), and restarts, killed and asked to end, write nothing.
"""

import argparse
import collections
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from fleet import CLUSTERS, Fleet                    # noqa: E402
from manifests import CONTROLLER, gslb_config, policy     # noqa: E402
from programs import Avisim, wait_for                # noqa: E402
from rig import Rig                                  # noqa: E402
from sim_ground import SimGround                     # noqa: E402

STAGES = ("starting", "listing", "syncing", "creating", "updating", "deleting", "resting")
PHASES = ("none", "waiting", "checking", "listing", "syncing", "running")
METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}
SETTLE_S = 600


class Weather(threading.Thread):
    """Small changes, all the time but in pauses: addresses, paths, TLS, members and whole names."""

    def __init__(self, fleet, dice, pause_s=0.1):
        super().__init__(daemon=True)
        self.fleet, self.dice, self.pause_s = fleet, dice, pause_s
        self.lock, self.is_over, self.n_changes, self.failure = threading.Lock(), False, 0, None

    def run(self):
        try:
            while not self.is_over:
                with self.lock:
                    self.change(self.dice.randint(1, 10))
                time.sleep(self.pause_s)
        except Exception as e:                       # told by the main thread
            self.failure = e

    def change(self, n):
        what = self.dice.choice(("move", "move", "reshape", "leave", "remove", "add"))
        numbers = self.fleet.missing(n) if what == "add" else self.fleet.some(n)
        getattr(self.fleet, what)(numbers)
        self.n_changes += len(numbers)

    def check(self):
        if self.failure:
            raise self.failure


class Life:
    """One leader from its start to its end: where it stands, and what came of it."""

    def __init__(self, rig):
        self.rig, self.begin = rig, time.monotonic()
        size = os.path.getsize(rig.leader.log) if os.path.exists(rig.leader.log) else 0
        self.log = open(rig.leader.log, "a+", encoding="utf-8", errors="replace")
        self.log.seek(size)
        self.last_phase, self.read = "none", collections.Counter()
        self.first_entry = self.last_entry()
        rig.leader.start()

    def last_entry(self):
        return self.rig.avisim.ask("GET", "/_sim/stats")["log"]["last"]

    def phase(self):
        """The last one that its log tells; on the way the writes whose answers it read are counted."""
        text = self.log.read()
        self.last_phase = ([self.last_phase] + re.findall(r" event=phase phase=(\w+)", text))[-1]
        self.read.update(METHODS[word] for word in re.findall(r' event=avi_write operation="(\w+) ', text))
        return self.last_phase

    def wait_phase(self, name, timeout_s=SETTLE_S):
        def probe():
            self.rig.leader.check()
            return PHASES.index(self.phase()) >= PHASES.index(name)

        wait_for(f"phase {name}", probe, timeout_s, 0.005)

    def wait_entries(self, n):
        """Until the controller saw n more requests, or nothing is left to do and nothing comes."""
        first, begin = self.last_entry(), time.monotonic()

        def probe():
            if self.last_entry() >= first + n:
                return True
            sync = self.rig.leader.sync() if time.monotonic() > begin + 1 else None
            return sync and sync["settled"]

        wait_for(f"{n} requests", probe, SETTLE_S, 0.005)

    def stop_reading(self):
        """What is in flight gets its answer, and nobody reads it."""
        self.rig.leader.child.send_signal(signal.SIGSTOP)
        wait_for("the end of what is in flight", lambda: not self.rig.avisim.ask("GET", "/_sim/stats")["open"], 10)

    def kill(self):
        """What it did: (phase, accepted writes by method, of those the ones whose answer it never read)."""
        self.rig.leader.check()
        self.rig.leader.kill()
        done = collections.Counter(e["method"] for e in self.rig.avisim.writes_since(self.first_entry) if is_done(e))
        phase = self.phase()
        self.log.close()
        return phase, done, done - self.read


def is_done(entry):
    return 200 <= entry["status"] < 300 or (entry["method"] == "DELETE" and entry["status"] == 404)


class Soak:
    def __init__(self, folder, services, kills, seed, say=print):
        self.kills, self.say, self.dice = kills, say, random.Random(seed)
        self.ground = SimGround(folder, n=len(CLUSTERS))
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.rig = Rig(self.ground, self.avisim, os.path.join(folder, "leader.log"))
        self.fleet = Fleet(self.ground, services, random.Random(seed + 1))
        self.weather = Weather(self.fleet, random.Random(seed + 2))
        self.spent = {"listing": 0.05 + services / 10000, "syncing": 1}    # how long these phases take, as far as was seen
        self.phases, self.unread, self.writes = collections.Counter(), collections.Counter(), collections.Counter()
        self.checks, self.peak_mib = [], 0

    # ---- the parts

    def start(self):
        self.ground.start_all()
        self.avisim.start()
        self.rig.reset(CONTROLLER)
        self.avisim.toggle(check_domains=True)
        self.rig.apply("cluster1", gslb_config(self.avisim.address, clusters=CLUSTERS, refreshInterval=1800),
                       policy(clusters=CLUSTERS))
        self.fleet.fill()
        self.weather.start()

    def stages(self):
        """Every stage as often as any other, in a drawn order; the first ones create, as everything is new."""
        rest = [STAGES[i % len(STAGES)] for i in range(self.kills)]
        self.dice.shuffle(rest)
        rest.sort(key=lambda stage: stage != "creating")
        first = (rest.count("creating") + 1) // 2
        tail = rest[first:]
        self.dice.shuffle(tail)
        return rest[:first] + tail

    def burst(self, stage, n):
        """Many changes at once, of the kind that the stage is about."""
        with self.weather.lock:
            if stage == "creating":
                self.fleet.add(self.fleet.missing(2 * n))
            elif stage == "updating":
                self.fleet.move(self.fleet.some(n))
                self.fleet.reshape(self.fleet.some(n // 4))
            elif stage == "deleting":
                self.fleet.leave(self.fleet.some(n // 4))
                self.fleet.remove(self.fleet.some(n))

    def pass_time(self, life, stage, n):
        """Until the moment of the kill; n: so many changes came at once."""
        if stage == "starting":
            time.sleep(self.dice.uniform(0, 0.3))
        elif stage in self.spent:
            life.wait_phase(stage)
            begin, next_phase = time.monotonic(), PHASES[PHASES.index(stage) + 1]
            due = begin + self.dice.uniform(0, self.spent[stage])
            while time.monotonic() < due:
                if life.phase() == next_phase:
                    self.spent[stage] = time.monotonic() - begin
                    break
                time.sleep(0.005)
        elif stage == "resting":
            self.settle()
        else:
            life.wait_phase("running")
            life.wait_entries(self.dice.randint(1, n))
            if self.dice.random() < 0.5:
                life.stop_reading()

    @contextlib.contextmanager
    def slow_lists(self):
        """One cluster's API server takes its time for the Ingresses: there is a while in which a leader waits for nothing else."""
        pages = max(1, self.fleet.size / 100)
        usual_s = self.checks[-1][1] if self.checks else self.spent["listing"]
        delay_ms = int(1000 * (1 + 1.5 * usual_s) / pages) + 1
        self.ground.ask("POST", "/_sim/faults", {"match": {"cluster": CLUSTERS[1], "resource": "ingresses", "verb": "list"},
                                                 "do": {"delay_ms": delay_ms}})
        try:
            yield
        finally:
            self.ground.ask("DELETE", "/_sim/faults")

    def settle(self):
        """Until everything that was changed before is carried through; the weather pauses."""
        with self.weather.lock:
            self.rig.settle(timeout_s=SETTLE_S)

    def restore(self):
        """All names are there again, so that the last check is one of all."""
        with self.weather.lock:
            self.fleet.add(self.fleet.missing(self.fleet.size))

    # ---- kills and checks

    def kill_once(self, number, stage):
        is_late, n = self.dice.random() < 0.5, self.dice.randint(1, max(1, self.fleet.size // 8))
        if not is_late:
            self.burst(stage, n)
        with self.slow_lists() if stage == "syncing" else contextlib.nullcontext():
            life = Life(self.rig)
            if is_late and stage in ("creating", "updating", "deleting"):
                life.wait_phase("running")
                self.burst(stage, n)
            self.pass_time(life, stage, n)
            self.peak_mib = max(self.peak_mib, memory_mib(self.rig.leader))
            phase, done, unread = life.kill()
        self.weather.check()
        self.phases[phase] += 1
        self.unread += unread
        self.writes += done
        self.say(f"kill {number:3}  {stage:9} in phase {phase:9} after {time.monotonic() - life.begin:6.2f} s  "
                 f"{sum(done.values()):6} writes  unread answers: {dict(unread) or '-'}")

    def check(self, number):
        """Converges exactly; then a restart after a kill and one after an end write nothing."""
        with self.weather.lock:
            life = Life(self.rig)
            self.rig.settle(timeout_s=SETTLE_S)
            took = time.monotonic() - life.begin
            differences = self.fleet.differences(self.avisim)
            assert not differences, f"after kill {number}: {len(differences)} differences: {differences[:5]}"
            again = [self.restart(kill) for kill in (True, False)]
            self.rig.leader.kill()
        self.checks.append((took, *again))
        self.say(f"check after {number} kills: {len(self.fleet.names)} services as wanted after {took:.1f} s; "
                 f"restarts in {again[0]:.1f} and {again[1]:.1f} s wrote nothing")

    def restart(self, is_killed):
        """Seconds until it is ready again and has nothing to do; it may not write."""
        self.rig.leader.kill() if is_killed else self.rig.stop()
        life = Life(self.rig)
        self.rig.settle(timeout_s=SETTLE_S)
        writes = self.rig.avisim.writes_since(life.first_entry)
        assert not writes, f"a restart wrote {len(writes)} times: {writes[:3]}"
        self.peak_mib = max(self.peak_mib, memory_mib(self.rig.leader))
        return time.monotonic() - life.begin

    def run(self):
        begin = time.monotonic()
        self.start()
        each = max(1, self.kills // 5)
        for number, stage in enumerate(self.stages(), 1):
            self.kill_once(number, stage)
            if number == self.kills:
                self.restore()
            if number % each == 0 or number == self.kills:
                self.check(number)
        return {"services": self.fleet.size, "kills": self.kills, "kills by phase": dict(self.phases),
                "changes between": self.weather.n_changes, "writes of the killed": dict(self.writes),
                "answers never read": dict(self.unread), "checks": len(self.checks), "differences": 0,
                "writes of restarts": 0, "slowest restart s": max(max(row[1:]) for row in self.checks),
                "peak MiB": self.peak_mib, "took s": time.monotonic() - begin}

    def close(self):
        self.weather.is_over = True
        if self.weather.is_alive():
            self.weather.join()
        self.rig.leader.kill()
        self.avisim.kill()
        self.ground.stop_all()


def memory_mib(program):
    with open(f"/proc/{program.child.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--services", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="amko-soak-")
    soak = Soak(folder, args.services, args.kills, args.seed, say=lambda text: print(text, flush=True))
    print(f"seed {args.seed}, logs in {folder}", flush=True)
    try:
        figures = soak.run()
    finally:
        soak.close()
    for key, value in figures.items():
        print(f"{key:22} {value:.1f}" if isinstance(value, float) else f"{key:22} {value}")


if __name__ == "__main__":
    main()
