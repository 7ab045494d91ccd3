"""Reads Prometheus' text format 0.0.4, and refuses what the format does not allow: a family without HELP or TYPE, in two places, or
of two types; a sample twice; a label that is no name or badly escaped; a counter whose name or value is none."""
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)')


def labels_of(text, line):
    found, at = {}, 0
    while text and at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in found:
            raise ValueError(f"labels: {line}")
        found[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return found


class Metrics:
    def __init__(self, text):
        self.types, self.samples, self.family = {}, {}, None
        if not text.endswith("\n"):
            raise ValueError("the last line has no end")
        for line in text[:-1].split("\n"):
            self.take(line)

    def take(self, line):
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            if name in self.samples or not words or not re.fullmatch(NAME, name):
                raise ValueError(line)
            self.family, self.samples[name] = name, {}
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            if name != self.family or name in self.types or kind not in ("counter", "gauge"):
                raise ValueError(line)
            if (kind == "counter") != name.endswith("_total"):
                raise ValueError(f"{line}: only counters end in _total")
            self.types[name] = kind
        else:
            self.take_sample(line)

    def take_sample(self, line):
        match = SAMPLE.fullmatch(line)
        if not match or match[1] != self.family or self.family not in self.types:
            raise ValueError(line)
        value, labels = float(match[3]), labels_of(match[2], line)
        key = tuple(sorted(labels.items()))
        if not math.isfinite(value) or (self.types[self.family] == "counter" and value < 0) or key in self.samples[self.family]:
            raise ValueError(line)
        self.samples[self.family][key] = value

    def get(self, name, **labels):
        """The value of the one sample with just these labels; None without."""
        return self.samples[name].get(tuple(sorted(labels.items())))

    def all(self, name):
        """[(labels, value)] in the order of the text."""
        return [(dict(key), value) for key, value in self.samples[name].items()]
