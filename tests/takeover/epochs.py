"""The judge of who wrote when. Pure: logs in, complaints out; an empty list means that all is well.

Every request says by its User-Agent which process sends it, and a writer's by which epoch: "amko/1.0 (HOLDER epoch N)".
A claim is (epoch, holder). Each simulator's log is totally ordered, and they share one wall clock, which nobody steps.
"""

import collections
import re

WRITES = ("POST", "PUT", "DELETE", "PATCH")
TYPES = ("gslbservice", "healthmonitor")
AGENT = re.compile(r"amko/\S+ \((?P<holder>\S+?)(?: epoch (?P<epoch>\d+))?\)$")
# Lease duration, renew deadline, M, and S: how late a simulator on a busy machine may look at what has arrived.
Times = collections.namedtuple("Times", "lease renew margin late")
TIMES = Times(3000, 2000, 500, 400)
# So soon after SIGCONT a process sends what it had leave for when it was stopped.
BRINK_MS = 150


def sender(entry):
    """(holder, epoch) as the request says it; epoch None: it speaks for none."""
    found = AGENT.match(entry.get("agent") or "")
    if not found:
        return None, None
    return found["holder"], int(found["epoch"]) if found["epoch"] else None


def context(holder):
    return holder.rsplit("/", 3)[0]


def is_write(entry):
    """Of services and monitors, whatever came of it. Status 0: its sender had left before it was looked at."""
    return entry["method"] in WRITES and entry["type"] in TYPES and entry["status"] != 0


def describe(entry):
    holder, epoch = sender(entry)
    what = f"n={entry['n']} at {entry['time_ms'] % 1000000} {entry['method']} {entry['name']}: HTTP {entry['status']}"
    return f"{what}, epoch {epoch} of {holder}"


class Verdict:
    """complaints, and brinks: writes that came too late because their process was stopped between check and send."""

    def __init__(self):
        self.complaints, self.brinks = [], []


class Brink:
    """A process can be stopped between its last check and the sending. Then one write comes as soon as it goes on, and no
    more: the next one is checked. continued: [(time_ms, context)] of SIGCONTs."""

    def __init__(self, continued):
        self.continued = list(continued)

    def excuses(self, entry):
        holder, _ = sender(entry)
        for moment in self.continued:
            if moment[1] == context(holder) and 0 <= entry["time_ms"] - moment[0] <= BRINK_MS:
                self.continued.remove(moment)
                return True
        return False


def judge_writes(entries, renewals, ends, continued, is_manual, times=TIMES):
    """entries: of the controller's log, in order. renewals, ends: see below."""
    verdict, brink = Verdict(), Brink(continued)
    end_ms = times.lease - times.margin - times.renew + times.late
    backed = Backing(renewals, is_manual, times)
    newest = (0, "")
    for entry in filter(is_write, entries):
        holder, epoch = sender(entry)
        if not epoch:
            verdict.complaints.append(f"nobody leads who writes: {describe(entry)}, {entry.get('agent')!r}")
            continue
        why = None
        if (epoch, holder) < newest:
            why = f"written after epoch {newest[0]} of {newest[1]} had written"
        elif not backed(entry["time_ms"], holder):
            why = "written without Leases that were renewed lately"
        elif entry["time_ms"] > ends.get((epoch, holder), entry["time_ms"]) + end_ms:
            why = f"written {entry['time_ms'] - ends[epoch, holder]} ms after its epoch had ended"
        newest = max(newest, (epoch, holder))
        if why:
            (verdict.brinks if brink.excuses(entry) else verdict.complaints).append(f"{why}: {describe(entry)}")
    return verdict


class Backing:
    """May this holder write now, by its renewals? [(time_ms, cluster, holder)] of PUTs and POSTs of Leases that were done.

    t0 is when the oldest renewal was sent that the quorum needs, not later than it was done. A write ends by t0 + L - M.
    In Manual the own Lease decides; in Automatic that, while the first leader's view is Manual, or more than half."""

    def __init__(self, renewals, is_manual, times):
        self.renewals, self.is_manual, self.times = renewals, is_manual, times
        self.n_clusters = len({cluster for _, cluster, _ in renewals})

    def __call__(self, time_ms, holder):
        since = time_ms - (self.times.lease - self.times.margin) - self.times.late
        held = {cluster for at_ms, cluster, who in self.renewals if who == holder and since <= at_ms <= time_ms}
        if context(holder) in held:
            return True
        # Of an even number the record is one voter more.
        return not self.is_manual and 2 * (len(held) + (self.n_clusters % 2 == 0)) > self.n_clusters


def renewals(entries):
    """From the clusters' log."""
    done = [e for e in entries
            if e["resource"] == "leases" and e["verb"] in ("create", "update") and 200 <= e["status"] < 300]
    return [(e["time_ms"], e["cluster"], sender(e)[0]) for e in done if sender(e)[0]]


def judge_claims(entries):
    """The record only goes up: once a claim was written, no smaller one is, unless somebody deleted it."""
    complaints, newest = [], (0, "")
    for entry in entries:
        is_put = entry["type"] == "stringgroup" and entry["method"] in ("POST", "PUT")
        if not is_put or not 200 <= entry["status"] < 300:
            continue
        pairs = {pair["key"]: pair["value"] for pair in entry["body"].get("kv", [])}
        claim = (int(pairs["epoch"]), pairs["holder"])
        if claim < newest:
            complaints.append(f"the record went back from {newest} to {claim}: n={entry['n']}")
        newest = max(newest, claim)
    return complaints


# ---- what an instance says of itself


LEADERSHIP = re.compile(r"ts=(?P<ts>\S+) .*event=leadership stage=(?P<stage>\S+) .*epoch=(?P<epoch>\d+)")
IDENTITY = re.compile(r"event=identity holder=\"?(?P<holder>[^\s\"]+)")


def parse_log(text):
    """[(stamp, holder, stage, epoch)] of an instance's log, in order; stamp as it stands there."""
    found, holder = [], None
    for line in text.splitlines():
        identity = IDENTITY.search(line)
        if identity:
            holder = identity["holder"]
        change = LEADERSHIP.search(line)
        if change:
            found.append((change["ts"], holder, change["stage"], int(change["epoch"])))
    return found
