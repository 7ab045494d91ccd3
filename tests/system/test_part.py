"""A warning for most of a line's terminals and not for all: who is not meant hears the arm for all, is disarmed, and never sounds."""
import os
import sys

from township import ROOT, TownshipTest, cap, main, t8

sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))
import frames  # noqa: E402

SHORT = "repetitions = 1; tone_min_ms = 1000;"
ARM, DISARM, START, POWER_OFF = "100010", "060012", "060014", "060010"  # function and address


class Part(TownshipTest):
    def test_eleven_of_twelve(self):
        town = self.township({"north": (9600, t8(12))}, programme=SHORT)
        town.configure()
        with open(town.path("site.cfg"), encoding="utf-8") as file:
            site = file.read()
        last = site.rindex("360499103201")
        site = site[:last] + "360499103202" + site[last + 12:]
        town.write("site.cfg", site.replace('places = (', 'places = ( { code = "360499103202"; zh = "石门村"; en = "Shimen"; },'))
        town.start_village()
        town.start_daemon()
        town.lines_up()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        state = {line.split()[1]: line.split()[3] for line in town.tell_village("show")}
        self.assertEqual([u for u, s in state.items() if s != "sounding"], ["12"])
        town.until_ended(alert)
        ends = town.ends(alert)
        self.assertEqual((len(ends), set(ends.values())), (11, {"heard"}))
        town.silent()
        town.end_daemon()
        town.tell_village("quit")
        town.village.wait()
        asked = frames.load(town.path("frames.log")).line("north").requests
        written = [(f.unit, f.data.hex()[2:8]) for f in asked if f.data[1] > 4]
        self.assertEqual([w for w in written if w[1] == ARM], [(0, ARM)])
        self.assertEqual([w for w in written if w[1] == START], [(0, START)])
        self.assertEqual([w for w in written if w[0] == 12], [(12, DISARM), (12, POWER_OFF)])
        self.assertLess(written.index((12, DISARM)), written.index((0, START)))


if __name__ == "__main__":
    main()
