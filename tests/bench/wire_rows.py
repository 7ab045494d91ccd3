"""Rows about the wire: one line of the project's own hardware/line.h, driven by hand (line_bench.c), beside the peers on lines of
their own in the same village and at the same time: plain_loop.c and mbpoll. All times are read from the village's frame log; W is
recomputed from it by tests/tools/frames.py.

verify_none     one verification pass over all units, none dead, against W; the worst of those that were seen
verify_ten      the pass after 10 % have died, against W of the live ones and for each dead one its request, its silence and its
verify_thirty   first-byte limit; ratio_w is to W alone. Likewise 30 %
verify_known    10 % have been dead since before the line was opened
verify_flaky    each answer is lost with 5 %
arm_all         from the first arming frame of the whole line (a broadcast) to the end of the start frame, against the sum of both
                frames, the line's turnaround and the settle time
arm_half        from the first to the last arming frame of every second unit, one by one, against W of those transactions; the
                start frames for the first batches go out in between (starts)
stop_wait       from the call that changes the target, at any moment of routine polls of 100 units, 10 of them dead, until the
                first stop frame begins; against the longest transaction of the line, which is a broadcast with its
                turnaround. stop_wait_poll: those that did not meet one, against the reading of a live unit and 1 ms to wake up

Peers: "plain" keeps 3.5 characters before each request (given to it, libmodbus does not), has three tries and 500 ms. "as it is"
keeps none: on a strict line every second request is lost."""
import functools
import json
import os
import random
import subprocess
import threading
import time

import frames
from table import percentile, row
from township import PATIENCE, Township, program, t8

BAUDS, COUNTS = (9600, 19200, 115200), (100, 247)
SETTLE_MS, BROADCAST_MS, TURNAROUND_MS = 250, 100, 3
STOP_REGISTER = b"\x00\x15"
STOPS = int(os.environ.get("STOPS", "200"))
SHARES = {"none": 0, "ten": 10, "thirty": 30, "known": 10, "flaky": 0}


