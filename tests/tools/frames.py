#!/usr/bin/env python3
"""Recomputes from a frame log of tocsin-village, independently of its C code: the wire limit W of each line, the silence
before each frame of the master, and how many frames were begun too early.

As a module:   log = frames.load(path); north = log.line("north", since, until); north.wire_us, north.shortest_silence_us ...
As a command:  frames.py LOG [--line ID] [--since US] [--until US] [--json]

Times are microseconds of CLOCK_MONOTONIC. The log gives the begin of a request as the village saw it; how long its bytes
take is computed here from the baud rate. The end of a reply is when its last byte could be read. A line with baud 0 has no
wire: its W is None, and no silence is needed. Bursts of noise (~) are nobody's frames; they are kept apart."""

import argparse
import json
import sys
from collections import Counter, namedtuple

TOLERANCE_US = 250  # as far as the village may be late in noticing the end of an unanswered request

Frame = namedtuple("Frame", "begin end line direction unit data note")


class Log:
    def __init__(self, bauds, bits, frames):
        self.bauds, self.bits, self.frames = bauds, bits, frames

    def line(self, name, since=None, until=None):
        """The frames of a line that began in [since, until)."""
        chosen = [f for f in self.frames if f.line == name and (since is None or f.begin >= since)
                  and (until is None or f.begin < until)]
        return Line(name, self.bauds[name], self.bits[name], chosen)


class Line:
    def __init__(self, name, baud, bits, frames):
        self.name, self.baud, self.bits = name, baud, bits
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

    def follows_unanswered(self, frame):
        """Whether the master had no whole answer to its last request before this frame, and that was no broadcast. A village
        that reads late or answers late then sees a master in the right begin on the heels of the one or on top of the other."""
        before = [f for f in self.requests if f.begin < frame.begin]
        return bool(before) and before[-1].unit != 0 and not any(
            f.unit == before[-1].unit and before[-1].begin < f.begin and self.end_us(f) <= frame.begin for f in self.replies)

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
    bauds, bits, frames = {}, {}, []
    with open(path, encoding="ascii") as f:
        for text in f:
            words = text.split()
            if text.startswith("# line "):
                bauds[words[2]], bits[words[2]] = int(words[4]), int(words[6])
            elif words and words[0] != "#" and text.endswith("\n"):  # the last line may be half written
                frames.append(Frame(int(words[0]), int(words[1]), words[2], words[3], int(words[4]),
                                    bytes.fromhex(words[5]), words[6]))
    return Log(bauds, bits, frames)


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
