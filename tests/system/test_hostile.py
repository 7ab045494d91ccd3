"""What a sender with the right to send may do wrong, by mistake or on purpose: it must not silence, hide or stall anything."""
import json
import re

from township import TownshipTest, cap, main, t8


def key(text):
    """The reference to this alert."""
    return "county@test,{},{}".format(*(re.search(f"<{name}>(.*?)<", text).group(1) for name in ("identifier", "sent")))


class Hostile(TownshipTest):
    def test_only_actual_messages_end_an_actual_alert(self):
        town = self.township({"north": (19200, t8(1))}).start()
        warning = cap()
        alert = town.send(warning)[1]["id"]
        for status in ("Exercise", "System", "Test", "Draft"):
            for msg_type in ("Update", "Cancel"):
                self.assertEqual(town.send(cap(status=status, msg_type=msg_type, references=key(warning)))[0], 202)
                self.assertIn(town.alert(alert)["state"], ("queued", "preparing", "sounding"), (status, msg_type))
        drill = cap(status="Exercise")
        queued = town.send(drill)[1]["id"]
        town.send(cap(status="Exercise", msg_type="Cancel", references=key(drill)))
        self.assertEqual(town.until_ended(queued)["state"], "cancelled")
        town.send(cap(msg_type="Cancel", references=key(warning)))
        self.assertEqual(town.until_ended(alert)["state"], "cancelled")


if __name__ == "__main__":
    main()
