"""A UPS among the loudspeakers: its faults, its loss and the controller's own mains are alarms, and no alert means it."""
import json

from township import TownshipTest, cap, main, t8

SHORT = "repetitions = 1; tone_min_ms = 1000;"


class SiteDevices(TownshipTest):
    def start(self):
        town = self.township({"north": (9600, t8(2) + [(9, "generic-ups", "")])}, programme=SHORT)
        town.more["north-9"] = "supplies_controller = true;"  # beside codes like the others': no alert means it all the same
        town.poll_s = 1
        return town.start()

    def alarm(self, town, what, terminal):
        """Waits for this alarm; returns its words."""
        return town.listener.until(lambda d: d.get("what") == what and d["detail"].startswith(terminal), f"{what} of {terminal}")["detail"]

    def health(self, town):
        return town.get("/healthz")[1]

    def test_the_controllers_own_mains(self):
        town = self.start()
        self.assertEqual(self.health(town)["status"], "ok")
        town.tell_village("fault north/9 mains_lost")
        self.assertEqual(self.alarm(town, "controller_on_battery", "north-9"),
                         "north-9 (north 9): the controller's own mains is gone; it runs on its battery")
        self.assertEqual(self.alarm(town, "fault", "north-9"), "north-9 (north 9): mains == 0")
        health = self.health(town)
        self.assertEqual((health["status"], health["why"]),
                         ("degraded", "north-9: the controller's own mains is gone; it runs on its battery"))
        terminal = town.get("/v1/terminals/north-9")[1]
        self.assertEqual((terminal["state"], terminal["when"]["mains_lost_when"]), ("degraded", "true"))
        town.tell_village("fault north/9 none")
        self.alarm(town, "controller_on_mains", "north-9")
        self.assertEqual(self.alarm(town, "fault_over", "north-9"), "north-9 (north 9): mains == 1")
        self.assertEqual(self.health(town)["status"], "ok")
        log = town.daemon_log()
        self.assertIn("ALARM: controller_on_battery: north-9", log)
        self.assertIn("tocsind: controller_on_mains: north-9", log)  # good news is none

    def test_faults_and_loss(self):
        town = self.start()
        for fault, words in (("battery_low", "battery 21.3 V, charge 9 %"), ("door", "door == 1"), ("fault", "charger_fault == 1")):
            town.tell_village(f"fault north/9 {fault}")
            town.listener.until(lambda d: d.get("what") == "fault" and d["detail"] == f"north-9 (north 9): {words}", words)
        town.tell_village("fault north/9 dead")
        self.assertIn("does not answer", self.alarm(town, "device_lost", "north-9"))
        self.assertIn("which supplies the controller, is lost", self.health(town)["why"])
        town.tell_village("fault north/9 none")
        self.alarm(town, "device_back", "north-9")
        self.assertEqual(self.health(town)["status"], "ok")
        town.tell_village("fault north/1 door")  # a loudspeaker's faults are told likewise
        self.assertEqual(self.alarm(town, "fault", "north-1"), "north-1 (north 1): door == 1")
        town.tell_village("fault north/1 none")
        self.assertEqual(self.alarm(town, "fault_over", "north-1"), "north-1 (north 1): door == 0")

    def test_no_alert_means_it(self):
        town = self.start()
        alert = town.send(cap())[1]
        self.assertEqual(alert["terminals"], 2)
        town.until_ended(alert["id"])
        self.assertEqual(town.ends(alert["id"]), {"north-1": "heard", "north-2": "heard"})
        report = json.loads(town.cli("report", alert["id"], "--json").stdout)
        self.assertNotIn("north-9", json.dumps(report))
        with open(town.path("frames.log"), encoding="utf-8") as file:
            frames = [line.split() for line in file if not line.startswith("#")]
        functions = {words[5][2:4] for words in frames if words[3:5] == [">", "9"]}
        self.assertEqual(functions, {"02", "04"})  # it is only read


if __name__ == "__main__":
    main()
