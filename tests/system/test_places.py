"""Alerts that name places by their ids: a village group, a reservoir with what is below it, one terminal; partly ours, or not at all."""
import json
import re

from township import VILLAGE, TownshipTest, cap, main, t8

SECOND, EMPTY = "360499103202", "360499103209"
PLACES = f"""place_files = [ "places.csv" ];
groups = ( {{ id = "low"; village = "{VILLAGE}"; zh = "龙塘村下街组"; en = "lower Longtang"; }} );
features = ( {{ id = "dam"; kind = "reservoir"; zh = "龙塘水库"; en = "Longtang reservoir"; places = [ "low", "{SECOND}", "{EMPTY}" ]; }} );
"""
TABLE = f"""\ufeffcode,zh,en,shelter_zh,population
{SECOND},石门村,Shimen,石门小学,640
{EMPTY},月山村,Yueshan,,298
"""


def naming(*pairs):
    """A message for these geocodes alone."""
    geocodes = "".join(f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>" for name, value in pairs)
    return re.sub("<geocode>.*</geocode>", geocodes, cap())


class Places(TownshipTest):
    def test_alerts_that_name_places(self):
        town = self.township({"north": (9600, t8(3))}, programme="repetitions = 1; tone_min_ms = 1000;", extra=PLACES)
        town.codes["north-3"] = SECOND
        town.more["north-2"] = 'group = "low";'
        town.write("places.csv", TABLE)
        town.start()
        known = {place.get("code", place.get("id")): place for place in town.get("/v1/places")[1]["places"]}
        self.assertEqual((known["dam"]["terminals"], known["low"]["terminals"], known[VILLAGE]["terminals"]), (2, 1, 2))
        self.assertEqual((known[SECOND]["shelter_zh"], known[SECOND]["population"]), ("石门小学", 640))

        alert = town.send(naming(("tocsin:place", "dam"), ("tocsin:place", "nowhere")))[1]["id"]
        town.until_ended(alert)
        self.assertEqual(town.ends(alert), {"north-2": "heard", "north-3": "heard"})
        shown = town.alert(alert)
        self.assertEqual(shown["places"], [{"id": "dam", "name_zh": "龙塘水库", "name_en": "Longtang reservoir"}])
        self.assertEqual([text.split(" (")[0] for text in shown["not_ours"]],
                         [f"{EMPTY} of dam: no terminal here", "nowhere: no place of this id or code is known here"])

        alert = town.send(naming(("tocsin:terminal", "north-1")))[1]["id"]
        self.assertEqual(set(town.deliveries(alert)), {"north-1"})
        town.until_ended(alert)
        status, body = town.send(naming(("tocsin:place", "nowhere")))
        self.assertEqual((status, body["code"]), (422, "area_not_ours"))
        self.assertIn("nowhere: no place of this id or code is known here", body["detail"])
        listed = town.cli("place", "list").stdout
        self.assertIn("龙塘水库", listed)
        self.assertIn("640", listed)
        self.assertEqual(len(json.loads(town.cli("place", "list", "--json").stdout)["places"]), 5)


if __name__ == "__main__":
    main()
