"""Alerts in parts (JSON) are put into the site's words; the all-clear and the correction follow an alert over its terminals."""
import json

from township import TownshipTest, VILLAGE, cap, main, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"
FLOOD = {"status": "actual", "hazard": "flood", "level": "red", "places": [VILLAGE],
         "slots": {"river": {"zh": "清溪河", "en": "Qingxi river"}}, "languages": ["zh"]}


class FollowUp(TownshipTest):
    def start(self, **settings):
        return self.township({"north": (9600, t8(3))}, programme=ONCE, **settings).start()

    def post(self, town, path, body, **headers):
        status, answer = town.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})[:2]
        return status, answer

    def test_an_alert_in_parts_is_spoken_and_goes_on_after_a_crash(self):
        town = self.start()
        status, alert = self.post(town, "/v1/alerts", FLOOD)
        self.assertEqual(status, 202, alert)
        words = alert["words"][0]["text"]
        self.assertTrue(words.startswith("龙塘村的乡亲请注意！清溪河水位超过警戒线"), words)
        self.assertIn("青溪镇政府", words)
        self.assertEqual((alert["sender"], alert["identifier"], alert["level"]), ("duty@qingxi.example", alert["id"], "red"))
        town.listener.until(lambda d: d.get("segment") == "words" and d.get("alert") == alert["id"], "words")
        town.kill_daemon()
        town.start_daemon()
        self.assertEqual(town.alert(alert["id"])["words"][0]["text"], words)
        town.until_ended(alert["id"])
        self.assertEqual(set(town.ends(alert["id"]).values()), {"heard"})

    def test_the_same_key_is_the_same_alert(self):
        town = self.start()
        (first, one), (again, other) = (self.post(town, "/v1/alerts", FLOOD, **{"Idempotency-Key": "k1"}) for _ in range(2))
        self.assertEqual((first, again, one["id"]), (202, 200, other["id"]))
        town.cli("alert", "stop", one["id"], "--reason", "test")
        town.until_ended(one["id"])
        self.assertEqual(self.post(town, "/v1/alerts", FLOOD, **{"Idempotency-Key": "k1"})[1]["id"], one["id"])
        self.assertEqual(self.post(town, "/v1/alerts", {**FLOOD, "level": "blue"}, **{"Idempotency-Key": "k1"})[0], 422)

    def test_the_all_clear_ends_an_alert_and_sounds(self):
        town = self.start()
        alert = self.post(town, "/v1/alerts", FLOOD)[1]["id"]
        town.listener.until(lambda d: d.get("segment") == "words" and d.get("alert") == alert, "words")
        said = town.cli("alert", "all-clear", alert, "--reason", "水退了", "--stay", VILLAGE, "--json")
        self.assertEqual(said.returncode, 0, said.stderr)
        clear = json.loads(said.stdout)
        self.assertTrue(clear["all_clear"])
        self.assertIn("解除通知。洪水险情已经解除。龙塘村仍然不能回家。其他人可以回家。", clear["words"][0]["text"])
        self.assertEqual(town.until_ended(alert)["state"], "cleared")
        self.assertEqual(town.until_ended(clear["id"])["state"], "finished")
        self.assertEqual(set(town.ends(clear["id"]).values()), {"heard"})
        again = town.cli("alert", "all-clear", alert, "--reason", "twice")
        self.assertEqual(again.returncode, 2)
        self.assertIn("given already", again.stderr)

    def test_stop_leaves_the_danger_and_the_all_clear_follows(self):
        town = self.start()
        alert = self.post(town, "/v1/alerts", FLOOD)[1]["id"]
        town.listener.until(lambda d: d.get("segment") == "tone" and d.get("alert") == alert, "the tone")
        town.cli("alert", "stop", alert, "--reason", "quiet")
        town.until_ended(alert)
        clear = json.loads(town.cli("alert", "all-clear", alert, "--reason", "over", "--json").stdout)
        self.assertEqual(clear["terminals"], 3)
        self.assertEqual(town.until_ended(clear["id"])["state"], "finished")
        self.assertEqual(town.alert(alert)["state"], "stopped")

    def test_the_correction_speaks_at_once_in_place_of_the_wrong_alert(self):
        town = self.start()
        alert = self.post(town, "/v1/alerts", FLOOD)[1]["id"]
        town.listener.until(lambda d: d.get("segment") == "words" and d.get("alert") == alert, "words")
        said = town.cli("alert", "correct", alert, "--reason", "wrong village", "--json")
        self.assertEqual(said.returncode, 0, said.stderr)
        correction = json.loads(said.stdout)
        text = correction["words"][0]["text"]
        self.assertTrue(text.startswith("更正！更正！龙塘村的乡亲请注意！"), text)
        self.assertIn("没有险情，不用转移", text)
        self.assertNotIn("水位", text)
        self.assertEqual((correction["level"], correction["urgency"]), ("red", "Expected"))
        self.assertEqual(town.until_ended(alert)["state"], "superseded")
        self.assertEqual(town.until_ended(correction["id"])["state"], "finished")

    def test_only_the_issuer_or_a_level_above(self):
        town = self.start()
        alert = town.send(cap(en=None))[1]["id"]  # of the county; the officer is of the township
        for order in ("all-clear", "correct"):
            refused = town.cli("alert", order, alert, "--reason", "it is over")
            self.assertEqual(refused.returncode, 2)
            self.assertIn("only its issuer", refused.stderr)
        self.assertEqual(town.cli("alert", "stop", alert, "--reason", "silence").returncode, 0)  # he may silence it
        self.assertEqual(town.until_ended(alert)["state"], "stopped")

    def test_refused(self):
        town = self.start()
        for more, status, code in (({"slots": {}}, 422, "slot_missing"), ({"places": ["110000000000"]}, 422, "area_not_ours"),
                                   ({"hazard": "locusts"}, 422, "hazard_unknown"), ({"identifier": "x"}, 422, "not_an_alert"),
                                   ({"status": None}, 422, "not_an_alert"), ({"places": []}, 422, "missing_element")):
            answer = self.post(town, "/v1/alerts", {**FLOOD, **more})
            self.assertEqual((answer[0], answer[1]["code"]), (status, code), answer)


main()
