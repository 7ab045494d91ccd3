"""The daemon is killed at several instants of a broadcast, and goes on after its restart."""
from township import TownshipTest, c4, cap, main, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"
SHORT = "repetitions = 2; tone_min_ms = 1000;"


class Killed(TownshipTest):
    def killed_in(self, segment, repetition):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, segment, repetition)
        town.kill_daemon()
        until(lambda: town.sounding() > 0, "the control: they were left sounding")
        town.start_daemon()
        ended = town.until_ended(alert)
        self.assertEqual(ended["state"], "finished")
        self.assertEqual(ended["repetitions"]["ended"], 2)
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.daemon_log())
        town.silent()
        # the one that was cut off was played again, and no other
        self.assertEqual(town.begun(alert, "tone"), {r: 2 if r == repetition else 1 for r in (1, 2)})

    def test_killed_in_the_tone(self):
        self.killed_in("tone", 1)

    def test_killed_in_the_words(self):
        self.killed_in("words", 1)

    def test_killed_in_the_second_repetition(self):
        self.killed_in("silence", 2)

    def test_killed_before_its_first_sound(self):
        town = self.township({"north": (9600, t8(2))}, programme=ONCE).start()
        alert = town.send(cap())[1]["id"]
        town.kill_daemon()  # it was answered as safe; whether anything is armed by now does not matter
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["repetitions"]["ended"], 1)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        town.silent()

    def test_killed_after_its_last_words(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "end_tone", 2)
        town.kill_daemon()
        until(lambda: town.sounding() > 0, "the control: they were left sounding")
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        town.silent()
        begun = town.begun(alert, "tone")
        self.assertEqual(begun[1], 1)
        self.assertIn(begun[2], (1, 2))  # "2 has ended" may not have been on disk yet: then it is played again


if __name__ == "__main__":
    main()
