"""Alerts that bring their own recording: it is what the village hears; what is wrong with one is told, and its text spoken."""
import base64
import hashlib
import http.server
import io
import json
import math
import os
import ssl
import struct
import subprocess
import tempfile
import threading
import wave

from township import TownshipTest, cap, main, t8, tones_of

ONCE = "repetitions = 1; tone_min_ms = 1000;"
NOTE = 1300  # Hz: no tone of ours


def recording(seconds=3, rate=16000):
    """A WAV of one note, 30 dB below full scale."""
    samples = (int(1000 * math.sin(2 * math.pi * NOTE * i / rate)) for i in range(seconds * rate))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", x) for x in samples))
    return file.getvalue()


def with_recording(message, data, digest=None):
    """The message with a recording in each of its blocks."""
    resource = f"""<resource><resourceDesc>as read by the county</resourceDesc><mimeType>audio/x-wav</mimeType>
<size>{len(data)}</size><derefUri>{base64.b64encode(data).decode()}</derefUri>
<digest>{digest or hashlib.sha1(data).hexdigest()}</digest></resource><area>"""
    return message.replace("<area>", resource)


class Server(http.server.ThreadingHTTPServer):
    """Gives out one file, whatever it is asked for; with a certificate that nobody knows if tls names its file."""

    def __init__(self, data, tls=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.folder = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}/alerts/"

    def handle_error(self, *_):
        pass  # a handshake that the other side breaks off


class Recording(TownshipTest):
    def sound(self, message, audio_from=()):
        """Sounds a message; returns the alert, how each terminal ended, and whether the note was heard."""
        town = self.township({"north": (9600, t8(2))}, programme=ONCE)
        town.source = f"audio_from = [ {', '.join(json.dumps(a) for a in audio_from)} ];"
        town.start()
        status, answer = town.send(message)
        self.assertEqual(status, 202, answer)
        alert = town.until_ended(answer["id"])
        ends = set(town.ends(answer["id"]).values())
        town.silent()
        told = [e for e in town.events() if e.get("what") == "not_spoken"]
        town.end_daemon()  # the card's recording is whole then
        return alert, ends, tones_of(town.path("main.wav"), [NOTE]) == [NOTE], told

    def test_it_is_what_the_village_hears(self):
        alert, ends, note, told = self.sound(with_recording(cap(en=None), recording()))
        self.assertTrue(note)
        self.assertEqual((ends, alert["not_spoken"], told), ({"heard"}, [], []))
        self.assertEqual([w["recording"] for w in alert["words"]], [True])

    def test_one_with_a_wrong_digest_is_spoken_by_the_voice(self):
        alert, ends, note, told = self.sound(with_recording(cap(en=None), recording(), digest="0" * 40))
        self.assertFalse(note)
        self.assertEqual(ends, {"heard"})
        reason = "recording: its digest is wrong: it is not the file that its sender meant; its text is spoken"
        self.assertEqual(alert["not_spoken"], [{"language": "zh-CN", "reason": reason}])
        self.assertEqual([e["detail"] for e in told], [reason])

    def test_it_is_heard_in_a_language_without_a_voice(self):
        message = with_recording(cap(en=None), recording()).replace("zh-CN", "bo-CN")
        alert, ends, note, told = self.sound(message)
        self.assertEqual((note, ends, told, alert["words"][0]["language"]), (True, {"heard"}, [], "bo-CN"))

    def test_what_lies_elsewhere_is_fetched_where_that_is_allowed_and_safe(self):
        data = recording()
        with tempfile.NamedTemporaryFile() as key:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key.name, "-out", key.name + ".crt",
                            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
            with open(key.name + ".crt", "rb") as certificate:
                key.seek(0, 2)
                key.write(certificate.read())
                key.flush()
            os.unlink(key.name + ".crt")
            good, unknown = Server(data), Server(data, tls=key.name)
        self.addCleanup(good.server_close)
        self.addCleanup(unknown.server_close)
        self.addCleanup(good.shutdown)
        self.addCleanup(unknown.shutdown)
        named = lambda folder: f"<uri>{folder}a.wav</uri>"
        before, after = with_recording(cap(), data).split("en-US")
        deref = f"<derefUri>{base64.b64encode(data).decode()}</derefUri>"
        message = before.replace(deref, named(good.folder)) + "en-US" + after.replace(deref, named(unknown.folder))
        alert, ends, note, told = self.sound(message, [good.folder, unknown.folder])
        self.assertEqual((note, ends, [w["recording"] for w in alert["words"]]), (True, {"heard"}, [True, True]))
        self.assertEqual([(n["language"], "certificate" in n["reason"]) for n in alert["not_spoken"]], [("en-US", True)], alert["not_spoken"])
        self.assertEqual(len(told), 1)


if __name__ == "__main__":
    main()
