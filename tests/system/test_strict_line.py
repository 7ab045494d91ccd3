"""The instruments that tell whether a master keeps silence, each beside masters that do not, in the same village at the same
time: the daemon, a loop that keeps 3.5 characters, one that keeps 1 ms less, and a plain libmodbus loop."""
import signal
import subprocess
import tempfile
import time
import unittest

from township import TownshipTest, frames, main, program, t8, until

UNITS = 30


class StrictLine(TownshipTest):
    def loop(self, town, line, *options):
        return subprocess.Popen([program("tests/bench/plain_loop"), "--device", town.path(line), "--baud", "9600", "--units",
                                 f"1-{UNITS}", "--tries", "1", "--timeout-ms", "200", *options], stdout=subprocess.DEVNULL)

    def test_only_those_who_break_the_silence_are_caught(self):
        lines = {name: (9600, t8(UNITS)) for name in ("ours", "kept", "early", "plain")}
        town = self.township(lines)
        town.strangers = {"early", "plain"}
        town.configure()
        town.start_village()
        town.lines = {"ours": lines["ours"]}  # the daemon knows no others
        town.configure()
        loops = [self.loop(town, "kept", "--strict"), self.loop(town, "early", "--early-us", "1000"), self.loop(town, "plain")]
        town.start_daemon()
        until(lambda: all(t["state"] == "good" for t in town.get("/v1/terminals")[1]["terminals"]), "all terminals seen")
        for loop in loops:
            self.assertEqual(loop.wait(), 0)
        town.end_daemon()
        town.end_village()
        log = frames.load(town.path("frames.log"))
        for name in ("ours", "kept"):
            self.assertGreaterEqual(len(log.line(name).replies), UNITS, name)
        town.check_wire()  # of these two
        for name in ("early", "plain"):
            line = log.line(name)
            # who sleeps may sleep longer than he wanted on a busy machine: how many were early is not known, but both see the same
            self.assertGreater(len(line.masters_faults()), 0, name)
            self.assertEqual([f for f in line.requests if f.note == "garbled"], line.too_early(), name)
            self.assertEqual(town.counted[name]["garbled"], len(line.too_early()), name)

    def test_a_village_that_was_away_says_so(self):
        town = self.township({"ours": (9600, t8(1))})
        town.configure()
        town.start_village()
        since = time.monotonic_ns() // 1000
        town.village.send_signal(signal.SIGSTOP)
        until(lambda: self.state(town.village) == "T", "stopped")
        away = time.monotonic_ns() // 1000
        until(lambda: time.monotonic_ns() // 1000 > away + 20000, "the time it is away")
        back = time.monotonic_ns() // 1000
        town.village.send_signal(signal.SIGCONT)
        town.end_village()
        spans = frames.load(town.path("frames.log")).late
        self.assertTrue(any(since - 4000 <= a <= away and b >= back for a, b in spans), (since, away, back, spans))

    def state(self, process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(") ")[2][0]


class Reader(unittest.TestCase):
    """What frames.py makes of a log, on logs of which everything is known: 9600 baud, silences of 4010 us."""
    REQUEST, REPLY, SILENCE, ANSWER = 9167, 26354, 4011, 7011

    def line(self, *frames_of, late=()):
        """(begin, direction, unit[, how late its end was handed over[, note]]); when the village says that it was away"""
        text = "# line a baud 9600 bits 11\n" + "".join(f"# late {since} {until}\n" for since, until in late)
        for begin, direction, unit, *more in frames_of:
            size = self.REQUEST if direction == ">" else self.REPLY
            delay, note = (*more, 0, "ok")[:2] if len(more) < 2 else more
            text += f"{begin} {begin + size + delay} a {direction} {unit} {unit:02x}04{'00' * (6 if direction == '>' else 21)} {note}\n"
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            return frames.load(file.name).line("a")

    def answered(self, begin, unit, late=0):
        """A request and its reply, and when the next may begin."""
        reply = begin + self.REQUEST + self.ANSWER
        return [(begin, ">", unit), (reply, "<", unit, late)], reply + self.REPLY + late + self.SILENCE

    def test_who_is_to_blame(self):
        first, free = self.answered(0, 1)
        for early, blamed in ((0, 0), (200, 0), (1000, 1), (4000, 1)):
            self.assertEqual(len(self.line(*first, (free - early, ">", 2)).masters_faults()), blamed, early)
        self.assertEqual(len(self.line(*first, (free, ">", 2, 0, "garbled")).masters_faults()), 1)
        late, after = self.answered(0, 1, 20000)  # the master gave up 10 ms before
        self.assertEqual(self.line(*late, (after - 4000, ">", 2)).masters_faults(), [])
        self.assertEqual(len(self.line(*late, (after - 4000, ">", 2)).too_early()), 1)
        self.assertEqual(self.line((0, ">", 1), (10000, ">", 2)).masters_faults(), [])  # nothing came
        asked = [(0, ">", 1), (25000, ">", 1), (30000, "<", 1), (62000, "<", 1)]  # again, and both are answered
        self.assertEqual(self.line(*asked, (30000 + self.REPLY + self.SILENCE + 1500, ">", 2)).masters_faults(), [])
        self.assertEqual(len(self.line(*asked[1:3], (30000 + self.REPLY + 1500, ">", 2)).masters_faults()), 1)
        self.assertEqual(len(self.line((0, ">", 0), (10000, ">", 2)).masters_faults()), 1)  # behind a broadcast
        for since, until, blamed in ((-20000, 10, 0), (-20000, -10, 1), (free, free + 9000, 1)):  # the village read the first one late
            blame = self.line(*first, (free - 1000, ">", 2), late=[(since, until)]).masters_faults()
            self.assertEqual(len(blame), blamed, (since, until))
        together = [(0, ">", 0), (self.REQUEST, ">", 1), (2 * self.REQUEST, ">", 2)]
        self.assertEqual(len(self.line(*together, late=[(-20000, 10)]).masters_faults()), 0)
        self.assertEqual(len(self.line(*together, late=[(-20000, -10)]).masters_faults()), 1)  # one: the others follow an unanswered one

    def test_passes(self):
        everything, free = [], 0
        for units in ((1, 2, 3, 4), (1, 2, 3, 4)):
            for unit in units:
                more, free = self.answered(free, unit)
                everything += more
        everything.append((free, ">", 1))  # the third pass: 1 has died, and is asked again outside of it
        for unit in (2, 3, 4):
            more, free = self.answered(free + (20000 if unit == 2 else 0), unit)
            everything += more
        everything.append((free, ">", 1))
        free += 500000
        for unit in (2, 3, 4):
            more, free = self.answered(free, unit)
            everything += more
        passes = self.line(*everything).passes(3)
        self.assertEqual([(p.asked, p.unanswered) for p in passes], [(4, 0), (4, 0), (4, 1), (3, 0)])
        one = self.REQUEST + self.ANSWER + self.REPLY + self.SILENCE
        self.assertAlmostEqual(passes[0].wire_us, 4 * one, delta=20)
        self.assertAlmostEqual(passes[0].end - passes[0].begin, 4 * one, delta=20)
        self.assertAlmostEqual(passes[2].wire_us, 3 * one, delta=20)
        # its silence and request, and 10 ms more than its first byte used to take
        self.assertAlmostEqual(passes[2].budget_us - passes[2].wire_us, 4010 + 9167 + 7011 + 1146 + 10000, delta=20)


if __name__ == "__main__":
    main()
