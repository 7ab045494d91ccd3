"""A wall clock that cannot be believed: what is new sounds, and not for long; what a restart finds waits for the clock or an
officer. A battery clock that stands before the last time stored has lost its time, on whatever machine this runs."""
import os
import re
import sqlite3
import time
import unittest
from datetime import datetime, timedelta, timezone

from township import VALGRIND, TownshipTest, cap, main, program, t8, until

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

    # ---- a clock that is set under the running daemon ----

    def with_clock(self, mode, programme=ONCE, **settings):
        """A township whose daemon sees the clock that set_clock gives it; not started yet."""
        town = self.township({"north": (19200, t8(1))}, programme=programme, **settings)
        town.preload = {"LD_PRELOAD": program("tests/system/stalls.so"), "TOCSIN_TEST_CLOCK": town.path("clock"),
                        "ASAN_OPTIONS": "verify_asan_link_order=0"}
        town.configure()
        town.start_village()
        with open(town.path("site.cfg"), encoding="utf-8") as file:
            town.write("site.cfg", file.read().replace('clock = "trust"', f'clock = "{mode}"'))
        return town

    @staticmethod
    def set_clock(town, ahead, synchronised=False):
        """ahead: how far in front of the true time; the daemon never sees half of the file."""
        town.write("clock.new", f"{int(ahead.total_seconds())} {'synchronised' if synchronised else ''}\n")
        os.rename(town.path("clock.new"), town.path("clock"))

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_at_1970_until_it_is_set(self):
        town = self.with_clock("rtc", "repetitions = 2; tone_min_ms = 1000;")
        self.set_clock(town, datetime(1970, 1, 1, tzinfo=timezone.utc) - datetime.now(timezone.utc))
        town.start_daemon()
        alert = town.send(cap(en=None))[1]
        self.assertTrue(alert["received"].startswith("1970-01-01"), alert)
        self.assertIn("expiry_unchecked", alert["notes"][0])
        town.until_segment(alert["id"], "words")
        lapsed = town.send(cap(zh=None, expires=-3600))[1]  # nobody can know that it has expired
        self.assertIn("expiry_unchecked", lapsed["notes"][0])
        town.kill_daemon()
        town.start_daemon()  # still in 1970
        for each in (alert, lapsed):
            self.assertEqual(town.alert(each["id"])["state"], "waiting")
        self.set_clock(town, timedelta(0))
        self.assertEqual(town.until_ended(lapsed["id"])["state"], "expired")
        ended = town.until_ended(alert["id"])  # it is in force by its real expiry, and goes on
        self.assertEqual((ended["state"], ended["repetitions"]["ended"]), ("finished", 2))
        self.assertEqual(set(town.ends(alert["id"]).values()), {"heard"})
        town.silent()

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_in_the_future_until_it_is_synchronised(self):
        town = self.with_clock("ntp")
        self.set_clock(town, timedelta(days=9000))
        town.start_daemon()
        alert = town.send(cap(en=None))[1]  # by this clock it expired long ago
        self.assertIn("expiry_unchecked", alert["notes"][0])
        town.until_segment(alert["id"], "words")
        self.set_clock(town, timedelta(0), synchronised=True)  # far back, and right
        ended = town.until_ended(alert["id"])
        self.assertEqual((ended["state"], ended["repetitions"]["ended"]), ("finished", 1))
        after = town.send(cap(en=None))[1]
        self.assertNotIn("expiry_unchecked", str(after["notes"]))
        self.assertLess(datetime.fromisoformat(after["received"]), datetime.now(timezone.utc) + timedelta(days=1))
        status, refused = town.send(cap(expires=-5))  # the control: expiry counts again
        self.assertEqual((status, refused["code"]), (422, "expired"))
        self.assertEqual(town.until_ended(after["id"])["state"], "finished")

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_jumps_while_it_sounds(self):
        town = self.with_clock("trust", "repetitions = 3; tone_min_ms = 1000;")
        town.start_daemon()
        alert = town.send(cap(en=None))[1]["id"]
        town.until_segment(alert, "words", 1)
        self.set_clock(town, timedelta(minutes=30))
        town.until_segment(alert, "words", 2)
        self.set_clock(town, timedelta(days=-3))
        town.until_segment(alert, "words", 3)
        self.set_clock(town, timedelta(minutes=10))
        ended = town.until_ended(alert)
        self.assertEqual((ended["state"], town.begun(alert, "tone")), ("finished", {1: 1, 2: 1, 3: 1}))
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        late = town.send(cap(en=None))[1]["id"]
        town.until_segment(late, "words", 1)
        self.set_clock(town, timedelta(hours=2))  # beyond its expiry: what has begun is played to its end, and no more of it
        self.assertEqual(town.until_ended(late)["state"], "expired")
        self.assertEqual((town.begun(late, "tone"), town.alert(late)["repetitions"]["ended"]), ({1: 1}, 1))
        town.silent()

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_jumps_while_it_is_in_force(self):
        town = self.with_clock("trust")
        with open(program("share/tocsin/hazards.cfg"), encoding="utf-8") as file:
            town.write("hazards.cfg", re.sub(r"return_s = \d+; return_before_min = [^;]*;", "return_s = 5;", file.read()))
        with open(town.path("site.cfg"), encoding="utf-8") as file:
            town.write("site.cfg", file.read().replace("returns = false", "returns = true"))
        town.start_daemon()
        alert = town.send(cap(en=None))[1]["id"]
        for n, ahead in enumerate((timedelta(minutes=20), timedelta(days=-2)), 1):
            until(lambda: (a := town.alert(alert))["state"] == "returning" and a["programmes"] == n, f"programme {n}")
            town.silent()
            waits = time.monotonic()
            self.set_clock(town, ahead)
            if n == 2:  # it stands before what was stored last
                town.kill_daemon()
                town.start_daemon()
                self.assertEqual(town.alert(alert)["state"], "returning")
            until(lambda: town.sounding() > 0, f"return {n}")
            self.assertTrue(3 < time.monotonic() - waits < 9, f"return {n} after {time.monotonic() - waits:.1f} s")  # by the clock that nobody sets
        self.set_clock(town, timedelta(hours=2))  # it lapses; the programme that has begun is played to its end
        self.assertIn(town.until_ended(alert)["state"], ("expired", "finished"))
        town.silent()

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
