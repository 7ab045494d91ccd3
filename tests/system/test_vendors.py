"""The profiles beside the first two, each on a line of the village's own model of it: armed, started, proved, stopped by the real
daemon, and failing in the ways that real ones do."""
from township import TownshipTest, cap, main, until

SHORT = "repetitions = 1; tone_min_ms = 1000;"
MESSAGES = ('{ hazard = "reservoir_release"; level = "red"; language = "zh"; slot = 12; tone = 1; },'
            '{ hazard = "reservoir_release"; level = "red"; language = "zh"; slot = 13; tone = 7; exercise = true; }')


def units(vendor, *faults):
    return [(u, vendor, fault) for u, fault in enumerate(faults, 1)]


class Vendors(TownshipTest):
    def stored(self, lines):
        """A township whose terminals play messages of their own."""
        town = self.township(lines, programme=SHORT)
        town.stored = {"main": MESSAGES}
        return town

    def informers(self, *faults):
        """They are on the network themselves and speak Modbus TCP."""
        town = self.stored({"hall": (0, units("informer15", *faults))})
        town.wires["hall"] = 'kind = "tcp";'
        town.reached["hall"] = 'kind = "tcp"; host = "127.0.0.1"; port = PORT;'
        return town.start()

    def state_of(self, town, unit):
        """As the village itself knows: state, loudness of what comes out."""
        line = next(line.split() for line in town.tell_village("show") if line.startswith(unit.replace("-", " ") + " "))
        return line[3], float(line[6])

    def broadcast(self, town, **more):
        return town.send(cap(zh="龙塘水库放水，河边的人马上上岸，不要停留，不要回头。", en=None, **more))[1]["id"]

    def ends(self, town, alert):
        town.until_ended(alert)
        town.silent()
        return town.ends(alert)

    # ---- Informer15 ----

    def test_informer_plays_a_message(self):
        town = self.informers("", "mute", "slow:150")
        self.assertEqual(town.get("/v1/lines/hall")[1]["method"].split(":")[0], "connected to 127.0.0.1")
        alert = self.broadcast(town)
        until(lambda: self.state_of(town, "hall-1") == ("sounding", -20.0), "-16 dBFS less 4 dB: 80 per cent")
        until(lambda: all(d["rung"] == "sounding" for d in town.deliveries(alert).values()) and town.deliveries(alert), "sounding")
        self.assertLess(self.state_of(town, "hall-2")[1], -100)  # it has no level: that it is mute cannot be seen, and is not claimed
        values = town.get("/v1/terminals/hall-1")[1]["values"]
        self.assertEqual((values["message"], values["tone"], values["attenuation"]), (12, 0, 4))
        self.assertEqual(set(self.ends(town, alert).values()), {"sounded(no_level)"})
        self.assertEqual(town.get("/v1/terminals/hall-1")[1]["when"]["armed_when"], "false")
        self.assertEqual({row["highest"] for row in town.deliveries(alert).values()}, {"sounding"})

    def test_informer_faults(self):
        faults = {"refuses_arm": "failed(not_armed)", "refuses_start": "failed(not_sounding)", "fault": "failed(not_sounding)",
                  "local": "failed(not_sounding)", "dead": "failed(no_reply)", "wont_stop": "failed(not_stopped)",
                  "exception:4": "failed(exception(server_device_failure))", "": "sounded(no_level)"}
        town = self.informers(*faults)
        alert = self.broadcast(town)
        town.until_ended(alert)
        self.assertEqual(list(town.ends(alert).values()), list(faults.values()), town.ends(alert))
        self.assertIn("hall-4 (hall 4) sounds, and nobody asked it to", [data.get("detail") for data in town.events()])

    def test_informer_starts_anew(self):
        """It has forgotten that it was armed: the start arms it again."""
        town = self.informers("reboot:9000", "")
        alert = self.broadcast(town)
        until(lambda: self.state_of(town, "hall-1")[0] == "disarmed" and town.deliveries(alert).get("hall-1", {}).get("rung") == "sounding",
              "the reboot while it sounded")
        town.tell_village("fault hall/1 none")
        until(lambda: self.state_of(town, "hall-1")[0] == "sounding", "the second start")
        town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "seen"}')
        self.ends(town, alert)

    # ---- Cuiwei S2 ----

    def test_cuiwei_plays_a_message(self):
        town = self.stored({"hall": (9600, units("cuiwei-s2", "", "", "mute", "crc:10", "reboot:1000"))}).start()
        alert = self.broadcast(town)
        town.listener.until(lambda d: d.get("alert") == alert and d.get("reason") == "rebooted", "the reboot")
        town.tell_village("fault hall/5 none")
        until(lambda: all(d["rung"] == "sounding" for d in town.deliveries(alert).values()) and town.deliveries(alert), "sounding")
        values = town.get("/v1/terminals/hall-1")[1]["values"]
        self.assertEqual((values["state"], values["playing"], values["volume"]), (0x87, 12, 50))
        self.assertEqual((round(values["longitude"], 4), round(values["latitude"], 4)), (115.8013, 29.6021))
        self.assertEqual(set(self.ends(town, alert).values()), {"sounded(no_level)"})
        drill = self.broadcast(town, status="Exercise")
        until(lambda: town.get("/v1/terminals/hall-1")[1]["values"]["playing"] == 13, "the drill's own message")
        town.request("POST", f"/v1/alerts/{drill}/stop", b'{"reason": "seen"}')
        self.ends(town, drill)

    def test_cuiwei_faults(self):
        faults = {"refuses_arm": "failed(not_armed)", "refuses_start": "failed(not_sounding)", "local": "failed(busy_other)",
                  "dead": "failed(no_reply)", "wont_stop": "failed(not_stopped)", "": "sounded(no_level)"}
        town = self.stored({"hall": (9600, units("cuiwei-s2", *faults))}).start()
        alert = self.broadcast(town)
        town.until_ended(alert)
        self.assertEqual(list(town.ends(alert).values()), list(faults.values()), town.ends(alert))
        self.assertEqual(self.state_of(town, "hall-3")[0], "local")  # what somebody plays there goes on

    # ---- Luming L6 ----

    def test_luming_is_heard(self):
        town = self.township({"hall": (9600, units("luming-l6", "", "flaky:5", "slow:150", "settle:900"))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        until(lambda: self.state_of(town, "hall-1")[0] == "sounding", "sounding")
        self.assertEqual(set(self.ends(town, alert).values()), {"heard"}, town.ends(alert))
        values = town.get("/v1/terminals/hall-1")[1]["values"]
        self.assertEqual((values["mains"], round(values["supply_24"], 3)), (224, 24.6))
        self.assertEqual((round(values["longitude"], 4), round(values["latitude"], 4)), (115.8013, 29.6021))
        self.assertEqual(self.state_of(town, "hall-1")[0], "standby")

    def test_luming_faults(self):
        faults = {"": "heard", "mute": "failed(silent)", "refuses_arm": "failed(not_armed)", "refuses_start": "failed(not_sounding)",
                  "local": "failed(busy_other)", "dead": "failed(no_reply)", "wont_stop": "failed(not_stopped)", "door": "heard"}
        town = self.township({"hall": (19200, units("luming-l6", *faults))}, programme=SHORT).start()
        alert = town.send(cap())[1]["id"]
        town.until_ended(alert)
        self.assertEqual(list(town.ends(alert).values()), list(faults.values()), town.ends(alert))
        self.assertEqual(self.state_of(town, "hall-5")[0], "local")

    def test_luming_starts_anew_and_is_interrupted(self):
        town = self.township({"hall": (9600, units("luming-l6", "reboot:1500", "", ""))},
                             programme="repetitions = 2; tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.listener.until(lambda d: d.get("alert") == alert and d.get("reason") == "rebooted", "the reboot")
        town.tell_village("fault hall/1 none")
        town.until_segment(alert, "words")
        town.tell_village("fault hall/2 local")
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"hall-1": "heard", "hall-2": "failed(busy_other)", "hall-3": "heard"})
        self.assertEqual(self.state_of(town, "hall-2")[0], "local")


if __name__ == "__main__":
    main()
