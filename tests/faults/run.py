"""Runs scripts by their numbers, many at once, and tells which failed: see docs/testing.md.

Knows nothing of what is in them: a Play names the three classes. Script(seed) says all of a run in text; Stage(folder)
is what a worker keeps (start, stop); Run(stage, folder) plays a script (run), keeps or forgets what happened (keep,
forget), and has notes: lines that are no complaints.
"""

import argparse
import collections
import multiprocessing
import os
import resource
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../e2e"), os.path.join(HERE, "../conformance")]

from programs import die_with_parent, repository  # noqa: E402

Play = collections.namedtuple("Play", "script stage run again")
Total = collections.namedtuple("Total", "n_passed n_failed notes")


def arguments():
    parser = argparse.ArgumentParser(description="the fault matrix: random scripts of changes, faults and restarts")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="the first seed (1)")
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many (200)")
    parser.add_argument("--seed", type=int, metavar="N", help="this one only; its script is printed and its logs stay")
    parser.add_argument("--jobs", type=int, default=32, metavar="N", help="runs at once (32): they mostly wait")
    parser.add_argument("--folder", metavar="PATH", help="for logs ($BUILD/faults)")
    parser.add_argument("--keep", action="store_true", help="the logs of runs that hold stay too")
    parser.add_argument("--show", action="store_true", help="print the scripts only")
    options = parser.parse_args()
    options.keep = options.keep or options.seed is not None
    options.folder = options.folder or os.path.join(repository(), os.environ.get("BUILD", "build"), "faults")
    return options


def play_one(play, stage, seed, folder, keeps):
    """(seed, complaints, notes, seconds)"""
    begin, script = time.monotonic(), play.script(seed)
    os.makedirs(folder, exist_ok=True)
    run = play.run(stage, folder)
    lines = run.run(script)
    if lines or keeps:
        run.keep(str(script))
    else:
        run.forget()
    return seed, lines, run.notes, time.monotonic() - begin


def work(play, number, seeds, results, options):
    """One worker: takes seeds until None; at the end the processor time of all its processes."""
    die_with_parent()
    stage = play.stage(os.path.join(options.folder, f"worker{number}"))
    try:
        stage.start()
        for seed in iter(seeds.get, None):
            results.put(play_one(play, stage, seed, os.path.join(options.folder, str(seed)), options.keep))
    except BaseException:                              # an end of the worker is told, whatever it is
        results.put((None, [f"worker {number}: {traceback.format_exc()}"], [], 0))
    finally:
        lines = stage.stop()
        if lines:
            results.put((None, lines, [], 0))
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        results.put(sum(u.ru_utime + u.ru_stime for u in used))


def run_all(play, options, seeds):
    """Every result as it comes, then the processor seconds of all."""
    queue, results = multiprocessing.Queue(), multiprocessing.Queue()
    n = min(options.jobs, len(seeds))
    for seed in list(seeds) + [None] * n:
        queue.put(seed)
    workers = [multiprocessing.Process(target=work, args=(play, i, queue, results, options)) for i in range(n)]
    for worker in workers:
        worker.start()
    left, used_s = n, 0
    while left:
        result = results.get()
        if isinstance(result, float):
            left, used_s = left - 1, used_s + result
        else:
            yield result
    for worker in workers:
        worker.join()
    yield used_s


def title(seed):
    return f"seed {seed}" if isinstance(seed, int) else seed


def report(play, seed, lines, options):
    if seed is None:
        print("\n".join(lines), flush=True)
        return
    print(f"\n{title(seed)}: {len(lines)} complaints", *lines, f"what happened: {options.folder}/{seed}/story",
          f"again: {play.again(seed)}", sep="\n  ", flush=True)


def run_and_tell(play, options, seeds, name):
    """Prints what fails as it comes, then the totals."""
    notes, begin, n_passed, n_failed, n_broken, used_s, longest = [], time.monotonic(), 0, 0, 0, 0, (0, "")
    for result in run_all(play, options, seeds):
        if isinstance(result, float):
            used_s = result
            continue
        seed, lines, noted, took_s = result
        notes += [f"{title(seed)}: {note}" for note in noted]
        longest = max(longest, (took_s, str(seed)))
        n_passed += seed is not None and not lines
        n_failed += seed is not None and bool(lines)
        n_broken += seed is None
        if lines:
            report(play, seed, lines, options)
    took_s = time.monotonic() - begin
    n_failed += n_broken + len(seeds) - n_passed - n_failed          # those of a worker that broke down
    print(f"{name}: {len(seeds)} seeds, {options.jobs} at once, {used_s / len(seeds):.2f} s of processor time each; "
          f"the longest, {longest[1]}, took {longest[0]:.0f} s")
    print(*notes, sep="\n", end="\n" if notes else "")
    print(f"{name}: {n_passed} passed, {n_failed} failed in {took_s:.2f}s")
    return Total(n_passed, n_failed, notes)


def main():
    from script import Script
    from stage import Run, Stage

    options = arguments()
    play = Play(Script, Stage, Run, lambda seed: f"make faults SEED={seed}")
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else [options.seed]
    if options.show:
        print(*(Script(seed) for seed in seeds), sep="\n\n")
        return 0
    if options.seed is not None:
        print(Script(options.seed), flush=True)
    holds = not run_and_tell(play, options, seeds, "faults").n_failed
    if holds and options.seed is not None:
        print(f"seed {options.seed} holds; its logs: {options.folder}/{options.seed}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
