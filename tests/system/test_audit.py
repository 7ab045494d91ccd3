"""The audit trail: who decided what is in it, anybody can recompute it, and whatever is done to it behind the daemon's back is
found; and the history that is exported with it."""
import hashlib
import json
import os
import sqlite3

from township import TownshipTest, cap, main, reference, t8, until

CAP = {"Content-Type": "application/cap+xml"}
ENTRY = ("time", "boot", "actor", "action", "subject", "detail")


def entry_hash(previous, entry):
    """As docs/api.yaml says it, with nothing of ours."""
    texts = [previous, str(entry["seq"]), *(entry[name] for name in ENTRY)]
    return hashlib.sha256(b"".join(b"%d:%s," % (len(text.encode()), text.encode()) for text in texts)).hexdigest()


class Audit(TownshipTest):
    def start(self):
        return self.township({"north": (9600, t8(2))}, programme="repetitions = 1; tone_min_ms = 1000;").start()

    def trail(self, town, after=0):
        return town.get(f"/v1/audit?limit=500&after={after}")[1]

    def decisions(self, town):
        return [(e["actor"], e["action"], e["subject"]) for e in self.trail(town)["entries"]]

    def verify(self, town, status, says, *words):
        done = town.cli("audit", "verify", *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(says, done.stdout)
        return done.stdout

    def some_decisions(self, town):
        """Accepted, extended, stopped, cancelled by another, and refused; the alerts."""
        login = "root" if os.getuid() == 0 else f"uid:{os.getuid()}"
        stopped, cancelled = (town.send(cap(en=None))[1] for _ in range(2))
        town.until_segment(stopped["id"], "tone")
        self.assertEqual(town.cli("alert", "stop", stopped["id"], "--reason", "the water is gone").returncode, 0)
        record = town.send(cap(msg_type="Cancel", references=reference(cancelled)))[1]
        for alert in (stopped, cancelled):
            town.until_ended(alert["id"])
        self.assertEqual(town.request("POST", "/v1/alerts", b"?", {"Content-Type": "text/plain"})[0], 415)
        bad = cap(code="110000000000").encode()
        self.assertEqual(town.request("POST", "/v1/alerts", bad, CAP)[0], 422)
        until(lambda: self.decisions(town).count((login, "refused", "")) == 2, "the refusals")  # no answer waits for them
        have = self.decisions(town)
        for wanted in ((login, "accepted", stopped["id"]), (login, "stopped", stopped["id"]), (login, "cancelled", cancelled["id"]),
                       (login, "recorded", record["id"]), (login, "refused", ""), ("tocsin", "ended", stopped["id"]),
                       ("tocsin", "ended", cancelled["id"]), ("tocsin", "daemon_started", "")):
            self.assertIn(wanted, have)
        form, refused = [json.loads(e["detail"]) for e in self.trail(town)["entries"] if e["action"] == "refused"]
        self.assertEqual((form["code"], form["size"]), ("unsupported_media_type", 1))
        self.assertEqual((refused["code"], refused["sender"], refused["size"], refused["sha256"]),
                         ("area_not_ours", "county@test", len(bad), hashlib.sha256(bad).hexdigest()))
        return stopped, cancelled

    def test_anybody_can_recompute_it(self):
        town = self.start()
        stopped, cancelled = self.some_decisions(town)
        trail = self.trail(town)
        previous = trail["previous"].split(":")[1]
        self.assertEqual(trail["previous"], "0:" + "0" * 64)
        for entry in trail["entries"]:
            previous = entry_hash(previous, entry)
            self.assertEqual(entry["hash"], previous)
        self.assertEqual(trail["head"], f"{trail['entries'][-1]['seq']}:{previous}")
        self.verify(town, 0, f"unbroken; head {trail['head']}")
        self.verify(town, 0, "is in it", "--head", trail["head"])
        self.assertIn("the audit trail's head is ", town.daemon_log())
        page = town.get("/v1/audit?limit=2")[1]
        self.assertEqual([e["seq"] for e in page["entries"]], [1, 2])
        self.assertEqual(town.get(f"/v1/audit?limit=2&after={page['after']}")[1]["entries"][0]["seq"], 3)
        listed = town.cli("audit", "list", "--limit", "3")
        self.assertEqual(len(listed.stdout.splitlines()), 4)
        self.history(town, stopped, cancelled)

    def history(self, town, stopped, cancelled):
        export = town.cli("history", "export")
        lines = [json.loads(line) for line in export.stdout.splitlines()]
        self.assertEqual(export.returncode, 0, export.stderr)
        kinds = [next(iter(line)) for line in lines]
        self.assertEqual((kinds[0], kinds[-1]), ("history", "end"))
        self.assertEqual(lines[-1]["end"], {"alerts": 3, "deliveries": 4, "audit": kinds.count("audit")})
        self.assertEqual({line["alert"]["id"] for line in lines if "alert" in line} >= {stopped["id"], cancelled["id"]}, True)
        file = town.write("history.jsonl", export.stdout)
        self.verify(town, 0, "unbroken", file)
        self.verify(town, 0, "is in it", "--head", self.trail(town)["head"], file)
        town.write("history.jsonl", export.stdout.replace("the water is gone", "the water is here"))
        self.verify(town, 1, "BROKEN: entry ", file)
        town.write("history.jsonl", "\n".join(export.stdout.splitlines()[:-1]) + "\n")
        self.verify(town, 1, "the file is cut off", file)
        middle = self.trail(town)["entries"][3]
        part = town.cli("history", "export", "--since", middle["time"]).stdout
        self.assertEqual(json.loads(next(l for l in part.splitlines() if '"audit"' in l))["audit"]["seq"] <= middle["seq"], True)
        self.verify(town, 0, "are not here", town.write("part.jsonl", part))
        message = town.get(f"/v1/alerts/{stopped['id']}/message")[1].encode()
        accepted = next(json.loads(e["detail"]) for e in self.trail(town)["entries"] if e["subject"] == stopped["id"])
        self.assertEqual(hashlib.sha256(message).hexdigest(), accepted["sha256"])

    def test_more_than_a_page(self):
        town = self.start()
        for _ in range(520):
            self.assertEqual(town.send(cap(status="Test", en=None))[0], 202)
        self.verify(town, 0, "521 entries, from 1 (")
        end = json.loads(town.cli("history", "export").stdout.splitlines()[-1])["end"]
        self.assertEqual((end["alerts"], end["audit"]), (520, 521))

    def tampered(self, town, script):
        """The daemon over a database that somebody has changed meanwhile; then it is as it was."""
        town.end_daemon()
        with sqlite3.connect(town.path("state/tocsin.db")) as db:
            kept = db.execute("SELECT * FROM audit").fetchall()
            db.executescript(script)
        db.close()
        town.start_daemon()

        def mend():
            town.end_daemon()
            with sqlite3.connect(town.path("state/tocsin.db")) as again:
                again.execute("DELETE FROM audit")
                again.executemany("INSERT INTO audit VALUES(?,?,?,?,?,?,?,?)", kept)
                again.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'", (kept[-1][0],))
            again.close()
            town.start_daemon()
        return mend

    def test_tampering_is_found(self):
        town = self.start()
        self.some_decisions(town)
        head = self.trail(town)["head"]
        last = int(head.split(":")[0])
        mend = self.tampered(town, "UPDATE audit SET detail = replace(detail, 'gone', 'here') WHERE action = 'stopped'")
        self.verify(town, 1, ", stopped) was changed")
        mend()
        self.verify(town, 0, "unbroken")
        mend = self.tampered(town, "DELETE FROM audit WHERE seq = 4")
        self.verify(town, 1, "entry 4 is missing")
        mend()
        mend = self.tampered(town, """UPDATE audit SET seq = -1 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;
                                      UPDATE audit SET seq = 5 WHERE seq = -1;""")
        self.verify(town, 1, "entry 4 (")
        mend()
        mend = self.tampered(town, f"DELETE FROM audit WHERE seq >= {last}")  # clumsily
        self.verify(town, 1, "are missing")
        self.assertIn("the audit trail was cut off", town.daemon_log())
        mend()
        self.tampered(town, f"""DELETE FROM audit WHERE seq >= {last - 1};
                                UPDATE sqlite_sequence SET seq = {last - 2} WHERE name = 'audit';""")
        self.verify(town, 0, "unbroken")  # whoever knows how leaves a good chain; the head that was written down tells
        self.verify(town, 1, "the trail was cut off at its end", "--head", head)
        town.send(cap(status="Test"))
        self.verify(town, 0, "unbroken")
        self.verify(town, 1, f"entry {last} is not the one of the head that was written down", "--head", head)


if __name__ == "__main__":
    main()
