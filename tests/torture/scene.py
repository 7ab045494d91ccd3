"""One scripted run of the real daemon, killed as its plan says, and what must be so whatever the plan was.

The script has an alert that another one pre-empts, an Update, a Cancel, a stop, one that expires in the queue, and one in force
that returns. Whoever sends asks again until he is answered, with the same bytes, as a county centre does. What he was answered
is a promise; promises are held against the store after each kill, and in the end against all three records: the store, the
village's frames, and what the card really played."""
import contextlib
import json
import os
import re
import select
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from http.client import HTTPException

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
from township import EVENT, Township, Listener, c4, cap, frames, program, reference, t8, until  # noqa: E402
import power_cut  # noqa: E402
from ear import Ear  # noqa: E402

UPPER, LOWER = "360499103201", "360499103202"
ENDS = ("finished", "stopped", "cleared", "cancelled", "expired", "superseded", "refused")
REPETITIONS = 2
RETURN_S = 2
WORDS_S = 0.6        # of notes.c, less what the blocks of the ear may miss
SILENT_S = 0.5       # 150 ms of fade, 60 ms in the card, and the ear's blocks
AGAIN_S = 2.0        # design.md, 8: sounding again after start + W of the arming
PATIENCE = 90.0


class Promise:
    """An alert as its sender knows it, by what he was answered."""

    def __init__(self, name, note, message):
        self.name, self.note, self.message = name, note, message
        self.id = self.answer = None
        self.accepted_at = self.silent_at = None  # monotonic seconds of the answer
        self.expires_at = None                    # of the wall


def is_busy():
    """Others have more to do on this machine than it can: how long something takes says nothing of the daemon then."""
    return os.getloadavg()[0] > 2 * os.cpu_count()


class Life:
    def __init__(self, number, death):
        self.number, self.death = number, death
        self.began, self.died = time.monotonic(), None
        self.busy = is_busy()
        self.known = {}  # the alerts in the store as this life found it


class Broken(Exception):
    """The run cannot go on."""


