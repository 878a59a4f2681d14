"""The controller is away while thousands of names change: how often it is asked, and how fast all is written afterwards.
Run by `make outage`.

    make outage                               60 s without a controller, 5000 of 6000 names change; three times each way
    make outage OUTAGE="--seconds 20 --dirty 500 --services 600 --ways refuse --rounds 1"

Attempts are counted three times, and the highest number counts: by the leader's own metric, by the controller (requests that
arrived, answered or not), and on the wire (connections that somebody tried to open to its port, refused ones too; as root only). The
recovery is measured from the first request that is answered until the last write, beside a raw replay of the same writes; how long
that first request was waited for is told apart.
"""

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import raw                                                     # noqa: E402
from fleet import CLUSTERS, Fleet                              # noqa: E402
from manifests import CONTROLLER, gslb_config, policy          # noqa: E402
from programs import Avisim, wait_for                        # noqa: E402
from rig import Rig                                            # noqa: E402
from sim_ground import SimGround                               # noqa: E402
from syns import Syns                                          # noqa: E402

# Connections are refused; requests are taken and never answered; a proxy before it answers 503.
WAYS = ("refuse", "hang", "503")
MAX_ATTEMPTS = 20
SETTLE_S = 300


class Outage:
    def __init__(self, folder, services, seed=1):
        self.folder = folder
        self.ground = SimGround(folder, n=len(CLUSTERS))
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.rig = Rig(self.ground, self.avisim, os.path.join(folder, "leader.log"))
        self.fleet = Fleet(self.ground, services, random.Random(seed))

    def start(self):
        """A leader that has nothing to do."""
        self.ground.start_all()
        self.avisim.start()
        self.rig.reset(CONTROLLER)
        self.avisim.toggle(check_domains=True)
        self.rig.apply("cluster1", gslb_config(self.avisim.address, clusters=CLUSTERS, refreshInterval=1800),
                       policy(clusters=CLUSTERS))
        self.fleet.fill()
        self.rig.start()
        self.rig.settle(timeout_s=SETTLE_S)
        self.check_all_there()

    def check_all_there(self):
        differences = self.fleet.differences(self.avisim)
        assert not differences, f"{len(differences)} differences: {differences[:5]}"

    def set_away(self, way, is_away):
        if way in ("refuse", "hang"):
            self.avisim.toggle(**{way: is_away})
        elif is_away:
            self.avisim.ask("POST", "/_sim/faults", {"match": {}, "do": {"status": int(way)}})
        else:
            self.avisim.ask("DELETE", "/_sim/faults")

    def requests(self):
        """Requests that the leader made by its own count; one is counted when it ends."""
        counted = re.findall(r"^amko_avi_requests_total\{.*\} (\d+)$", self.rig.leader.text("/metrics"), re.M)
        return sum(map(int, counted))

    def arrived(self):
        """Requests that the controller took, answered or not."""
        return self.avisim.ask("GET", "/_sim/stats")["requests"]

    def away(self, way, dirty, seconds):
        """The outage; what was attempted meanwhile."""
        before, arrived = self.requests(), self.arrived()
        with Syns(int(self.avisim.address.rsplit(":", 1)[1])) as syns:
            self.set_away(way, True)
            end = time.monotonic() + seconds
            self.fleet.move(self.fleet.some(dirty))
            self.wait_seen(dirty)
            cpu, since = cpu_s(self.rig.leader), time.monotonic()
            slowest_ms = self.look_on(end)
            cpu = (cpu_s(self.rig.leader) - cpu) / (time.monotonic() - since)
            found = {"metric": self.requests() - before, "arrived": self.arrived() - arrived, "connections": syns.n}
        return dict(found, attempts=max(n or 0 for n in found.values()), cpu_percent=100 * cpu, slowest_answer_ms=slowest_ms)

    def wait_seen(self, n):
        """Until all changes reached the leader: they wait."""
        while True:
            names = self.rig.leader.sync()["names"]
            if names["pending"] + names["in_flight"] + names["failing"] >= n:
                return
            time.sleep(0.05)

    def look_on(self, end):
        """Asks the leader how it is until the end; the longest that an answer took."""
        slowest = 0
        while time.monotonic() < end:
            begin = time.monotonic()
            assert self.rig.leader.get("/api/sync")[0] == 200
            slowest = max(slowest, time.monotonic() - begin)
            time.sleep(0.25)
        return slowest * 1000

    def back(self, way):
        """The controller answers again: seconds until it is asked, from there until all is written, and the writes."""
        n = self.avisim.last_n()
        begin_ms = time.time() * 1000
        self.set_away(way, False)
        # Seldom, so that looking on costs the leader nothing.
        wait_for("the leader's recovery", lambda: self.rig.leader.sync()["settled"] and self.avisim.last_n() > n, SETTLE_S, 0.5)
        self.rig.settle(timeout_s=SETTLE_S)
        writes = self.avisim.writes_since(n)
        first_ms = next(e["time_ms"] for e in self.avisim.log_since(n) if e["status"] == 200)
        return max(0, first_ms - begin_ms) / 1000, (writes[-1]["time_ms"] - first_ms) / 1000, writes

    def round(self, way, dirty, seconds):
        found = self.away(way, dirty, seconds)
        waited_s, recovery_s, writes = self.back(way)
        self.check_all_there()
        requests = os.path.join(self.folder, "requests")
        n = raw.record([e for e in writes if e["status"] < 300], requests)
        replay_s = raw.replay(self.avisim, requests)
        return dict(found, way=way, writes=n, waited_s=waited_s, recovery_s=recovery_s, replay_s=replay_s,
                    ratio=recovery_s / replay_s)

    def close(self):
        self.rig.leader.kill()
        self.avisim.kill()
        self.ground.stop_all()


def cpu_s(program):
    with open(f"/proc/{program.child.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


COLUMNS = ("way", "attempts", "metric", "arrived", "connections", "cpu_percent", "slowest_answer_ms", "waited_s", "writes",
           "recovery_s", "replay_s", "ratio")


def show(found):
    """A line of the table. The ratio of one round means little on a shared machine, the median of several more."""
    print("  ".join(f"{found[c]:.2f}" if isinstance(found[c], float) else str(found[c]) for c in COLUMNS), flush=True)


def median(rounds):
    """Of each column by itself; of the attempts the most."""
    found = {key: statistics.median(r[key] for r in rounds) for key in COLUMNS if key not in ("way", "connections")}
    return dict(found, way=f"{rounds[0]['way']}, median of {len(rounds)}", attempts=max(r["attempts"] for r in rounds),
                connections=rounds[0]["connections"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=6000)
    parser.add_argument("--dirty", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="of each way")
    parser.add_argument("--ways", default=",".join(WAYS), help="of these: " + ", ".join(WAYS))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = {way: [] for way in args.ways.split(",")}
    with tempfile.TemporaryDirectory(prefix="amko-outage-") as folder:
        outage = Outage(folder, args.services, args.seed)
        try:
            outage.start()
            print("  ".join(COLUMNS), flush=True)
            for _ in range(args.rounds):
                for way, rounds in found.items():
                    rounds.append(outage.round(way, args.dirty, args.seconds))
                    show(rounds[-1])
        finally:
            outage.close()
    for rounds in found.values():
        show(median(rounds))
    return max(r["attempts"] for rounds in found.values() for r in rounds) >= MAX_ATTEMPTS


if __name__ == "__main__":
    sys.exit(main())
