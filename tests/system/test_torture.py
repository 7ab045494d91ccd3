"""A sample of `make torture`: some fault points, some random instants, and its controls."""
import os
import sys
import unittest

from township import ROOT, VALGRIND, main

sys.path.insert(0, os.path.join(ROOT, "tests", "torture"))
import torture  # noqa: E402

POINTS, KILLS, JOBS = 8, 2 * torture.DEATHS, 5


class Torture(unittest.TestCase):
    @unittest.skipIf(VALGRIND, "its daemon is another build, and must be punctual")
    def test_a_sample(self):
        seed = os.environ.get("SEED", "check")
        names = torture.prepare("some", seed, JOBS)
        self.assertIsNotNone(names, "the torture itself is not well")
        torture.random.Random(seed).shuffle(names)
        self.assertTrue(torture.torture(torture.random_runs(KILLS) + names[:POINTS], seed, JOBS))


if __name__ == "__main__":
    main()
