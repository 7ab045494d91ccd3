"""Terminals that misbehave as real ones do, each through the whole of the real programs: its end, its reason, and that it harms
nobody else."""
from township import TownshipTest, c4, cap, main, t8

SHORT = "repetitions = 1; tone_min_ms = 1000;"


class Faults(TownshipTest):
    def test_troubled_but_heard(self):
        faults = {2: "flaky:10", 3: "crc:10", 4: "slow:200", 5: "settle:1500", 6: "door", 7: "battery_low"}
        town = self.township({"north": (9600, t8(7, faults)), "south": (19200, c4(5, {2: "flaky:10", 3: "crc:10", 4: "slow:200"}))},
                             programme="repetitions = 3; tone_min_ms = 1000;").start()  # some answers are lost: more chances
        alert = town.send(cap())[1]["id"]
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.ends(alert))
        town.silent()

    def test_one_terminal_and_a_silent_card(self):
        """Alone on its channel it cannot be told from a silent loudspeaker; two of them can."""
        town = self.township({"north": (9600, t8(1))}, plugin="silent true", programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "failed(silent)"})

    def test_each_has_its_reason(self):
        town = self.township({"north": (9600, t8(5, {2: "local", 3: "wont_stop", 4: "fault"})),
                              "south": (19200, c4(4, {2: "local", 3: "wont_stop"}))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {
            "north-1": "heard", "north-2": "failed(busy_other)", "north-3": "failed(not_stopped)",
            "north-4": "failed(not_armed)", "north-5": "heard",
            "south-1": "heard", "south-2": "failed(busy_other)", "south-3": "failed(not_stopped)", "south-4": "heard"})
        alarms = {(data["what"], data.get("alert")) for data in town.events() if "what" in data}
        self.assertIn(("not_stopped", alert), alarms)
        self.assertIn(("unasked", None), alarms)
        self.assertIn("north 2 linghu-t8 sounding", "\n".join(town.tell_village("show")))  # what somebody says there goes on

    def test_somebody_takes_the_microphone(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(2))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        for unit in ("north/1", "south/1"):
            town.tell_village(f"fault {unit} local")
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "failed(busy_other)", "north-2": "heard",
                                            "south-1": "failed(busy_other)", "south-2": "heard"})


if __name__ == "__main__":
    main()
