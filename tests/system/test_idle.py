"""What is seen of the terminals while nothing sounds."""
import time

from township import TownshipTest, main, t8, until


class Idle(TownshipTest):
    def states(self, town):
        return {t["id"]: (t["state"], t.get("why", "")) for t in town.get("/v1/terminals")[1]["terminals"]}

    def until_states(self, town, wanted):
        until(lambda: {t: s for t, (s, _) in self.states(town).items()} == wanted, wanted)

    def test_the_dead_are_seen_and_seen_again(self):
        town = self.township({"north": (9600, t8(3, {3: "dead"}))}).start()
        self.until_states(town, {"north-1": "good", "north-2": "good", "north-3": "dead"})  # it never answered
        town.tell_village("fault north/2 dead")
        self.until_states(town, {"north-1": "good", "north-2": "dead", "north-3": "dead"})
        self.assertIn("does not answer", self.states(town)["north-2"][1])
        town.tell_village("fault north/2 none")
        self.until_states(town, {"north-1": "good", "north-2": "good", "north-3": "dead"})
        log = town.daemon_log()
        self.assertEqual(log.count("terminal lost: north-2"), 1, log)
        self.assertEqual(log.count("terminal back: north-2"), 1, log)
        self.assertEqual(log.count("terminal lost: north-3"), 1, log)

    def test_nobody_is_good_on_a_line_that_is_down(self):
        town = self.township({"north": (9600, t8(2)), "south": (9600, t8(1))}).start()
        self.until_states(town, {"north-1": "good", "north-2": "good", "south-1": "good"})
        town.tell_village("detach north")
        self.until_states(town, {"north-1": "unknown", "north-2": "unknown", "south-1": "good"})
        self.assertEqual(self.states(town)["north-1"][1], "line down")
        town.tell_village("attach north")
        self.until_states(town, {"north-1": "good", "north-2": "good", "south-1": "good"})

    def test_a_line_that_polls_alone_fill(self):
        """247 terminals need longer than poll_s for one round; at the worst is tests/hardware/test_line_round.c, in virtual time."""
        town = self.township({"full": (9600, t8(247, {9: "no_answer", 247: "dead"}))}).start()
        row = until(lambda: (t := town.get("/v1/terminals/full-9")[1])["counts"]["timeouts"] == 1 and t, "a missed first reading")
        self.assertEqual((row["state"], row["why"]), ("unknown", "not read yet"))  # nobody is dead without a second try
        town.tell_village("fault full/9 none")
        swept = town.listener.until(lambda d: "states" in d, "the sweep")["states"]
        self.assertLessEqual({t for t, state in swept.items() if state != "good"}, {"full-9", "full-247"})
        self.assertNotEqual(swept["full-9"], "dead")
        wanted = {t: "good" for t in swept} | {"full-247": "dead"}
        self.until_states(town, wanted)
        began = time.monotonic()
        town.tell_village("fault full/100 dead")
        town.tell_village("fault full/200 door")
        self.until_states(town, wanted | {"full-100": "dead", "full-200": "degraded"})
        self.assertLess(time.monotonic() - began, 100)
        town.listener.until(lambda d: (d.get("id"), d.get("state")) == ("full-100", "dead"), "its event")
        told = [(d["id"], d["state"]) for kind, d in town.listener.heard if kind == "terminal" and d["state"] == "dead"]
        self.assertEqual(sorted(told), [("full-100", "dead"), ("full-247", "dead")])


if __name__ == "__main__":
    main()
