"""The instruments that tell whether a master keeps silence, each beside masters that do not, in the same village at the same
time: the daemon, a loop that keeps 3.5 characters, one that keeps 1 ms less, and a plain libmodbus loop."""
import subprocess

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
        counted = town.garbled_counts()
        town.tell_village("quit")
        town.village.wait()
        log = frames.load(town.path("frames.log"))
        for name in ("ours", "kept"):
            self.assertGreaterEqual(len(log.line(name).replies), UNITS, name)
            self.assertEqual(log.line(name).masters_faults(), [], name)
        for name in ("early", "plain"):
            line = log.line(name)
            # who sleeps may sleep longer than he wanted on a busy machine: how many were early is not known, but both see the same
            self.assertGreater(len(line.masters_faults()), 0, name)
            self.assertEqual([f for f in line.requests if f.note == "garbled"], line.too_early(), name)
            self.assertEqual(counted[name], len(line.too_early()), name)


if __name__ == "__main__":
    main()
