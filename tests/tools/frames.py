#!/usr/bin/env python3
"""Recomputes from a frame log of tocsin-village, independently of its C code: the wire limit W of each line, the silence
before each frame of the master, and how many frames were begun too early; and the passes of a master that reads one unit after the other, with what they may take.

As a module:   log = frames.load(path); north = log.line("north", since, until); north.wire_us, north.shortest_silence_us ...
As a command:  frames.py LOG [--line ID] [--since US] [--until US] [--json]

Times are microseconds of CLOCK_MONOTONIC. The log gives the begin of a request as the village saw it; how long its bytes
take is computed here from the baud rate. The end of a reply is when its last byte could be read. A line with baud 0 has no
wire: its W is None, and no silence is needed. Bursts of noise (~) are nobody's frames; they are kept apart."""

import argparse
import bisect
import json
import sys
from collections import Counter, namedtuple

TOLERANCE_US = 250  # as far as the village may be late in noticing the end of an unanswered request

MARGIN_US = 10000    # over the learnt answer time: a first try waits so long for the first byte, and no longer
READS = (1, 2, 3, 4)

Frame = namedtuple("Frame", "begin end line direction unit data note")

# One round of first tries. wire_us is W of those that answered; budget_us adds for each of the others its request, the
# silence before it and the wait for its first byte.
Pass = namedtuple("Pass", "begin end asked unanswered wire_us budget_us")


class Log:
    def __init__(self, bauds, bits, frames, late=()):
        self.bauds, self.bits, self.frames, self.late = bauds, bits, frames, late

    def line(self, name, since=None, until=None):
        """The frames of a line that began in [since, until)."""
        chosen = [f for f in self.frames if f.line == name and (since is None or f.begin >= since)
                  and (until is None or f.begin < until)]
        return Line(name, self.bauds[name], self.bits[name], chosen, self.late)


