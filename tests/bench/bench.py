"""The benchmark: a cold sync beside a raw replay of the same writes, the way of a change, memory, idling, a restart; and how
time and memory grow. Run by `make bench`; docs/benchmarks.md says what the figures mean.

    make bench                               2 clusters x 3000 Ingresses in 50 namespaces, on simulated clusters
    make bench BENCH="--growth"              1000 to 30000 Ingresses in all
    make bench BENCH="--ingresses 500 --rounds 2 --changes-s 5"
    make bench BENCH="--ground real"         on real API servers (Go 1.25)

Figures of one run on a shared machine mean little by themselves; ratios of one run do.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, os.path.join(HERE, ".."))

from conftest import GROUNDS                                                # noqa: E402
from programs import built, repository                                      # noqa: E402
from stand import POLL_S, Stand, cpu_s, memory_kib                          # noqa: E402

GROWTH = (1000, 3000, 10000, 30000)

# Of each figure: what it is, its form, what we want, and what AMKO 1.13.1 took.
ROWS = (
    ("ingresses", "Ingresses in each of two clusters", "{:.0f}", "", ""),
    ("writes", "writes of a cold sync", "{:.0f}", "", ""),
    ("cold_s", "cold sync, s", "{:.2f}", "", "102"),
    ("replay_s", "raw replay of its writes, s", "{:.2f}", "", ""),
    ("ratio", "cold sync / replay", "{:.2f}", "≤ 1.5", ""),
    ("cold_cpu_s", "CPU of the leader in a cold sync, s", "{:.2f}", "", ""),
    ("replay_cpu_s", "CPU of the replay, s", "{:.2f}", "", ""),
    ("cold_controller_cpu_s", "CPU of the controller in a cold sync, s", "{:.2f}", "", ""),
    ("replay_controller_cpu_s", "CPU of the controller in a replay, s", "{:.2f}", "", ""),
    ("p50_ms", "a change at the controller, p50, ms", "{:.1f}", "≤ 5", "minutes"),
    ("p99_ms", "a change at the controller, p99, ms", "{:.1f}", "≤ 20", "minutes"),
    ("changes", "changes", "{:.0f}", "", ""),
    ("peak_mib", "memory at its peak, MiB", "{:.1f}", "≤ 25", "126"),
    ("idle_percent", "idle, % of a core", "{:.2f}", "≤ 0.2", ""),
    ("restart_s", "restart, s", "{:.2f}", "", ""),
    ("restart_cpu_s", "CPU of the leader in a restart, s", "{:.2f}", "", ""),
    ("restart_peak_mib", "memory of a restart at its peak, MiB", "{:.1f}", "≤ 25", ""),
    ("restart_writes", "writes of a restart", "{:.0f}", "0", "7840"),
    ("process_ms", "a start that does nothing (--version), ms", "{:.0f}", "", ""),
)

GROWTH_ROWS = (
    ("in_all", "Ingresses in all", "{:.0f}"),
    ("writes", "writes", "{:.0f}"),
    ("cold_s", "cold, s", "{:.2f}"),
    ("ratio", "cold / replay", "{:.2f}"),
    ("cold_cpu_s", "its CPU, s", "{:.2f}"),
    ("cold_us", "CPU an Ingress, µs", "{:.0f}"),
    ("restart_s", "restart, s", "{:.2f}"),
    ("restart_cpu_s", "its CPU, s", "{:.2f}"),
    ("restart_us", "CPU an Ingress, µs", "{:.0f}"),
    ("peak_mib", "peak, MiB", "{:.1f}"),
    ("peak_kib", "peak an Ingress, KiB", "{:.2f}"),
)

# The steps of a restart, by what the log says at their ends.
PHASES = (
    ("listening", "the process is up"),
    ("gslbconfig_taken", "GSLBConfig, Secret and policy are read"),
    ("controller_leads", "login, and who leads"),
    ("cluster_synced", "the member clusters are listed"),
    ("listed", "the controller is listed"),
    ("phase running", "it may write"),
)


def median(values):
    return statistics.median(values) if values else math.nan


def syncs(stand, rounds):
    """Cold syncs, each beside a replay of its writes."""
    pairs, peaks = [], []
    for _ in range(rounds):
        stand.empty_controller()
        with stand.started() as start:
            stand.check_all_there()
            requests, writes = stand.record(), len(stand.writes())
            peaks.append(memory_kib(start.leader))
        stand.empty_controller()
        pairs.append((start, stand.replay(requests)))
    return {"writes": writes,
            "cold_s": median([start.seconds for start, _ in pairs]),
            "replay_s": median([replay[0] for _, replay in pairs]),
            "ratio": median([start.seconds / replay[0] for start, replay in pairs if writes]),
            "cold_cpu_s": median([start.cpu for start, _ in pairs]),
            "replay_cpu_s": median([replay[1] for _, replay in pairs]),
            "cold_controller_cpu_s": median([start.controller_cpu for start, _ in pairs]),
            "replay_controller_cpu_s": median([replay[2] for _, replay in pairs]),
            "peak_mib": max(peaks) / 1024}


def restarts(stand, rounds, then=lambda leader: {}):
    """The controller has what it should. `then` is called while the last leader still runs."""
    starts, peaks, writes, more = [], [], [], {}
    for turn in range(rounds):
        with stand.started() as start:
            starts.append(start)
            peaks.append(memory_kib(start.leader))
            writes.append(len(stand.writes()))
            more = then(start.leader) if turn + 1 == rounds else {}
    phases = [start.phases() for start in starts]
    return {"restart_s": median([start.seconds for start in starts]),
            "restart_cpu_s": median([start.cpu for start in starts]),
            "restart_peak_mib": max(peaks) / 1024, "restart_writes": max(writes),
            "phases": {event: median([found[event] for found in phases]) for event, _ in PHASES}, **more}


def changes(stand, args):
    """Milliseconds from sending a change of an address until the controller got the PUT, at a fixed rate."""
    cluster, seen = stand.client("cluster1"), stand.avisim.last_n()
    sent, n = {}, int(args.rate * args.changes_s)
    begin = time.monotonic()
    for k in range(n):
        time.sleep(max(0, begin + k / args.rate - time.monotonic()))
        now = time.time()
        sent[stand.change(cluster, k * 7919 % stand.n, 1 + k // stand.n)] = now
    time.sleep(1)
    latencies = []
    for entry in stand.avisim.writes_since(seen):
        for member in (m for group in (entry["body"] or {}).get("groups", []) for m in group["members"]):
            at = sent.pop(member["ip"]["addr"], None)
            if at:
                # The controller's log has whole milliseconds, cut: half of one is put back.
                latencies.append(entry["time_ms"] + 0.5 - at * 1000)
    assert not sent, f"{len(sent)} changes never arrived"
    return {"changes": n, "p50_ms": median(latencies), "p99_ms": statistics.quantiles(latencies, n=100)[98]}


def idle(leader, seconds):
    before = cpu_s(leader)
    time.sleep(seconds)
    return {"idle_percent": (cpu_s(leader) - before) / seconds * 100}


def process_ms():
    """Python's start of a child that ends at once is part of every start."""
    def one():
        begin = time.monotonic()
        subprocess.run([built("amko-leader"), "--version"], check=True, stdout=subprocess.DEVNULL)
        return (time.monotonic() - begin) * 1000

    return median([one() for _ in range(9)])