class Scene:
    def __init__(self, plan, chance, control=None):
        """plan: of each life its death: ("point", kind, n), ("after", seconds), ("heard", note, times) or None; those beyond it live.
        cut: deaths are power cuts. parts: of the script, "order" and "force". counts: a file for the number of fault points. control: a fault that must be found, "no_sync", "repeats" or "wakes"."""
        self.plan, self.cut, self.chance, self.control = plan["deaths"], plan["cut"], chance, control
        self.counts, self.parts = plan.get("counts"), plan["parts"]
        self.faults, self.lives, self.promises, self.unsynced = [], [], {}, 0
        self.not_judged = 0  # lives that sounded again too late, on a machine that was too busy
        self.again = []  # of each death after which it sounded again: seconds from start to sound, less those on the wire
        self.left = {}  # the alerts in the store as the last life left it
        self.writes = set()  # which of the daemon's frames write, and those beside them
        self.over = threading.Event()
        self.town = Township({"north": (4800, t8(3)), "south": (9600, c4(2))}, programme=f"""repetitions = {REPETITIONS};
            tone_min_ms = 1000; silence_ms = 500; hold_open_s = 0;""")
        self.town.voice = "torture/notes"
        self.town.returns = True
        self.town.codes = {"north-3": LOWER, "south-2": LOWER}
        self.ear = Ear(self.town.path("main.wav"), [1500, 1700, 1900, 2100, 2300, 2500])

    def fault(self, text):
        self.faults.append(text)

    # ---- the daemon's lives ----

    def keep(self):
        """Runs the daemon until the script is over, one life after the other."""
        try:
            while not self.over.is_set():
                self.live()
        except Exception as error:  # pylint: disable=broad-except
            self.fault(f"the keeper failed: {error!r}")
            self.over.set()

    def live(self):
        number = len(self.lives)
        death = self.plan[number] if number < len(self.plan) else None
        more = {}
        if death and death[0] == "point":
            more["TOCSIN_FAULT"] = f"{death[1]}:{death[2]}"
        elif self.counts and number == 0:
            more["TOCSIN_FAULT"] = f"count:{self.counts}"
        if self.cut:
            more["TOCSIN_POWER"] = self.town.path("state")
        if self.control == "no_sync":
            more["TOCSIN_POWER_NO_SYNC"] = "1"
        life = Life(number, death)
        life.known = self.left
        self.lives.append(life)
        self.town.spawn_daemon("torture/tocsind", **more)
        if death and death[0] == "after" and not self.ends(lambda: time.monotonic() >= life.began + death[1]):
            self.town.daemon.kill()
        if death and death[0] == "heard" and not self.ends(lambda: len(self.words(death[1])) >= death[2]):
            self.town.daemon.kill()
        self.ends(lambda: False)
        life.died = time.monotonic()
        life.busy = life.busy or is_busy()
        status = self.town.daemon.returncode
        if self.over.is_set():
            young = status == -15 and life.died - life.began < 2  # it was not ready to end well yet
            if status != 0 and not young and not (death and status == -9):
                self.fault(f"life {number} ended with {status}")
            return
        if not death or status != -9:
            raise Broken(f"life {number} ended by itself with {status}: {self.town.daemon_log()[-1500:]}")
        self.after_death(life)

    def ends(self, enough):
        """Waits for the daemon's end, or until it is enough; true if it has ended."""
        while self.town.daemon.poll() is None and not enough():
            select.select([], [], [], 0.01)
        return self.town.daemon.poll() is not None

    def after_death(self, life):
        self.ear.edge()
        before = self.look(f"after life {life.number}")
        if self.cut:
            self.unsynced += power_cut.cut(self.town.path("state"), "tocsin.db", self.chance)
        after = self.look(f"after the power cut of life {life.number}") if self.cut else before
        self.left = after
        self.hold_promises(after, life.died, f"after the death of life {life.number} ({describe(life.death)})")
        self.hold_sound(before, life)
        self.hold_ends(after, f"after the death of life {life.number} ({describe(life.death)})")
        if self.control in ("repeats", "wakes"):
            self.meddle()

    def meddle(self):
        """What a controller that forgets would leave: the controls of the checks."""
        with contextlib.closing(sqlite3.connect(self.town.path("state/tocsin.db"))) as disk:
            if self.control == "repeats":
                disk.execute("UPDATE alert SET detail = json_set(detail, '$.repetitions.by_channel.main', 0) WHERE state = 'sounding'")
            else:
                disk.execute("UPDATE alert SET state = 'sounding' WHERE state IN ('cancelled', 'superseded')")
            disk.commit()

    # ---- the store ----

    def look(self, when):
        """The alerts in the store, from a copy: {id: row}."""
        with tempfile.TemporaryDirectory(dir=self.town.dir) as folder:
            for file in ("tocsin.db", "tocsin.db-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(self.town.path(f"state/{file}"), folder)
            path = os.path.join(folder, "tocsin.db")
            if not os.path.exists(path):
                return {}
            with contextlib.closing(sqlite3.connect(path)) as copy:
                copy.row_factory = sqlite3.Row
                try:
                    whole = copy.execute("PRAGMA integrity_check").fetchone()[0]
                    if whole != "ok":
                        self.fault(f"{when}: the store is damaged: {whole}")
                    if not copy.execute("PRAGMA user_version").fetchone()[0]:
                        return {}
                    return {row["id"]: self.row(row) for row in copy.execute("SELECT * FROM alert")}
                except sqlite3.DatabaseError as error:
                    self.fault(f"{when}: the store cannot be read: {error}")
                    return {}

    @staticmethod
    def row(row):
        detail = json.loads(row["detail"])
        return {"state": row["state"], "reason": row["reason"] or "", "bytes": row["bytes"], "programmes": detail.get("programmes", 0),
                "ended": detail.get("repetitions", {}).get("by_channel", {}).get("main", 0)}

    def hold_promises(self, known, until_then, when):
        """What was answered is there."""
        for promise in list(self.promises.values()):
            if not promise.accepted_at or promise.accepted_at > until_then:
                continue
            row = known.get(promise.id)
            if not row:
                self.fault(f"{when}: {promise.name} was accepted and is lost")
            elif row["state"] == "refused" or row["bytes"] != promise.message.encode():
                self.fault(f"{when}: {promise.name} was accepted and is {row['state']}, {len(row['bytes'])} bytes")
            elif promise.silent_at and promise.silent_at <= until_then and row["state"] not in ENDS:
                self.fault(f"{when}: {promise.name} was answered as ended and is {row['state']}")

    def hold_sound(self, known, life):
        """No repetition is said to be over that was not heard."""
        for promise in list(self.promises.values()):
            row = known.get(promise.id)
            if not row or promise.name == "returns":
                continue
            whole = [h for h in self.words(promise.note) if h[3] >= WORDS_S]
            if row["ended"] > len(whole):
                self.fault(f"life {life.number}: {promise.name} has {row['ended']} repetitions on disk and {len(whole)} were heard")

    def hold_ends(self, known, when):
        """What an Update or Cancel ended is over only if that message itself is there: else nobody would be warned any more."""
        for row in known.values():
            by = re.match(r"(?:superseded|cancelled|cleared) by ([0-9A-Za-z-]+)", row["reason"])
            if by and by[1] not in known:
                self.fault(f"{when}: an alert is {row['reason']}, which is not there")

    def words(self, note):
        return [list(h) for h in self.ear.heard if h[0] == note]

    # ---- the sender ----

    def ask(self, method, path, body=None, headers=None):
        """Asks until there is an answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.over.is_set():
            try:
                return self.town.request(method, path, body, headers)
            except (OSError, HTTPException, ValueError):
                select.select([], [], [], 0.02)
        raise Broken(f"no answer to {method} {path}")

    def send(self, name, note, event="山洪", area=LOWER, **settings):
        message = cap(zh=f"{note}", en=None, code=area, **settings).replace(EVENT, event)
        promise = Promise(name, note, message)
        if "expires" in settings:
            promise.expires_at = time.time() + settings["expires"]
        self.promises[name] = promise
        status, end = None, time.monotonic() + PATIENCE
        while status not in (200, 202, 422) or not (status == 422 or promise.answer["durable"]):
            if time.monotonic() > end:
                raise Broken(f"{name} does not get to the disk")
            status, promise.answer = self.ask("POST", "/v1/alerts", message.encode(), {"Content-Type": "application/cap+xml"})
            if status not in (200, 202, 422, 507):
                raise Broken(f"{name} was answered {status}: {promise.answer}")
        if status == 422:
            if promise.answer.get("code") != "expired":
                raise Broken(f"{name} was refused: {promise.answer}")
            del self.promises[name]
            return promise
        promise.id = promise.answer["id"]
        promise.accepted_at = time.monotonic()
        return promise

    def silenced(self, promise):
        promise.silent_at = promise.silent_at or time.monotonic()

    def stop(self, promise):
        status, answer = self.ask("POST", f"/v1/alerts/{promise.id}/stop", b'{"reason": "torture"}')
        if status not in (200, 409):
            raise Broken(f"the stop of {promise.name} was answered {status}: {answer}")
        if status == 409 or answer.get("durable"):
            self.silenced(promise)

    def state(self, promise):
        status, alert = self.ask("GET", f"/v1/alerts/{promise.id}")
        if status != 200:
            raise Broken(f"{promise.name} is not known any more: {alert}")
        return alert

    def ended_on_disk(self, promise):
        """An end that came by itself is shown before it is stored; nobody was promised it before."""
        with contextlib.closing(sqlite3.connect(f"file:{self.town.path('state/tocsin.db')}?mode=ro", uri=True)) as disk:
            try:
                row = disk.execute("SELECT state FROM alert WHERE id = ?", (promise.id,)).fetchone()
            except sqlite3.OperationalError:
                return False  # it is just opened anew
            return row and row[0] in ENDS

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.over.is_set() or time.monotonic() > end:
                raise Broken(f"did not come: {what}; {self.town.daemon_log()[-1500:]}")
            select.select([], [], [], 0.05)

    def until_said(self, promise):
        """Its words can be heard, or it is over."""
        since = len(self.ear.heard)
        self.until(lambda: any(h[0] == promise.note for h in self.ear.heard[since:]) or self.state(promise)["state"] in ENDS,
                   f"words of {promise.name}")

    def script(self):
        if "order" in self.parts:
            self.script_order()
        if "force" in self.parts:
            self.script_force()
        self.until(self.all_ended, "the end of all")
        self.until(lambda: self.town.sounding() == 0, "silence in the village")

    def script_order(self):
        """One alert goes before another, takes its place, cancels it; one is stopped, one expires."""
        first = self.send("first", 1500, area=UPPER, severity="Moderate")
        self.until_said(first)
        higher = self.send("higher", 1700)
        drill = self.send("drill", 1900, status="Exercise")
        self.until_said(higher)
        update = self.send("update", 2100, msg_type="Update", references=reference(higher.answer))
        self.silenced(higher)
        self.until_said(update)
        self.send("cancel", 0, msg_type="Cancel", references=reference(update.answer))
        self.silenced(update)
        self.stop(drill)
        self.send("expires", 2300, severity="Minor", expires=2)
        self.until(lambda: self.state(first)["state"] in ENDS and self.ended_on_disk(first), "the end of first")
        self.silenced(first)

    def script_force(self):
        """One in force returns until it is stopped."""
        returns = self.send("returns", 2500, event=EVENT)
        self.until(lambda: self.state(returns).get("programmes", 0) >= 1, "the first programme of returns")
        self.until_said(returns)
        self.stop(returns)

    def all_ended(self):
        for promise in self.promises.values():
            if self.state(promise)["state"] not in ENDS:
                return False
            rows = self.ask("GET", f"/v1/alerts/{promise.id}/deliveries")[1]["deliveries"]
            if not all(row["final"] and row["end"] for row in rows):
                return False
        return True

    # ---- the run ----

    def prepare(self):
        with open(program("share/tocsin/hazards.cfg"), encoding="utf-8") as file:
            shipped = re.sub(r"return_s = \d+;", "return_s = 0;", file.read())
        one = r'(id = "reservoir_release";.*?)return_s = 0; return_before_min = [^;]*;'
        self.town.write("hazards.cfg", re.sub(one, rf"\1return_s = {RETURN_S};", shipped, count=1, flags=re.S))
        self.town.configure()
        with open(self.town.path("site.cfg"), encoding="utf-8") as file:
            site = file.read()
        self.town.write("site.cfg", site.replace("places = (", f'places = ( {{ code = "{LOWER}"; zh = "石桥村"; en = "Shiqiao"; }},'))
        self.town.start_village()

    def run(self, keep_in=None):
        """Returns the faults that were found; keep_in: a folder for the records of a run that has any."""
        keeper = threading.Thread(target=self.keep, daemon=True)
        try:
            self.prepare()
            self.ear.start()
            keeper.start()
            self.until(lambda: os.path.exists(self.town.path("tocsin.sock")), "the socket")
            self.town.listener = Listener(self.town.path("tocsin.sock"))
            self.script()
            time.sleep(0.3)  # what would sound still, and the last events
        except (Broken, AssertionError) as broken:
            self.fault(f"broken: {broken}")
        finally:
            self.over.set()
            with contextlib.suppress(OSError):
                self.town.daemon.terminate()
            keeper.join(30)
            self.ear.ended.set()
            self.ear.join()
            try:
                if not any(f.startswith("broken") for f in self.faults):
                    self.judge()
            finally:
                self.close(keep_in if self.faults else None)
        return self.faults

    def keep_records(self, folder):
        """What happened, for whoever looks into a fault."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.town.dir, folder, ignore=lambda path, names: [n for n in names if n.endswith((".fifo", ".sock", ".wav"))
                                                                          or n in self.town.lines])
        with open(os.path.join(folder, "heard.json"), "w", encoding="utf-8") as file:
            json.dump({"faults": self.faults, "heard": self.ear.heard, "late": self.ear.awake,
                       "lives": [[life.began, life.died, describe(life.death), {k: str(v)[-80:] for k, v in life.known.items()}] for life in self.lives],
                       "promises": [[p.name, p.id, p.note, p.accepted_at, p.silent_at] for p in self.promises.values()]}, file, indent=1)

    def close(self, keep_in):
        if keep_in:
            self.keep_records(keep_in)
        self.town.daemon = None
        try:
            self.town.close()
        except AssertionError as error:
            self.fault(str(error)[:2000])

    # ---- the judgement ----

    def judge(self):
        known = self.look("in the end")
        self.hold_promises(known, time.monotonic(), "in the end")
        with contextlib.closing(sqlite3.connect(self.town.path("state/tocsin.db"))) as disk:
            events = disk.execute("SELECT seq, wall, mono, type, data FROM event ORDER BY seq").fetchall()
        events = [(seq, wall, mono / 1e6, kind, json.loads(data)) for seq, wall, mono, kind, data in events]
        self.judge_ends(known)
        self.judge_told(events)
        self.judge_events(events)
        self.judge_ear(events)
        log = frames.load(self.town.path("frames.log"))
        ours = [f for f in sorted(log.frames, key=lambda f: f.begin) if f.direction == ">"]
        self.writes = {n + 1 + by for n, f in enumerate(ours) if f.data[1] >= 5 for by in (-1, 0, 1)}
        self.judge_tokens(ours)
        self.judge_again(log)
        if any("damaged" in name for name in os.listdir(self.town.path("state"))):
            self.fault("a store was set aside as damaged")

    def judge_ends(self, known):
        wanted = {"first": ("finished",), "higher": ("superseded", "finished"), "update": ("cancelled", "finished"), "cancel": ("finished",),
                  "drill": ("stopped", "finished"), "expires": ("expired", "finished"), "returns": ("stopped",)}
        for name, promise in self.promises.items():
            state = known.get(promise.id, {}).get("state")
            if state not in wanted[name]:
                self.fault(f"{name} is {state} in the end")

    def judge_told(self, events):
        """Whoever was told of an event with an id finds it in the store."""
        stored = {str(seq): (kind, data) for seq, _, _, kind, data in events}
        for name, told in self.town.listener.told.items():
            if stored.get(name.split(":")[1]) != told:
                self.fault(f"event {name} was told and is not in the store: {told}")
        if any(kind == "reset" for kind, _ in self.town.listener.heard):
            self.fault("a listener was told to begin anew")

    def judge_events(self, events):
        """By the store's own record: no repetition again once it is over, nothing of what was ended, no rung that sinks."""
        names = {p.id: p for p in self.promises.values()}
        rungs = ["none", "sent", "acknowledged", "armed", "sounding", "heard"]
        over, best = {}, {}
        for seq, _, mono, kind, data in events:
            if kind == "alert":
                ended = data.get("repetitions", {}).get("by_channel", {}).get("main", 0)
                over[data["id"]] = 0 if data["state"] == "returning" else max(ended, over.get(data["id"], 0))
            elif kind == "programme" and data["segment"] == "tone":
                if data["repetition"] <= over.get(data["alert"], 0):
                    self.fault(f"event {seq}: repetition {data['repetition']} of {names[data['alert']].name} begins, which is over")
            elif kind == "delivery":
                key = data["alert"], data["terminal"]
                rung = rungs.index(data["rung"])
                if rung < best.get(key, 0):
                    self.fault(f"event {seq}: {names[data['alert']].name} at {data['terminal']} sinks to {data['rung']}")
                best[key] = rung
            promise = names.get(data.get("alert")) if kind == "programme" else None
            if promise and promise.silent_at and mono > promise.silent_at + SILENT_S:
                self.fault(f"event {seq}: {promise.name} plays its {data['segment']} {mono - promise.silent_at:.2f} s after its end was answered")

    def judge_ear(self, events):
        """By what was played: nothing of what was ended or has expired; and in each life no more than the store had left to it."""
        gave_way = [(mono, data["id"]) for _, _, mono, kind, data in events
                    if kind == "alert" and data.get("reason", "").startswith("gave way")]
        for promise in self.promises.values():
            heard = self.words(promise.note)
            for _, begin, end, _ in heard:
                if promise.silent_at and end > promise.silent_at + SILENT_S + self.ear.lateness(promise.silent_at, end):
                    self.fault(f"the words of {promise.name} were heard until {end - promise.silent_at:.2f} s after its end was answered")
            self.judge_expiry(promise, heard)
            whole = [h for h in heard if h[3] >= WORDS_S]
            if promise.name == "first" and len(whole) < REPETITIONS:
                self.fault(f"first was heard {len(whole)} times")
            for life in self.lives if promise.name in ("first", "higher", "update") else ():
                known = life.known.get(promise.id, {"ended": 0})
                begun = [h for h in heard if life.began <= h[1] <= life.died]
                ways = sum(1 for when, alert in gave_way if alert == promise.id and life.began <= when <= life.died)
                if len(begun) > REPETITIONS - known["ended"] + ways:
                    self.fault(f"life {life.number}: {promise.name} was heard {len(begun)} times, {known['ended']} were over, it gave way {ways} times")

    def judge_expiry(self, promise, heard):
        if not promise.expires_at:
            return
        shift = time.time() - time.monotonic()
        for _, begin, _, _ in heard:
            if begin + shift > promise.expires_at + 2 + SILENT_S:  # a repetition that began is played to its end
                self.fault(f"the words of {promise.name} began {begin + shift - promise.expires_at:.2f} s after it had expired")

    def judge_tokens(self, ours):
        """The tokens that the village saw: none of one life in another."""
        seen = {}
        for f in ours:
            if f.line != "north" or f.note not in ("ok", "broadcast"):
                continue
            token = token_of(f.data)
            life = sum(1 for life in self.lives if life.began * 1e6 <= f.begin) - 1
            if token and seen.setdefault(token, life) != life:
                self.fault(f"token {token} of life {seen[token]} is used again in life {life}")

    def judge_again(self, log):
        """How soon it sounds again after a death, beyond the time on the wire; where it does not, how long it could have."""
        for life in self.lives[1:]:
            due = [p for p in self.promises.values() if p.name not in ("drill", "expires")
                   and life.known.get(p.id, {}).get("state") in ("queued", "preparing", "sounding")
                   and life.known[p.id]["ended"] < REPETITIONS]
            if not due:
                continue
            over = min([life.died] + [p.silent_at for p in due if p.silent_at])
            first = min([when for when in self.ear.sound if when >= life.began] + [over])
            wire = max(log.line(line, life.began * 1e6, first * 1e6).wire_us for line in log.bauds) / 1e6
            beyond = first - life.began - wire - self.ear.lateness(life.began, first)
            if first < over:
                self.again.append(beyond)
            if beyond > AGAIN_S and life.busy:
                self.not_judged += 1
            elif beyond > AGAIN_S:
                self.fault(f"life {life.number} had not sounded again after {first - life.began:.2f} s, of which {wire:.2f} s on the wire")


def token_of(data):
    """What a frame writes to the token register of a T8 (docs/terminals.md), 0: nothing."""
    function, address = data[1], int.from_bytes(data[2:4], "big")
    if function == 6 and address == 18:
        return int.from_bytes(data[4:6], "big")
    if function == 16:
        count = int.from_bytes(data[4:6], "big")
        if address <= 18 < address + count:
            at = 7 + 2 * (18 - address)
            return int.from_bytes(data[at:at + 2], "big")
    return 0


def describe(death):
    return "none" if not death else f"after {death[1]:.3f} s" if death[0] == "after" else f"{death[1]}:{death[2]}"
