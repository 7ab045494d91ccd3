"""Who may speak to the daemon: peers of the socket, and holders of the token on 127.0.0.1; nobody else."""
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
            answer.read()
            connection.close()
            return answer.status

        self.assertEqual(ask("/healthz", {}), 200)
        self.assertEqual(ask("/v1/alerts", {}), 401)
        self.assertEqual(ask("/v1/alerts", {"Authorization": "Bearer " + "x" * len(token)}), 401)
        self.assertEqual(ask("/v1/alerts", {"Authorization": "Bearer " + token}), 200)
        self.assertIn(ask("/v1/alerts", {"Authorization": "Bearer " + token, "Host": "evil.example"}), (403, 421))
        self.assertEqual(stat.S_IMODE(os.stat(town.path("tocsin.sock")).st_mode) & 0o007, 0)
        listening = [line.split()[1] for line in open(f"/proc/{town.daemon.pid}/net/tcp").read().splitlines()[1:]
                     if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")]
        self.assertEqual(listening, [f"0100007F:{port:04X}"])  # 127.0.0.1 only

    @staticmethod
    def as_stranger(path):
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
                peer.sendall(b"GET /v1/alerts HTTP/1.1\r\nHost: localhost\r\n\r\n")
                os.write(write, peer.recv(100))
            except OSError as error:
                os.write(write, error.strerror.encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        answer = os.read(read, 200)
        os.close(read)
        return answer

    def test_a_stranger_on_the_socket(self):
        if os.getuid() != 0:
            self.skipTest("needs root to become somebody else")
        town = self.township({"north": (9600, t8(1))}).start()
        os.chmod(town.dir, 0o755)
        path = town.path("tocsin.sock")
        self.assertNotIn(b" 200 ", self.as_stranger(path))
        os.chmod(path, 0o666)  # even where the file's mode lets him in, the peer check does not
        self.assertIn(b" 401 ", self.as_stranger(path))

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
