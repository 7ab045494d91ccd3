"""A wall clock that cannot be believed: what is new sounds, and not for long; what a restart finds waits for the clock or an
officer. A battery clock that stands before the last time stored has lost its time, on whatever machine this runs."""
import os
import sqlite3
from datetime import datetime, timedelta, timezone

from township import TownshipTest, cap, main, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"


class Clock(TownshipTest):
    @staticmethod
    def set_stored_time(town, ahead):
        """The last time on disk becomes now and so much; to a battery clock that stands a day before it the daemon says: empty."""
        wall = int((datetime.now(timezone.utc) + ahead).timestamp() * 1000)
        disk = sqlite3.connect(town.path("state/tocsin.db"))
        disk.execute("UPDATE event SET wall = ? WHERE seq = (SELECT max(seq) FROM event)", (wall,))
        disk.commit()
        disk.close()

    def start_with_empty_battery(self, town, extra=""):
        """Killed and started again with a clock that stands a day before the last time stored."""
        town.kill_daemon()
        with open(town.path("site.cfg"), encoding="utf-8") as file:
            town.write("site.cfg", extra + file.read().replace('clock = "trust"', 'clock = "rtc"'))
        self.set_stored_time(town, timedelta(days=1))
        town.start_daemon()

    def test_waits_for_a_clock_that_is_trusted(self):
        town = self.township({"north": (19200, t8(1))}, programme=ONCE).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        self.assertEqual(town.request("POST", f"/v1/alerts/{alert}/resume")[0], 409)  # it does not wait for a clock
        self.start_with_empty_battery(town)
        self.assertEqual(town.alert(alert)["state"], "waiting")
        town.listener.until(lambda e: (e.get("what"), e.get("alert")) == ("clock_untrusted", alert), "the alarm")
        town.silent()  # what was left over is stopped all the same
        other = town.send(cap(zh=None))[1]
        self.assertIn("expiry_unchecked", other["notes"][0])
        received = datetime.fromisoformat(other["received"])
        self.assertGreater(received, datetime.now(timezone.utc) + timedelta(hours=23))  # time goes on from what was stored
        town.until_segment(other["id"], "words")  # the control: the channel is free for what is new
        self.assertEqual(town.alert(alert)["state"], "waiting")
        town.kill_daemon()
        self.set_stored_time(town, timedelta(seconds=-1))  # as if the clock had been set: it is trusted now
        town.start_daemon()
        self.assertIn(town.alert(alert)["state"], ("queued", "preparing", "sounding"))
        stopped = town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "enough"}')[1]
        self.assertEqual(stopped["reason"], "enough")

    def test_an_officer_resumes_what_waits_for_the_clock(self):
        town = self.township({"north": (19200, t8(1))}, programme=ONCE).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        self.start_with_empty_battery(town)
        resumed = town.cli("alert", "resume", alert, "--json")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertIn('"queued"', resumed.stdout)
        self.assertIn("expiry_unchecked: resumed by root" if not os.getuid() else "expiry_unchecked: resumed by uid",
                      resumed.stdout)
        ended = town.until_ended(alert)
        self.assertEqual((ended["state"], ended["repetitions"]["ended"]), ("finished", 1))
        again = town.cli("alert", "resume", alert)
        self.assertEqual(again.returncode, 2)
        self.assertIn("not_waiting", again.stderr)

    def test_not_for_long_without_a_clock(self):
        town = self.township({"north": (19200, t8(1))}, programme="repetitions = 20; tone_min_ms = 1000;").start()
        self.start_with_empty_battery(town, "unchecked_life_s = 15;\n")
        town.lines_up()
        alert = town.send(cap(expires=7 * 86400))[1]["id"]
        town.until_segment(alert, "words")
        self.assertEqual(town.until_ended(alert)["state"], "expired")
        self.assertNotIn("failed", str(town.ends(alert)))
        town.silent()


if __name__ == "__main__":
    main()
