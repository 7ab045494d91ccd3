"""The health of lines and terminals as people and monitors see it: states with reasons, numbers, what is told when it changes, what
survives a restart."""
import json
import os
import signal
import subprocess
import sys
import time

from township import PATIENCE, ROOT, Lines, TownshipTest, c4, cap, main, program, t8, until

sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))
import frames  # noqa: E402
from prometheus import Metrics  # noqa: E402


class Health(TownshipTest):
    def terminals(self, town):
        return {t["id"]: t for t in town.get("/v1/terminals")[1]["terminals"]}

    def until_states(self, town, wanted):
        until(lambda: {t: row["state"] for t, row in self.terminals(town).items()} == wanted,
              lambda: f"{wanted}, but {town.get('/v1/terminals')}")
        return self.terminals(town)

    # ---- what is seen ----

    def test_each_state_has_its_reason(self):
        town = self.township({"north": (9600, t8(4, {2: "dead", 3: "slow:200", 4: "door"})),
                              "south": (19200, c4(2, {2: "battery_low"}))}).start()
        seen = self.until_states(town, {"north-1": "good", "north-2": "dead", "north-3": "good", "north-4": "degraded",
                                        "south-1": "good", "south-2": "good"})
        self.assertIn("does not answer", seen["north-2"]["why"])
        self.assertEqual(seen["north-4"]["why"], "it reports a fault: door == 1")
        self.assertNotIn("why", seen["north-1"])
        self.assertNotIn("last_seen", seen["north-2"])
        counts = until(lambda: (c := self.terminals(town)["north-2"]["counts"]) and c["timeouts"] > 1 and c, "probes")
        self.assertEqual((counts["replies"], counts["timeouts"]), (0, counts["requests"]))
        until(lambda: 200 <= self.terminals(town)["north-3"].get("answer_ms", 0) < 260, "the learnt answer time")
        row = town.get("/v1/terminals/north-1")[1]
        self.assertEqual(set(row["ages"]), set(row["values"]))
        self.assertTrue(all(0 <= age < PATIENCE for age in row["ages"].values()), row)

    def test_answers_that_are_often_damaged_degrade(self):
        town = self.township({"north": (19200, t8(2, {2: "crc:60"}))})
        town.poll_s = 1
        town.start()
        row = until(lambda: (t := self.terminals(town)["north-2"]) and "damaged" in t.get("why", "") and t, "the damage")
        self.assertRegex(row["why"], r"of \d+ requests in the last 10 min \d+ had no answer and \d+ a damaged one")
        self.assertEqual(row["state"], "degraded")
        self.assertEqual(self.terminals(town)["north-1"]["state"], "good")

    def test_one_seen_before_its_death_says_when(self):
        town = self.township({"north": (9600, t8(2))}).start()
        self.until_states(town, {"north-1": "good", "north-2": "good"})
        town.tell_village("fault north/2 dead")
        row = self.until_states(town, {"north-1": "good", "north-2": "dead"})["north-2"]
        self.assertIn("last_seen", row)
        self.assertGreater(row["age"], 0)
        self.assertIn("battery", row["values"])  # the last that it said, with its age
        self.assertGreaterEqual(row["ages"]["battery"], row["age"])

    def test_a_line_says_how_its_wire_is_used(self):
        town = self.township({"north": (9600, t8(3, {2: "dead"})), "south": (19200, t8(1))}).start()
        self.until_states(town, {"north-1": "good", "north-2": "dead", "north-3": "good", "south-1": "good"})
        line = until(lambda: (row := town.get("/v1/lines/north")[1]) and row["use_percent"]["bytes"]["10s"] > 0 and row, "its use")
        self.assertEqual(line["states"], {"good": 2, "degraded": 0, "dead": 1, "unknown": 0})
        self.assertEqual([(t["id"], t["state"]) for t in line["worst"]], [("north-2", "dead")])
        self.assertEqual((line["kind"], line["device"]), ("rtu", town.path("north")))
        up = line["since"]
        town.tell_village("detach north")
        line = until(lambda: not (row := town.get("/v1/lines/north")[1])["up"] and row, "the loss")
        self.assertGreater(line["since"], up)
        self.assertEqual(line["states"], {"good": 0, "degraded": 0, "dead": 0, "unknown": 3})
        self.assertNotIn("worst", line)
        self.assertTrue(line["error"].startswith(town.path("north") + ": "), line)  # whose line it is stands beside it

    # ---- what is told ----

    def test_lost_and_back_are_told_once(self):
        town = self.township({"north": (9600, t8(3))}).start()
        self.until_states(town, {"north-1": "good", "north-2": "good", "north-3": "good"})
        states = town.listener.until(lambda d: "states" in d, "the states of all")["states"]
        self.assertEqual(states, {"north-1": "good", "north-2": "good", "north-3": "good"})
        for fault, state in (("dead", "dead"), ("none", "good"), ("door", "degraded"), ("none", "good")):
            town.tell_village(f"fault north/2 {fault}")
            until(lambda: self.terminals(town)["north-2"]["state"] == state, state)
        town.events()
        told = [(d["id"], d["state"]) for kind, d in town.listener.heard if kind == "terminal"]
        self.assertEqual(told[:2], [("north-2", "dead"), ("north-2", "good")])
        self.assertLessEqual(len(told), 4)  # the rest may wait until the minute is over
        log = town.daemon_log()
        self.assertEqual((log.count("terminal lost: north-2: unit 2 does"), log.count("terminal back: north-2\n")), (1, 1), log)

    def test_a_line_that_goes_down_is_one_event(self):
        town = self.township({"north": (19200, t8(20))}).start()
        town.listener.until(lambda d: "states" in d, "the states of all")
        town.tell_village("detach north")
        until(lambda: not town.get("/v1/lines/north")[1]["up"], "the loss")
        town.tell_village("attach north")
        until(lambda: sum("states" in d for _, d in town.listener.heard) == 2, "the states after its return")
        town.events()
        self.assertEqual([d for kind, d in town.listener.heard if kind == "terminal"], [])
        self.assertNotIn("terminal lost", town.daemon_log())

    def test_faults_show_within_100_s_at_the_slowest_polls(self):
        """The worst cases are tests/hardware/test_line_round.c, in virtual time."""
        town = self.township({"north": (9600, t8(3))})
        town.poll_s = 60
        town.start()
        self.until_states(town, {"north-1": "good", "north-2": "good", "north-3": "good"})
        began = time.monotonic()
        town.tell_village("fault north/2 dead")
        town.tell_village("fault north/3 mains_lost")
        until(lambda: [self.terminals(town)[t]["state"] for t in ("north-2", "north-3")] == ["dead", "degraded"], "the faults",
              100)
        self.assertLess(time.monotonic() - began, 100)

    # ---- numbers ----

    def test_metrics_agree_with_the_lines(self):
        town = self.township({"north": (9600, t8(3, {2: "dead"})), "south": (19200, c4(2))},
                             programme="repetitions = 1; tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        for _ in range(100):  # until nothing is counted between the two looks
            before = town.get("/v1/lines")[1]["lines"]
            metrics = Metrics(town.get("/metrics")[1])
            lines = town.get("/v1/lines")[1]["lines"]
            if [(row["requests"], row["replies"]) for row in before] == [(row["requests"], row["replies"]) for row in lines]:
                break
        names = {"up": "tocsin_line_up", "replies": "tocsin_line_replies_total", "timeouts": "tocsin_line_timeouts_total",
                 "damaged": "tocsin_line_damaged_total", "exceptions": "tocsin_line_exceptions_total",
                 "strays": "tocsin_line_strays_total", "reopened": "tocsin_line_reopened_total"}
        for row in lines:
            for member, name in names.items():
                self.assertEqual(metrics.get(name, line=row["id"]), row[member], (row["id"], name))
            for kind, n in row["classes"].items():
                self.assertEqual(metrics.get("tocsin_line_requests_total", line=row["id"], **{"class": kind}), n)
            for state, n in row["states"].items():
                self.assertEqual(metrics.get("tocsin_terminals", line=row["id"], state=state), n)
            self.assertGreater(metrics.get("tocsin_line_busy_seconds_total", line=row["id"]), 0)
        self.assertEqual([labels["terminal"] for labels, _ in metrics.all("tocsin_terminal_state")],
                         ["north-1", "north-2", "north-3", "south-1", "south-2"])
        self.assertEqual(metrics.get("tocsin_terminal_state", terminal="north-2", line="north"), 2)
        self.assertIsNone(metrics.get("tocsin_terminal_last_seen_seconds", terminal="north-2", line="north"))
        battery = metrics.get("tocsin_terminal_reading", terminal="north-1", line="north", field="battery", unit="V")
        self.assertEqual(battery, self.terminals(town)["north-1"]["values"]["battery"])
        self.assertEqual(metrics.get("tocsin_deliveries_ended_total", end="failed", reason="no_reply"), 1)
        self.assertEqual(sum(n for _, n in metrics.all("tocsin_deliveries_ended_total")), 5)
        for name in ("tocsin_store_up", "tocsin_clock_trusted", "tocsin_healthy"):
            self.assertEqual(metrics.get(name), 1)
        self.assertEqual(metrics.get("tocsin_channel_output_up", channel="main"), 1)
        self.assertGreater(metrics.get("process_resident_memory_bytes"), 1e6)
        self.every_family_is_documented(metrics)

    def every_family_is_documented(self, metrics):
        with open(os.path.join(ROOT, "docs", "api.yaml"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual([name for name in metrics.samples if name not in page], [])

    # ---- the command line ----

    def test_the_lines_are_watched(self):
        town = self.township({"north": (9600, t8(2, {2: "dead"})), "south": (19200, t8(1))}).start()
        watch = town.cli("line", "watch", "--count", "2", "--interval", "0.5")
        self.assertEqual(watch.returncode, 0, watch.stderr)
        self.assertEqual(sum(line.startswith("north  up") for line in watch.stdout.splitlines()), 2, watch.stdout)
        self.assertEqual(sum(line.startswith("south  up") for line in watch.stdout.splitlines()), 2, watch.stdout)
        watch = town.cli("line", "watch", "south", "--json", "--count", "3", "--interval", "0.1")
        self.assertEqual([json.loads(line)["id"] for line in watch.stdout.splitlines()], ["south"] * 3)
        watch = town.cli("line", "watch", "nowhere")
        self.assertEqual(watch.returncode, 2)
        self.assertIn('no line "nowhere"', watch.stderr)

    def watch(self, town):
        process = subprocess.Popen([program("tocsin"), "--socket", town.path("tocsin.sock"), "line", "watch", "--json",
                                    "--interval", "0.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        lines = Lines(process.stdout)
        self.assertEqual(json.loads(lines.next())["id"], "north")
        return process

    def test_a_watch_ends_well_and_badly(self):
        town = self.township({"north": (9600, t8(1))}).start()
        process = self.watch(town)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 0)
        process = self.watch(town)
        town.end_daemon()
        self.assertEqual(process.wait(PATIENCE), 3)
        self.assertIn(b"the daemon cannot be reached", process.stderr.read())

    # ---- read now ----

    def test_a_terminal_is_read_now(self):
        """poll_s is the largest, so that nothing but the question can bring a new reading."""
        town = self.township({"north": (9600, t8(3, {3: "dead"})), "south": (9600, t8(1))})
        town.poll_s = 60
        town.start()
        self.until_states(town, {"north-1": "good", "north-2": "good", "north-3": "dead", "south-1": "good"})
        town.tell_village("fault north/2 door")
        status, row = town.get("/v1/terminals/north-2?now=true")
        self.assertEqual((status, row["state"], row["why"]), (200, "degraded", "it reports a fault: door == 1"))
        self.assertLess(max(row["ages"].values()), 3)
        self.assertEqual(town.get("/v1/terminals/north-1")[1]["state"], "good")
        shown = town.cli("terminal", "show", "north-2", "--now")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("door == 1", shown.stdout)
        began = time.monotonic()
        status, problem = town.get("/v1/terminals/north-3?now=true")
        self.assertEqual((status, problem["code"]), (504, "not_read"), problem)
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn("north-3", problem["detail"])
        town.tell_village("detach south")
        until(lambda: not town.get("/v1/lines/south")[1]["up"], "the loss")
        status, problem = town.get("/v1/terminals/south-1?now=true")
        self.assertEqual((status, problem["code"]), (504, "line_down"), problem)
        shown = town.cli("terminal", "show", "south-1", "--now")
        self.assertEqual(shown.returncode, 2)
        self.assertIn("line south is down", shown.stderr)

    # ---- what was learnt ----

    def polls_of(self, town, unit, since):
        """The requests to a unit since a time, and the frame that followed the first of them on the line."""
        def look():
            line = frames.load(town.path("frames.log")).line("north", since)
            asked = [f for f in line.requests if f.unit == unit]
            after = [f for f in line.frames if asked and f.begin > asked[0].begin]
            return asked and after and (asked, after[0], line)
        return until(look, f"the first poll of unit {unit}")

    def restarted(self, town, how):
        how()
        since = time.monotonic_ns() // 1000
        town.start_daemon()
        town.lines_up()
        return since

    def test_answer_times_survive_a_restart(self):
        town = self.township({"north": (9600, t8(3, {2: "slow:200"}))}).start()
        learnt = until(lambda: (t := self.terminals(town)) and t["north-2"].get("answer_ms", 0) > 200 and
                       t["north-1"].get("answer_ms") and t, "what is learnt")["north-2"]["answer_ms"]
        since = self.restarted(town, lambda: (town.tell_village("fault north/1 dead"), town.end_daemon()))
        self.expect_patience(town, since)
        self.assertAlmostEqual(self.terminals(town)["north-2"]["answer_ms"], learnt, delta=45)  # what is known, not a new guess
        since = self.restarted(town, town.kill_daemon)  # what was stored before is still there
        self.expect_patience(town, since)

    def expect_patience(self, town, since):
        """The slow one is waited for at the first try; the dead one only as long as it used to take, not to the ceiling."""
        self.until_states(town, {"north-1": "dead", "north-2": "good", "north-3": "good"})
        asked, answer, _ = self.polls_of(town, 2, since)
        self.assertEqual(answer.direction, "<", answer)
        self.assertGreater(answer.begin - asked[0].end, 190000)
        asked, following, line = self.polls_of(town, 1, since)
        self.assertEqual((following.direction, following.unit), (">", 2))
        self.assertLess(following.begin - line.end_us(asked[0]), 100000)  # the ceiling is 500 ms


if __name__ == "__main__":
    main()
