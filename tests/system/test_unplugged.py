"""The village goes and comes back while the daemon lives on."""
import os
import signal
import time
import unittest
from datetime import datetime

from township import VALGRIND, TownshipTest, c4, cap, main, program, t8, until

SHORT = "repetitions = 2; tone_min_ms = 1000;"


class Unplugged(TownshipTest):
    def test_village_killed_in_mid_broadcast(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(2))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        killed = time.time()
        town.kill_village()
        for terminal in ("north-1", "north-2", "south-1", "south-2"):
            down = town.listener.until(lambda d: (d.get("terminal"), d.get("end"), d.get("reason")) ==
                                       (terminal, "failed", "line_down"), f"{terminal} failed(line_down)")
            self.assertLess(datetime.fromisoformat(down["times"]["ended"]).timestamp() - killed, 5)
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"failed(line_down)"})
        self.assertIsNone(town.daemon.poll())
        town.start_village()
        town.lines_up()
        again = town.send(cap())[1]["id"]
        town.until_ended(again)
        self.assertEqual(set(town.ends(again).values()), {"heard"})

    def test_unplugged_in_the_last_seconds(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme="repetitions = 1; tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "end_tone")
        town.tell_village("detach north")  # nobody can tell its terminals to stop
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "failed(line_down)", "north-2": "failed(line_down)", "south-1": "heard"})
        self.assertEqual(town.sounding(), 2)  # the control: they are on still
        town.tell_village("attach north")
        until(lambda: town.sounding() == 0, "silence after it is back")

    def test_back_in_the_last_words_is_waited_for(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme="repetitions = 1; tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "tone")
        town.tell_village("detach north")
        until(lambda: town.ends(alert)["north-1"] == "failed(line_down)", "failed(line_down)")
        last = (alert, "words", "en-US")
        town.listener.until(lambda d: (d.get("alert"), d.get("segment"), d.get("language")) == last, "the last words")
        town.tell_village("attach north")
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})

    def test_one_line_unplugged_and_back(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "tone")
        town.tell_village("detach north")
        until(lambda: town.ends(alert)["north-1"] == "failed(line_down)", "failed(line_down)")
        town.tell_village("attach north")
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})  # it was back in time for a whole repetition

    def test_a_line_that_comes_and_goes_is_not_told_each_time(self):
        town = self.township({"north": (9600, t8(1))}).start()
        up = lambda n: until(lambda: town.get("/healthz")[1]["lines_up"] == n, f"{n} lines up")
        for _ in range(3):
            town.tell_village("detach north")
            up(0)
            town.tell_village("attach north")
            up(1)
        told = [d["up"] for d in town.events() if d.get("id") == "north" and "up" in d]
        self.assertEqual(told, [True, False, True])  # the rest is summed up with the minute
        log = town.daemon_log()
        self.assertEqual((log.count("line north is down"), log.count("line north is up")), (1, 2), log)

    def test_units_fall_silent_on_a_live_line(self):
        town = self.township({"north": (9600, t8(4))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        town.tell_village("fault north/2 dead")
        town.tell_village("fault north/3 dead")
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "heard", "north-2": "failed(no_reply)", "north-3": "failed(no_reply)",
                                            "north-4": "heard"})

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_a_driver_that_hangs(self):
        """As one whose hardware is broken: a call into it never returns. The line alone is built anew; the others do not notice."""
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(2))}, programme=SHORT)
        hang = town.path("hang")
        # the only one that is waited for with tcdrain; a pty refuses a parity that it was asked for before
        town.line_settings = {"north": 'adapter = "uart"; parity = "none";'}
        town.strangers.add("north")  # for a moment two threads have the port: the old one when it is let go, and the new one
        town.preload = {"LD_PRELOAD": program("tests/system/stalls.so"), "TOCSIN_TEST_HANG": hang,
                        "ASAN_OPTIONS": "verify_asan_link_order=0"}
        town.start()
        town.write("hang", "")
        until(lambda: "line north: its driver hangs; the line is built anew" in town.daemon_log(), "the line to be built anew")
        town.lines_up()  # again, while the old thread still hangs in its call
        os.unlink(hang)
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        self.assertEqual(town.daemon_log().count("line north: its driver hangs"), 1)
        self.assertNotIn("line south is down", town.daemon_log())

    def test_a_daemon_that_was_stopped_has_no_line_that_hangs(self):
        """All its threads stood still for longer than any transaction may take; they go on where they were."""
        town = self.township({"north": (9600, t8(4)), "south": (19200, c4(2))},
                             programme="repetitions = 1; tone_min_ms = 1000;").start()
        for terminal in ("north/3", "north/4"):  # so that the line is in a transaction most of the time
            town.tell_village(f"fault {terminal} dead")
        for terminal in ("north-3", "north-4"):
            until(lambda: town.get(f"/v1/terminals/{terminal}")[1]["state"] == "dead", f"{terminal} dead")
        town.daemon.send_signal(signal.SIGSTOP)
        time.sleep(9)  # so long it stands still: longer than a line may take before it is called hanging
        town.daemon.send_signal(signal.SIGCONT)
        alert = town.send(cap())[1]["id"]  # which takes longer than the looks at the lines
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "heard", "north-2": "heard", "north-3": "failed(no_reply)",
                                            "north-4": "failed(no_reply)", "south-1": "heard", "south-2": "heard"})
        self.assertNotIn("its driver hangs", town.daemon_log())


if __name__ == "__main__":
    main()
