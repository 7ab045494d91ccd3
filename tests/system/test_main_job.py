"""The main job: a warning is accepted, durable, spoken, sounded, heard and proved, through the real programs."""
import math
import sqlite3
import subprocess
import wave
from datetime import datetime

from township import TownshipTest, UnixConnection, c4, cap, frames, main, program, reference, t8, tones_of, until

SHORT = "repetitions = 1; tone_min_ms = 1000;"


class MainJob(TownshipTest):
    def test_two_vendors_are_heard(self):
        town = self.township({"north": (9600, t8(4)), "valley": (19200, t8(2) + c4(2, first=3))}, programme=SHORT).start()
        message = cap()
        file = town.write("alert.cap", message)
        sent = town.cli("alert", "send", file, "--watch")
        self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr + town.daemon_log())
        alert = town.alert(town.get("/v1/alerts")[1]["alerts"][0]["id"])
        self.assertEqual(alert["state"], "finished")
        self.assertEqual((alert["level"], alert["hazard"], alert["terminals"]), ("red", "reservoir_release", 8))
        self.assertEqual([w["language"] for w in alert["words"]], ["zh-CN", "en-US"])
        self.assertEqual(set(town.ends(alert["id"]).values()), {"heard"})
        for terminal, row in town.deliveries(alert["id"]).items():
            times = row["times"]
            self.assertLessEqual(times["sent"], times["started"], terminal)
            self.assertLessEqual(times["started"], times["sounding"], terminal)
            self.assertLess(times["sounding"], times["heard"], terminal)
            rise = 10 if row["level_kind"] == "microphone" else 6
            self.assertGreaterEqual(row["level"], row["baseline"] + rise)
            self.assertGreaterEqual(row["counted"], 2 if row["level_kind"] == "microphone" else 1)
        town.silent()
        raw = town.get(f"/v1/alerts/{alert['id']}/deliveries?terminal=north-1")[1]["raw"]
        self.assertTrue({r["played"] for r in raw} >= {"silence", "words"}, raw)

        listed = town.get("/v1/alerts")[1]["alerts"][0]
        self.assertEqual((listed["counts"], listed["ends"]), ({"heard": 8}, {"heard": 8}))

        # the report, its CSV, and the same message again
        report = town.cli("report", alert["id"])
        self.assertEqual(report.returncode, 0)
        self.assertIn("north-1", report.stdout)
        table = town.cli("alert", "deliveries", alert["id"], "--csv").stdout.splitlines()
        self.assertEqual(len(table), 9)
        status, again = town.send(message)
        self.assertEqual((status, again["id"]), (200, alert["id"]))
        status, other = town.send(message.replace("Immediate", "Expected"))
        self.assertEqual((status, other["code"]), (409, "conflict"))

        # the wire as the village saw it; that nothing was begun too early is looked at where every township ends
        town.end_daemon()
        town.end_village()
        log = frames.load(town.path("frames.log"))
        for line in ("north", "valley"):
            self.assertGreater(log.line(line).wire_us, 1e6, line)
        with wave.open(town.path("main.wav")) as recording:
            self.assertEqual(recording.getframerate(), 48000)
            self.assertGreater(recording.getnframes(), 48000 * 8)

    def test_one_repetition_of_one_language_is_enough(self):
        town = self.township({"north": (19200, t8(2))}, programme=SHORT).start()
        alert = town.send(cap(en=None))[1]["id"]
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        segments = [(d["repetition"], d["segment"]) for d in town.events() if d.get("alert") == alert and "segment" in d]
        self.assertEqual(segments, [(1, "tone"), (1, "silence"), (1, "words"), (1, "end_tone")])

    def test_broken_terminals_fail_for_their_reasons(self):
        faults = {2: "mute", 3: "dead", 4: "refuses_arm", 5: "exception:4", 6: "refuses_start"}
        town = self.township({"north": (9600, t8(7, faults)), "south": (19200, c4(3, {2: "mute", 3: "dead"}))},
                             programme=SHORT).start()
        status, alert = town.send(cap())
        self.assertEqual(status, 202)
        town.until_ended(alert["id"])
        self.assertEqual(town.ends(alert["id"]), {
            "north-1": "heard", "north-2": "failed(silent)", "north-3": "failed(no_reply)", "north-4": "failed(not_armed)",
            "north-5": "failed(exception(server_device_failure))", "north-6": "failed(not_sounding)", "north-7": "heard",
            "south-1": "heard", "south-2": "failed(silent)", "south-3": "failed(no_reply)"})
        watched = town.cli("alert", "watch", alert["id"])
        self.assertEqual(watched.returncode, 1, watched.stdout + watched.stderr)
        self.assertEqual(town.cli("report", alert["id"]).returncode, 1)
        town.silent()

    def test_higher_goes_first_and_stop_silences(self):
        town = self.township({"north": (9600, t8(2))}, programme="repetitions = 5; tone_min_ms = 1000;").start()
        first = town.send(cap(severity="Moderate"))[1]["id"]
        town.until_segment(first, "tone")
        low = town.send(cap(severity="Minor"))[1]["id"]
        high = town.send(cap(severity="Extreme"))[1]["id"]
        stopped = town.cli("alert", "stop", first, "--reason", "wrong village")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertEqual(town.until_ended(first)["state"], "stopped")
        town.until_segment(high, "tone")
        self.assertEqual(town.alert(low)["state"], "queued")
        self.assertEqual(town.cli("alert", "stop", high, "--reason", "test").returncode, 0)
        town.until_segment(low, "tone")
        self.assertEqual(town.cli("alert", "stop", low, "--reason", "test").returncode, 0)
        town.until_ended(low)
        town.silent()
        self.assertEqual(town.cli("alert", "stop", low, "--reason", "again").returncode, 2)

    def test_exercise_cancel_update_and_recorded(self):
        town = self.township({"north": (9600, t8(1))}, programme="repetitions = 2; tone_min_ms = 1000;").start()
        drill = town.send(cap(status="Exercise"))[1]
        self.assertTrue(drill["words"][0]["text"].startswith("演习，演习，这是演习，没有险情！"))
        self.assertTrue(drill["words"][1]["text"].endswith("This is a drill."))
        town.until_segment(drill["id"], "tone")
        status, cancel = town.send(cap(status="Exercise", msg_type="Cancel", references=reference(drill)))
        self.assertEqual((status, cancel["state"]), (202, "finished"))
        self.assertEqual(town.until_ended(drill["id"])["state"], "cancelled")
        old = town.send(cap())[1]
        town.until_segment(old["id"], "tone")
        new = town.send(cap(msg_type="Update", references=reference(old)))[1]
        self.assertEqual(town.until_ended(old["id"])["state"], "superseded")
        town.until_segment(new["id"], "tone")
        town.send(cap(msg_type="Cancel", references=reference(new)))
        town.until_ended(new["id"])
        for status_text in ("System", "Test", "Draft"):
            status, recorded = town.send(cap(status=status_text))
            self.assertEqual((status, recorded["state"]), (202, "finished"))
            self.assertIn("does not sound", recorded["reason"])

    def test_a_disk_that_stalls_holds_back_no_real_warning(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        disk = sqlite3.connect(town.path("state/tocsin.db"), isolation_level=None)
        self.addCleanup(disk.close)
        disk.execute("BEGIN IMMEDIATE")  # nothing can be written until the end of this
        status, problem = town.send(cap(status="Exercise"))
        self.assertEqual((status, problem["code"]), (507, "not_durable"))
        status, alert = town.send(cap())  # behind what the disk still owes
        self.assertEqual((status, alert["durable"]), (202, False))
        until(lambda: town.sounding() > 0, "sound without a disk")
        self.assertEqual(town.get("/v1/alerts")[1]["alerts"][0]["id"], alert["id"])
        self.assertIn(town.alert(alert["id"])["state"], ("preparing", "sounding"))
        self.assertEqual(list(town.deliveries(alert["id"])), ["north-1"])
        self.assertEqual(town.get("/healthz")[1]["status"], "degraded")
        town.listener.until(lambda event: event.get("what", "").startswith("store_"), "an alarm without a disk")
        disk.execute("ROLLBACK")
        ended = town.until_ended(alert["id"])
        self.assertEqual((ended["state"], town.ends(alert["id"])), ("finished", {"north-1": "heard"}))
        sent = town.deliveries(alert["id"])["north-1"]["times"]["sent"]
        self.assertLess((datetime.fromisoformat(sent) - datetime.fromisoformat(alert["received"])).total_seconds(), 3.5)
        self.assertIn("ALARM", town.daemon_log())

    def test_words_that_no_voice_speaks(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        message = cap(en=None).replace("zh-CN", "pt-PT")
        alert = town.send(message)[1]
        self.assertEqual(alert["not_spoken"][0]["language"], "pt-PT")
        ended = town.until_ended(alert["id"])
        self.assertEqual(town.ends(alert["id"]), {"north-1": "heard"}, ended)  # the shipped recording was

    def test_a_sentence_that_the_voice_refuses(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        alert = town.send(cap(zh=None, en="Leave the river now. ★★★. 马上离开。 Go to high ground."))[1]["id"]
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "heard"})
        told = town.alert(alert)["not_spoken"]
        self.assertEqual([n["language"] for n in told], ["en-US"], told)
        self.assertIn("马上离开", told[0]["reason"])
        self.assertTrue(any(e.get("what") == "not_spoken" for e in town.events()))

    def test_no_recording_of_a_danger_where_there_is_none(self):
        town = self.township({"north": (19200, t8(1))}, programme=SHORT + '''
fallback_zh = "gone.wav"; fallback_en = "gone.wav"; fallback_drill_zh = "one.wav"; fallback_drill_en = "one.wav";
fallback_all_clear_zh = "one.wav"; fallback_all_clear_en = "one.wav";''')
        with wave.open(town.path("one.wav"), "wb") as one:
            one.setparams((1, 2, 8000, 0, "NONE", ""))
            one.writeframes(b"".join(int(9000 * math.sin(i / 3)).to_bytes(2, "little", signed=True) for i in range(16000)))
        town.start()
        unspoken = lambda alert: [n["language"] for n in town.alert(alert)["not_spoken"]]
        foreign = lambda **settings: cap(en=None, **settings).replace("zh-CN", "pt-PT")
        past = foreign().replace("<urgency>Immediate", "<responseType>AllClear</responseType><urgency>Past")
        for message in (past, foreign(status="Exercise")):
            alert = town.send(message)[1]["id"]
            town.until_segment(alert, "words")
            self.assertEqual(unspoken(alert), ["pt-PT"])
            town.until_ended(alert)
        real = town.send(foreign())[1]["id"]  # the control: it has no other recording than the one that is gone
        until(lambda: unspoken(real) == ["pt-PT", "recording"], "the recording's failure")
        town.request("POST", f"/v1/alerts/{real}/stop", b'{"reason": "enough"}')

    def test_all_clear(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        past = cap(zh="可以回家。", en="All clear. You may go home.")
        past = past.replace("<urgency>Immediate", "<responseType>AllClear</responseType><urgency>Past")
        alert = town.send(past)[1]
        self.assertTrue(alert["all_clear"])
        self.assertEqual([w["text"] for w in alert["words"]], ["解除通知。可以回家。", "All clear. You may go home."])
        town.until_ended(alert["id"])
        self.assertEqual(town.ends(alert["id"]), {"north-1": "heard"})
        warning = town.send(cap())[1]
        self.assertFalse(warning["all_clear"])
        town.until_segment(warning["id"], "words")
        town.request("POST", f"/v1/alerts/{warning['id']}/stop", b'{"reason": "enough"}')
        town.until_ended(warning["id"])
        town.end_daemon()
        tones = tones_of(town.path("main.wav"), (392, 970))
        self.assertEqual(tones, [392, 970])  # the soft low note, and as a control the hazard's own tone

    def test_refusals_name_the_element(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        good = cap()
        cases = {
            "not CAP": ("<html></html>", 422, "not_an_alert", "CAP"),
            "DTD": ('<!DOCTYPE alert [<!ENTITY x "y">]>' + good[38:], 422, "not_an_alert", "document type"),
            "no identifier": (good.replace("identifier>", "nothing>"), 422, "missing_element", "identifier"),
            "no sent": (good.replace("sent>", "nothing>"), 422, "missing_element", "sent"),
            "no status": (good.replace("status>", "nothing>"), 422, "missing_element", "status"),
            "no msgType": (good.replace("msgType>", "nothing>"), 422, "missing_element", "msgType"),
            "no scope": (good.replace("scope>", "nothing>"), 422, "missing_element", "scope"),
            "expired": (cap(expires=-5), 422, "expired", "expires"),
            "not ours": (cap(code="110101001001"), 422, "area_not_ours", "area"),
            "no area": (good.replace("area>", "nothing>"), 422, "no_area", "area"),
            "only a polygon": (good.replace("geocode>", "nothing>").replace(
                "</areaDesc>", "</areaDesc><polygon>29,115 29,116 30,116 29,115</polygon>"), 422, "area_not_ours", "without a position"),
            "a polygon that is none": (good.replace("geocode>", "nothing>").replace(
                "</areaDesc>", "</areaDesc><polygon>29,115 30,116 31,117 29,115</polygon>"), 422, "area_degenerate", "has no area"),
        }
        for name, (body, status, code, word) in cases.items():
            with self.subTest(name):
                got, problem = town.send(body)
                self.assertEqual(got, status, problem)
                if code:
                    self.assertEqual(problem["code"], code, problem)
                    self.assertIn(word, problem["detail"])
        # too large is refused by what is announced, before the body is sent
        peer = UnixConnection(town.path("tocsin.sock"))
        peer.putrequest("POST", "/v1/alerts")
        peer.putheader("Content-Type", "application/cap+xml")
        peer.putheader("Content-Length", str(1024 * 1024 + 1))
        peer.endheaders()
        self.assertEqual(peer.getresponse().status, 413)
        peer.close()
        self.assertEqual(town.get("/v1/alerts")[1]["alerts"], [])
        refused = town.cli("alert", "send", "-", stdin="<html></html>")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("CAP", refused.stderr)
        lost = subprocess.run([program("tocsin"), "--socket", town.path("nowhere.sock"), "alert", "list"], capture_output=True,
                              text=True)
        self.assertEqual(lost.returncode, 3)
        self.assertIn("nowhere.sock", lost.stderr)


if __name__ == "__main__":
    main()
