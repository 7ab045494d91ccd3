"""What is seen of the terminals while nothing sounds."""
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


if __name__ == "__main__":
    main()
