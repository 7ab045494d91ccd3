"""Two warnings on one channel: which sounds, who is stopped, who goes on, and what a crash in between leaves."""
from township import TOWNSHIP, TownshipTest, c4, cap, frames, main, t8, until

TWICE = "repetitions = 2; tone_min_ms = 1000;"
WRITES = (5, 6, 15, 16)


class GiveWay(TownshipTest):
    def start(self, **settings):
        """north-3 and south-2 lie in another village of the township."""
        town = self.township({"north": (9600, t8(3)), "south": (19200, c4(2))}, programme=TWICE, **settings)
        town.codes = {"north-3": "360499103202", "south-2": "360499103202"}
        return town.start()

    def cut_in(self, town, **lower):
        """An alert for all in the words of its second repetition, and a higher one for the first village that has cut in."""
        low = town.send(cap(code=TOWNSHIP, severity="Moderate", en=None, **lower))[1]["id"]
        town.until_segment(low, "words", 2)
        high = town.send(cap(en=None))[1]["id"]
        town.until_segment(high, "tone")
        return low, high

    def test_a_higher_one_cuts_in_and_the_other_goes_on(self):
        town = self.start()
        low, high = self.cut_in(town)
        until(lambda: town.sounding() == 3, "those who are not meant are stopped")
        alert = town.alert(low)
        self.assertEqual((alert["state"], alert["reason"]), ("queued", f"gave way to {high}, and goes on after it"))
        self.assertEqual(alert["repetitions"]["ended"], 1)
        self.assertEqual(town.until_ended(high)["state"], "finished")
        self.assertEqual(town.ends(high), {"north-1": "heard", "north-2": "heard", "south-1": "heard"})
        self.assertEqual(town.until_ended(low)["state"], "finished")
        self.assertEqual(set(town.ends(low).values()), {"heard"})
        self.assertEqual(town.begun(low, "tone"), {1: 1, 2: 2})  # the one that was cut, from its beginning
        self.assertEqual(town.begun(high, "tone"), {1: 1, 2: 1})
        town.silent()

    def test_who_is_meant_by_both_needs_no_frame(self):
        town = self.start()
        low, high = self.cut_in(town)
        town.until_segment(high, "words")
        town.until_segment(high, "words", 2)
        town.end_daemon()
        town.end_village()
        line = frames.load(town.path("frames.log")).line("north")
        writes = [f for f in line.requests if f.data[1] in WRITES]
        stop = next(f for f in writes if f.data[0] == 3)  # before it all were armed and started by frames for all, or one by one
        ends = [f for f in writes if f.begin > stop.begin and f.data[0] in (0, 1, 2)]
        sounded = [f for f in line.requests if f.begin > stop.begin and f.data[0] in (1, 2) and f.data[1] not in WRITES]
        self.assertGreater(len(sounded), 10)  # they were read all the while
        self.assertTrue(all(f.begin > sounded[10].begin for f in ends), ends)  # and only told to stop in the end

    def test_a_drill_is_cut_off_for_good(self):
        town = self.start()
        drill, high = self.cut_in(town, status="Exercise")
        ended = town.until_ended(drill)
        self.assertEqual((ended["state"], ended["reason"]), ("stopped", f"cut off by the actual alert {high}"))
        self.assertEqual(town.until_ended(high)["state"], "finished")
        self.assertEqual(set(town.ends(high).values()), {"heard"})
        self.assertEqual(town.begun(drill, "tone"), {1: 1, 2: 1})
        town.silent()

    def test_equals_take_turns(self):
        town = self.start()
        one = town.send(cap(en=None))[1]["id"]
        other = town.send(cap(en=None))[1]["id"]
        for alert in (one, other):
            self.assertEqual(town.until_ended(alert)["state"], "finished")
            self.assertEqual(set(town.ends(alert).values()), {"heard"})
        order = [d["alert"] for d in town.events() if d.get("segment") == "tone" and d.get("alert") in (one, other)]
        self.assertEqual(order, [one, other, one, other])
        town.silent()

    def test_a_crash_in_between_loses_neither(self):
        town = self.start()
        low, high = self.cut_in(town)
        town.kill_daemon()
        town.start_daemon()
        for alert in (high, low):
            self.assertEqual(town.until_ended(alert)["state"], "finished")
            self.assertEqual(set(town.ends(alert).values()), {"heard"})
        order = [(d["alert"], d["repetition"]) for d in town.events() if d.get("segment") == "end_tone"]
        self.assertEqual([alert for alert, _ in order], [high, low])
        self.assertEqual(town.begun(low, "tone"), {1: 1, 2: 2})
        town.silent()


if __name__ == "__main__":
    main()
