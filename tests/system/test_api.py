"""docs/api.yaml held against the running daemon: every operation answers, and every answer is as its schema says."""
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone

from township import ROOT, VILLAGE, TownshipTest, UnixConnection, c4, cap, main, rfc3339, t8, until

sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))
import yaml_subset  # noqa: E402

BEIJING = timezone(timedelta(hours=8))
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
EVENTS = {"alert": "Alert", "delivery": "Delivery", "programme": "Programme", "line": "LineChange", "terminal": "TerminalChange", "alarm": "Alarm",
          "reset": "Reset"}
# Lists that are empty here, and what test_site.c shows of other lines and terminals.
# What gates do is shown by test_gates.py, which checks it against the same page.
RARE = {"Alert.held", "Alert.held_until", "Alert.approved", "Alert.released", "Alert.signature_owed", "AlertSummary.held", "AlertSummary.signature_owed",
        "Alert.not_ours", "Alert.no_position", "Alert.notes", "Alert.not_spoken", "Line.calls_in", "Terminal.foreign_unit",
        "Terminal.last_exception", "Place.id"}


# Places of which everything is known.
PLACES = f"""place_files = [ "places.csv" ];
groups = ( {{ id = "low"; village = "{VILLAGE}"; zh = "下街组"; en = "the lower street"; }} );
features = ( {{ id = "dam"; kind = "reservoir"; hazard = "dam"; zh = "龙塘水库"; en = "Longtang reservoir"; operator_zh = "管理所";
                operator_en = "its office"; position = [29.61, 115.81]; places = [ "low" ]; }} );
"""
TABLE = f"""code,shelter_zh,shelter_en,route_zh,route_en,closed_zh,closed_en,river_zh,river_en,population,contacts
{VILLAGE},小学,the school,老路,the old road,桥,the bridge,青溪河,Qingxi river,812,李国平 0792-5550101 村支书
"""


class Contract:
    def __init__(self):
        self.page = yaml_subset.load(os.path.join(ROOT, "docs", "api.yaml"))
        self.schemas = self.page["components"]["schemas"]
        self.seen = set()  # "Schema.member"

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.page
            for part in schema["$ref"][2:].split("/"):
                node = node[part]
            schema = node
        return schema

    def faults(self, value, schema, where, name=""):
        """What is wrong with a value, as texts."""
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
        schema = self.resolve(schema)
        wanted = schema.get("type")
        types = [TYPES[t] for t in (wanted if isinstance(wanted, list) else [wanted])] if wanted else []
        if types and not any(isinstance(value, t) and not (t is not bool and isinstance(value, bool)) for t in types):
            yield f"{where}: {value!r} is not of type {wanted}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not match {schema['pattern']}"
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.faults(item, schema.get("items", {}), f"{where}[{i}]", name)
        if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
            yield from self.member_faults(value, schema, where, name)

    def member_faults(self, value, schema, where, name):
        properties = schema.get("properties", {})
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}: {key} is missing"
        for key, member in value.items():
            self.seen.add(f"{name}.{key}")
            if key not in properties and "additionalProperties" not in schema:
                yield f"{where}: {key} is not documented"
            else:
                yield from self.faults(member, properties.get(key, schema.get("additionalProperties")), f"{where}.{key}")

    def answer_schema(self, path, method, status, media_type):
        answers = self.page["paths"][path][method]["responses"]
        answer = self.resolve(answers.get(str(status)) or answers["default"])
        return answer["content"][media_type]["schema"]


