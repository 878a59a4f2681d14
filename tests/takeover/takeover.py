"""Leadership under faults, on real processes and network namespaces: rows by name, seeds by number: docs/testing.md."""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE] + [os.path.join(HERE, "..", folder) for folder in ("faults", "e2e", "conformance")]

import netns  # noqa: E402
import run  # noqa: E402
from play import Run, Stage  # noqa: E402
from programs import repository  # noqa: E402
from steps import NAMES, Script  # noqa: E402

# A stop hits between check and send once in hundreds of runs.
MAX_BRINKS = 3


def arguments():
    parser = argparse.ArgumentParser(description="several instances, of which one leads, under faults")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="the first seed (1)")
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many (200); 0: only the rows")
    parser.add_argument("--seed", type=int, metavar="N", help="this one only; its script is printed and its logs stay")
    parser.add_argument("--row", metavar="TEXT", help="only the rows whose name has this; their logs stay")
    parser.add_argument("--jobs", type=int, default=24, metavar="N", help="runs at once (24): they mostly wait")
    parser.add_argument("--folder", metavar="PATH", help="for logs ($BUILD/takeover)")
    parser.add_argument("--keep", action="store_true", help="the logs of runs that hold stay too")
    parser.add_argument("--show", action="store_true", help="print the scripts only")
    options = parser.parse_args()
    options.keep = options.keep or options.seed is not None or options.row is not None
    options.folder = options.folder or os.path.join(repository(), os.environ.get("BUILD", "build"), "takeover")
    return options


def chosen(options):
    """(rows, seeds)"""
    if options.seed is not None:
        return [], [options.seed]
    if options.row is not None:
        return [name for name in NAMES if options.row in name], []
    return NAMES, range(options.first, options.first + options.seeds)


def again(of):
    return f"make takeover SEED={of}" if isinstance(of, int) else f"make takeover ROW='{of}'"


def main():
    options = arguments()
    rows, seeds = chosen(options)
    if not rows and not seeds:
        print(f"takeover: no row is called {options.row!r}", file=sys.stderr)
        return 2
    if options.show or options.seed is not None or options.row is not None:
        print(*(Script(of) for of in [*rows, *seeds]), sep="\n\n", flush=True)
    if options.show:
        return 0
    why = netns.why_not()
    if why:
        print("takeover: needs the right to make network namespaces, with bridges and nftables in them (root with "
              f"CAP_SYS_ADMIN and CAP_NET_ADMIN; in a container --privileged): {why}\ntakeover: 0 passed, 1 failed",
              flush=True)
        return 1
    play = run.Play(Script, Stage, Run, again)
    parts = [(name, part) for name, part in (("rows", rows), ("takeover", seeds)) if part]
    totals = [run.run_and_tell(play, options, part, name) for name, part in parts]
    if sum(len(t.notes) for t in totals) > MAX_BRINKS:
        print("more writes came after a stop than stops can hit by chance: the check before the send is missing")
        return 1
    return 1 if any(t.n_failed for t in totals) else 0


if __name__ == "__main__":
    sys.exit(main())
