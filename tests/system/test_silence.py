"""tocsind --silence: the last act of a service whose daemon is gone, on the real programs."""
import os
import re
import shutil
import subprocess

from township import PATIENCE, VALGRIND, TownshipTest, c4, cap, main, program, t8, until


class Silence(TownshipTest):
    def silence(self, town):
        """Exit status and log of tocsind --silence."""
        env = dict(os.environ, TOCSIN_DATA=program("share/tocsin"))
        done = subprocess.run(VALGRIND + [program("tocsind"), "--config", town.path("site.cfg"), "--silence"], env=env,
                              stderr=subprocess.PIPE, text=True, timeout=3 * PATIENCE)
        return done.returncode, done.stderr

    def left_sounding(self, lines, **settings):
        """A township whose daemon was killed in the middle of its words, and its alert."""
        town = self.township(lines, **settings).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        town.kill_daemon()
        return town, alert

    def test_what_a_killed_daemon_left_is_stopped(self):
        town, alert = self.left_sounding({"north": (9600, t8(2)), "south": (19200, c4(2))}, programme="repetitions = 1;")
        until(lambda: town.sounding() == 4, "the control: all were left sounding")
        status, log = self.silence(town)
        self.assertEqual(status, 0, log)
        self.assertEqual(town.sounding(), 0, log)
        for line in ("north", "south"):
            self.assertIn(f"line {line}: looked through; stopped 2, not confirmed 0, no answer 0", log)
        town.start_daemon()  # the alert was not over: it goes on
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})

    def test_a_lost_answer_is_no_silence(self):
        town, _ = self.left_sounding({"north": (9600, t8(8))})
        for unit in range(1, 9):
            town.tell_village(f"fault north/{unit} flaky:40")
        status, log = self.silence(town)
        left = town.sounding()
        told = re.search(r"looked through; stopped (\d+), not confirmed (\d+), no answer (\d+), sounding and not known to be ours 0", log)
        stopped, *unsure = map(int, told.groups())
        self.assertLessEqual(left, sum(unsure), log)
        self.assertGreaterEqual(stopped + sum(unsure), 8, log)
        self.assertEqual(status, 1 if any(unsure) else 0)

    def test_a_running_daemon_is_left_alone(self):
        town = self.township({"north": (9600, t8(2))}, programme="repetitions = 1;").start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        status, log = self.silence(town)
        self.assertEqual(status, 1, log)
        self.assertIn("another tocsind uses this folder", log)
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})

    def test_without_a_store_only_what_needs_no_token_is_ours(self):
        town, _ = self.left_sounding({"north": (9600, t8(1)), "south": (19200, c4(1))})
        shutil.rmtree(town.path("state"))
        status, log = self.silence(town)
        self.assertEqual(status, 1, log)
        self.assertIn("the last token of channel main is not known", log)
        self.assertIn("line north: looked through; stopped 0, not confirmed 0, no answer 0, sounding and not known to be ours 1", log)
        self.assertIn("line south: looked through; stopped 1,", log)
        self.assertEqual(town.sounding(), 1)

    def test_what_cannot_be_reached_is_named(self):
        town, _ = self.left_sounding({"north": (9600, t8(3)), "south": (19200, c4(1)), "west": (9600, t8(1))})
        town.tell_village("fault north/1 local")  # somebody speaks there now: nobody's business of ours
        town.tell_village("fault north/2 wont_stop")
        town.tell_village("fault north/3 dead")
        town.tell_village("detach west")
        status, log = self.silence(town)
        self.assertEqual(status, 1, log)
        self.assertIn("line north: looked through; stopped 0, not confirmed 1, no answer 1, sounding and not known to be ours 0", log)
        self.assertIn("line south: looked through; stopped 1,", log)
        self.assertIn("line west: NOT THERE", log)
        self.assertIn("north 1 linghu-t8 sounding", "\n".join(town.tell_village("show")))


if __name__ == "__main__":
    main()
