"""What survives a restart: what was ended stays ended, what was proved stays proved, and what is over is not played."""
import contextlib
import re
import sqlite3
import subprocess
import time

from township import TownshipTest, c4, cap, main, program, reference, t8, until

ONCE = "repetitions = 1; tone_min_ms = 1000;"
SHORT = "repetitions = 2; tone_min_ms = 1000;"


class Restart(TownshipTest):
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
        self.assertEqual(town.begun(first["id"], "tone"), {1: 1})
        return town

    def test_stopped_then_killed(self):
        town = self.ended_then_killed(lambda town, alert: self.assertEqual(
            town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "wrong village"}')[0], 200), "stopped")
        town.silent()

    def test_cancelled_then_killed(self):
        town = self.ended_then_killed(lambda town, alert: self.assertEqual(
            town.send(cap(msg_type="Cancel", references=reference(alert)))[0], 202), "cancelled")
        town.silent()

    def test_what_was_cancelled_before_it_came_never_sounds(self):
        town = self.township({"north": (9600, t8(2))}, programme="repetitions = 1;").start()
        late = cap(identifier="LATE")
        named = f"county@test,LATE,{re.search('<sent>(.*)</sent>', late)[1]}"
        cancel = town.send(cap(msg_type="Cancel", references=named))[1]["id"]
        town.end_daemon()
        town.start_daemon()
        status, alert = town.send(late)
        self.assertEqual((status, alert["state"], alert["reason"]), (202, "cancelled", f"cancelled by {cancel}, which came before it"))
        self.assertEqual(town.begun(alert["id"], "tone"), {})
        self.assertEqual(town.sounding(), 0)

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

    def test_a_byte_of_the_store_is_lost(self):
        for table in ("alert", "delivery"):  # of the JSON in it, which the check of the file does not see
            with self.subTest(table):
                town = self.township({"north": (19200, t8(1))}, programme="repetitions = 20;").start()
                alert = town.send(cap())[1]["id"]
                until(lambda: town.sounding() == 1, "sound")
                town.kill_daemon()
                with contextlib.closing(sqlite3.connect(town.path("state/tocsin.db"))) as db:
                    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    detail = db.execute(f"SELECT detail FROM {table}").fetchone()[0].encode()
                with open(town.path("state/tocsin.db"), "rb+") as file:
                    data = file.read().replace(detail, b"[" + detail[1:])
                    file.seek(0)
                    file.write(data)
                town.start_daemon()
                until(lambda: town.alert(alert)["state"] == "sounding" and town.sounding() == 1, "sound again")
                self.assertEqual(town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "enough"}')[0], 200)
                town.until_ended(alert)
                self.assertEqual(town.get("/healthz")[1]["status"], "ok")


if __name__ == "__main__":
    main()
