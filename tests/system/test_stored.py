"""Terminals that play stored messages, on a channel without an audio output."""
from township import TownshipTest, cap, main, t8

MESSAGES = '{ hazard = "reservoir_release"; level = "red"; language = "zh"; slot = 3; }'


class Stored(TownshipTest):
    def setUp(self):
        self.town = self.township({"north": (19200, t8(2))}, programme="repetitions = 1; tone_min_ms = 1000;")
        self.town.stored = {"main": MESSAGES}
        self.town.start()

    def segments(self, alert):
        return [(d["repetition"], d["segment"]) for d in self.town.events() if d.get("alert") == alert and "segment" in d]

    def test_a_whole_run(self):
        file = self.town.write("alert.cap", cap())
        sent = self.town.cli("alert", "send", file, "--watch")
        self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)  # no more can be proved of them
        alert = self.town.alert(self.town.get("/v1/alerts")[1]["alerts"][0]["id"])
        self.assertEqual((alert["state"], alert["not_spoken"]), ("finished", []))
        self.assertEqual(set(self.town.ends(alert["id"]).values()), {"sounded(no_level)"})
        self.assertEqual([s for s in self.segments(alert["id"]) if s[1] != "silence"],
                         [(1, "tone"), (1, "words"), (1, "words"), (1, "end_tone")])  # nothing held open
        self.town.silent()

    def test_no_message(self):
        for name, message in (("another language", cap(zh=None)), ("a drill", cap(status="Exercise")),
                              ("an all-clear", cap().replace("<urgency>", "<responseType>AllClear</responseType><urgency>"))):
            with self.subTest(name):
                alert = self.town.send(message)[1]["id"]
                self.town.until_ended(alert)
                self.assertEqual(set(self.town.ends(alert).values()), {"failed(no_message)"})
                self.assertEqual(self.segments(alert), [])
        self.assertEqual(self.town.sounding(), 0)
        self.assertFalse([e for e in self.town.events() if "what" in e], "an alarm")


if __name__ == "__main__":
    main()