def dead_units(count, percent):
    """Spread evenly; the first and the last unit live."""
    n = count * percent // 100
    return [2 + i * (count - 2) // n for i in range(n)]


class Hand:
    """line_bench on one line: orders, and the events that came, each waited for."""

    def __init__(self, town, line, poll_s=60):
        self.process = subprocess.Popen([program("tests/bench/line_bench"), town.path("site.cfg"), line, str(poll_s)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.events, self.news = [], threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        self.until("swept", 0)

    def listen(self):
        for text in self.process.stdout:
            words = text.split()
            with self.news:
                self.events.append(("did", 0, int(words[1])) if words[0] == "did" else (words[1], int(words[2]), int(words[0])))
                self.news.notify_all()

    def until(self, kind, unit=None, since=0, nth=1):
        """Waits for the nth event of this kind (and unit) from place `since` on; returns its time and the place behind it."""
        end = time.monotonic() + 3 * PATIENCE
        with self.news:
            while True:
                for i, (k, u, at) in enumerate(self.events[since:], since):
                    if k == kind and unit in (None, u):
                        nth, since = nth - 1, i + 1
                        if nth == 0:
                            return at, i + 1
                since = len(self.events)
                if not self.news.wait_for(lambda: len(self.events) > since, end - time.monotonic()):
                    raise AssertionError(f"no {kind} came")

    def order(self, text):
        """Returns the time of the call."""
        place = len(self.events)
        self.process.stdin.write(text + "\n")
        return self.until("did", 0, place)[0]

    def end(self):
        """At once: what goes on in the village is its own."""
        self.process.kill()
        self.process.wait()


def plain_loop(town, line, baud, count, *options):
    """Seconds of a plain loop over a line, and how many answered."""
    done = subprocess.run([program("tests/bench/plain_loop"), "--device", town.path(line), "--baud", str(baud), "--units",
                           f"1-{count}", *options], stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout)
    return answer["seconds"], answer["ok"]


def mbpoll(town, line, baud, count):
    """The same of mbpoll, without retries: it has none."""
    began = time.monotonic()
    done = subprocess.run(["mbpoll", "-m", "rtu", "-b", str(baud), "-P", "none", "-a", f"1:{count}", "-t", "3", "-0", "-r", "0", "-c",
                           "9", "-1", "-o", "0.5", town.path(line)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return time.monotonic() - began, done.stdout.count("[8]:")


class Together:
    """Runs jobs side by side; a failed one fails all. What each returned, by its name."""

    def __init__(self):
        self.jobs, self.results, self.failures = [], {}, []

    def add(self, name, function, *arguments):
        def job():
            try:
                self.results[name] = function(*arguments)
            except Exception as failure:  # told below, on the main thread
                self.failures.append((name, failure))
        self.jobs.append(threading.Thread(target=job))

    def run(self):
        for job in self.jobs:
            job.start()
        for job in self.jobs:
            job.join()
        if self.failures:
            raise AssertionError(f"{self.failures}")
        return self.results


def break_units(town, lock, line, units, kind="dead"):
    """Units of a line, or all of them (None)."""
    with lock:
        for unit in units or ["all"]:
            town.tell_village(f"fault {line} all {kind}" if unit == "all" else f"fault {line}/{unit} {kind}")


class Verify:
    """All verification and arming rows of one baud rate."""

    def __init__(self, baud, wanted):
        self.baud, self.lock = baud, threading.Lock()
        self.kinds = [(kind, n) for n in COUNTS for kind in (*SHARES, "half") if any(wanted(x) for x in self.names(kind, n))]
        lines = {f"{kind}-{n}": (baud, self.units(kind, n)) for kind, n in self.kinds if kind != "none"}
        lines |= {f"peer-{kind}-{n}": (baud, self.units("known" if kind == "ten" else kind, n))
                  for kind, n in self.kinds if kind not in ("known", "half")}
        self.lone = [n for kind, n in self.kinds if kind == "none" and f"ten-{n}" not in lines]
        lines |= {f"ten-{n}": (baud, t8(n)) for n in self.lone}
        self.extra = baud == 9600 and ("ten", 100) in self.kinds
        if self.extra:
            lines |= {f"{x}-{dead}": (baud, t8(100, {u: "dead" for u in dead_units(100, 10)} if dead else {}))
                      for x in ("asis", "one", "mbpoll") for dead in (0, 10)}
        self.arms = [n for kind, n in self.kinds if kind == "none" and n == 100]
        lines |= {f"arm-{dead}": (baud, t8(100, {u: "dead" for u in dead_units(100, 10)} if dead else {}))
                  for dead in (0, 10) if self.arms}
        self.town = Township(lines) if lines else None
        if self.town:
            self.town.strangers = {line for line in lines if line.partition("-")[0] in ("peer", "asis", "one", "mbpoll", "arm")}

    def names(self, kind, n):
        if kind == "half":
            return [f"arm_half_{self.baud}_{n}"]
        return [f"verify_{kind}_{self.baud}_{n}"] + ([f"arm_all_{self.baud}_{n}"] if kind == "none" else [])

    @staticmethod
    def units(kind, n):
        if kind == "flaky":
            return t8(n)
        return t8(n, {u: "dead" for u in dead_units(n, 10)} if kind == "known" else {})

    def pass_after_start(self, line, kind, n):
        """Returns the marks: all have been started, the fault has come."""
        hand = Hand(self.town, line)
        place = len(hand.events)
        hand.order(f"target 1-{n}")
        hand.order(f"verify 1-{n}")
        started, place = hand.until("starts_sent", 0, place)
        _, place = hand.until("reading", n, place, nth=2 if kind in ("none", "ten", "known") else 1)
        broken = time.monotonic_ns() // 1000
        if kind == "flaky":
            break_units(self.town, self.lock, line, None, "flaky:5")
            hand.until("reading", None, place, nth=2 * n)
        elif kind == "known":
            hand.until("reading", n, place)
        elif kind in ("ten", "thirty"):
            break_units(self.town, self.lock, line, dead_units(n, SHARES[kind]))
            hand.until("reading", n, place, nth=2)
        hand.end()
        return started, broken

    def arm_half(self, line, n):
        hand = Hand(self.town, line)
        place = len(hand.events)
        hand.order("target " + ",".join(str(u) for u in range(1, n + 1, 2)))
        hand.until("starts_sent", 0, place)
        hand.end()

    def peer(self, line, kind, n):
        if kind == "flaky":
            break_units(self.town, self.lock, line, None, "flaky:5")
        if kind == "thirty":
            break_units(self.town, self.lock, line, dead_units(n, 30))
        return plain_loop(self.town, line, self.baud, n, "--strict")

    def arm_peer(self, line):
        armed = plain_loop(self.town, line, self.baud, 100, "--strict", "--do", "arm")
        started = plain_loop(self.town, line, self.baud, 100, "--strict", "--do", "start")
        return armed[0] + started[0], started[1]

    def jobs(self):
        jobs = Together()
        for kind, n in self.kinds:
            if kind == "half":
                jobs.add((kind, n), self.arm_half, f"half-{n}", n)
            elif kind != "none":
                jobs.add((kind, n), self.pass_after_start, f"{kind}-{n}", kind, n)
            if kind not in ("known", "half"):
                jobs.add(("peer", kind, n), self.peer, f"peer-{kind}-{n}", kind, n)
        for n in self.lone:
            jobs.add(("ten", n), self.pass_after_start, f"ten-{n}", "none", n)
        for dead in (0, 10) if self.extra else ():
            jobs.add(("asis", dead), plain_loop, self.town, f"asis-{dead}", self.baud, 100)
            jobs.add(("one", dead), plain_loop, self.town, f"one-{dead}", self.baud, 100, "--strict", "--tries", "1")
            jobs.add(("mbpoll", dead), mbpoll, self.town, f"mbpoll-{dead}", self.baud, 100)
        for dead in (0, 10) if self.arms else ():
            jobs.add(("arm", dead), self.arm_peer, f"arm-{dead}")
        return jobs

    def run(self):
        if not self.town:
            return []
        try:
            self.town.configure()
            self.town.start_village()
            self.results = self.jobs().run()
            self.town.end_village()
            self.log = frames.load(self.town.path("frames.log"))
            return [r for kind, n in self.kinds for r in self.rows_of(kind, n)] + self.peer_rows()
        finally:
            self.town.close()

    def peer_of(self, kind, n):
        return self.results.get(("peer", "ten" if kind == "known" else kind, n), (None, 0))[0]

    def rows_of(self, kind, n):
        if kind == "half":
            return [self.half_row(n)]
        line = self.log.line(f"{'ten' if kind == 'none' else kind}-{n}")
        started, broken = self.results["ten" if kind == "none" else kind, n]
        least = n // 2
        passes = line.passes(least)
        if kind == "none":
            found = [p for p in passes if started <= p.begin and p.end <= broken + 100000]
        elif kind == "known":
            found = [p for p in passes if p.begin >= started][1:]
        else:
            found = [p for p in passes if p.begin >= broken - 100000 and p.unanswered > 0][:1]
        worst = max(found, key=lambda p: (p.end - p.begin) / p.budget_us)
        return [self.verify_row(kind, n, worst)] + ([self.all_row(n, line)] if kind == "none" else [])

    def verify_row(self, kind, n, worst):
        took = worst.end - worst.begin
        factor = 1.10 if self.baud == 115200 and worst.unanswered == 0 else 1.05
        what = "W" if kind in ("none", "known") else "(W + the lost ones' limits)"
        peer = self.peer_of(kind, n)
        more = {} if worst.unanswered == 0 else {"ratio_w": round(took / worst.wire_us, 3), "lost": worst.unanswered}
        if peer and worst.unanswered:
            more["peer_ratio_w"] = round(peer * 1e6 / worst.wire_us, 3)
        return row(f"verify_{kind}_{self.baud}_{n}", took / 1e6, "s", factor * worst.budget_us / 1e6, worst.budget_us / 1e6, peer,
                   f"<= {factor} {what}", asked=worst.asked, **more)

    def all_row(self, n, line):
        broadcasts = [f for f in line.requests if f.unit == 0]
        arm = next(f for f in broadcasts if f.data[1] == 16)
        start = next(f for f in broadcasts if f.begin > arm.begin)
        took = line.end_us(start) - arm.begin
        least = line.bytes_us(arm) + (BROADCAST_MS + SETTLE_MS) * 1000 + line.bytes_us(start)
        peers = {f"peer_{dead}_dead_s": round(self.results["arm", dead][0], 1) for dead in (0, 10) if n in self.arms}
        peer = self.results["arm", 0][0] if n in self.arms else None
        return row(f"arm_all_{self.baud}_{n}", took / 1e6, "s", least / 1e6, peer=peer,
                   goal="<= frames + turnaround + settle", **peers)

    def half_row(self, n):
        line = self.log.line(f"half-{n}")
        arms = [pair for pair in line.transactions() if pair[0].data[1] == 16 and pair[1]]
        whole = frames.Line(line.name, line.baud, line.bits, [f for pair in arms for f in pair])
        took = line.end_us(arms[-1][1]) + line.silence_us - arms[0][0].begin
        units = {pair[0].unit for pair in arms}
        assert len(arms) == len(units) == (n + 1) // 2, f"{len(arms)} armings of {len(units)} units"
        starts = [f for f in line.requests if f.unit == 0 and f.begin < arms[-1][0].begin]
        return row(f"arm_half_{self.baud}_{n}", took / 1e6, "s", 1.10 * whole.wire_us / 1e6, whole.wire_us / 1e6, None, "<= 1.10 W",
                   armed=len(units), starts=len(starts))

    def peer_rows(self):
        if not self.extra:
            return []
        rows = []
        for dead in (0, 10):
            line = self.log.line("ten-100")
            live = 100 - dead
            wire = max(p.wire_us for p in line.passes(50) if p.unanswered == 0) * live / 100 / 1e6
            for name, key in (("plain loop, as it is", "asis"), ("plain loop, one try", "one"), ("mbpoll", "mbpoll")):
                seconds, ok = self.results[key, dead]
                rows.append(row(f"peer: {name}, {dead} dead", seconds, "s", None, wire, answered=ok))
        return rows


def stops_of(town, line, times, fault):
    """Two pairs of units take turns; the target changes at any moment behind the first arming."""
    hand, chance, calls = Hand(town, line, poll_s=5), random.Random(line), []  # hardly ever a pause between the polls
    fault(dead_units(100, 10))
    pairs = ("3-4", "5-6")  # live ones
    place = len(hand.events)
    hand.order(f"target {pairs[0]}")
    for i in range(times + 1):
        _, place = hand.until("started", None, place, nth=2)
        time.sleep(chance.uniform(0, 0.6))  # any moment: what is measured begins here
        calls.append(hand.order(f"target {pairs[(i + 1) % 2]}"))
    hand.until("started", None, place)
    hand.end()
    return calls[1:]


def first_stop(line, call):
    """How long until the first stop frame began, in us, and whether a broadcast was under way at the call."""
    stop = next(f for f in line.requests if f.begin >= call - 500 and f.data[1] in (6, 16) and f.data[2:4] == STOP_REGISTER)
    before = max((f for f in line.requests if f.begin < stop.begin), key=lambda f: f.begin)
    return max(0, stop.begin - call), before.unit == 0


def stop_rows(lines, calls):
    waits = [first_stop(line, call) for line in lines.values() for call in calls[line.name]]
    every, polls = [us / 1000 for us, _ in waits], [us / 1000 for us, broadcast in waits if not broadcast]
    line = next(iter(lines.values()))
    reading = (31 * line.bits * 1e6 / line.baud + 2 * line.silence_us) / 1000 + TURNAROUND_MS
    longest = max(reading, (8 * line.bits * 1e6 / line.baud + line.silence_us) / 1000 + BROADCAST_MS)
    found = [row(f"stop_wait_{name}", value, "ms", longest, goal="<= the longest transaction", stops=len(every))
             for name, value in (("p50", percentile(every, 50)), ("p99", percentile(every, 99)), ("most", max(every)))]
    return found + [row("stop_wait_poll", max(polls), "ms", reading + 1, reading, goal="<= a reading + 1 ms", stops=len(polls))]


def stop_wait(wanted):
    if not any(wanted(f"stop_wait_{name}") for name in ("p50", "p99", "most", "poll")):
        return []
    names = [f"stop-{i}" for i in range(4)]
    town, lock = Township({name: (9600, t8(100)) for name in names}), threading.Lock()
    try:
        town.configure()
        town.start_village()
        jobs = Together()
        for name in names:
            jobs.add(name, stops_of, town, name, STOPS // len(names), functools.partial(break_units, town, lock, name))
        calls = jobs.run()
        town.end_village()
        log = frames.load(town.path("frames.log"))
        return stop_rows({name: log.line(name) for name in names}, calls)
    finally:
        town.close()


def rows(wanted):
    found = [r for baud in BAUDS for r in Verify(baud, wanted).run()]
    return found + stop_wait(wanted)
