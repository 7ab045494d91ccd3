#!/usr/bin/env python3
"""make torture: the real daemon is killed at its fault points and at random instants of a scripted run (scene.py), many runs side
by side. Prints a summary; fails if anything that must be so was not, with what repeats it.

    POINTS=some|all|none|KIND   which fault points: some leaves out most of the frames that only read
    KILLS=1000                  at random instants, several in each run; half of the runs are power cuts
    AT_MOST=200                 so many of the points, by chance
    SEED=1                      of all chance
    JOBS=12                     runs side by side; each mostly waits for sound
    ONE=...                     one run again, as a failure names it"""
import argparse
import collections
import concurrent.futures
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scene  # noqa: E402

PARTS = ("order", "force")
DEATHS = 10          # of a random run
LIFE_S = (0.02, 4)   # between two of them
READS_EVERY = 10     # of POINTS=some
CUTS = ("commit", "sync", "answer")  # what a power cut can matter for; the others are kills

# Faults of the controller, or of the disk, that the checks must find, and the plan in which they are committed.
CONTROLS = {"no_sync": "order:commit_after:60:cut", "repeats": "heard:1500:3", "wakes": "heard:1500:2"}

Result = collections.namedtuple("Result", "name faults deaths again not_judged unsynced seconds")


def plan_of(name, seed):
    """The plan that a name stands for: random:RUN[:cut], PART:KIND:N[:cut], heard:NOTE:TIMES[:SECONDS...], each with its own chance."""
    words = name.split(":")
    cut, parts = words[-1] == "cut", PARTS
    chance = random.Random(f"{seed} {name}")
    if words[0] == "random":
        deaths = [("after", chance.uniform(*LIFE_S)) for _ in range(DEATHS)]
    elif words[0] == "heard":  # and then not alive for long enough to look at its lines, if at all
        deaths, parts = [("heard", int(words[1]), int(words[2]))] + [("after", float(word)) for word in words[3:]], ["order"]
    else:
        parts = words[:1]
        deaths = [("point", words[1], int(words[2])), ("after", chance.uniform(*LIFE_S)) if chance.random() < 0.5 else None]
    return {"deaths": deaths, "cut": cut, "parts": parts}, chance


def run(name, seed, control=None):
    plan, chance = plan_of(name, seed)
    began = time.monotonic()
    it = scene.Scene(plan, chance, control)
    faults = it.run(None if control else os.path.join(scene.program("torture/faults"), name.replace(":", "-")))
    deaths = sum(1 for life in it.lives[:-1])
    return Result(name, faults, deaths, it.again, it.not_judged, it.unsynced, time.monotonic() - began)


def count_points(part):
    """How many there are of each kind in a part of the script that nobody disturbs, and which frames write."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as file:
        it = scene.Scene({"deaths": [], "cut": True, "parts": [part], "counts": file.name}, random.Random(0))
        faults = it.run()
        counts = {kind: int(n) for kind, n in (line.split() for line in file)}
    return counts, it.writes, faults


def choose_points(which, part, counts, writes):
    names = []
    for kind, n in sorted(counts.items()):
        if which not in ("some", "all") and not kind.startswith(which):
            continue
        reads = which == "some" and kind.startswith("frame")
        cut = ":cut" if kind.startswith(CUTS) else ""
        names += [f"{part}:{kind}:{i}{cut}" for i in range(1, n + 1) if not reads or i in writes or i % READS_EVERY == 0]
    return names


def prepare(which, seed, jobs):
    """The fault points, from runs that nobody kills; beside them the controls. None where any of that fails."""
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        counting = {part: pool.submit(count_points, part) for part in PARTS}
        controls = {control: pool.submit(run, name, seed, control) for control, name in CONTROLS.items()}
    good, names = True, []
    for part, future in counting.items():
        counts, writes, faults = future.result()
        print(f"fault points of {part}:", ", ".join(f"{kind} {n}" for kind, n in sorted(counts.items())), flush=True)
        for fault in faults:
            print(f"FAULT  {part}, which nobody killed: {fault}", flush=True)
        good = good and not faults
        names += choose_points(which, part, counts, writes) if which != "none" else []
    for control, future in controls.items():
        faults = future.result().faults
        print(f"control {control}: {'found: ' + faults[0][:150] if faults else 'NOT FOUND'}", flush=True)
        good = good and bool(faults)
    return names if good else None


def summary(results, seconds):
    again = sorted(beyond for result in results for beyond in result.again)
    print(f"{len(results)} runs, {sum(r.deaths for r in results)} deaths, {sum(r.deaths for r in results if r.name.endswith('cut'))} of them "
          f"power cuts with {sum(r.unsynced for r in results)} bytes lost that were not synced, in {seconds:.0f} s")
    if again:
        at = lambda part: again[min(len(again) - 1, int(len(again) * part))]
        print(f"sounding again after start, beyond the time on the wire: {len(again)} times, median {at(0.5):.2f} s, p99 {at(0.99):.2f} s, "
              f"most {again[-1]:.2f} s (limit {scene.AGAIN_S:.0f} s; {sum(r.not_judged for r in results)} later than that on a machine too busy to judge)")


def torture(names, seed, jobs):
    """Runs all; True if none found a fault."""
    began, results = time.monotonic(), []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, name, seed) for name in names]):
            result = future.result()
            results.append(result)
            for fault in result.faults:
                print(f"FAULT  {result.name}: {fault}\n       again: make torture SEED={seed} ONE={result.name}", flush=True)
            if len(results) % 20 == 0:
                print(f"{len(results)} of {len(names)} runs, {sum(bool(r.faults) for r in results)} with faults", flush=True)
    summary(results, time.monotonic() - began)
    return bool(results) and not any(r.faults for r in results)


def random_runs(kills):
    return [f"random:{i}{':cut' if i % 2 else ''}" for i in range(-(-kills // DEATHS))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", default="some")
    parser.add_argument("--at-most", type=int, default=100000, help="so many of the points, by chance")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--one", default="")
    parser.add_argument("--control", default=None)
    options = parser.parse_args()
    if options.one:
        result = run(options.one, options.seed, options.control)
        print("\n".join(result.faults) or f"no fault in {result.seconds:.0f} s, {result.deaths} deaths")
        sys.exit(bool(result.faults))
    names = prepare(options.points, options.seed, options.jobs)
    if names is None:
        sys.exit("the torture itself is not well")
    random.Random(options.seed).shuffle(names)
    names = names[:options.at_most] + random_runs(options.kills)
    print(f"{len(names)} runs, {options.jobs} side by side", flush=True)
    sys.exit(not torture(names, options.seed, options.jobs))


if __name__ == "__main__":
    main()
