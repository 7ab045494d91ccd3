"""A township for system tests: the real daemon, CLI and village in one temporary folder. No fixed ports, no sleeps: whoever
waits, waits for a condition, and a deadline only ends a test that has failed."""
import cmath
import contextlib
import json
import math
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPException
import socket

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))
import frames  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
TOWNSHIP, VILLAGE = "360499103000", "360499103201"
PATIENCE = float(os.environ.get("TOCSIN_TEST_PATIENCE", "60"))  # seconds until a condition that never came is a failure
VALGRIND = os.environ.get("TOCSIN_VALGRIND", "").split()        # put before the daemon's command line

EVENT = "水库泄洪"
ZH = "龙塘水库放水，河边的人马上上岸。"
EN = "Longtang reservoir opens. Leave the river now."


def program(name):
    return os.path.join(BUILD, name)


def until(condition, what, patience=PATIENCE):
    """Polls a condition that has no descriptor to wait on; returns its first true value. what: a text, or what makes one."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not come: {what() if callable(what) else what}")
        select.select([], [], [], 0.02)


def tones_of(path, notes):
    """Which of these notes (Hz) fills a tenth of a second of a recording by itself, in order, without repeats."""
    with wave.open(path) as recording:
        rate, channels = recording.getframerate() // 4, recording.getnchannels()
        samples = memoryview(recording.readframes(recording.getnframes())).cast("h")[::4 * channels]
    found = []
    for start in range(0, len(samples) - rate // 10, rate // 10):
        window = samples[start:start + rate // 10]
        energy = sum(x * x for x in window)
        for hz in notes if energy else ():
            c = sum(x * cmath.exp(-2j * math.pi * hz * i / rate) for i, x in enumerate(window))
            if 2 * abs(c) ** 2 / len(window) > 0.9 * energy and found[-1:] != [hz]:
                found.append(hz)
    return found


class UnixConnection(HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Lines:
    """Lines from a pipe, each waited for."""

    def __init__(self, stream):
        self.fd, self.rest = stream.fileno(), b""

    def next(self):
        end = time.monotonic() + PATIENCE
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("no line came")
            data = os.read(self.fd, 65536)
            if not data:
                raise AssertionError("the program ended")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()


class Listener(threading.Thread):
    """Keeps all events from the first on, as (kind, data); comes again after a restart of the daemon, with the id of the last
    one that it has whole."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.heard, self.last = path, [], None
        self.told = {}  # of those that were said to be on disk, by id
        self.news, self.ended = threading.Condition(), threading.Event()
        self.start()

    def until(self, wanted, what):
        """Waits for an event whose data is wanted, past or to come; returns the data of the first."""
        end, seen = time.monotonic() + PATIENCE, 0
        with self.news:
            while True:
                for _, data in self.heard[seen:]:
                    if wanted(data):
                        return data
                seen = len(self.heard)
                if not self.news.wait_for(lambda: len(self.heard) > seen, end - time.monotonic()):
                    raise AssertionError(f"did not come: {what}")

    def run(self):
        while not self.ended.is_set():
            try:
                self.listen()
            except (OSError, HTTPException, ValueError):
                self.ended.wait(0.02)  # the daemon is not there: that is what some tests are about

    def listen(self):
        with contextlib.closing(UnixConnection(self.path)) as connection:
            if self.last is None:
                connection.request("GET", "/healthz")
                self.last = json.loads(connection.getresponse().read())["store"] + ":0"
            connection.request("GET", "/v1/events", headers={"Last-Event-ID": self.last})
            with connection.getresponse() as stream:
                self.take(stream)

    def take(self, stream):
        event = {}
        while line := stream.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            if "data" in event:  # an event counts once its empty line is there: the daemon may be killed in the middle of it
                with self.news:
                    self.heard.append((event["event"], json.loads(event["data"])))
                    self.last = event.get("id", self.last)  # without one it is not on disk
                    if "id" in event:
                        self.told[event["id"]] = self.heard[-1]
                    self.news.notify_all()
            event = {}


