#!/usr/bin/env python3
"""The benchmarks: prints a table and writes BUILD/bench.json, a list of {name, value, unit, limit, ratio, peer_ratio, goal, ok}
and further figures by name. BENCH=word runs the rows whose name has it, with only what they need. Exit status 1 where a goal is
missed. What each row is stands at the top of wire_rows.py and daemon_rows.py."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "system"), os.path.join(ROOT, "tests", "tools")]
import daemon_rows  # noqa: E402
import table  # noqa: E402
import wire_rows  # noqa: E402
from township import BUILD, program  # noqa: E402


def main():
    word = os.environ.get("BENCH", "")
    os.environ["TOCSIN_DATA"] = program("share/tocsin")
    wanted = lambda name: word in name
    rows = [r for part in (daemon_rows, wire_rows) for r in part.rows(wanted)]
    rows = [r for r in rows if wanted(r["name"]) or r["limit"] is None]
    table.write(rows, os.path.join(BUILD, "bench.json"))
    table.show(rows, sys.stdout)
    if not rows:
        print(f"no row has {word!r} in its name", file=sys.stderr)
    return 0 if rows and all(r["ok"] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