class Line:
    def __init__(self, name, baud, bits, frames, late=()):
        self.name, self.baud, self.bits, self.late = name, baud, bits, late
        self.frames = sorted((f for f in frames if f.direction != "~"), key=lambda f: f.begin)
        self.noise = [f for f in frames if f.direction == "~"]
        self.silence_us = 0.0 if baud == 0 else 1750.0 if baud > 19200 else 3.5 * bits * 1e6 / baud
        self.requests = [f for f in self.frames if f.direction == ">"]
        self.replies = [f for f in self.frames if f.direction == "<"]
        self.notes = Counter(f.note for f in self.frames)

    def bytes_us(self, frame):
        return len(frame.data) * self.bits * 1e6 / self.baud if self.baud else 0.0

    def end_us(self, frame):
        computed = frame.begin + self.bytes_us(frame)
        return computed if frame.direction == ">" else max(computed, frame.end)

    def turnarounds_us(self):
        """Of each reply: from 3.5 characters behind the last request to that unit until its first bit."""
        asked, found = {}, []
        for f in self.frames:
            if f.direction == ">":
                asked[f.unit] = f
            elif f.unit in asked:
                found.append(max(0.0, f.begin - self.end_us(asked.pop(f.unit)) - self.silence_us))
        return found

    @property
    def wire_us(self):
        """W: the bytes both ways, 3.5 characters before each frame, the units' turnarounds; None where there is no wire."""
        if self.baud == 0:
            return None
        return (sum(self.bytes_us(f) for f in self.frames) + len(self.frames) * self.silence_us
                + sum(self.turnarounds_us()))

    def silences(self):
        """(silence in us, frame) of each master frame but the first; negative if it began on top of another."""
        found, quiet = [], None
        for f in self.frames:
            if f.direction == ">" and quiet is not None:
                found.append((f.begin - quiet, f))
            quiet = max(quiet or 0, self.end_us(f))
        return found

    @property
    def shortest_silence_us(self):
        return min((s for s, _ in self.silences()), default=None)

    def too_early(self, tolerance_us=TOLERANCE_US):
        # a frame that met an unforeseeable late reply did not begin too early; on a network there is no too early
        return [] if self.baud == 0 else [f for s, f in self.silences() if s < self.silence_us - tolerance_us and f.note != "collision"]

    def late_us(self, reply):
        """How much later than it should have been a reply's last byte was handed over."""
        return self.end_us(reply) - reply.begin - self.bytes_us(reply)

    def follows_unanswered(self, frame):
        """Whether the master had no whole answer in time to its last request before this frame, and that was no broadcast. A
        village that reads late or answers late then sees a master in the right begin on the heels of the one or on top of the
        other; an answer that it hands over as late as MARGIN_US comes when the master has given up."""
        before = [f for f in self.requests if f.begin < frame.begin]
        return bool(before) and before[-1].unit != 0 and not any(
            f.unit == before[-1].unit and before[-1].begin < f.begin and self.end_us(f) <= frame.begin
            and self.late_us(f) < 0.9 * MARGIN_US for f in self.replies)

    def meets_second_answer(self, frame):
        """Whether what it ran into answers a request that had been answered already, or was given up: a village that reads a request
        late answers both it and its repetition, and no master can foresee the second."""
        before = [f for f in self.requests if f.begin < frame.begin]
        hit = [f for f in self.replies if f.begin < frame.begin < self.end_us(f) + self.silence_us]
        awaited = next((f for f in self.replies if before and f.unit == before[-1].unit and f.begin > before[-1].begin), None)
        return any(f is not awaited for f in hit)

    def village_was_late(self, frame):
        """Whether the village says that between the request before this frame and this frame it was away: that one was then read and
        answered late, and the master perhaps gave it up, which the log does not show. What was read together with that one follows
        it without any silence."""
        before = max((f for f in self.requests if f.begin < frame.begin), key=lambda f: f.begin, default=frame)
        if any(since <= frame.begin and until >= before.begin for since, until in self.late):
            return True
        return before is not frame and frame.begin <= self.end_us(before) + 1 and self.village_was_late(before)

    def masters_faults(self):
        """The frames of the master that were begun too early or that the village called garbled, without those that a late village
        or unit is to blame for. There must be none."""
        early = {id(f) for f in self.too_early()}
        return [f for f in self.requests if (id(f) in early or f.note == "garbled")
                and not self.village_was_late(f) and not self.follows_unanswered(f) and not self.meets_second_answer(f)]

    def transactions(self):
        """(request, reply or None) of each request to one unit, in order."""
        found, last = [], None
        for f in self.frames:
            if f.direction == ">":
                if last:
                    found.append((last, None))
                last = f if f.unit != 0 else None
            elif last and f.unit == last.unit:
                found.append((last, f))
                last = None
        return found + ([(last, None)] if last else [])

    def answer_us(self):
        """Of each unit: from the end of a request until its first byte can be read, the median of all answers."""
        times = {}
        for request, reply in self.transactions():
            if reply:
                times.setdefault(request.unit, []).append(reply.begin - self.end_us(request) + self.bits * 1e6 / self.baud)
        return {unit: sorted(t)[len(t) // 2] for unit, t in times.items()}

    def passes(self, least):
        """The rounds of reads, units ascending, with at least so many units. What is asked again after no answer, or is no read,
        does not belong to one. A pass ends where the next frame of the master begins."""
        learnt, begins = self.answer_us(), [f.begin for f in self.requests]
        rounds, unanswered = [[]], set()
        for request, reply in self.transactions():
            again = request.unit in unanswered
            (unanswered.discard if reply else unanswered.add)(request.unit)
            if again or request.data[1] not in READS:
                rounds.append([])
                continue
            if rounds[-1] and request.unit <= rounds[-1][-1][0].unit:
                rounds.append([])
            rounds[-1].append((request, reply))
        return [self._pass(r, learnt, begins) for r in rounds if len(r) >= least]

    def _pass(self, transactions, learnt, begins):
        last = transactions[-1][0].begin
        end = begins[bisect.bisect_right(begins, last)] if begins[-1] > last else self.end_us(self.frames[-1]) + self.silence_us
        whole = Line(self.name, self.baud, self.bits, [f for pair in transactions if pair[1] for f in pair])
        lost = [request for request, reply in transactions if not reply]
        typical = sorted(learnt.values())[len(learnt) // 2]
        waits = sum(self.silence_us + self.bytes_us(f) + learnt.get(f.unit, typical) + MARGIN_US for f in lost)
        return Pass(transactions[0][0].begin, end, len(transactions), len(lost), whole.wire_us, whole.wire_us + waits)

    @property
    def span_us(self):
        return self.end_us(max(self.frames, key=self.end_us)) - self.frames[0].begin if self.frames else 0

    def first_after(self, time_us, direction=">"):
        """The first frame that began at or after a time, None without one."""
        return next((f for f in self.frames if f.begin >= time_us and f.direction == direction), None)

    def summary(self):
        return {"line": self.name, "baud": self.baud, "frames": len(self.frames), "requests": len(self.requests),
                "replies": len(self.replies), "wire_us": self.wire_us and round(self.wire_us), "span_us": round(self.span_us),
                "shortest_silence_us": None if self.shortest_silence_us is None else round(self.shortest_silence_us),
                "needed_silence_us": round(self.silence_us), "too_early": len(self.too_early()), "notes": dict(self.notes)}


def load(path):
    bauds, bits, frames, late = {}, {}, [], []
    with open(path, encoding="ascii") as f:
        for text in f:
            words = text.split()
            if text.startswith("# line "):
                bauds[words[2]], bits[words[2]] = int(words[4]), int(words[6])
            elif text.startswith("# late ") and text.endswith("\n"):
                late.append((int(words[2]), int(words[3])))
            elif words and words[0] != "#" and text.endswith("\n"):  # the last line may be half written
                frames.append(Frame(int(words[0]), int(words[1]), words[2], words[3], int(words[4]),
                                    bytes.fromhex(words[5]), words[6]))
    return Log(bauds, bits, frames, late)


def main():
    parser = argparse.ArgumentParser(description="What a frame log of tocsin-village shows.")
    parser.add_argument("log")
    parser.add_argument("--line")
    parser.add_argument("--since", type=int)
    parser.add_argument("--until", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    log = load(options.log)
    names = [options.line] if options.line else list(log.bauds)
    if options.line and options.line not in log.bauds:
        parser.error(f"no line {options.line} in {options.log}; there are {', '.join(log.bauds)}")
    summaries = [log.line(name, options.since, options.until).summary() for name in names]
    if options.json:
        print(json.dumps(summaries))
        return
    for s in summaries:
        notes = ", ".join(f"{k} {v}" for k, v in sorted(s["notes"].items()))
        ratio = f"{s['span_us'] / s['wire_us']:.3f} W" if s["wire_us"] else "-"
        print(f"{s['line']}: {s['requests']} requests, {s['replies']} replies, W {s['wire_us'] or '-'} us, span {s['span_us']} us "
              f"({ratio}), shortest silence {s['shortest_silence_us']} of {s['needed_silence_us']} us, "
              f"{s['too_early']} too early; {notes}")


if __name__ == "__main__":
    sys.exit(main())
