"""Deliveries that do not go straight: who joins late, stops by itself, starts anew or is in use by another source is armed and started
within the broadcast, and its delivery tells what was so. And sound that nobody asked for."""
import os
import re

from township import TownshipTest, c4, cap, main, program, t8, until

LONG = "repetitions = 3; tone_min_ms = 1000;"
SHORT = "repetitions = 1; tone_min_ms = 1000;"


def crc(frame):
    """Modbus over Serial Line V1.02, 6.2.2."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return frame + register.to_bytes(2, "little")


class Delivery(TownshipTest):
    def check_recovered(self, town, alert, troubles):
        """All were heard, and those named tell what had been wrong."""
        self.assertEqual(town.until_ended(alert)["state"], "finished")
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.deliveries(alert))
        for terminal, delivery in town.deliveries(alert).items():
            wanted, seen = set(troubles.get(terminal, [])), set(delivery.get("troubles", {}))
            self.assertLessEqual(wanted, seen, delivery)
            self.assertLessEqual(seen - wanted, {"no_reply"}, delivery)  # on a busy machine answers are late and get lost
        town.silent()

    def test_late_joiners(self):
        town = self.township({"north": (9600, t8(3, {2: "dead"})), "south": (19200, c4(2, {2: "dead"}))}, programme=LONG).start()
        alert = town.send(cap(en=None))[1]["id"]
        town.until_segment(alert, "words")
        for unit in ("north/2", "south/2"):
            town.tell_village(f"fault {unit} none")
        self.check_recovered(town, alert, {"north-2": ["no_reply"], "south-2": ["no_reply"]})
        rows = town.deliveries(alert)
        for late, prompt in (("north-2", "north-1"), ("south-2", "south-1")):
            self.assertGreater(rows[late]["times"]["heard"], rows[prompt]["times"]["heard"])
            self.assertGreater(rows[late]["times"]["read"], rows[late]["times"]["heard"])

    def test_one_that_stops_by_itself_is_started_again(self):
        town = self.township({"north": (9600, t8(2, {2: "stops:3000"})), "south": (19200, c4(2, {2: "stops:3000"}))},
                             programme=LONG).start()
        alert = town.send(cap(en=None))[1]["id"]
        for unit in ("north-2", "south-2"):
            town.listener.until(lambda d: (d.get("alert"), d.get("terminal"), d.get("reason")) == (alert, unit, "stopped_early"),
                                f"{unit} stopped")
            town.tell_village(f"fault {unit.replace('-', '/')} none")
        self.check_recovered(town, alert, {"north-2": ["stopped_early"], "south-2": ["stopped_early"]})

    def test_one_that_starts_anew_is_armed_again(self):
        town = self.township({"north": (9600, t8(2, {2: "reboot:3000"})), "south": (19200, c4(2, {2: "reboot:3000"}))},
                             programme=LONG).start()
        alert = town.send(cap(en=None))[1]["id"]
        for unit in ("north-2", "south-2"):
            town.listener.until(lambda d: (d.get("alert"), d.get("terminal"), d.get("reason")) == (alert, unit, "rebooted"),
                                f"{unit} started anew")
            town.tell_village(f"fault {unit.replace('-', '/')} none")
        town.until_ended(alert)
        self.assertEqual(set(town.ends(alert).values()), {"heard"}, town.deliveries(alert))
        for unit in ("north-2", "south-2"):
            self.assertIn("rebooted", town.deliveries(alert)[unit]["troubles"])

    def test_who_was_busy_is_started_when_that_has_ended(self):
        town = self.township({"north": (9600, t8(3, {2: "local"})), "south": (19200, c4(3, {2: "local"}))}, programme=LONG).start()
        alert = town.send(cap(en=None))[1]["id"]
        town.until_segment(alert, "words")
        for unit in ("north/3", "south/3"):  # it has begun already
            town.tell_village(f"fault {unit} local")
        for unit in ("north-2", "south-2", "north-3", "south-3"):
            town.listener.until(lambda d: (d.get("alert"), d.get("terminal"), d.get("reason")) == (alert, unit, "busy_other"),
                                f"{unit} in use")
            self.assertIn(f"{unit.replace('-', ' ')} linghu-t8 sounding" if unit[0] == "n" else f"{unit.replace('-', ' ')} beishan-c4",
                          "\n".join(town.tell_village("show")))
        for unit in ("north/2", "south/2", "north/3", "south/3"):
            town.tell_village(f"fault {unit} none")
        self.check_recovered(town, alert, {unit: ["busy_other"] for unit in ("north-2", "south-2", "north-3", "south-3")})

    def test_who_was_busy_to_the_end_is_tried_again_when_the_programme_returns(self):
        town = self.township({"north": (9600, t8(2, {2: "local"}))}, programme=SHORT)
        town.returns = True
        with open(program("share/tocsin/hazards.cfg"), encoding="utf-8") as file:
            town.write("hazards.cfg", re.sub(r"return_s = \d+; return_before_min = [^;]*;", "return_s = 5;", file.read()))
        town.start()
        alert = town.send(cap(en=None))[1]["id"]
        until(lambda: town.alert(alert)["state"] == "returning", "the end of the first programme")
        self.assertEqual(town.ends(alert), {"north-1": "heard", "north-2": "failed(busy_other)"})
        town.tell_village("fault north/2 none")
        until(lambda: town.alert(alert)["programmes"] == 2, "the end of the second programme")
        self.assertEqual(set(town.ends(alert).values()), {"heard"})
        town.cli("alert", "stop", alert, "--reason", "test")


class Coverage(TownshipTest):
    def test_in_terminals_and_people(self):
        town = self.township({"north": (9600, t8(4, {2: "dead", 3: "mute"}))}, programme=LONG)
        town.population = 1001
        town.more["north-4"] = "maintenance = true;"
        town.start()
        until(lambda: [t["state"] for t in town.get("/v1/terminals")[1]["terminals"]] == ["good", "dead", "good", "good"], "all read")
        status, sent = town.send(cap(en=None))
        alert = sent["id"]
        self.assertEqual((status, sent["expected"]), (202, {
            "terminals": 4, "good": 2, "degraded": 0, "dead": 1, "unknown": 0, "maintenance": 1, "people": 1001,
            "people_reachable": 501, "population_unknown": 0}))
        town.until_segment(alert, "words")
        first = town.alert(alert)["coverage"]
        self.assertEqual((first["terminals"]["meant"], first["people"]["meant"]), (4, 1001))
        self.assertGreaterEqual(first["terminals"]["pending"], 2)
        until(lambda: town.alert(alert)["coverage"]["read"]["total"] > first["read"]["total"], "a newer reading")
        town.until_ended(alert)
        ended = town.alert(alert)
        self.check(ended["coverage"])
        shown = town.cli("report", alert).stdout
        self.assertIn("4 meant; when it came 2 good, 1 dead, 1 maintenance; 1,001 people", shown)
        self.assertIn("heard: 1 of 4 terminals, 251 of 1,001 people; sounding: 2 of 4 terminals, 501 of 1,001 people", shown)
        self.assertIn("failed 2, pending 0; last read at ", shown)
        self.assertIn("heard: 1 of 4 terminals", town.cli("alert", "watch", alert).stdout)
        town.kill_daemon()
        town.population = 5  # what was meant stands with what was done
        town.configure_site()
        town.start_daemon()
        self.assertEqual(town.alert(alert)["coverage"], ended["coverage"])
        self.assertEqual(town.alert(alert)["expected"], sent["expected"])

    def check(self, coverage):
        terminals, people = coverage["terminals"], coverage["people"]
        self.assertEqual([terminals[k] for k in ("meant", "sent", "sounding", "heard", "failed", "pending", "excluded")],
                         [4, 3, 2, 1, 2, 0, 1])
        self.assertEqual([people[k] for k in ("meant", "sent", "sounding", "heard", "failed", "pending", "excluded")],
                         [1001, 751, 501, 251, 500, 0, 250])


class Unasked(TownshipTest):
    def alarms(self, town):
        return [d["detail"] for d in town.events() if d.get("what") == "unasked"]

    def test_another_source_is_told_each_time_and_left_alone(self):
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))})
        town.poll_s = 1
        town.line_settings = {line: 'adapter = "pty"; unasked = "stop";' for line in ("north", "south")}  # ours alone
        town.start()
        for n in (1, 2):
            for unit in ("north/2", "south/1"):
                town.tell_village(f"fault {unit} local")
            until(lambda: len(self.alarms(town)) == 2 * n, "two alarms")
            self.assertIn("north 2 linghu-t8 sounding", "\n".join(town.tell_village("show")))
            for unit in ("north/2", "south/1"):
                town.tell_village(f"fault {unit} none")
            for terminal, field in (("north-2", "source"), ("south-1", "microphone")):
                until(lambda: town.get(f"/v1/terminals/{terminal}?now=true")[1]["values"][field] == 0, "nobody speaks")
        for detail in self.alarms(town):
            self.assertIn("another source plays there; it is left alone", detail)
        with open(town.path("frames.log"), encoding="ascii") as log:  # functions that write: 5, 6, 15, 16
            self.assertEqual([line for line in log if re.search(r" > \d+ ..(05|06|0f|10)", line)], [])

    def test_what_is_ours_is_reported_and_stopped_only_where_that_is_set(self):
        for setting, stopped in (("report", False), ("stop", True)):
            with self.subTest(setting):
                town = self.township({"north": (9600, t8(2))}, programme=SHORT)
                town.poll_s = 1
                town.line_settings = {"north": f'adapter = "pty"; unasked = "{setting}";'}
                town.strangers.add("north")
                town.start()
                alert = town.send(cap(en=None))[1]["id"]
                town.until_ended(alert)
                token = town.deliveries(alert)["north-2"]["token"].to_bytes(2, "big")
                self.play(town, token)
                until(lambda: self.alarms(town), "the alarm")
                self.assertEqual(self.alarms(town), ["north-2 (north 2) sounds, and nobody asked it to"])
                if stopped:
                    town.silent()
                else:
                    town.get("/v1/terminals/north-2?now=true")
                    self.assertEqual(town.sounding(), 1)

    def play(self, town, token):
        """Somebody else on the line arms and starts a terminal, with our token; until one got through."""
        port = os.open(town.path("north"), os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, port)

        def sounds():
            os.write(port, crc(bytes([2, 16, 0, 16, 0, 5, 10, 0, 1, 0, 1]) + token + bytes([0, 60]) + token))
            return town.sounding() == 1 or self.alarms(town)
        until(sounds, "sound")


if __name__ == "__main__":
    main()
