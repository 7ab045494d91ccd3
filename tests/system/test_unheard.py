"""What was not played is not heard: each case beside a control in the same run that is heard."""
import re

from township import TownshipTest, c4, cap, main, t8, until

SHORT = "repetitions = 1; tone_min_ms = 1000;"
LINES = {"north": (9600, t8(3)), "south": (19200, c4(3))}


class Unheard(TownshipTest):
    def broadcast(self, town):
        status, alert = town.send(cap())
        self.assertEqual(status, 202)
        ended = town.until_ended(alert["id"])
        return ended, town.ends(alert["id"]), town.deliveries(alert["id"])

    def control(self):
        """The same township with a card that plays: everybody hears."""
        _, ends, _ = self.broadcast(self.township(LINES, programme=SHORT).start())
        self.assertEqual(set(ends.values()), {"heard"})

    def test_silence_played(self):
        self.control()
        town = self.township(LINES, plugin="silent true", programme=SHORT).start()
        alert, ends, _ = self.broadcast(town)
        self.assertEqual(alert["counts"].get("heard", 0), 0)
        self.assertEqual(set(ends.values()), {"failed(no_audio)"})  # and no terminal is blamed

    def test_noise_at_the_microphones_and_silence_played(self):
        noisy = {"north": (9600, t8(3, {u: "noise" for u in (1, 2, 3)})), "south": (19200, c4(3, {u: "noise" for u in (1, 2, 3)}))}
        town = self.township(noisy, plugin="silent true", programme=SHORT).start()
        alert, ends, rows = self.broadcast(town)
        self.assertEqual(alert["counts"].get("heard", 0), 0)
        self.assertNotIn("heard", ends.values())
        self.assertGreater(rows["south-1"]["baseline"], 70)  # the rain was measured, and was not taken for us

    def requests(self, town):
        return [int(re.search(r"requests=(\d+)", line).group(1)) for line in town.tell_village("counts")]

    def test_tone_only(self):
        """Everybody has a baseline and reads loud again and again, but only while the tone sounds."""
        town = self.township(LINES, programme="repetitions = 2; tone_min_ms = 8000;").start()
        alert = town.send(cap())[1]["id"]
        town.tell_village("fault all mute")  # of the first repetition they give their baseline, and hear no words
        town.until_segment(alert, "tone", 2)
        self.assertTrue(all(row.get("baseline") is not None for row in town.deliveries(alert).values()))
        town.tell_village("fault all none")
        until(lambda: all(float(line.split()[6]) > -40 for line in town.tell_village("show")), "the tone, loud at every unit")
        before = self.requests(town)
        until(lambda: all(now > then + 30 for now, then in zip(self.requests(town), before)), "several readings of each")
        self.assertFalse(any((d.get("alert"), d.get("segment"), d.get("repetition")) == (alert, "silence", 2) for d in town.events()))
        town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "only the tone"}')
        town.until_ended(alert)
        self.assertEqual(town.alert(alert)["counts"].get("heard", 0), 0)
        _, ends, _ = self.broadcast(town)  # the control: the same terminals, and the words too
        self.assertEqual(set(ends.values()), {"heard"})

    def test_the_sound_is_on_another_channel(self):
        town = self.township(LINES, channels=["main", "other"], programme=SHORT)
        town.hears = {"south": "other"}  # its amplifiers hang on the other sound card
        town.start()
        _, ends, _ = self.broadcast(town)
        self.assertEqual({ends[t] for t in ends if t.startswith("north")}, {"heard"})
        self.assertEqual({ends[t] for t in ends if t.startswith("south")}, {"failed(silent)"})

    def test_card_lost(self):
        town = self.township({"north": (9600, t8(2))}, programme=SHORT)
        town.plugin = f'lost "{town.path("unplugged")}"'
        town.write("unplugged", "")  # while this file is there, so is no card
        town.start()
        _, ends, _ = self.broadcast(town)
        self.assertEqual(set(ends.values()), {"failed(no_audio)"})


if __name__ == "__main__":
    main()
