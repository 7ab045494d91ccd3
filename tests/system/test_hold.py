"""Terminals that are left alone fall silent by themselves, and those that are not sound on; and the addresses that tell more than
one of them is there."""
import os
import time

from township import TownshipTest, c4, cap, main, program, t8, until

HOLD_S = 3
START, HOLD = 20, 22  # registers of the T8


class Hold(TownshipTest):
    def holding(self, lines, programme, hold_s=HOLD_S, renewed_by="any"):
        """A township whose T8s have a shorter hold than the shipped profile gives them."""
        town = self.township(lines, programme=programme)
        with open(program("share/tocsin/profiles/linghu-t8.cfg"), encoding="utf-8") as file:
            profile = file.read()
        for before, after in (("hold_s = 30;", f"hold_s = {hold_s};"),
                              ('hold_renewed_by = "any";', f'hold_renewed_by = "{renewed_by}";')):
            self.assertIn(before, profile)
            profile = profile.replace(before, after)
        os.makedirs(town.path("profiles"))
        town.write("profiles/linghu-t8.cfg", profile)
        return town.start()

    def t8s(self, town):
        return [line.split() for line in town.tell_village("show") if "linghu-t8" in line]

    def writes(self, town, line, register):
        """How many frames wrote it, to one unit or to all."""
        with open(town.path("frames.log"), encoding="ascii") as log:
            frames = [fields for fields in map(str.split, log) if fields[2:4] == [line, ">"]]
        return sum(fields[5][2:8] == f"06{register:04x}" for fields in frames)

    def test_they_fall_silent_when_this_box_dies(self):
        town = self.holding({"north": (9600, t8(5)), "south": (19200, c4(1))}, "repetitions = 3; tone_min_ms = 1000;")
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        until(lambda: town.sounding() == 6, "all of them sound")
        town.kill_daemon()
        killed = time.monotonic()
        self.assertEqual(town.sounding(), 6)  # the control: nobody stopped them
        until(lambda: all(fields[3] == "standby" for fields in self.t8s(town)), "silence of all T8s")
        self.assertLess(time.monotonic() - killed, HOLD_S + 1)
        self.assertEqual(town.sounding(), 1)  # the C4 has no hold: it needs the restart, or tocsind --silence

    def test_a_long_broadcast_outlives_many_holds(self):
        for renewed_by in ("any", "write"):
            with self.subTest(renewed_by=renewed_by):
                town = self.holding({"north": (9600, t8(5)), "east": (9600, t8(1))}, "repetitions = 3; tone_min_ms = 1000;", 1,
                                    renewed_by)
                alert = town.send(cap())[1]["id"]
                town.until_segment(alert, "words")
                until(lambda: town.sounding() == 6, "all of them sound")
                began = time.monotonic()
                town.until_segment(alert, "end_tone", 3)
                self.assertEqual(town.sounding(), 6)
                self.assertGreater(time.monotonic() - began, 8)  # eight holds
                town.until_ended(alert)
                self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.ends(alert))
                for line in ("north", "east"):
                    self.assertEqual(self.writes(town, line, START), 1)  # none fell silent in between
                    self.assertGreater(self.writes(town, line, HOLD), 16 if renewed_by == "write" else 0)


class Addresses(TownshipTest):
    def test_two_with_one_address_are_named(self):
        town = self.township({"north": (9600, t8(4, {2: "duplicate"}))}, programme="repetitions = 1; tone_min_ms = 1000;").start()
        why = lambda: town.get("/v1/terminals/north-2")[1].get("why", "")
        until(lambda: "two terminals may have address 2" in why(), why)
        for other in ("north-1", "north-3", "north-4"):
            self.assertEqual(town.get(f"/v1/terminals/{other}")[1]["state"], "good")
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        ends = town.ends(alert)
        self.assertEqual(ends.pop("north-2"), "failed(no_reply)")  # it may well have sounded, but nothing proves it
        self.assertEqual(set(ends.values()), {"heard"})
        self.assertEqual(town.daemon_log().count("two terminals may have address 2"), 1)
        town.silent()


if __name__ == "__main__":
    main()
