"""Rows about the whole: the real daemon, its store, voices and sound card, on a simulated township.

accept_to_frame   from the first byte of the HTTP request to the first arming frame on the wire, as the village's log saw it;
                  a poll that was on the wire already is waited for and left out. p50 and p99 of ROUNDS alerts.
accept_to_sample  from the first byte of the HTTP request to the first audible sample out of the pacing sound card: a whole
                  line of 12 terminals, armed and started by broadcast, 9600 baud, turnaround 100 ms, settle 250 ms
preempt_WHO_...   an alert cuts into the tone of a lower one, ROUNDS times, for the same terminals or for others on another line:
                  from the answer that it is accepted to the last sample of the old tone (old_most), to the first of the new
                  one (new_p50, new_most); for the same terminals not a frame is written between
thousands_BAUD    2,000 terminals on 64 lines, all addressed: on each line all that was on the wire in WINDOW_S seconds of the
                  words against W of it, the worst line; the share of one core that daemon and village took in that time, and
                  what the daemon had resident at its end
idle_...          400 terminals on 8 lines at 9600 baud while nothing sounds, over IDLE_S seconds: the oldest status that the API
                  ever showed, the daemon's share of a core and memory; then how long a dead terminal is shown as good"""
import array
import os
import select
import threading
import time

import frames
from table import percentile, row
from township import VILLAGE, Township, cap, t8, until

ROUNDS = int(os.environ.get("ROUNDS", "100"))
IDLE_S = float(os.environ.get("IDLE_S", "60"))
WINDOW_S = 3.0
OTHER = "360499103202"  # a village
WRITES = (5, 6, 15, 16)
SHORT = "repetitions = 1; tone_min_ms = 1000;"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(process):
    """Seconds of processor time of a process with all its threads."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(process, what="VmRSS"):
    """What is resident now, or the most that ever was (VmHWM)."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024


class Shares:
    """Of one core, from the making on."""

    def __init__(self, *processes):
        self.processes, self.began = processes, time.monotonic()
        self.before = [cpu_s(p) for p in processes]

    def taken(self):
        span = time.monotonic() - self.began
        return [(cpu_s(p) - before) / span for p, before in zip(self.processes, self.before)]


# ---- one line, many alerts ----

QUIET = 96  # samples: 2 ms


