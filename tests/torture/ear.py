"""What a channel really played, and when: the recording of its card is followed while it grows. Words are notes (notes.c)."""
import cmath
import math
import os
import threading
import time

RATE, EVERY = 48000, 6      # samples a second; every sixth is looked at
BLOCK_S = 0.05
BLOCK = int(RATE * BLOCK_S)
LOUD = 1e-4                 # of full power: -40 dB


class Ear(threading.Thread):
    def __init__(self, path, notes):
        super().__init__(daemon=True)
        self.path, self.notes = path, notes
        self.sound = []       # when each block that was not silent was played, monotonic seconds
        self.heard = []       # [note, begin, end] of words without a gap
        self.awake = []       # (when, how late) where it was late by more than 0.1 s
        self.ended = threading.Event()
        self.waves = {note: [cmath.exp(-2j * math.pi * note * i * EVERY / RATE) for i in range(BLOCK // EVERY)] for note in notes}

    def run(self):
        at, rest, last, grew = 44, b"", time.monotonic(), 0.0
        while not self.ended.wait(0.02):
            now = time.monotonic()
            if now - last > 0.12:
                self.awake.append((now, now - last))
            last = now
            if not os.path.exists(self.path):
                continue
            with open(self.path, "rb") as file:
                file.seek(at)
                data = file.read()
            at += len(data)
            if now - grew > 0.1:
                rest = b""  # what a card left that is gone is no part of what follows
            grew = now if data else grew
            rest += data
            n = len(rest) // (2 * BLOCK)
            for i in range(n):
                left_s = (len(rest) // 2 - (i + 1) * BLOCK) / RATE
                self.take(memoryview(rest)[2 * BLOCK * i:2 * BLOCK * (i + 1)].cast("h"), now - left_s - BLOCK_S)
            rest = rest[2 * BLOCK * n:]

    def take(self, samples, when):
        few = [s / 32768 for s in samples[::EVERY]]
        power = sum(s * s for s in few) / len(few)
        if power < LOUD:
            return
        self.sound.append(when)
        for note, wave in self.waves.items():
            c = sum(s * w for s, w in zip(few, wave)) / len(few)
            if 2 * abs(c) ** 2 > 0.6 * power:
                self.say(note, when)

    def say(self, note, when):
        if self.heard and self.heard[-1][0] == note and when - self.heard[-1][2] < 0.15:
            self.heard[-1][2] = when + BLOCK_S
        else:
            self.heard.append([note, when, when + BLOCK_S])

    def lateness(self, since, until):
        """How long the machine let this thread wait in all between two instants."""
        return sum(late for when, late in self.awake if since < when < until + late)
