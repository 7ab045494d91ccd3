"""What a channel really played, and when: the recording of its card is followed while it grows. Words are notes (notes.c)."""
import cmath
import math
import os
import threading
import time

RATE, EVERY = 48000, 6      # samples a second; every sixth is looked at
BLOCK_S = 0.05
BLOCK = int(RATE * BLOCK_S)
BLOCK_BYTES, HEADER = 2 * BLOCK, 44
LOUD = 1e-4                 # of full power: -40 dB


class Ear(threading.Thread):
    def __init__(self, path, notes):
        super().__init__(daemon=True)
        self.path, self.notes = path, notes
        self.sound = []       # when each block that was not silent was played, monotonic seconds
        self.heard = []       # [note, begin, end, seconds of sound] of words without a gap
        self.said_at = 0      # where in the recording a note was heard last
        self.edges = []       # where in the recording a daemon died
        self.awake = []       # (when, how late) where it was late by more than 0.1 s, for want of the processor or the disk
        self.grown = (HEADER, time.monotonic())  # how long the recording was, and when it had become so
        self.ended = threading.Event()
        self.waves = {note: [cmath.exp(-2j * math.pi * note * i * EVERY / RATE) for i in range(BLOCK // EVERY)] for note in notes}

    def edge(self):
        """The daemon is dead: a word that it was in does not go on in what the next one plays."""
        if os.path.exists(self.path):
            self.edges.append(os.path.getsize(self.path))

    def run(self):
        at, last, tried = HEADER, time.monotonic(), 0.0
        while not self.ended.wait(0.02):
            now = time.monotonic()
            if now - last > 0.12:
                self.awake.append((now, now - last))
            last = now
            if os.path.exists(self.path):
                at = self.listen(at, now)
            if now - tried > 0.5:  # a disk that stalls is the machine's lateness, too
                tried = now
                self.touch_disk()

    def touch_disk(self):
        with open(self.path + ".probe", "wb", 0) as file:
            file.write(b"x")
            os.fsync(file.fileno())

    def listen(self, at, now):
        """Takes what was recorded since, in whole blocks; returns where it has come to."""
        with open(self.path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            while True:
                edge = next((e for e in self.edges if e > at), None)
                if edge and edge - at < BLOCK_BYTES:
                    at = edge
                if size - at < BLOCK_BYTES:
                    if size > self.grown[0]:
                        self.grown = size, now
                    return at
                file.seek(at)
                samples = memoryview(file.read(BLOCK_BYTES)).cast("h")
                self.take(samples, at, self.played_at(at, size, now))
                at += BLOCK_BYTES

    def played_at(self, at, size, now):
        """The card may pause within a block: what was there before was played before."""
        size, when = self.grown if at < self.grown[0] else (size, now)
        return when - (size - at) / (2 * RATE)

    def take(self, samples, at, when):
        few = [s / 32768 for s in samples[::EVERY]]
        power = sum(s * s for s in few) / len(few)
        if power < LOUD:
            return
        self.sound.append(when)
        for note, wave in self.waves.items():
            c = sum(s * w for s, w in zip(few, wave)) / len(few)
            if 2 * abs(c) ** 2 > 0.6 * power:
                self.say(note, at, when)

    def say(self, note, at, when):
        if self.heard and self.heard[-1][0] == note and at - self.said_at == BLOCK_BYTES:
            self.heard[-1][2] = when + BLOCK_S
            self.heard[-1][3] += BLOCK_S
        else:
            self.heard.append([note, when, when + BLOCK_S, BLOCK_S])
        self.said_at = at

    def lateness(self, since, until):
        """How long the machine let this thread wait in all between two instants."""
        return sum(late for when, late in self.awake if since < when < until + late)
