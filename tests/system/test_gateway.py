"""Lines through transparent gateways: one that is called, one that calls in. The units are the village's, behind a bridge."""
import os
import select
import socket
import threading
import tty

from township import TownshipTest, cap, main, t8, until

NAME, BEAT = b"dtu-07", b"\xfe\xfe"


class Gateway(threading.Thread):
    """Carries bytes between a port of the village and a connection; one that calls in says its name and its heartbeat."""

    def __init__(self, path, connection, calls_in):
        super().__init__(daemon=True)
        self.port, self.connection, self.calls_in = os.open(path, os.O_RDWR | os.O_NOCTTY), connection, calls_in
        tty.setraw(self.port)
        self.start()

    def run(self):
        try:
            if self.calls_in:
                self.connection.sendall(NAME + BEAT)
            while True:
                ready, _, _ = select.select([self.port, self.connection], [], [], 0.3)
                if self.port in ready:
                    self.connection.sendall(os.read(self.port, 300))
                if self.connection in ready:
                    data = self.connection.recv(300)
                    if not data:
                        break
                    os.write(self.port, data)
                if not ready and self.calls_in:
                    self.connection.sendall(BEAT)
        except OSError:
            pass  # the test took its connection away
        os.close(self.port)
        self.connection.close()

    def hang_up(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.join()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Gateways(TownshipTest):
    def call_in(self):
        until(self.listens, "the port for gateways")
        return Gateway(self.town.path("north"), socket.create_connection(("127.0.0.1", self.called)), True)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.called)).close()
            return True
        except ConnectionRefusedError:
            return False

    def start_town(self):
        self.town = town = self.township({"north": (9600, t8(2)), "south": (19200, t8(2))},
                                         programme="repetitions = 2; tone_min_ms = 1000;")
        town.strangers = {"north", "south"}  # who carries the bytes here may be late: test_network_lines.py looks at the wire
        self.called, self.server = free_port(), socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        end = 'kind = "rtu_over_tcp"; host = "127.0.0.1"; gateway_delay_ms = 5; port ='
        town.reached = {
            "north": f'{end} {self.called}; calls_in = true; registration = "dtu-0?"; heartbeat = "hex:FE FE"; heartbeat_s = 5;',
            "south": f"{end} {self.server.getsockname()[1]};"}
        town.configure()
        town.start_village()
        town.start_daemon()
        south = Gateway(town.path("south"), self.server.accept()[0], False)
        north = self.call_in()
        town.lines_up()
        return north, south

    def lines(self):
        return {line["id"]: line for line in self.town.get("/v1/lines")[1]["lines"]}

    def test_heard_through_gateways(self):
        self.start_town()
        until(lambda: all(t["state"] == "good" for t in self.town.get("/v1/terminals")[1]["terminals"]), "all read once")
        alert = self.town.send(cap())[1]["id"]
        self.town.until_ended(alert)
        self.assertEqual(set(self.town.ends(alert).values()), {"heard"})
        north, south = self.lines()["north"], self.lines()["south"]
        self.assertEqual(north["device"], f"127.0.0.1:{self.called}")
        self.assertIn("called in from 127.0.0.1:", north["method"])
        self.assertIn("connected to 127.0.0.1:", south["method"])
        self.assertGreater(north["heartbeats"], 0)
        self.assertIn("1 without any", self.town.daemon_log())  # who only looked whether the port is there

    def test_gateways_go_and_come_back(self):
        north, south = self.start_town()
        alert = self.town.send(cap())[1]["id"]
        self.town.until_segment(alert, "tone")
        north.hang_up()
        south.hang_up()
        Gateway(self.town.path("south"), self.server.accept()[0], False)
        self.call_in()
        self.town.until_ended(alert)
        self.assertEqual(set(self.town.ends(alert).values()), {"heard"})
        self.assertEqual((self.lines()["north"]["reopened"], self.lines()["south"]["reopened"]), (2, 1))


if __name__ == "__main__":
    main()
