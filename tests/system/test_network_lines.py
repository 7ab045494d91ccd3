"""Lines that no device is the end of, with the village's own gateways at the other end: one that calls in, says its name and beats,
goes away and comes back; both kinds of them over IPv6; and a radio modem."""
import re
import select
import socket
import threading
import unittest

from township import PATIENCE, TownshipTest, cap, frames, main, t8, until

SHORT, TWICE = "repetitions = 1; tone_min_ms = 1000;", "repetitions = 2; tone_min_ms = 1000;"
T8_STATUS = 23  # bytes of its answer


def free_port(host="127.0.0.1"):
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        return server.getsockname()[1]


def has_ipv6():
    try:
        free_port("::1")
        return True
    except OSError:
        return False


class Door(threading.Thread):
    """What connects to it on ::1 is connected to a port on 127.0.0.1, one at a time."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.server, self.to = socket.create_server(("::1", 0), family=socket.AF_INET6), port
        self.start()

    def run(self):
        while True:
            try:
                outside, _ = self.server.accept()
            except OSError:
                return  # the test is over
            with outside, socket.create_connection(("127.0.0.1", self.to)) as inside:
                self.carry({outside: inside, inside: outside})

    def carry(self, ends):
        while True:
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(4096)
                if not data:
                    return
                ends[end].sendall(data)

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class NetworkLines(TownshipTest):
    def calling_in(self, host, programme=SHORT, **lines):
        """A township whose line north is a gateway that calls in as dtu-07."""
        town = self.township({"north": (9600, t8(3)), **lines}, programme=programme)
        self.called = free_port(host)
        town.wires["north"] = (f'kind = "rtu_over_tcp"; calls_in = true; host = "{host}"; port = {self.called}; reconnect_ms = 100; '
                               'registration = "dtu-07"; heartbeat = "hex:fe fe"; heartbeat_s = 1; gateway_delay_ms = 5;')
        town.reached["north"] = (f'kind = "rtu_over_tcp"; calls_in = true; host = "{host}"; port = {self.called}; '
                                 'registration = "dtu-??"; heartbeat = "hex:FE FE"; heartbeat_s = 3; gateway_delay_ms = 5;')
        return town

    def line(self, town, name="north"):
        return town.get(f"/v1/lines/{name}")[1]

    def until_read(self, town):
        until(lambda: all(t["state"] == "good" for t in town.get("/v1/terminals")[1]["terminals"]), "all read once")

    def until_back(self, town, before, order):
        """Waits for the loss, gives the order and waits for the return, the only one since before; why it was lost."""
        lost = until(lambda: not (line := self.line(town))["up"] and line, "the loss")
        town.tell_village(order)
        line = until(lambda: (line := self.line(town))["up"] and line, "its return")
        self.assertEqual(line["reopened"], before["reopened"] + 1)
        return lost["error"]

    def expect_heard(self, town, alert):
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.ends(alert))
        town.silent()

    def expect_clean(self, town, line):
        """No heartbeat and no registration was taken for anything else, and no answer for one of them. On a busy machine an answer
        may come late, or its rest; and a new target does not wait for one that is as slow as the ceiling."""
        self.assertGreater(line["replies"], 0.9 * line["requests"] - 4, line)  # frames for all have none
        if line["timeouts"] == 0 and not any(back - since > 40000 for since, back in frames.load(town.path("frames.log")).late):
            self.assertEqual((line["damaged"], line["strays"] % T8_STATUS), (0, 0), line)

    # ---- calling in ----

    def test_a_gateway_calls_in(self):
        town = self.calling_in("127.0.0.1").start()
        self.until_read(town)  # an answer that a warning does not wait for would be a stray
        alert = town.send(cap())[1]["id"]
        self.expect_heard(town, alert)
        line = self.line(town)
        self.assertEqual(line["device"], f"127.0.0.1:{self.called}")
        self.assertIn("called in from 127.0.0.1:", line["method"])
        self.expect_clean(town, line)
        self.assertGreater(line["heartbeats"], 0)

    def test_it_goes_away_in_the_middle_and_calls_in_again(self):
        town = self.calling_in("127.0.0.1", TWICE).start()
        self.until_read(town)
        before = self.line(town)
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        town.tell_village("detach north")
        self.until_back(town, before, "attach north")
        self.expect_heard(town, alert)
        self.assertEqual(self.line(town)["reopened"], before["reopened"] + 1)

    def test_it_goes_silent_and_is_given_up(self):
        """No answer and no heartbeat for heartbeat_s, as in a mobile network without coverage; its connection still stands."""
        town = self.calling_in("127.0.0.1").start()
        self.until_read(town)
        before = self.line(town)
        town.tell_village("freeze north")
        self.assertIn("no heartbeat came for 3 s", self.until_back(town, before, "thaw north"))
        alert = town.send(cap())[1]["id"]
        self.expect_heard(town, alert)

    def test_who_has_another_name_is_refused(self):
        town = self.calling_in("127.0.0.1")
        town.wires["north"] = town.wires["north"].replace("dtu-07", "rtu-07")
        town.configure()
        town.start_village()
        town.start_daemon()
        until(lambda: "with no line's registration" in town.daemon_log(), "the refusal")
        self.assertFalse(self.line(town)["up"])

    def test_who_learnt_its_name_cannot_silence_it(self):
        """Somebody else calls in by the name of a gateway that works, again and again, while a warning sounds."""
        town = self.calling_in("127.0.0.1", TWICE).start()
        self.until_read(town)
        before = self.line(town)
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", self.called)) as intruder:
                intruder.sendall(b"dtu-66")
                intruder.settimeout(PATIENCE)
                self.assertEqual(intruder.recv(300), b"")  # closed, and nothing was asked of it
        self.expect_heard(town, alert)
        line = self.line(town)
        self.assertEqual(line["reopened"], before["reopened"])
        self.expect_clean(town, line)
        told = re.findall(r"line north: a call from 127\.0\.0\.1:\d+ with the registration of its gateway was refused", town.daemon_log())
        self.assertEqual(len(told), 1)  # in a minute

    # ---- IPv6 ----

    @unittest.skipUnless(has_ipv6(), "this machine has no ::1")
    def test_both_ways_over_ipv6(self):
        """North calls in on ::1; hall is a Modbus TCP gateway that is connected to on ::1."""
        town = self.calling_in("::1", hall=(19200, t8(3)))
        town.wires["hall"] = 'kind = "tcp";'
        town.configure()
        town.start_village()
        door = Door(town.port("hall"))
        self.addCleanup(door.close)
        at = door.server.getsockname()[1]
        town.reached["hall"] = f'kind = "tcp"; host = "::1"; port = {at};'
        town.configure_site()
        town.start_daemon()
        town.lines_up()
        self.until_read(town)
        alert = town.send(cap())[1]["id"]
        self.expect_heard(town, alert)
        north, hall = self.line(town), self.line(town, "hall")
        self.assertEqual((north["device"], hall["device"]), (f"[::1]:{self.called}", f"[::1]:{at}"))
        self.assertIn("called in from [::1]:", north["method"])
        self.assertIn(f"connected to [::1]:{at}", hall["method"])
        self.expect_clean(town, north)
        self.assertEqual(len(town.ends(alert)), 6)

    # ---- radio ----

    def test_radio_modems(self):
        """Radio is 80 ms under way, each way, which its first_byte_ms leaves no time for; at quiet only the silence is long."""
        town = self.township({"radio": (9600, t8(3)), "quiet": (9600, t8(3))}, programme=SHORT)
        town.wires["radio"] = 'kind = "rtu_over_tcp"; gateway_delay_ms = 80;'
        town.reached["radio"] = 'kind = "rtu_over_tcp"; host = "127.0.0.1"; port = PORT; first_byte_ms = 100; key_up_ms = 80; quiet_ms = 30;'
        town.line_settings["quiet"] = 'adapter = "pty"; quiet_ms = 30;'
        town.start()
        self.until_read(town)
        alert = town.send(cap())[1]["id"]
        self.expect_heard(town, alert)
        for name in ("radio", "quiet"):
            line = self.line(town, name)
            self.expect_clean(town, line)
        town.end_daemon()
        town.end_village()
        log = frames.load(town.path("frames.log"))
        for line in map(log.line, ("radio", "quiet")):
            self.assertGreater(len(line.replies), 30)
            kept = [silence for silence, f in line.silences() if not line.village_was_late(f) and not line.follows_unanswered(f)]
            self.assertGreater(len(kept), 30)
            self.assertGreaterEqual(min(kept), 30000 - frames.TOLERANCE_US)


if __name__ == "__main__":
    main()
