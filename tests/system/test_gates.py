"""Gates of a source, the night, the second person and the site's switch. The socket's peer and the token are two logins."""
import json
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection

from test_api import Contract
from township import EVENT, PATIENCE, VILLAGE, TownshipTest, cap, main, t8, until

SITE = timezone(timedelta(hours=8))
REASON = ("--reason", "seen and good")
CAP = {"Content-Type": "application/cap+xml"}


def expected(event="暴雨", **settings):
    """An alert that can wait: of a storm, orange."""
    return cap(en=None, severity="Severe", **settings).replace("Immediate", "Expected").replace(EVENT, event)


def night(from_minutes, until_minutes):
    """From and until so many minutes from now, at the site."""
    at = lambda minutes: (datetime.now(SITE) + timedelta(minutes=minutes)).strftime("%H:%M")
    return f'night = {{ from = "{at(from_minutes)}"; until = "{at(until_minutes)}"; }};'


class Gates(TownshipTest):
    def start(self, source="", extra=""):
        town = self.township({"north": (9600, t8(2))}, programme="repetitions = 1; tone_min_ms = 1000;", extra=extra)
        town.source = source
        return town.start()

    def as_token(self, town, method, path, body=None, headers=None):
        """Over TCP: the other login."""
        with open(town.path("state/port"), encoding="ascii") as port, open(town.path("state/token"), encoding="ascii") as token:
            connection = HTTPConnection("127.0.0.1", int(port.read()), timeout=PATIENCE)
            login = {"Authorization": "Bearer " + token.read().strip()}
        connection.request(method, path, body, {**login, **(headers or {})})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    def send_as_token(self, town, message):
        return self.as_token(town, "POST", "/v1/alerts", message.encode(), CAP)

    def alarm(self, town, what, alert=None):
        return town.listener.until(lambda d: d.get("what") == what and alert in (None, d.get("alert")), f"the alarm {what}")

    def documented(self, alert):
        self.assertEqual(list(Contract().faults(alert, {"$ref": "#/components/schemas/Alert"}, "alert")), [])
        return alert

    def test_beyond_its_gate(self):
        town = self.start(f'hazards = [ "storm" ]; most_terminals = 1; areas = [ "{VILLAGE}" ]; exercise = false;')
        for message, code in ((cap(en=None), "not_permitted_hazard"), (expected(), "too_many_terminals"),
                              (expected(status="Exercise"), "not_permitted_exercise")):
            status, body = town.send(message)
            self.assertEqual((status, body["code"]), (403, code))
            self.assertIn("source county", body["detail"])

    def test_a_second_person_approves(self):
        town = self.start("approve = true; approve_within_s = 2;")
        status, alert = self.send_as_token(town, expected())
        self.assertEqual((status, alert["state"], alert["held"], alert["sent_by"]), (202, "waiting", "approval", "token"))
        self.documented(alert)
        held, overdue = self.alarm(town, "held", alert["id"]), self.alarm(town, "approval_overdue", alert["id"])
        self.assertIn(f"tocsin alert approve {alert['id']}", held["detail"])
        self.assertIn("nobody has decided", overdue["detail"])
        status, body = self.as_token(town, "POST", f"/v1/alerts/{alert['id']}/approve", b"{}")
        self.assertEqual((status, body["code"]), (403, "same_person"))
        town.kill_daemon()
        town.start_daemon()
        self.assertEqual(town.alert(alert["id"])["held"], "approval")
        approved = town.cli("alert", "approve", alert["id"], *REASON, "--json")
        self.assertEqual(approved.returncode, 0, approved.stderr)
        self.documented(json.loads(approved.stdout))
        ended = town.until_ended(alert["id"])
        self.assertEqual((ended["state"], set(town.ends(alert["id"]).values())), ("finished", {"heard"}))
        self.assertEqual((ended["approved"]["reason"], ended["begun"] >= ended["received"]), (REASON[1], True))

    def test_a_second_person_rejects(self):
        town = self.start("approve = true;")
        alert = self.send_as_token(town, expected())[1]["id"]
        self.assertEqual(town.cli("alert", "reject", alert, "--reason", "wrong village").returncode, 0)
        ended = town.until_ended(alert)
        self.assertEqual(ended["state"], "refused")
        self.assertTrue(ended["reason"].endswith(": wrong village"))
        self.assertEqual(town.begun(alert, "tone"), {})
        town.silent()

    def test_immediate_sounds_and_owes_a_signature(self):
        town = self.start("approve = true; approve_within_s = 1;", night(-60, 120))
        alert = self.send_as_token(town, cap(en=None))[1]
        self.assertTrue(self.documented(alert)["signature_owed"])
        self.alarm(town, "signature_owed", alert["id"])
        self.assertEqual(town.until_ended(alert["id"])["state"], "finished")
        self.assertEqual(set(town.ends(alert["id"]).values()), {"heard"})
        town.kill_daemon()
        town.start_daemon()
        owed = lambda: sum(d.get("what") == "signature_owed" for _, d in town.listener.heard)
        before = owed()
        until(lambda: owed() > before, "it is asked for after a restart")
        signed = town.cli("alert", "approve", alert["id"], *REASON, "--json")
        self.assertEqual(signed.returncode, 0, signed.stderr)
        self.documented(json.loads(signed.stdout))
        shown = town.alert(alert["id"])
        self.assertEqual((shown["state"], shown.get("signature_owed"), shown["approved"]["reason"]), ("finished", None, REASON[1]))
        self.assertEqual(town.cli("alert", "approve", alert["id"], *REASON).returncode, 2)

    def test_held_for_the_night(self):
        town = self.start(extra=night(-60, 120))
        status, alert = self.send_as_token(town, expected())
        self.assertEqual((status, alert["state"], alert["held"]), (202, "waiting", "night"))
        self.assertIn("held_until", self.documented(alert))
        self.assertIn("but expires at", town.alert(alert["id"])["reason"])  # an hour is not enough
        self.alarm(town, "held", alert["id"])
        passes = town.send(expected(event="水库泄洪"))[1]  # whatever its urgency
        self.assertEqual(passes["state"], "queued")
        release = json.dumps({"reason": "it rains"}).encode()
        self.assertEqual(self.as_token(town, "POST", f"/v1/alerts/{alert['id']}/release", release)[0], 403)
        released = town.cli("alert", "release", alert["id"], *REASON, "--json")
        self.assertEqual(released.returncode, 0, released.stderr)
        self.documented(json.loads(released.stdout))
        self.assertEqual(town.until_ended(alert["id"])["state"], "finished")
        self.assertEqual(set(town.ends(alert["id"]).values()), {"heard"})

    def test_by_day_nothing_is_held(self):
        town = self.start(extra=night(120, 240))
        alert = town.send(expected())[1]
        self.assertEqual((alert["state"], alert.get("held")), ("queued", None))
        town.until_ended(alert["id"])

    def test_local_only(self):
        town = self.start()
        switch = json.dumps({"remote": False, "reason": "the token is lost"}).encode()
        self.assertEqual(self.as_token(town, "POST", "/v1/site", switch)[1]["code"], "not_local")
        self.assertEqual(town.cli("site", "local-only", "--reason", "the token is lost").returncode, 0)
        refused = cap(en=None)
        for _ in range(2):
            status, body = self.send_as_token(town, refused)
            self.assertEqual((status, body["code"]), (403, "local_only"))
            self.assertIn("county@test", self.alarm(town, "remote_refused")["detail"])
            town.kill_daemon()
            town.start_daemon()  # it lasts
        self.assertEqual(self.as_token(town, "GET", "/v1/site")[1]["remote"], False)
        self.assertIn("REFUSED", town.cli("site", "show").stdout)
        alert = town.send(cap(en=None))[1]["id"]  # at the box
        self.assertEqual(self.as_token(town, "POST", f"/v1/alerts/{alert}/stop", b'{"reason": "x"}')[1]["code"], "local_only")
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(town.cli("site", "remote", "--reason", "a new token").returncode, 0)
        status, body = self.send_as_token(town, refused)
        self.assertEqual(status, 202)
        town.until_ended(body["id"])


if __name__ == "__main__":
    main()
