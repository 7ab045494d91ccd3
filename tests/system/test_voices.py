"""Voices that hang: nobody else waits for them, and they end with what they were to speak for."""
import glob
import os
import time

from township import TownshipTest, cap, main, program, t8, until

HERE, THERE = "360499103201", "360499103202"
# The first four of all voices hang: as many as the workers that there would be for all channels together.
HANGING = f"""#!/bin/sh
for n in 1 2 3 4; do
    if mkdir "$0.hung.$n" 2>/dev/null; then echo $$ >"$0.hung.$n/pid"; exec sleep 1000; fi
done
exec {program("tocsin-voice")} "$@"
"""


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Voices(TownshipTest):
    def hanging(self, **settings):
        town = self.township({"north": (9600, t8(1)), "south": (19200, t8(1))}, channels=["a", "b"],
                             channel_of={"north": "a", "south": "b"}, programme="repetitions = 1; tone_min_ms = 1000;",
                             **settings)
        town.configure()
        voice = town.write("hanging-voice", HANGING)
        os.chmod(voice, 0o700)
        with open(town.path("site.cfg"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace(program("tocsin-voice"), voice)
        head, tail = text.split('id = "south-1"')
        town.write("site.cfg", head + 'id = "south-1"' + tail.replace(HERE, THERE, 1))
        town.start_village()
        town.start_daemon()
        town.lines_up()
        return town

    def hung(self, town, n):
        pids = []
        for path in glob.glob(town.path("hanging-voice.hung.*/pid")):
            with open(path, encoding="utf-8") as file:
                pids += [int(word) for word in file.read().split()]
        return pids if len(pids) == n else None

    def test_another_channel_speaks_and_a_stop_ends_them(self):
        town = self.hanging()
        stuck = town.send(cap(status="Exercise"))[1]["id"]
        pids = until(lambda: self.hung(town, 4), "four voices that hang")
        began = time.monotonic()
        other = town.send(cap(code=THERE))[1]["id"]
        town.until_segment(other, "words")
        self.assertLess(time.monotonic() - began, 15)  # they would have hung for 20 s
        self.assertTrue(all(lives(pid) for pid in pids))
        town.request("POST", f"/v1/alerts/{stuck}/stop", b'{"reason": "test"}')
        until(lambda: not any(lives(pid) for pid in pids), "the end of those that hung", 10)
        town.until_ended(other)
        self.assertEqual(set(town.ends(other).values()), {"heard"})

    def test_the_daemon_ends_without_them(self):
        town = self.hanging()
        town.send(cap(status="Exercise"))
        pids = until(lambda: self.hung(town, 4), "four voices that hang")
        began = time.monotonic()
        town.end_daemon()
        self.assertLess(time.monotonic() - began, 10)
        self.assertFalse(any(lives(pid) for pid in pids))


if __name__ == "__main__":
    main()