class Api(TownshipTest):
    def check(self, contract, town, method, path, status, page_path=None, **request):
        got, body = town.request(method, path, **request)
        self.assertEqual(got, status, body)
        media_type = "application/problem+json" if status >= 400 else "application/json"
        schema = contract.answer_schema(page_path or path, method.lower(), status, media_type)
        self.assertEqual(list(contract.faults(body, schema, f"{method} {path}")), [])
        return body

    def follow_up(self, ask, county):
        """What the officer sends himself, and what follows it."""
        kind = {"Content-Type": "application/json"}
        parts = {"status": "actual", "hazard": "flood", "level": "blue", "terminals": ["north-1"], "text": {"zh": "快走。"}, "languages": ["zh"]}
        alert = ask("POST", "/v1/alerts", 202, body=json.dumps(parts).encode(), headers=kind)["id"]
        ask("POST", "/v1/alerts", 422, body=json.dumps({**parts, "level": "grey"}).encode(), headers=kind)
        for order in ("all-clear", "correct"):
            give = lambda who, status, body: ask("POST", f"/v1/alerts/{who}/{order}", status, f"/v1/alerts/{{id}}/{order}", body=body)
            give(alert, 202, b'{"reason": "over"}')
            give(alert, 422, b"{}")
            give("20261122T032000Z-ffff", 404, b'{"reason": "x"}')
            give(county, 409, b'{"reason": "x"}')

    def test_the_page_and_the_daemon_agree(self):
        contract = Contract()
        town = self.township({"north": (9600, t8(3, {2: "dead"})), "south": (19200, c4(1))},
                             programme="repetitions = 1; tone_min_ms = 1000;", extra=PLACES)
        town.write("places.csv", TABLE)
        town.returns = True
        town.start()
        kind = {"Content-Type": "application/cap+xml"}
        message = cap().replace("</expires>", "</expires><headline>Release of water</headline>")
        ask = lambda *args, **more: self.check(contract, town, *args, **more)
        alert = ask("POST", "/v1/alerts", 202, body=message.encode(), headers=kind)["id"]
        ask("POST", "/v1/alerts", 200, body=message.encode(), headers=kind)
        ask("POST", "/v1/alerts", 409, body=message.replace("Immediate", "Expected").encode(), headers=kind)
        ask("POST", "/v1/alerts", 415, body=message.encode(), headers={"Content-Type": "text/plain"})
        ask("POST", "/v1/alerts", 422, body=b"<html/>", headers=kind)
        keyed = dict(kind, **{"Idempotency-Key": "k1"})
        ask("POST", "/v1/alerts", 200, body=message.encode(), headers=keyed)
        conflict = ask("POST", "/v1/alerts", 422, body=cap(status="Test").encode(), headers=keyed)
        self.assertEqual(conflict["code"], "idempotency_conflict")
        town.until_segment(alert, "words")
        for path, page_path in (("/v1/alerts", None), (f"/v1/alerts/{alert}", "/v1/alerts/{id}"), ("/v1/terminals", None),
                                (f"/v1/alerts/{alert}/deliveries", "/v1/alerts/{id}/deliveries"), ("/v1/lines", None), ("/v1/places", None),
                                ("/v1/terminals/north-1", "/v1/terminals/{id}"), ("/v1/lines/north", "/v1/lines/{id}"),
                                ("/v1/terminals/north-1?now=false", "/v1/terminals/{id}"), ("/healthz", None)):
            ask("GET", path, 200, page_path)
        ask("GET", "/v1/alerts/20261122T032000Z-ffff", 404, "/v1/alerts/{id}")
        ask("GET", "/v1/terminals/nobody", 404, "/v1/terminals/{id}")
        ask("GET", "/v1/terminals/north-1?now=1", 422, "/v1/terminals/{id}")
        ask("GET", "/v1/lines/nowhere", 404, "/v1/lines/{id}")
        ask("POST", "/v1/alerts/20261122T032000Z-ffff/stop", 404, "/v1/alerts/{id}/stop", body=b'{"reason": "x"}')
        ask("POST", "/v1/alerts/20261122T032000Z-ffff/resume", 404, "/v1/alerts/{id}/resume")
        ask("POST", f"/v1/alerts/{alert}/resume", 409, "/v1/alerts/{id}/resume")
        ask("POST", f"/v1/alerts/{alert}/stop", 422, "/v1/alerts/{id}/stop", body=b"{}")
        extend = lambda status, body: ask("POST", f"/v1/alerts/{alert}/extend", status, "/v1/alerts/{id}/extend", body=body)
        extend(422, b'{"reason": "rain"}')
        extend(422, b'{"reason": "rain", "expires": "later"}')
        extend(422, b'{"reason": "rain", "expires": "2020-01-01T00:00:00+08:00"}')
        for order in ("approve", "reject", "release"):
            ask("POST", f"/v1/alerts/{alert}/{order}", 409, f"/v1/alerts/{{id}}/{order}", body=b'{"reason": "x"}')
            ask("POST", f"/v1/alerts/20261122T032000Z-ffff/{order}", 404, f"/v1/alerts/{{id}}/{order}", body=b'{"reason": "x"}')
        ask("POST", "/v1/site", 422, body=b'{"reason": "x"}')
        ask("POST", "/v1/site", 200, body=b'{"reason": "x", "remote": false}')
        ask("GET", "/v1/site", 200)
        ask("POST", "/v1/site", 200, body=b'{"reason": "x", "remote": true}')
        until_then = rfc3339(datetime.now(timezone.utc) + timedelta(hours=3))
        extended = extend(200, json.dumps({"reason": "rain", "expires": until_then}).encode())
        self.assertEqual((extended["extended"]["reason"], extended["expires"][:19]),
                         ("rain", (datetime.fromisoformat(until_then).astimezone(BEIJING)).isoformat()[:19]))
        until(lambda: ask("GET", f"/v1/alerts/{alert}", 200, "/v1/alerts/{id}")["state"] == "returning", "the end of its programme")
        ask("POST", f"/v1/alerts/{alert}/stop", 200, "/v1/alerts/{id}/stop", body=b'{"reason": "x"}')
        town.until_ended(alert)
        ask("POST", f"/v1/alerts/{alert}/stop", 409, "/v1/alerts/{id}/stop", body=b'{"reason": "x"}')
        raw = ask("GET", f"/v1/alerts/{alert}/deliveries?terminal=north-1", 200, "/v1/alerts/{id}/deliveries")["raw"]
        self.assertGreater(len(raw), 0)
        town.tell_village("detach south")
        until(lambda: "why" in ask("GET", "/healthz", 200), "the line down")
        other = ask("POST", "/v1/alerts", 202, body=cap().encode(), headers=kind)["id"]
        town.until_segment(other, "tone")
        stopped = ask("POST", f"/v1/alerts/{other}/stop", 200, "/v1/alerts/{id}/stop", body=b'{"reason": "wrong village"}')
        self.assertEqual(stopped["state"], "stopped")
        town.until_ended(other)
        town.tell_village("fault north/1 door")
        until(lambda: ask("GET", "/v1/terminals/north-1", 200, "/v1/terminals/{id}")["state"] == "degraded", "the open door")
        ask("GET", "/v1/terminals/south-1?now=true", 504, "/v1/terminals/{id}")
        ask("GET", "/v1/lines", 200)
        ask("GET", f"/v1/alerts/{other}/deliveries", 200, "/v1/alerts/{id}/deliveries")
        page = ask("GET", "/v1/alerts?limit=1", 200, "/v1/alerts")
        self.assertEqual(([a["id"] for a in page["alerts"]], page["before"]), ([other], other))
        self.assertNotIn("words", page["alerts"][0])
        page = ask("GET", f"/v1/alerts?before={other}", 200, "/v1/alerts")
        self.assertEqual(([a["id"] for a in page["alerts"]], page.get("before")), ([alert], None))
        page = ask("GET", "/v1/audit?limit=2", 200, "/v1/audit")
        ask("GET", f"/v1/audit?after={page['after']}", 200, "/v1/audit")
        ask("GET", "/v1/audit?after=x", 422, "/v1/audit")
        ask("GET", "/v1/audit?limit=501", 422, "/v1/audit")
        self.assertEqual(town.get(f"/v1/alerts/{alert}/message"), (200, message))
        ask("GET", "/v1/alerts/20261122T032000Z-ffff/message", 404, "/v1/alerts/{id}/message")
        ask("GET", "/v1/alerts?limit=0", 422, "/v1/alerts")
        ask("GET", "/v1/alerts?before=20261122T032000Z-ffff", 422, "/v1/alerts")
        self.follow_up(ask, alert)
        self.csv(contract, town, alert)
        self.events_agree(contract, town)
        self.nothing_is_promised_that_never_comes(contract)

    @staticmethod
    def first_event(town, last):
        """Type, data and id of what comes first after this id; and the stream, for what follows."""
        connection, fields = UnixConnection(town.path("tocsin.sock")), {}
        connection.request("GET", "/v1/events", headers={"Last-Event-ID": last})
        stream = connection.getresponse()
        for line in stream:
            name, _, fields[name] = line.decode().rstrip("\n").partition(": ")
            if name == "data":  # it is the last
                break
        return fields["event"], json.loads(fields["data"]), fields["id"], stream

    def test_who_comes_with_an_unknown_id_is_told_what_is_so(self):
        contract = Contract()
        town = self.township({"north": (9600, t8(2)), "south": (19200, c4(1))}, programme="tone_min_ms = 1000;").start()
        alert = town.send(cap())[1]["id"]
        town.until_segment(alert, "words")
        for last in ("elsewhere:3", "", town.listener.last.split(":")[0] + ":999999"):
            kind, data, last, stream = self.first_event(town, last)
            self.assertEqual(kind, "reset")
            self.assertEqual(list(contract.faults(data, {"$ref": "#/components/schemas/Reset"}, kind)), [])
            self.assertEqual([(a["id"], a["state"]) for a in data["alerts"]], [(alert, "sounding")])
            self.assertEqual(data["alerts"][0]["ends"], {"pending": 3})
            self.assertEqual({t["id"] for t in data["terminals"]}, {"north-1", "north-2", "south-1"})
            self.assertEqual({line["id"]: line["up"] for line in data["lines"]}, {"north": True, "south": True})
        town.request("POST", f"/v1/alerts/{alert}/stop", b'{"reason": "enough"}')
        self.assertTrue(any(b"stopped" in line for line in stream))  # from there on it is told what is new
        town.until_ended(alert)
        self.assertEqual(self.first_event(town, "elsewhere:3")[1]["alerts"], [])
        kind, data = self.first_event(town, last)[:2]  # the reset's own id is a good one to come again with
        self.assertNotEqual(kind, "reset")

    def csv(self, contract, town, alert):
        status, text = town.get(f"/v1/alerts/{alert}/deliveries?format=csv")
        page = contract.answer_schema("/v1/alerts/{id}/deliveries", "get", status, "text/csv")["description"]
        self.assertEqual(re.split(r",\s*", page.split("names: ")[1].strip()), text.splitlines()[0].split(","))
        rows = [line.split(",") for line in text.splitlines()[1:]]
        empty = [name for i, name in enumerate(text.splitlines()[0].split(",")) if all(not row[i] for row in rows)]
        self.assertEqual(empty, [])  # no column that is never filled

    def events_agree(self, contract, town):
        kinds = set()
        town.events()
        for kind, data in town.listener.heard:
            kinds.add(kind)
            self.assertIn(kind, EVENTS)
            schema = {"$ref": f"#/components/schemas/{EVENTS[kind]}"}
            self.assertEqual(list(contract.faults(data, schema, kind)), [])
        self.assertTrue(kinds >= {"alert", "delivery", "programme", "line", "terminal"}, kinds)

    def nothing_is_promised_that_never_comes(self, contract):
        for name in ("Alert", "AlertSummary", "Site", "Delivery", "Terminal", "Line", "Programme", "Health", "Problem", "Reading", "LineChange", "TerminalChange", "WorstTerminal", "AuditPage",
                     "AuditEntry", "Place", "KnownPlace"):
            promised = {f"{name}.{key}" for key in contract.schemas[name]["properties"]}
            self.assertEqual(promised - contract.seen - RARE, set())


if __name__ == "__main__":
    main()
