"""An alert in force: its programme returns, also after a crash, until it is stopped or lapses; and an officer extends it."""
import re
from datetime import datetime, timedelta, timezone

from township import TownshipTest, cap, main, program, rfc3339, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"
RETURN_S = 5


class InForce(TownshipTest):
    def start(self, **settings):
        town = self.township({"north": (9600, t8(2))}, programme=ONCE, **settings)
        town.returns = True
        with open(program("share/tocsin/hazards.cfg"), encoding="utf-8") as file:
            shipped = file.read()
        town.write("hazards.cfg", re.sub(r"return_s = \d+; return_before_min = [^;]*;", f"return_s = {RETURN_S};", shipped))
        return town.start()

    def until_programme(self, town, alert, n):
        """Waits until its n-th programme was played to its end."""
        return until(lambda: (a := town.alert(alert))["state"] == "returning" and a["programmes"] == n and a, f"the end of programme {n}")

    def test_it_returns_until_it_is_stopped(self):
        town = self.start()
        alert = town.send(cap(en=None))[1]["id"]
        waits = self.until_programme(town, alert, 1)
        self.assertIn("returns", waits)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        watched = town.cli("alert", "watch", alert)  # what is to be proved is proved
        self.assertEqual(watched.returncode, 0, watched.stdout)
        self.until_programme(town, alert, 2)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        self.assertEqual(town.begun(alert, "tone"), {1: 2})
        self.assertEqual(town.cli("alert", "stop", alert, "--reason", "test").returncode, 0)
        self.assertEqual(town.until_ended(alert)["state"], "stopped")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})  # as they were
        town.silent()

    def test_it_returns_after_a_crash(self):
        town = self.start()
        alert = town.send(cap(en=None))[1]["id"]
        self.until_programme(town, alert, 1)
        town.kill_daemon()
        town.start_daemon()
        self.assertEqual(town.alert(alert)["state"], "returning")
        self.until_programme(town, alert, 2)
        self.assertEqual(town.begun(alert, "tone"), {1: 2})

    def test_it_lapses_unless_it_is_extended(self):
        town = self.start(extra="ask_before_s = 86400;")
        lapses, stays = (town.send(cap(en=None, expires=45))[1]["id"] for _ in range(2))
        asked = town.listener.until(lambda d: d.get("what") == "lapsing" and d.get("alert") == stays, "the question")
        self.assertIn(f"tocsin alert extend {stays}", asked["detail"])
        until_then = rfc3339(datetime.now(timezone.utc) + timedelta(hours=2))
        extended = town.cli("alert", "extend", stays, "--until", until_then, "--reason", "it still rains", "--json")
        self.assertEqual(extended.returncode, 0, extended.stderr)
        self.assertIn(town.until_ended(lapses)["state"], ("expired", "finished"))  # between two programmes, or in its last one
        self.assertIn(town.alert(stays)["state"], ("returning", "queued", "preparing", "sounding"))
        self.assertEqual(town.alert(stays)["extended"]["reason"], "it still rains")
        town.cli("alert", "stop", stays, "--reason", "test")


if __name__ == "__main__":
    main()