class Township:
    """lines: {id: (baud, [(unit, vendor, fault or ""), ...])}. Every terminal LINE-UNIT lies in VILLAGE, or where codes says."""

    def __init__(self, lines, plugin="", channels=None, programme="", extra="", channel_of=None):
        self.dir = tempfile.mkdtemp(prefix="tocsin-test-")
        self.lines, self.plugin = lines, plugin
        self.channels = channels or ["main"]
        self.channel_of = channel_of or {}
        self.programme, self.extra = programme, extra
        self.stored = {}  # channel -> its stored messages, where it has no output
        self.more = {}  # terminal -> further settings
        self.source = ""  # further settings of the one source
        self.codes = {}  # terminal -> its area code, where it is not VILLAGE
        self.source = ""  # further settings of the only source
        self.poll_s = 10
        self.voice = "tocsin-voice"
        self.returns = False  # the programme of an alert in force
        self.population = 0  # of VILLAGE; 0: not known
        self.hears = {}  # line -> channel that its units hear, where it is not the one that drives them
        self.village = self.daemon = self.listener = None
        self.line_settings = {}  # by line, in place of adapter = "pty"
        self.turnaround_ms = {}  # of terminals, where it is not 3
        self.wires = {}  # by line, further settings of it in the village
        self.reached = {}  # by line, how the daemon reaches it in place of its device; PORT is where the village listens
        self.preload = {}  # into the daemon's environment
        self.counted = {}  # by the village, of each line, at its end
        self.strangers = set()  # lines on which somebody else is master, who may break the rules of the wire
        self.log = open(os.path.join(self.dir, "daemon.log"), "ab")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def configure(self):
        self.configure_village()
        self.configure_site()

    def drives(self, line):
        return self.channel_of.get(line, self.channels[0])

    def configure_village(self):
        units = lambda line: ", ".join(
            f'{{ unit = {u}; vendor = "{v}"; turnaround_ms = {self.turnaround_ms.get(f"{line}-{u}", 3)}; {f"fault = {chr(34)}{f}{chr(34)};" if f else ""} }}'
            for u, v, f in self.lines[line][1])
        self.write("village.cfg", f"""seed = 1; dir = "{self.dir}"; log = "frames.log";
channels = ({", ".join(f'{{ id = "{c}"; fifo = "{c}.fifo"; }}' for c in sorted({self.hears.get(l, self.drives(l)) for l in self.lines}))});
lines = ({", ".join(f'{{ id = "{l}"; baud = {self.lines[l][0]}; channel = "{self.hears.get(l, self.drives(l))}"; {self.wires.get(l, "")} units = ({units(l)}); }}'
                     for l in self.lines)});
""")

    def port(self, line):
        """Where the village listens; 0 while it does not."""
        try:
            with open(self.path(f"{line}.port"), encoding="ascii") as file:
                return int(file.read())
        except FileNotFoundError:
            return 0

    def reach(self, line):
        baud, how = self.lines[line][0], self.reached.get(line, f'device = "{line}";').replace("PORT", str(self.port(line)))
        more = self.line_settings.get(line, "" if line in self.reached else 'adapter = "pty";')
        return f"{how} {f'baud = {baud};' if baud else ''} {more}"

    def configure_site(self):
        self.write("asound.conf", f"""pcm_type.tocsin {{ lib "{program('libasound_module_pcm_tocsin.so')}" }}
""" + "".join(f"""pcm.{c} {{ type tocsin fifo "{self.path(c)}.fifo" wav "{self.path(c)}.wav" {self.plugin} }}
""" for c in self.channels))
        self.write("site.cfg", f"""site = {{ name_zh = "青溪镇"; name_en = "Qingxi"; code = "360499103000"; }};
state_dir = "state"; socket = "tocsin.sock"; clock = "trust"; http = {{ enabled = true; port = 0; }};
geocode_names = [ "areaCode" ];
sources = ( {{ id = "county"; sender = "*"; authority = "county"; {self.source} }},
            {{ id = "duty"; sender = "duty@qingxi.example"; name_zh = "青溪镇政府"; name_en = "Qingxi township"; }} );
users = ( {{ login = "*"; source = "duty"; relays = [ "county" ]; }} );
places = ( {{ code = "{VILLAGE}"; zh = "龙塘村"; en = "Longtang"; {f"population = {self.population};" if self.population else ""} }} );
programme = {{ returns = {str(self.returns).lower()}; {self.programme} }};
voice = {{ program = "{program(self.voice)}"; }};
channels = ({", ".join(f'{{ id = "{c}"; {self.output(c)} languages = [ "zh", "en" ]; }}' for c in self.channels)});
lines = ({", ".join(f'{{ id = "{l}"; channel = "{self.drives(l)}"; poll_s = {self.poll_s}; {self.reach(l)} }}'
                     for l in self.lines)});
terminals = ({", ".join(f'{{ id = "{l}-{u}"; name = "{l} {u}"; line = "{l}"; unit = {u}; profile = "{v}"; codes = [ "{self.codes.get(f"{l}-{u}", VILLAGE)}" ]; {self.more.get(f"{l}-{u}", "")} }}'
                         for l in self.lines for u, v, f in self.lines[l][1])});
{self.extra}
""")
        os.makedirs(self.path("state"), exist_ok=True)

    def output(self, channel):
        if channel in self.stored:
            return f'output = "none"; messages = ( {self.stored[channel]} );'
        return f'output = "alsa:{channel}";'

    # ---- the village ----

    def start_village(self):
        self.counted = {}
        self.village = subprocess.Popen([program("tocsin-village"), self.path("village.cfg")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.village_lines = Lines(self.village.stdout)
        while self.village_lines.next() != "ready":
            pass

    def tell_village(self, command):
        """Gives an order; returns the lines of its answer before the "ok"."""
        self.village.stdin.write((command + "\n").encode())
        self.village.stdin.flush()
        answer = []
        while True:
            line = self.village_lines.next()
            if line == "ok":
                return answer
            assert not line.startswith("error"), line
            answer.append(line)

    def sounding(self):
        """How many units can be heard, or have their relay or start on, as the village itself knows."""
        return int(self.tell_village("sounding")[0])

    def silent(self):
        """Waits out the 300 ms over which the village's ears average, and after a restart the stops; then nothing may sound."""
        until(lambda: self.sounding() == 0, "silence")

    def kill_village(self):
        self.village.kill()
        self.village.wait()
        for line in self.lines:  # as udev does; the system may give the pty's number to another village at any time
            os.unlink(self.path(f"{line}.port" if self.port(line) else line))
        self.village.stdin.close()
        self.village.stdout.close()

    # ---- the daemon ----

    def spawn_daemon(self, name="tocsind", **more):
        """Without waiting for it; more of its environment."""
        env = dict(os.environ, ALSA_CONFIG_PATH=self.path("asound.conf"), TOCSIN_DATA=program("share/tocsin"), **self.preload, **more)
        self.daemon = subprocess.Popen(VALGRIND + [program(name), "--config", self.path("site.cfg")], env=env,
                                       stderr=self.log, stdin=subprocess.DEVNULL)

    def start_daemon(self):
        self.spawn_daemon()
        until(lambda: self.ready() or self.daemon.poll() is not None, "the daemon")
        assert self.daemon.poll() is None, self.daemon_log()
        self.listener = self.listener or Listener(self.path("tocsin.sock"))

    def ready(self):
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def lines_up(self):
        until(lambda: self.get("/healthz")[1]["lines_up"] == len(self.lines), "all lines up")

    def kill_daemon(self):
        self.daemon.kill()
        self.daemon.wait()

    def end_daemon(self):
        self.daemon.send_signal(signal.SIGTERM)
        assert self.daemon.wait(PATIENCE) == 0, self.daemon_log()

    def daemon_log(self):
        with open(self.path("daemon.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def start(self):
        self.configure()
        self.start_village()
        self.configure_site()  # the ports are known now
        self.start_daemon()
        self.lines_up()
        return self

    def counts(self):
        """Of each line, what the village itself counted; empty where it does not live."""
        if not self.village or self.village.poll() is not None or self.village.stdin.closed:
            return {}
        lines = (line.split() for line in self.tell_village("counts"))
        return {words[0]: {k: int(v) for k, v in (w.split("=") for w in words[1:])} for words in lines}

    def end_village(self):
        """Its log is whole then."""
        self.counted = self.counts()
        self.tell_village("quit")
        assert self.village.wait(PATIENCE) == 0

    def check_wire(self):
        """No frame of ours began too early, neither as the frame log tells nor as the village counted."""
        if not os.path.exists(self.path("frames.log")):
            return
        log = frames.load(self.path("frames.log"))
        for line in map(log.line, log.bauds):
            if line.name in self.strangers:
                continue
            counted, faults = self.counted.get(line.name), line.masters_faults()
            assert not faults, f"{line.name}: begun too early: {faults}"
            if counted:
                assert counted["garbled"] == line.notes["garbled"], f"{line.name}: the log says otherwise than {counted}"

    def close(self):
        statuses = []
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            statuses.append(self.daemon.wait())
        with contextlib.suppress(AssertionError, OSError):  # a village that died shows in its status
            self.counted = self.counts() or self.counted
        if self.listener:
            self.listener.ended.set()
        if self.village and self.village.poll() is None:  # a leak or a bad access shows in the status under sanitizers and valgrind
            self.village.terminate()
            statuses.append(self.village.wait())
        if self.village and not self.village.stdin.closed:
            self.village.stdin.close()
            self.village.stdout.close()
        self.log.close()
        log = self.daemon_log()
        try:
            self.check_wire()
        finally:
            if os.environ.get("TOCSIN_TEST_KEEP"):
                print("kept:", self.dir, file=sys.stderr)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)
        assert not any(statuses), f"a program ended with {statuses}: {log}"

    # ---- the API ----

    def request(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.path("tocsin.sock"))
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            data = answer.read()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(data) if is_json else data.decode()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def send(self, cap):
        return self.request("POST", "/v1/alerts", cap.encode(), {"Content-Type": "application/cap+xml"})

    def alert(self, alert_id):
        return self.get(f"/v1/alerts/{alert_id}")[1]

    def deliveries(self, alert_id):
        return {d["terminal"]: d for d in self.get(f"/v1/alerts/{alert_id}/deliveries")[1]["deliveries"]}

    def ends(self, alert_id):
        return {t: d["end"] + (f"({d['reason']})" if d.get("reason") else "") for t, d in self.deliveries(alert_id).items()}

    def until_ended(self, alert_id):
        """Waits for the end of an alert and of each delivery; patient, for the sound of whole repetitions takes its time."""
        ends = ("finished", "stopped", "cleared", "cancelled", "expired", "superseded", "refused")

        def over():
            alert = self.alert(alert_id)
            rows = self.deliveries(alert_id).values()
            return alert if alert["state"] in ends and all(row["final"] for row in rows) else None
        return until(over, lambda: f"the end of {alert_id}; {self.daemon_log()[-2000:]}", 3 * PATIENCE)

    def until_segment(self, alert_id, segment, repetition=1):
        """Waits until this part of the programme is playing, as the events tell."""
        wanted = (alert_id, segment, repetition)
        self.listener.until(lambda d: (d.get("alert"), d.get("segment"), d.get("repetition")) == wanted,
                            f"{segment} of repetition {repetition}")

    def events(self):
        """The data of all events so far: none is still under way, since one that is asked for here came behind them."""
        status, last = self.send(cap(status="Test"))
        assert status == 202, last
        self.listener.until(lambda d: d.get("id") == last["id"], "the last event")
        return [data for _, data in self.listener.heard]

    def begun(self, alert_id, segment):
        """How often this part of each repetition has begun, over all lives of the daemon."""
        counts = {}
        for data in self.events():
            if data.get("alert") == alert_id and data.get("segment") == segment:
                counts[data["repetition"]] = counts.get(data["repetition"], 0) + 1
        return counts

    # ---- the command line ----

    def cli(self, *words, stdin=None):
        return subprocess.run([program("tocsin"), "--socket", self.path("tocsin.sock"), *words], input=stdin,
                              env=dict(os.environ, TOCSIN_DATA=program("share/tocsin")), capture_output=True, text=True,
                              timeout=PATIENCE * 3)


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


counter = [0]


def cap(identifier=None, status="Actual", msg_type="Alert", zh=ZH, en=EN, code=VILLAGE, expires=3600, references="",
        severity="Extreme", extra=""):
    """A CAP 1.2 alert; expires in seconds from now; zh or en None leaves that block out."""
    counter[0] += 1
    now = datetime.now(timezone.utc)
    block = lambda language, words: f"""<info><language>{language}</language><category>Infra</category><event>{EVENT}</event>
<urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>
<expires>{rfc3339(now + timedelta(seconds=expires))}</expires>
<parameter><valueName>speech</valueName><value>{words}</value></parameter>
<area><areaDesc>Longtang</areaDesc><geocode><valueName>areaCode</valueName><value>{code}</value></geocode></area></info>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier or f"TEST-{os.getpid()}-{counter[0]}"}</identifier>
<sender>county@test</sender><sent>{rfc3339(now)}</sent><status>{status}</status><msgType>{msg_type}</msgType>
<scope>Public</scope>{f"<references>{references}</references>" if references else ""}{extra}
{block("zh-CN", zh) if zh is not None else ""}{block("en-US", en) if en is not None else ""}</alert>"""


def reference(alert):
    """How a later message names an alert."""
    return f'{alert["sender"]},{alert["identifier"]},{alert["sent"]}'


def t8(count, faults=None):
    return [(u, "linghu-t8", (faults or {}).get(u, "")) for u in range(1, count + 1)]


def c4(count, faults=None, first=1):
    return [(u, "beishan-c4", (faults or {}).get(u, "")) for u in range(first, first + count)]


class TownshipTest(unittest.TestCase):
    """Gives each test its township and ends it."""

    def township(self, lines, **settings):
        township = Township(lines, **settings)
        self.addCleanup(township.close)
        return township


def main():
    unittest.main(verbosity=2)
