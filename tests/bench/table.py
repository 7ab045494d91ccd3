"""The rows of a benchmark: what is in them, how they are printed, where they are written."""
import json
import os

COLUMNS = ("name", "value", "unit", "limit", "ratio", "peer_ratio", "goal", "ok")


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def row(name, value, unit, limit, base=None, peer=None, goal=None, **more):
    """base: what the ratios are to, the limit where nothing else is said; peer: the same measure of the peer. A row without a
    limit only tells something. more: further figures, by name."""
    base = base or limit
    ratio = lambda v: round(v / base, 3) if v is not None and base else None
    return {"name": name, "value": round(value, 3), "unit": unit, "limit": None if limit is None else round(limit, 3),
            "ratio": ratio(value), "peer_ratio": ratio(peer), "goal": goal or (f"<= {limit:g} {unit}" if limit else "-"),
            "ok": limit is None or value <= limit, **more}


def show(rows, file):
    print(f"{'name':32} {'value':>10} {'unit':5} {'limit':>10} {'ratio':>7} {'peer':>7}  goal", file=file)
    text = lambda v, form: "-" if v is None else format(v, form)
    for r in rows:
        more = ", ".join(f"{k} {v}" for k, v in r.items() if k not in COLUMNS)
        verdict = "" if r["limit"] is None else "  ok" if r["ok"] else "  MISSED"
        print(f"{r['name']:32} {text(r['value'], '10.3f')} {r['unit']:5} {text(r['limit'], '10.3f'):>10} "
              f"{text(r['ratio'], '7.3f'):>7} {text(r['peer_ratio'], '7.3f'):>7}  {r['goal']}{verdict}{f'  ({more})' if more else ''}",
              file=file, flush=True)


def write(rows, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        json.dump(rows, file, indent=1)
