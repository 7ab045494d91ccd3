"""What is wrong on a line, through the real daemon: wrong addresses, damaged answers, echo and noise, and terminals that only hear.
Each is shown with its reason, is told all the same, and harms no neighbour; nothing wrong is taken for right."""
from datetime import datetime

from township import VALGRIND, TownshipTest, c4, cap, frames, main, t8, until

SHORT = "repetitions = 1; tone_min_ms = 1000;"
VOICE_WITHIN_S = 10 if VALGRIND else 3  # EN 54-16: 3 s from the signal to the voice


class LineFaults(TownshipTest):
    def terminals(self, town):
        return {t["id"]: t for t in town.get("/v1/terminals")[1]["terminals"]}

    def until_seen(self, town):
        until(lambda: all(t["state"] != "unknown" for t in self.terminals(town).values()), lambda: str(self.terminals(town)))

    def until_shown(self, town, terminal, state, why):
        """In the API, and in the table that people read."""
        def shown():
            row = self.terminals(town)[terminal]
            return row["state"] == state and all(word in row.get("why", "") for word in why) and row
        row = until(shown, lambda: f"{terminal} {state}: {why}, but {self.terminals(town)[terminal]}")
        listed = next(line for line in town.cli("terminal", "list").stdout.splitlines() if line.split()[0] == terminal)
        self.assertIn(state, listed)
        for words in why:
            self.assertIn(words, listed)
        return row

    def expect_prompt(self, deliveries, terminals):
        """Armed and sounding as on a line without any fault, and heard."""
        for terminal in terminals:
            row = deliveries[terminal]
            self.assertEqual(row["end"], "heard", row)
            times = {name: datetime.fromisoformat(text) for name, text in row["times"].items()}
            accepted = min(datetime.fromisoformat(d["times"]["sent"]) for d in deliveries.values() if "sent" in d["times"])
            self.assertLess((times["armed"] - accepted).total_seconds(), VOICE_WITHIN_S, row)
            self.assertLess((times["started"] - accepted).total_seconds(), VOICE_WITHIN_S, row)

    def expect_unproved(self, row):
        self.assertEqual((row["end"], row["reason"], row["rung"]), ("failed", "no_reply", "sent"), row)
        self.assertFalse({"acknowledged", "armed", "sounding", "heard", "stopped"} & set(row["times"]), row)

    def state_of(self, town, terminal):
        line, _, unit = terminal.rpartition("-")
        return next(words[3] for words in map(str.split, town.tell_village("show")) if words[:2] == [line, unit])

    # ---- addresses ----

    def test_wrong_addresses(self):
        """One line for each fault of its second unit, all with the same warning."""
        faults = {"wrong": "wrong_id:9", "takes": "answers_for:1", "behind": "answers_for:1", "twice": "duplicate",
                  "late": "late_direction:2", "good": ""}
        town = self.township({line: (9600, t8(4, {2: fault})) for line, fault in faults.items()}, programme=SHORT)
        town.turnaround_ms["behind-2"] = 31  # its answers for the first come right behind those of the first
        town.poll_s = 1
        town.start()
        self.until_seen(town)
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        rows = town.deliveries(alert)
        damaged = ["what unit {u} answers is damaged; check wiring", "two terminals may have address {u}"]
        wanted = {"wrong-2": ("dead", ["unit 9 answered when unit 2 was asked"]),
                  "takes-1": ("dead", damaged), "twice-2": ("dead", damaged), "late-2": ("dead", damaged),
                  "behind-1": ("degraded", ["unit 1 answers twice", "two terminals may have address 1"])}
        for terminal, (state, why) in wanted.items():
            row = self.until_shown(town, terminal, state, [words.format(u=terminal[-1]) for words in why])
            self.assertNotIn("first_byte_ms", row["why"])
        self.assertGreater(self.terminals(town)["wrong-2"]["counts"]["foreign"], 2)
        self.assertGreater(self.terminals(town)["behind-1"]["counts"]["doubled"], 7)
        for terminal in ("wrong-2", "takes-1", "twice-2", "late-2"):
            self.expect_unproved(rows[terminal])
        self.expect_prompt(rows, [t for t in rows if t not in wanted] + ["behind-1"])
        for terminal in set(rows) - set(wanted):  # on a busy machine answers are late and get lost
            row = self.terminals(town)[terminal]
            self.assertIn(row["state"], ("good", "degraded"), row)
            self.assertRegex(row.get("why", ""), r"^(of \d+ .*)?$")
        town.silent()  # also those that nothing was heard of
        town.end_daemon()
        town.end_village()
        log = frames.load(town.path("frames.log"))
        for line in map(log.line, set(faults) - {"behind"}):  # nobody was asked while the rest of something damaged still came
            early = [f for f in line.requests if f.note == "garbled" and not line.village_was_late(f)]
            self.assertLessEqual(len(early), 2, line.name)

    # ---- the wire ----

    def test_echo_and_noise(self):
        town = self.township({line: (9600, t8(4)) for line in ("echo", "unset", "noisy", "good")}, programme=SHORT)
        town.wires = {"echo": 'line_fault = "echo";', "unset": 'line_fault = "echo";', "noisy": 'line_fault = "noise:3";'}
        town.line_settings["echo"] = 'adapter = "pty"; echo = true;'
        town.start()
        self.until_seen(town)
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        rows, lines = town.deliveries(alert), {line["id"]: line for line in town.get("/v1/lines")[1]["lines"]}
        self.expect_prompt(rows, [f"{line}-{u}" for line in ("echo", "unset", "good") for u in range(1, 5)])
        for line in "echo", "unset":  # the second finds it out by its first reading
            self.assertGreater(lines[line]["replies"], 0.9 * lines[line]["requests"])
            self.assertEqual(lines[line]["hears_itself"], line == "unset")
        self.assertEqual(town.daemon_log().count("line unset hears itself"), 1)
        for u in range(1, 5):  # whoever is lost in the noise at the very end ends so, and was heard before
            self.assertEqual(rows[f"noisy-{u}"]["highest"], rows[f"noisy-{u}"]["rung"], rows[f"noisy-{u}"])
            self.assertNotIn("may have address", self.terminals(town)[f"noisy-{u}"].get("why", ""))
        self.assertGreater(lines["noisy"]["damaged"] + lines["noisy"]["timeouts"], 3)
        self.assertEqual([data for data in town.events() if data.get("what") == "unasked"], [])
        town.silent()

    # ---- those that only hear ----

    def test_those_that_only_hear_are_started_and_stopped(self):
        """By a frame for all and one by one; the others do not wait for them, and nothing more is claimed than that it was sent."""
        town = self.township({"north": (9600, t8(5, {2: "no_answer"})), "south": (9600, c4(3, {2: "no_answer"}))}, programme=SHORT)
        town.start()
        self.until_seen(town)
        alert = town.send(cap())[1]["id"]
        deaf = ("north-2", "south-2")
        town.until_segment(alert, "words")
        until(lambda: [self.state_of(town, t) for t in deaf] == ["sounding"] * 2, "those that only hear, sounding")
        town.until_ended(alert)
        rows = town.deliveries(alert)
        for terminal in deaf:
            self.expect_unproved(rows[terminal])
            self.until_shown(town, terminal, "dead", [f"unit 2 does not answer; check power, wiring and address"])
        self.expect_prompt(rows, set(rows) - set(deaf))
        report = town.cli("report", alert)
        self.assertEqual(report.returncode, 1, report.stderr)
        for terminal in deaf:
            self.assertRegex(report.stdout, rf"(?m)^{terminal} .*no_reply")
        until(lambda: not {"sounding", "relay", "armed"} & {self.state_of(town, t) for t in deaf}, "their silence")
        town.silent()


if __name__ == "__main__":
    main()
