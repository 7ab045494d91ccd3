"""Packages of the Chinese emergency broadcast: made and signed here, sent, heard, refused, and answered in packages."""
import base64
import io
import json
import os
import subprocess
import tarfile
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone

from township import VILLAGE, TownshipTest, UnixConnection, cap, main, t8

OTHER_VILLAGE = "360499103202"
SENDER, OURS, THEIRS = "010436040400000001", "010436049900000001", "010436040000000001"
BEIJING = timezone(timedelta(hours=8))
ONCE = "repetitions = 1; tone_min_ms = 1000;"
COUNTER = b"\x00\x00\x74\x26"
numbers = iter(range(1, 10000))


def beijing(seconds=0):
    return (datetime.now(BEIJING) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def envelope(kind, inside):
    ebd = f"10{THEIRS}{next(numbers):016d}"
    return ebd, (f'<?xml version="1.0" encoding="UTF-8"?><EBD xmlns:xs="http://www.w3.org/2001/XMLSchema"><EBDVersion>1</EBDVersion>'
                 f"<EBDID>{ebd}</EBDID><EBDType>{kind}</EBDType><SRC><EBRID>{THEIRS}</EBRID></SRC><DEST><EBRID>{OURS}</EBRID></DEST>"
                 f"<EBDTime>{beijing()}</EBDTime>{inside}</EBD>").encode()


def message(ebm_id, kind=1, codes=VILLAGE, related="", more="", sent=0):
    content = (f"<MsgContent><LanguageCode>zho</LanguageCode><MsgTitle>水库泄洪</MsgTitle><MsgDesc>请马上离开河道。</MsgDesc>"
               f"<AreaCode>{codes}</AreaCode>{more}</MsgContent>")
    return envelope("EBM", f"<EBM><EBMVersion>1</EBMVersion><EBMID>{ebm_id}</EBMID>{related}<MsgBasicInfo><MsgType>{kind}</MsgType>"
                           f"<SenderName>县应急平台</SenderName><SenderCode>{SENDER}</SenderCode><SentTime>{beijing(sent)}</SentTime>"
                           f"<EventType>11B01</EventType><Severity>1</Severity><StartTime></StartTime><EndTime>{beijing(3600)}</EndTime>"
                           f"</MsgBasicInfo>{content}</EBM>")


def pack(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Signer:
    """A platform's key, made by openssl, and its certificate."""

    def __init__(self, folder, name, number="00000000090d"):
        self.number, self.key, self.file = number, os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.pem")
        self.openssl("ecparam", "-name", "SM2", "-genkey", "-noout", "-out", self.key)
        self.openssl("req", "-new", "-x509", "-key", self.key, "-sm3", "-sigopt", "distid:1234567812345678", "-subj", f"/CN={name}",
                     "-days", "365", "-out", self.file)

    @staticmethod
    def openssl(*words, data=None):
        return subprocess.run(["openssl", *words], input=data, check=True, capture_output=True).stdout

    def sign(self, data):
        path = self.key + ".data"
        with open(path, "wb") as file:
            file.write(data)
        der = self.openssl("pkeyutl", "-sign", "-inkey", self.key, "-rawin", "-in", path, "-digest", "sm3", "-pkeyopt",
                           "distid:1234567812345678")
        value, at = b"", 2  # a sequence of two integers
        for _ in range(2):
            n = der[at + 1]
            value += int.from_bytes(der[at + 2:at + 2 + n], "big").to_bytes(32, "big")
            at += 2 + n
        return value

    def file_for(self, ebd, document, with_number=False):
        head = COUNTER + bytes.fromhex(self.number)
        value = head + self.sign(document + (head if with_number else b""))
        return (f"<Signature><Version>1.0</Version><RelatedEBD><EBDID>{ebd}</EBDID></RelatedEBD><SignatureCert><CertType>01</CertType>"
                f"<IssuerID>00000001</IssuerID><CertSN>{self.number}</CertSN></SignatureCert><SignatureTime>1</SignatureTime>"
                f"<DigestAlgorithm>SM3</DigestAlgorithm><SignatureAlgorithm>SM2</SignatureAlgorithm>"
                f"<SignatureValue>{base64.b64encode(value).decode()}</SignatureValue></Signature>").encode()


def package(made, signer=None, change=lambda document: document, with_number=False):
    ebd, document = made
    files = {f"EBDB_{ebd}.xml": change(document)}
    if signer:
        files[f"EBDS_EBDB_{ebd}.xml"] = signer.file_for(ebd, document, with_number)
    return pack(files)


class Packages(TownshipTest):
    def start(self, policy="preferred", units=2, faults=None, certificates=True):
        town = self.township({"north": (9600, t8(units, faults))}, programme=ONCE)
        self.county, self.stranger = Signer(town.dir, "county"), Signer(town.dir, "stranger")
        listed = f'certificates = ( {{ number = "{self.county.number}"; file = "county.pem"; }} );' if certificates else ""
        town.source = f'signature = "{policy}"; {listed}'
        town.codes["north-2"] = OTHER_VILLAGE
        self.town = town
        return town.start()

    def ask(self, body, accept="application/json", path="/v1/alerts", method="POST"):
        """Status, and the answer: JSON as it is, of a package its document."""
        connection = UnixConnection(self.town.path("tocsin.sock"))
        try:
            connection.request(method, path, body, {"Content-Type": "application/x-tar", "Accept": accept})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.getheader("Content-Type") != "application/x-tar":
            return answer.status, json.loads(data)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            names = archive.getnames()
            self.assertEqual(len(names), 1)
            document = ElementTree.fromstring(archive.extractfile(names[0]).read())
        self.assertEqual(names[0], f"EBDB_{document.findtext('EBDID')}.xml")
        self.assertEqual(document.findtext("SRC/EBRID"), OURS if method == "POST" else "360499103000000001")
        return answer.status, document

    def send(self, body):
        status, alert = self.ask(body)
        self.assertEqual(status, 202, alert)
        return alert

    def refused(self, body, code, has):
        status, problem = self.ask(body)
        self.assertEqual((status, problem.get("code")), (422, code), problem)
        self.assertIn(has, problem["detail"])

    def state(self, ebm_id, kind="EBMStateRequest", inside="<EBMStateRequest><EBM><EBMID>{}</EBMID></EBM></EBMStateRequest>"):
        return self.ask(package(envelope(kind, inside.format(ebm_id))))

    def test_heard_and_its_state_told(self):
        town = self.start("required", units=3, faults={3: "mute"})
        body = package(message("20261122-1", codes=f"{VILLAGE},{OTHER_VILLAGE},360400000001"), self.county)
        status, receipt = self.ask(body, accept="application/x-tar")
        self.assertEqual(status, 202)
        self.assertEqual(receipt.findtext("EBDType"), "EBDResponse")
        self.assertEqual(receipt.findtext("EBDResponse/ResultCode"), "1")
        self.assertEqual(receipt.findtext("DEST/EBRID"), THEIRS)
        status, again = self.ask(body)  # the same bytes are the same alert
        self.assertEqual(status, 200)
        alert = town.until_ended(again["id"])
        self.assertTrue(any(note.startswith("signature_verified: certificate 00000000090d") for note in alert["notes"]), alert["notes"])
        ends = town.ends(again["id"])
        self.assertEqual((ends["north-1"], ends["north-2"]), ("heard", "heard"))
        self.assertEqual(ends["north-3"], "failed(silent)")
        self.assertTrue(any("360400000001" in area for area in alert["not_ours"]), alert["not_ours"])
        for status, told in (self.state("20261122-1"), self.ask(None, "application/x-tar", f"/v1/alerts/{again['id']}", "GET"),
                             self.ask(None, "*/*", f"/v1/alerts/{again['id']}?format=ebm", "GET")):
            self.assertEqual(status, 200)
            course = told.find("EBMStateResponse")
            self.assertEqual(course.findtext("EBM/EBMID"), "20261122-1")
            self.check_course(course, "4", "部分播发失败", 2)
        status, told = self.state("", "OMDRequest", "<OMDRequest><OMDType>EBMBrdLog</OMDType><Params><RptStartTime>2020-01-01 00:00:00"
                                                    "</RptStartTime></Params></OMDRequest>{}")
        items = told.findall("EBMBrdLog/EBMBrdItem")
        self.assertEqual(len(items), 1)
        self.assertEqual(items[0].findtext("EBM/MsgBasicInfo/SenderCode"), SENDER)
        self.check_course(items[0], "4", "部分播发失败", 2)

    def check_course(self, course, state, begins, sounded):
        self.assertEqual(course.findtext("BrdStateCode"), state)
        self.assertTrue(course.findtext("BrdStateDesc").startswith(begins), course.findtext("BrdStateDesc"))
        self.assertEqual(sorted(course.findtext("Coverage/AreaCode").split(",")), [VILLAGE, OTHER_VILLAGE])
        self.assertEqual(course.findtext("Coverage/ResBrdStat").split(",")[-1], str(sounded))
        run = course.find("ResBrdInfo/ResBrdItem/EBRBS")
        self.assertEqual(run.findtext("BrdSysInfo"), "main")
        self.assertLess(run.findtext("StartTime"), run.findtext("EndTime"))

    def test_drill_and_cancel(self):
        town = self.start("required")
        drill = self.send(package(message("drill-1", kind=5), self.county, with_number=True))  # both forms of a signature
        self.assertEqual(drill["status"], "Exercise")
        town.until_segment(drill["id"], "tone")
        self.assertEqual(self.state("drill-1")[1].findtext("EBMStateResponse/BrdStateCode"), "2")
        self.assertEqual(town.until_ended(drill["id"])["state"], "finished")
        told = self.state("drill-1")[1].find("EBMStateResponse")
        self.assertEqual((told.findtext("BrdStateCode"), told.findtext("Coverage/CoverageRate")), ("3", "1.00"))
        alert = self.send(package(message("flood-1"), self.county))
        town.until_segment(alert["id"], "tone")
        self.refused(package(message("flood-1", kind=2)), "signature_missing", "no signature file")  # nobody else silences it
        self.send(package(message("flood-1", kind=2), self.county))
        self.assertEqual(town.until_ended(alert["id"])["state"], "cancelled")
        town.silent()
        self.assertEqual(self.state("flood-1")[1].findtext("EBMStateResponse/BrdStateCode"), "5")
        self.send(package(message("c-1", kind=2, related="<RelatedInfo><EBMID>flood-2</EBMID></RelatedInfo>"), self.county))
        late = self.send(package(message("flood-2", sent=-5), self.county))  # its cancel came before it
        self.assertEqual(late["state"], "cancelled")
        self.assertEqual(town.alert(late["id"])["state"], "cancelled")

    def test_policies(self):
        town = self.start("preferred")
        wrong = package(message("m-1"), self.county, lambda d: d.replace("离开".encode(), "回到".encode()))
        self.refused(wrong, "signature_wrong", "certificate 00000000090d")
        self.refused(package(message("m-2"), self.stranger), "signature_wrong", "another key signed it")
        status, receipt = self.ask(wrong, accept="application/x-tar")
        self.assertEqual((status, receipt.findtext("EBDResponse/ResultCode")), (422, "4"))
        note = self.send(package(message("m-3", kind=3)))["notes"]
        self.assertTrue(any(n.startswith("signature_missing: ") for n in note), note)
        self.stranger.number = "000000000777"
        note = self.send(package(message("m-4", kind=3), self.stranger))["notes"]
        self.assertTrue(any(n.startswith("signature_not_checked: no certificate") for n in note), note)
        town.end_daemon()
        town.source = 'signature = "off";'
        town.configure_site()
        town.start_daemon()
        note = self.send(package(message("m-5", kind=3), self.county, lambda d: d.replace(b"11B01", b"11B02")))["notes"]
        self.assertTrue(any(n.startswith("signature_not_checked: signatures of this source are off") for n in note), note)
        checked = town.cli("check", town.path("site.cfg"))
        self.assertIn("signatures of the source county are off", checked.stdout + checked.stderr)

    def test_required_refuses(self):
        self.start("required")
        self.refused(package(message("r-1")), "signature_missing", "no signature file")
        self.stranger.number = "000000000777"
        self.refused(package(message("r-2"), self.stranger), "signature_not_checked", "000000000777")
        status, problem = self.town.send(cap())
        self.assertEqual((status, problem["code"]), (422, "signature_required"))

    def test_requests_and_hostile_packages(self):
        town = self.start()
        status, alive = self.ask(package(envelope("ConnectionCheck", f"<ConnectionCheck><RptTime>{beijing()}</RptTime></ConnectionCheck>")))
        self.assertEqual((status, alive.findtext("EBDResponse/ResultCode")), (200, "1"))
        self.assertEqual(len(alive.findtext("EBDID")), 36)
        status, unknown = self.state("nobody")
        self.assertEqual((status, unknown.findtext("EBDResponse/ResultCode")), (404, "5"))
        self.assertEqual(self.ask(package(envelope("EBRDTState", "")))[0], 422)
        made = message("h-1")
        hostile = {
            "no tar": b"\x00" * 3000,
            "cut": package(made)[:700],
            "two documents": pack({"EBDB_1.xml": made[1], "EBDB_2.xml": made[1]}),
            "path": pack({"../EBDB_1.xml": made[1]}),
            "entities": pack({"EBDB_1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><EBD/>'}),
        }
        for what, body in hostile.items():
            status, problem = self.ask(body)
            self.assertEqual(status, 422, (what, problem))
            self.assertIn(problem["code"], ("not_an_alert", "missing_element"), what)
        status, deaf = self.ask(package(message("h-2", more="<Auxiliary><AuxiliaryType>2</AuxiliaryType><AuxiliaryDesc>no.mp3"
                                                            "</AuxiliaryDesc><Size>5</Size></Auxiliary>")))
        self.assertEqual((status, [n["reason"] for n in deaf["not_spoken"]]),  # its text is spoken all the same
                         (202, ["recording: its bytes did not come with the message"]))
        town.request("POST", f"/v1/alerts/{deaf['id']}/stop", b'{"reason": "test"}')
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(8 * 1024 * 1024 + 1)}
        self.assertEqual(town.request("POST", "/v1/alerts", None, headers)[0], 413)  # by its head alone
        ebd, document = message("large", kind=3)
        large = self.send(pack({f"EBDB_{ebd}.xml": document, "EBDR_1.bin": os.urandom(6 * 1024 * 1024)}))
        self.assertEqual(large["state"], "finished")
        with open(town.path("p.tar"), "wb") as file:
            file.write(package(message("cli", kind=3)))
        sent = town.cli("alert", "send", town.path("p.tar"))
        self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)


if __name__ == "__main__":
    main()