def table(stand, args):
    stand.fill(args.ingresses)
    figures = {"ingresses": args.ingresses, "process_ms": process_ms(), **syncs(stand, args.rounds)}
    return figures | restarts(stand, args.rounds,
                              lambda leader: changes(stand, args) | idle(leader, args.idle_s))


def growth(stand, args):
    """One row a size; what an empty leader takes is taken off before dividing by the Ingresses."""
    def row(n):
        stand.fill(n // 2)
        return {"in_all": n, **syncs(stand, args.rounds), **restarts(stand, args.rounds)}

    empty, rows = row(0), [row(n) for n in args.growth]
    for found in rows:
        n = found["in_all"]
        found["cold_us"] = (found["cold_cpu_s"] - empty["cold_cpu_s"]) / n * 1e6
        found["restart_us"] = (found["restart_cpu_s"] - empty["restart_cpu_s"]) / n * 1e6
        found["peak_kib"] = (max(found["peak_mib"], found["restart_peak_mib"]) - empty["peak_mib"]) / n * 1024
    return [empty, *rows]


def machine(args, load_before):
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo", encoding="ascii") as f:
        memory = int(f.readline().split()[1]) / 1024 / 1024
    with open(os.path.join(repository(), "VERSION"), encoding="ascii") as f:
        version = f.read().strip()
    load = " to ".join(f"{value:.1f}" for value in (load_before, os.getloadavg()[0]))
    return (f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, load average {load} (the "
            f"benchmark's own included); amko {version}; clusters: {'simulated' if args.ground == 'sim' else 'real'}; "
            f"{args.rounds} rounds, medians; polled every {POLL_S * 1000:.0f} ms")


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def show_table(figures):
    rows = [(name, form.format(figures[key]), aim, reference) for key, name, form, aim, reference in ROWS]
    steps, before = [], 0.0
    for event, name in sorted(PHASES, key=lambda phase: figures["phases"][phase[0]]):
        steps.append((name, f"{figures['phases'][event] * 1000:.0f}", f"{(figures['phases'][event] - before) * 1000:+.0f}"))
        before = figures["phases"][event]
    return (markdown(("", "amko", "aim", "AMKO 1.13.1"), rows) + "\n" +
            markdown(("a restart, step by step", "ms since the start", "this step"), steps))


def show_growth(rows):
    return markdown([name for _, name, _ in GROWTH_ROWS],
                    [["" if row.get(key, math.nan) is math.nan else form.format(row[key]) for key, _, form in GROWTH_ROWS] for row in rows])


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ground", default="sim", choices=sorted(GROUNDS))
    parser.add_argument("--ingresses", type=int, default=3000, help="in each of the two clusters (3000)")
    parser.add_argument("--namespaces", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5, help="cold syncs, replays and restarts (5)")
    parser.add_argument("--rate", type=float, default=100, help="changes a second (100)")
    parser.add_argument("--changes-s", type=float, default=30)
    parser.add_argument("--idle-s", type=float, default=20)
    parser.add_argument("--growth", nargs="*", type=int, metavar="INGRESSES",
                        help="a table of sizes instead; Ingresses in all, half in each cluster (1000 3000 10000 30000)")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there too")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    args = parser.parse_args()
    args.growth = GROWTH if args.growth == [] else args.growth
    return args


def main():
    args, load = options(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="amko-bench-") as folder:
        stand = Stand(args.ground, folder, args.namespaces)
        try:
            stand.open()
            figures = growth(stand, args) if args.growth else table(stand, args)
        finally:
            stand.close()
    text = f"{machine(args, load)}\n\n{show_growth(figures) if args.growth else show_table(figures)}"
    print(text, end="")
    for path, content in ((args.markdown, text), (args.json, json.dumps(figures, indent=1) + "\n")):
        if path:
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)


if __name__ == "__main__":
    main()
