"""Who may speak to the daemon: peers of the socket, and holders of the token on 127.0.0.1; nobody else."""
import json
import os
import socket
import stat
from http.client import HTTPConnection

from township import PATIENCE, TownshipTest, cap, main, t8


class Access(TownshipTest):
    def test_token_and_socket(self):
        town = self.township({"north": (9600, t8(1))}).start()
        port = int(open(town.path("state/port")).read())
        token_file = town.path("state/token")
        self.assertEqual(stat.S_IMODE(os.stat(token_file).st_mode), 0o600)
        token = open(token_file).read().strip()
        self.assertGreaterEqual(len(token), 32)
        self.assertNotIn(token, town.daemon_log())

        def ask(path, headers):
            connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            connection.close()
            return answer.status, body

        ours, wrong = {"Authorization": "Bearer " + token}, {"Authorization": "Bearer " + "x" * len(token)}
        for stranger in ({}, wrong):
            self.assertEqual(ask("/healthz", stranger), (200, {"status": "ok"}))
            self.assertEqual(ask("/v1/alerts", stranger)[0], 401)
        self.assertEqual(ask("/healthz", ours)[1]["lines_up"], 1)
        self.assertEqual(ask("/v1/alerts", ours)[0], 200)
        self.assertIn(ask("/v1/alerts", {**ours, "Host": "evil.example"})[0], (403, 421))
        self.assertEqual(stat.S_IMODE(os.stat(town.path("tocsin.sock")).st_mode) & 0o007, 0)
        listening = [line.split()[1] for line in open(f"/proc/{town.daemon.pid}/net/tcp").read().splitlines()[1:]
                     if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")]
        self.assertEqual(listening, [f"0100007F:{port:04X}"])  # 127.0.0.1 only

    @staticmethod
    def as_stranger(path, ask):
        """A connection by a user who is neither root, the daemon's, nor in the group; its answer, or why there is none."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
                peer.sendall(b"GET " + ask + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while data := peer.recv(1000):
                    os.write(write, data)
            except OSError as error:
                os.write(write, error.strerror.encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with os.fdopen(read, "rb") as answer:
            return answer.read()

    def test_a_stranger_on_the_socket(self):
        if os.getuid() != 0:
            self.skipTest("needs root to become somebody else")
        town = self.township({"north": (9600, t8(1))}).start()
        os.chmod(town.dir, 0o755)
        path = town.path("tocsin.sock")
        self.assertNotIn(b" 200 ", self.as_stranger(path, b"/v1/alerts"))
        os.chmod(path, 0o666)  # even where the file's mode lets him in, the peer check does not
        self.assertIn(b" 401 ", self.as_stranger(path, b"/v1/alerts"))
        self.assertEqual(self.as_stranger(path, b"/healthz").split(b"\r\n\r\n")[1].strip(), b'{"status":"ok"}')

    def test_configuration_mistakes_are_all_told(self):
        town = self.township({"north": (9600, t8(1))})
        town.configure()
        text = open(town.path("site.cfg")).read().replace("baud = 9600", "baud = 12").replace('clock = "trust"', 'clok = "trust"')
        bad = town.write("bad.cfg", text)
        checked = town.cli("check", bad)
        self.assertEqual(checked.returncode, 2)
        output = checked.stdout + checked.stderr
        self.assertIn("baud", output)
        self.assertIn("clok", output)


if __name__ == "__main__":
    main()
