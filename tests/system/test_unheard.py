"""What was not played is not heard: each case beside a control in the same run that is heard."""
from township import TownshipTest, c4, cap, main, t8

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

    def test_tone_only(self):
        town = self.township(LINES, programme="repetitions = 1; tone_min_ms = 9000;").start()
        status, alert = town.send(cap())
        town.until_segment(alert["id"], "tone")
        stopped = town.until_tone_was_read(alert["id"])
        self.assertGreater(stopped, 0)
        town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "only the tone"}')
        town.until_ended(alert["id"])
        self.assertEqual(town.alert(alert["id"])["counts"].get("heard", 0), 0)
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
