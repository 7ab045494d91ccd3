"""What a sender with the right to send may do wrong, by mistake or on purpose: it must not silence, hide or stall anything."""
import json
import os
import re
import socket
import subprocess
import unittest
from datetime import datetime, timedelta, timezone

from township import PATIENCE, VALGRIND, Listener, TownshipTest, cap, main, program, rfc3339, t8, until


def key(text):
    """The reference to this alert."""
    return "county@test,{},{}".format(*(re.search(f"<{name}>(.*?)<", text).group(1) for name in ("identifier", "sent")))


class Hostile(TownshipTest):
    def test_only_actual_messages_end_an_actual_alert(self):
        town = self.township({"north": (19200, t8(1))}, programme="repetitions = 20;").start()  # it does not end by itself
        warning = cap()
        alert = town.send(warning)[1]["id"]
        for status in ("Exercise", "System", "Test", "Draft"):
            for msg_type in ("Update", "Cancel"):
                self.assertEqual(town.send(cap(status=status, msg_type=msg_type, references=key(warning)))[0], 202)
                self.assertIn(town.alert(alert)["state"], ("queued", "preparing", "sounding"), (status, msg_type))
        drill = cap(status="Exercise")
        queued = town.send(drill)[1]["id"]
        town.send(cap(status="Exercise", msg_type="Cancel", references=key(drill)))
        self.assertEqual(town.until_ended(queued)["state"], "cancelled")
        town.send(cap(msg_type="Cancel", references=key(warning)))
        self.assertEqual(town.until_ended(alert)["state"], "cancelled")

    def test_a_stopped_alert_does_not_come_again_whatever_the_reason_was(self):
        town = self.township({"north": (19200, t8(1))}).start()
        warning, reason = cap(), "not on disk in time; it was refused and never sounds"
        alert = town.send(warning)[1]["id"]
        self.assertEqual(town.request("POST", f"/v1/alerts/{alert}/stop", json.dumps({"reason": reason}).encode())[0], 200)
        town.until_ended(alert)
        again = lambda: town.send(warning)
        until(lambda: again()[1]["state"] == "stopped", "the end on disk")
        self.assertEqual((again()[0], town.alert(alert)["state"]), (200, "stopped"))

    def test_a_cancel_on_the_heels_of_its_alert(self):
        town = self.township({"north": (19200, t8(1))}).start()
        for _ in range(40):
            warning = cap()
            peers = []
            for text in (cap(msg_type="Cancel", references=key(warning)), warning):  # both before either is on disk
                peer = socket.socket(socket.AF_UNIX)
                peer.settimeout(PATIENCE)
                peer.connect(town.path("tocsin.sock"))
                peer.sendall(b"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(text.encode()), text.encode()))
                peers.append(peer)
            for peer in peers:
                self.assertIn(b" 202 ", peer.recv(100))
                peer.close()
        self.assertIsNone(town.daemon.poll())

    def test_what_is_long_is_cut_and_not_lost(self):
        town = self.township({"north": (19200, t8(1))}).start()
        geocodes = "".join(f"<geocode><valueName>other</valueName><value>{i}</value></geocode>" for i in range(12000))
        long = cap().replace("<geocode>", geocodes + "<geocode>", 1).replace("<event>", f"<headline>{'h' * 200000}</headline><event>", 1)
        named = "<geocode><valueName>other</valueName><value>b" + "龙" * 100 + "</value></geocode>"
        self.assertEqual(len(town.send(cap().replace("<geocode>", named + "<geocode>", 1))[1]["not_ours"]), 1)
        status, alert = town.send(long)
        self.assertEqual(status, 202)
        self.assertLess(len(json.dumps(alert)), 65536)
        self.assertTrue(any(note.startswith("not_listed") for note in alert["notes"]))
        stopped = town.request("POST", f"/v1/alerts/{alert['id']}/stop", json.dumps({"reason": "x" + "停" * 200}).encode())[1]
        self.assertTrue(stopped["reason"].startswith("x停停"))
        self.assertLess(len(stopped["reason"].encode()), 200)

    @unittest.skipIf(VALGRIND, "minutes of speech take hours there")
    def test_a_listener_that_comes_back_gets_past_many_large_events(self):
        town = self.township({"north": (19200, t8(1))}, programme="max_speech_s = 300;").start()
        alerts = []
        for _ in range(60):
            alerts.append(town.send(cap(status="Exercise", zh="水" * 1000, en="water " * 600))[1]["id"])
            self.assertEqual(town.request("POST", f"/v1/alerts/{alerts[-1]}/stop", b'{"reason": "enough"}')[0], 200)
        late = Listener(town.path("tocsin.sock"))  # asks for all of it at once
        self.addCleanup(late.ended.set)
        late.until(lambda event: event.get("id") == alerts[-1] and event.get("state") == "stopped", "the last of the past")
        told = {event["id"] for kind, event in list(late.heard) if kind == "alert" and event["state"] == "stopped"}
        self.assertEqual(set(alerts) - told, set())

    @unittest.skipIf(VALGRIND, "preloads into the daemon")
    def test_a_disk_that_stalls(self):
        town = self.township({"north": (19200, t8(1))}, programme="repetitions = 1; tone_min_ms = 1000;")
        stall = town.path("stall")
        town.preload = {"LD_PRELOAD": program("tests/system/stalls.so"), "TOCSIN_TEST_STALL": stall,
                        "ASAN_OPTIONS": "verify_asan_link_order=0"}
        town.start()
        before = town.send(cap(status="Test"))[1]["id"]
        town.write("stall", "")
        drill = cap(status="Exercise")
        self.assertEqual(town.send(drill)[1]["code"], "not_durable")  # and not when the disk goes on: it does not
        town.listener.until(lambda event: event.get("what") == "store_slow", "an alarm meanwhile")
        status, alert = town.send(cap())
        self.assertEqual((status, alert["durable"]), (202, False))
        until(lambda: town.sounding() == 1, "sound meanwhile")
        self.assertEqual([a["id"] for a in town.get("/v1/alerts")[1]["alerts"]], [alert["id"], before])
        self.assertEqual(list(town.deliveries(alert["id"])), ["north-1"])
        self.assertEqual(town.alert(before)["status"], "Test")
        self.assertEqual(town.get("/healthz")[1]["status"], "degraded")
        town.kill_daemon()  # what it had written is there, synced or not
        os.unlink(stall)
        town.start_daemon()
        drills = lambda: [a["state"] for a in town.get("/v1/alerts")[1]["alerts"] if a["status"] == "Exercise"]
        self.assertEqual(drills(), ["refused"])
        status, again = town.send(drill)  # the disk is well again
        self.assertEqual((status, again["durable"]), (202, True))
        self.assertNotEqual(drills(), ["refused"])
        self.assertEqual(len(drills()), 1)

    def full(self, **settings):
        """A township whose disk is full; remove state/rest to make room."""
        if os.getuid() != 0:
            self.skipTest("needs root for a small disk")
        town = self.township({"north": (19200, t8(1))}, **settings)
        town.configure()
        if subprocess.call(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", town.path("state")], stderr=subprocess.DEVNULL):
            self.skipTest("may not mount a small disk")
        self.addCleanup(subprocess.call, ["umount", "-l", town.path("state")])
        town.start_village()
        town.start_daemon()
        town.lines_up()
        with open(town.path("state/rest"), "wb", 0) as rest:
            try:
                while rest.write(bytes(4096)):
                    pass
            except OSError:
                pass
        return town

    def test_a_full_disk(self):
        town = self.full()
        soon = rfc3339(datetime.now(timezone.utc) + timedelta(seconds=10))  # it must be answered before
        status, alert = town.send(cap().replace("<expires>", f"<effective>{soon}</effective><expires>"))
        self.assertEqual((status, alert["durable"], alert["state"]), (202, False, "waiting"))
        until(lambda: town.sounding() == 1, "an alert that is not on disk, at its time")
        self.assertIn(town.alert(alert["id"])["state"], ("preparing", "sounding"))
        self.assertEqual(town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "enough"}')[0], 200)
        until(lambda: town.sounding() == 0, "silence")

    def test_what_a_full_disk_does_not_take_is_shown_all_the_same(self):
        town = self.full(programme="repetitions = 1; tone_min_ms = 1000;")
        message = cap(en=None)
        status, alert = town.send(message)
        self.assertEqual((status, alert["durable"]), (202, False))
        until(lambda: town.sounding() == 1, "an alert that is not on disk")
        listed = lambda: [a["state"] for a in town.get("/v1/alerts")[1]["alerts"] if a["id"] == alert["id"]]
        self.assertIn(listed(), (["preparing"], ["sounding"]))
        health = town.get("/healthz")[1]
        self.assertEqual(health["status"], "degraded")
        self.assertIn("stored", health["why"])
        watch = town.cli("alert", "watch", alert["id"])
        self.assertEqual(watch.returncode, 0, watch.stdout + watch.stderr)
        self.assertEqual(town.ends(alert["id"]), {"north-1": "heard"})
        self.assertEqual(town.cli("report", alert["id"]).returncode, 0)
        self.assertEqual(listed(), ["finished"])
        self.assertEqual((town.send(message)[0], town.send(message)[1]["id"]), (200, alert["id"]))
        self.assertEqual(town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "x"}')[0], 409)
        town.listener.until(lambda event: event.get("what") == "store_failed", "an alarm without a disk")
        os.unlink(town.path("state/rest"))  # there is room again: all of it is stored after all
        until(lambda: town.alert(alert["id"])["durable"], "the alert on disk")
        until(lambda: town.get("/healthz")[1]["status"] == "ok", "health")
        town.kill_daemon()
        town.start_daemon()
        self.assertEqual((listed(), town.ends(alert["id"])), (["finished"], {"north-1": "heard"}))
        self.assertEqual(town.send(message)[0], 200)


if __name__ == "__main__":
    main()