class Ear(threading.Thread):
    """Reads the sound card's FIFO and keeps the times at which sound began after quiet, and was over."""

    def __init__(self, path):
        super().__init__(daemon=True)
        if not os.path.exists(path):
            os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.onsets, self.offsets = [], []
        self.loud, self.quiet = False, QUIET  # quiet: samples since the last loud one

    def take(self, samples, now):
        """now: when the last of them was played."""
        at = lambda i: now - (len(samples) - i) / 48000
        for i, sample in enumerate(samples):
            if abs(sample) > 100:
                if not self.loud:
                    self.onsets.append(at(i))
                self.loud, self.quiet = True, 0
                continue
            self.quiet += 1
            if self.loud and self.quiet == QUIET:
                self.offsets.append(at(i - QUIET + 1))
                self.loud = False

    def run(self):
        now = time.monotonic()
        while True:
            select.select([self.fd], [], [])
            data, before = os.read(self.fd, 65536), now
            now = time.monotonic()
            if self.loud and now - before > 0.1:  # a card that was closed tells no quiet
                self.offsets.append(before)
                self.loud = False
            self.take(array.array("h", data[:len(data) // 2 * 2]), now)


def all_seen(town):
    until(lambda: all(t["state"] == "good" for t in town.get("/v1/terminals")[1]["terminals"]), "all terminals seen")


def end(town):
    """Ends the programs, so that the log is whole; returns it."""
    town.end_daemon()
    town.end_village()
    return frames.load(town.path("frames.log"))


def main_job():
    """Times of ROUNDS alerts: [(request sent, first sample)], and the frame log."""
    town = Township({"bench": (9600, t8(12))}, programme=SHORT)
    town.channels = ["main", "unheard"]
    town.hears = {"bench": "unheard"}  # the ear is the only reader of the card
    try:
        town.configure()
        ear = Ear(town.path("main.fifo"))
        ear.start()
        town.start_village()
        town.start_daemon()
        town.lines_up()
        all_seen(town)
        sent = []
        for _ in range(ROUNDS):
            message = cap()
            began, heard = time.monotonic(), len(ear.onsets)
            status, alert = town.send(message)
            assert status == 202, alert
            until(lambda: len(ear.onsets) > heard, "the tone")
            sent.append((began, ear.onsets[heard]))
            town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "bench"}')
            town.until_ended(alert["id"])
        return sent, end(town)
    finally:
        town.close()


def preempt(code):
    """Times of ROUNDS alerts that cut into the tone of a lower one for VILLAGE: [(answered, last old sample, first new one)], and
    the frame log."""
    town = Township({"bench": (9600, t8(12)), "other": (9600, t8(12))}, programme="repetitions = 1; tone_min_ms = 10000;")
    town.codes = {f"other-{u}": OTHER for u in range(1, 13)}
    town.channels = ["main", "unheard"]
    town.hears = {"bench": "unheard", "other": "unheard"}
    try:
        town.configure()
        ear = Ear(town.path("main.fifo"))
        ear.start()
        town.start_village()
        town.start_daemon()
        town.lines_up()
        all_seen(town)
        times = []
        for _ in range(ROUNDS):
            begun = len(ear.onsets)
            low = town.send(cap(severity="Moderate", en=None))[1]["id"]
            until(lambda: len(ear.onsets) > begun, "the old tone")
            until(lambda: all(d["rung"] == "sounding" for d in town.deliveries(low).values()), "all read as sounding")
            begun, over = len(ear.onsets), len(ear.offsets)
            status, high = town.send(cap(code=code, en=None))
            answered = time.monotonic()
            assert status == 202, high
            until(lambda: len(ear.onsets) > begun, "the new tone")
            times.append((answered, ear.offsets[over], ear.onsets[begun]))
            for alert in (low, high["id"]):
                town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "bench"}')
            for alert in (low, high["id"]):
                town.until_ended(alert)
            town.silent()
        return times, end(town)
    finally:
        town.close()


def preempt_rows():
    """With the same terminals nothing is written between the old tone and the new one."""
    rows = []
    for name, code, goal in (("same", VILLAGE, 150), ("others", OTHER, 1000)):
        times, log = preempt(code)
        writes = [f.begin / 1e6 for f in log.line("bench").requests if f.data[1] in WRITES]
        written = sum(answered - 0.05 < at < new for answered, _, new in times for at in writes)
        old = max((off - answered) * 1000 for answered, off, _ in times)
        new = [(on - answered) * 1000 for answered, _, on in times]
        assert code == OTHER or written == 0, f"{written} frames"
        rows += [row(f"preempt_{name}_old_most", old, "ms", 150), row(f"preempt_{name}_new_p50", percentile(new, 50), "ms", goal),
                 row(f"preempt_{name}_new_most", max(new), "ms", goal, frames=written)]
    return rows


def to_frame_ms(log, began):
    """From the request to the first arming frame, without the transaction that was on the wire."""
    line = log.line("bench")
    start = began * 1e6
    arm = next(f for f in line.frames if f.begin >= start and f.direction == ">" and f.data[1] in WRITES)
    # only what was on the wire when the request came, with its reply; polls that are begun later are the daemon's own delay
    asked = max((f for f in line.requests if f.begin < start), key=lambda f: f.begin, default=None)
    later = [f for f in line.requests if asked and f.begin > asked.begin]
    before = [f for f in line.frames if asked and asked.begin <= f.begin < later[0].begin]
    free = max((line.end_us(f) + line.silence_us for f in before), default=start)
    return (arm.begin - max(start, min(free, arm.begin))) / 1000


def accept_rows():
    sent, log = main_job()
    frame = [to_frame_ms(log, began) for began, _ in sent]
    sample = [(onset - began) * 1000 for began, onset in sent]
    return [row(f"accept_to_{what}_p{p}", percentile(times, p), "ms", goal)
            for what, times, goal in (("frame", frame, 20), ("sample", sample, 1000)) for p in (50, 99)]


# ---- 2,000 terminals ----

def thousands(baud):
    """16 lines of 32 terminals and 48 of 31. One alert for all, and what is on the wire during its words."""
    lines = {f"l{i:02}": (baud, t8(32 if i < 16 else 31)) for i in range(64)}
    town = Township(lines, programme=SHORT)
    try:
        town.start()
        all_seen(town)
        status, alert = town.send(cap(zh="龙塘水库放水，河边的人马上上岸。" * 4))
        assert (status, alert["terminals"]) == (202, 2000), alert
        town.until_segment(alert["id"], "words")
        began, shares = time.monotonic_ns() // 1000 + 300000, Shares(town.daemon, town.village)
        until(lambda: time.monotonic_ns() // 1000 > began + WINDOW_S * 1e6, "the end of the window")
        daemon, village = shares.taken()
        memory, most = memory_mib(town.daemon), memory_mib(town.daemon, "VmHWM")
        town.until_ended(alert["id"])
        ends = list(town.ends(alert["id"]).values())
        log = end(town)
    finally:
        town.close()
    seen = {name: log.line(name, began, began + WINDOW_S * 1e6) for name in lines}
    worst = max(seen.values(), key=lambda line: line.span_us / line.wire_us)
    least = min(line.span_us for line in seen.values())
    assert least > 0.8 * WINDOW_S * 1e6, f"a line was idle: {least} us"
    return [row(f"thousands_{baud}_line", worst.span_us / 1e6, "s", 1.10 * worst.wire_us / 1e6, worst.wire_us / 1e6,
                goal="<= 1.10 W, each line", heard=ends.count("heard")),
            row(f"thousands_{baud}_cpu", daemon, "core", 0.5, village=round(village, 3)),
            row(f"thousands_{baud}_memory", memory, "MiB", 64, most=round(most, 1))]


# ---- idle ----

def idle():
    town = Township({f"l{i}": (9600, t8(50)) for i in range(8)})
    try:
        town.start()
        all_seen(town)
        shares, oldest = Shares(town.daemon), 0
        over = threading.Event()
        for _ in range(int(IDLE_S / 5)):
            over.wait(5)  # what passes is what is measured
            oldest = max(oldest, *(t["age"] for t in town.get("/v1/terminals")[1]["terminals"]))
        share, memory = shares.taken()[0], memory_mib(town.daemon)
        town.tell_village("fault l3/17 dead")
        began = time.monotonic()
        until(lambda: town.get("/v1/terminals/l3-17")[1]["state"] == "dead", "the dead one", 150)
        shown = time.monotonic() - began
    finally:
        town.close()
    return [row("idle_oldest_status", oldest, "s", 30), row("idle_cpu", share, "core", 0.02), row("idle_memory", memory, "MiB", 32),
            row("idle_fault_shown", shown, "s", 100)]


def rows(wanted):
    """Those whose name is wanted, and only what they need is run."""
    accept = [f"accept_to_{what}_p{p}" for what in ("frame", "sample") for p in (50, 99)]
    parts = [(accept, accept_rows)]
    parts += [([f"preempt_{who}_{x}" for who in ("same", "others") for x in ("old_most", "new_p50", "new_most")], preempt_rows)]
    parts += [([f"thousands_{baud}_{x}" for x in ("line", "cpu", "memory")], lambda baud=baud: thousands(baud)) for baud in (9600, 115200)]
    parts += [([f"idle_{x}" for x in ("oldest_status", "cpu", "memory", "fault_shown")], idle)]
    return [r for names, run in parts if any(map(wanted, names)) for r in run()]
