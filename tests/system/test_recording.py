"""Alerts that bring their own recording: it is what the village hears; what is wrong with one is told, and its text spoken."""
import base64
import hashlib
import io
import math
import struct
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


class Recording(TownshipTest):
    def sound(self, message):
        """Sounds a message; returns the alert, how each terminal ended, and whether the note was heard."""
        town = self.township({"north": (9600, t8(2))}, programme=ONCE).start()
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


if __name__ == "__main__":
    main()
