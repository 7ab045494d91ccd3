"""What survives: the daemon is killed at several instants of a broadcast, and goes on after its restart."""
import sqlite3
import subprocess
import time

from township import TownshipTest, c4, cap, main, program, reference, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"
SHORT = "repetitions = 2; tone_min_ms = 1000;"


class Restart(TownshipTest):
    def begun(self, town, alert_id, segment):
        """How often this part of each repetition has begun, over all lives of the daemon."""
        counts = {}
        for data in town.events():
            if data.get("alert") == alert_id and data.get("segment") == segment:
                counts[data["repetition"]] = counts.get(data["repetition"], 0) + 1
        return counts

    def killed_in(self, segment, repetition):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, segment, repetition)
        town.kill_daemon()
        until(lambda: town.sounding() > 0, "the control: they were left sounding")
        town.start_daemon()
        ended = town.until_ended(alert)
        self.assertEqual(ended["state"], "finished")
        self.assertEqual(ended["repetitions"]["ended"], 2)
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.daemon_log())
        town.silent()
        # the one that was cut off was played again, and no other
        self.assertEqual(self.begun(town, alert, "tone"), {r: 2 if r == repetition else 1 for r in (1, 2)})

    def test_killed_in_the_tone(self):
        self.killed_in("tone", 1)

    def test_a_watch_goes_on_where_the_events_do_not(self):
        """The daemon comes back with a store that knows nothing of the watcher's last event."""
        town = self.township({"north": (19200, t8(1))}, programme=ONCE).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "tone")
        watch = subprocess.Popen([program("tocsin"), "--socket", town.path("tocsin.sock"), "alert", "watch", alert, "--json"],
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.stdout.close)
        self.assertIn(alert, watch.stdout.readline())  # the control: it has been told
        while '"words"' not in watch.stdout.readline():  # and has the id of an event
            self.assertIsNone(watch.poll())
        town.kill_daemon()
        disk = sqlite3.connect(town.path("state/tocsin.db"))
        disk.execute("UPDATE meta SET value = 'another' WHERE name = 'epoch'")
        disk.commit()
        disk.close()
        town.listener.ended.set()
        town.start_daemon()
        rest = watch.stdout.read()
        self.assertEqual(watch.wait(), 0, rest)
        self.assertIn('"finished"', rest)
        self.assertEqual(town.get("/healthz")[1]["store"], "another")

    def test_killed_in_the_words(self):
        self.killed_in("words", 1)

    def test_killed_in_the_second_repetition(self):
        self.killed_in("silence", 2)

    def test_killed_before_its_first_sound(self):
        town = self.township({"north": (9600, t8(2))}, programme="repetitions = 1; tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.kill_daemon()  # it was answered as safe; whether anything is armed by now does not matter
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["repetitions"]["ended"], 1)
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        town.silent()

    def test_killed_after_its_last_words(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "end_tone", 2)
        town.kill_daemon()
        until(lambda: town.sounding() > 0, "the control: they were left sounding")
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        town.silent()
        begun = self.begun(town, alert, "tone")
        self.assertEqual(begun[1], 1)
        self.assertIn(begun[2], (1, 2))  # "2 has ended" may not have been on disk yet: then it is played again

    def ended_then_killed(self, end, state):
        """What was answered as ended before the kill stays so: nothing of it sounds again, every delivery has its end."""
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(2))}, programme=SHORT).start()
        first = town.send(cap())[1]
        town.until_segment(first["id"], "words")
        town.tell_village("fault all wont_stop")  # so that none is stopped before the kill, however late that comes
        end(town, first)
        town.kill_daemon()
        town.tell_village("fault all none")
        self.assertEqual(town.sounding(), 4)  # the control: they were left sounding
        town.start_daemon()
        self.assertEqual(town.until_ended(first["id"])["state"], state)
        self.assertEqual(self.begun(town, first["id"], "tone"), {1: 1})
        return town

    def test_stopped_then_killed(self):
        town = self.ended_then_killed(lambda town, alert: self.assertEqual(
            town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "wrong village"}')[0], 200), "stopped")
        town.silent()

    def test_cancelled_then_killed(self):
        town = self.ended_then_killed(lambda town, alert: self.assertEqual(
            town.send(cap(msg_type="Cancel", references=reference(alert)))[0], 202), "cancelled")
        town.silent()

    def test_superseded_then_killed(self):
        updates = []
        town = self.ended_then_killed(
            lambda town, alert: updates.append(town.send(cap(msg_type="Update", references=reference(alert)))[1]), "superseded")
        self.assertEqual(town.until_ended(updates[0]["id"])["state"], "finished")
        self.assertEqual(set(town.ends(updates[0]["id"]).values()), {"heard"})
        town.silent()

    def test_what_was_proved_before_is_kept(self):
        town = self.township({"north": (9600, t8(2))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "tone", 2)
        until(lambda: {d["rung"] for d in town.deliveries(alert).values()} == {"heard"}, "heard, in the first or the second")
        town.kill_daemon()
        town.tell_village("fault north/2 dead")
        town.start_daemon()
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-1": "heard", "north-2": "failed(no_reply)"})
        self.assertEqual(town.deliveries(alert)["north-2"]["rung"], "heard")  # the best rung, beside the last state

    def test_expired_while_down(self):
        town = self.township({"north": (9600, t8(1))}, programme=SHORT).start()
        expiry = time.time() + 15
        alert = town.send(cap(expires=15))[1]["id"]
        town.until_segment(alert, "tone")
        town.kill_daemon()
        until(lambda: time.time() > expiry, "the expiry")
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["state"], "expired")
        town.silent()

    def test_term_silences_and_goes_on(self):
        town = self.township({"north": (9600, t8(2))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        town.end_daemon()
        town.silent()  # its last act was to stop what is ours
        town.start_daemon()
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})


if __name__ == "__main__":
    main()
