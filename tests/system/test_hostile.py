"""What a sender with the right to send may do wrong, by mistake or on purpose: it must not silence, hide or stall anything."""
import json
import os
import re
import socket
import subprocess
import unittest
from datetime import datetime, timedelta, timezone

from township import VALGRIND, TownshipTest, cap, main, rfc3339, t8, until


def key(text):
    """The reference to this alert."""
    return "county@test,{},{}".format(*(re.search(f"<{name}>(.*?)<", text).group(1) for name in ("identifier", "sent")))


class Hostile(TownshipTest):
    def test_only_actual_messages_end_an_actual_alert(self):
        town = self.township({"north": (19200, t8(1))}).start()
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

    def test_a_cancel_on_the_heels_of_its_alert(self):
        town = self.township({"north": (19200, t8(1))}).start()
        for _ in range(40):
            warning = cap()
            peers = []
            for text in (cap(msg_type="Cancel", references=key(warning)), warning):  # both before either is on disk
                peer = socket.socket(socket.AF_UNIX)
                peer.settimeout(10)
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
        for _ in range(60):
            alert = town.send(cap(status="Exercise", zh="水" * 1000, en="water " * 600))[1]["id"]
            town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "enough"}')
        until(lambda: any(event.get("id") == alert and event.get("state") == "stopped" for event in town.events()),
              "the event of the last stop")

    def test_a_full_disk(self):
        if os.getuid() != 0:
            self.skipTest("needs root for a small disk")
        town = self.township({"north": (19200, t8(1))})
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
        soon = rfc3339(datetime.now(timezone.utc) + timedelta(seconds=2))
        status, alert = town.send(cap().replace("<expires>", f"<effective>{soon}</effective><expires>"))
        self.assertEqual((status, alert["durable"], alert["state"]), (202, False, "waiting"))
        until(lambda: town.sounding() == 1, "an alert that is not on disk, at its time", 20)
        self.assertIn(town.alert(alert["id"])["state"], ("preparing", "sounding"))
        self.assertEqual(town.request("POST", f"/v1/alerts/{alert['id']}/stop", b'{"reason": "enough"}')[0], 200)
        until(lambda: town.sounding() == 0, "silence", 10)


if __name__ == "__main__":
    main()
