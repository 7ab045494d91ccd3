"""Reads the part of YAML that docs/api.yaml is written in: block mappings and lists, flow mappings and lists, plain and quoted
scalars, block text (|). Nothing else; what it does not know it refuses."""
import re

TOKEN = re.compile(r'\s*(?:([\[\]{},])|"((?:[^"\\]|\\.)*)"|((?:[^,\[\]{}:"]|:(?! ))+)|(:)(?= ))')


def scalar(text):
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    return text


def flow(text):
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"flow: {text[at:]!r}")
        mark, quoted, plain, colon = match.groups()
        tokens.append(("mark", mark or colon) if mark or colon else ("value", quoted if plain is None else scalar(plain)))
        at = match.end()

    def value():
        kind, it = tokens.pop(0)
        if kind == "value":
            return it
        if it == "[":
            items = []
            while tokens[0] != ("mark", "]"):
                items.append(value())
                if tokens[0] == ("mark", ","):
                    tokens.pop(0)
            tokens.pop(0)
            return items
        if it != "{":
            raise ValueError(f"flow: {it!r} in {text!r}")
        members = {}
        while tokens[0] != ("mark", "}"):
            key = value()
            if tokens[0] == ("mark", ":"):
                tokens.pop(0)
                members[key] = value()
            else:
                members[key] = None
            if tokens[0] == ("mark", ","):
                tokens.pop(0)
        tokens.pop(0)
        return members

    result = value()
    if tokens:
        raise ValueError(f"flow: {tokens!r} is left of {text!r}")
    return result


def strip_comment(line):
    return re.sub(r"(^|\s)#[^\"'/].*$", "", line).rstrip()


class Reader:
    def __init__(self, text):
        lines = [(len(raw) - len(raw.lstrip()), raw) for raw in text.splitlines()]
        self.lines, self.at = lines, 0

    def skip(self):
        while self.at < len(self.lines) and not strip_comment(self.lines[self.at][1]).strip():
            self.at += 1
        return self.at < len(self.lines)

    def block_text(self, outer):
        text = []
        while self.at < len(self.lines) and (self.lines[self.at][0] > outer or not self.lines[self.at][1].strip()):
            text.append(self.lines[self.at][1].strip())
            self.at += 1
        return "\n".join(text).strip() + "\n"

    def inline(self, text, outer):
        """The value after a key or a dash on the same line."""
        if text == "|":
            return self.block_text(outer)
        while text.count("[") + text.count("{") > text.count("]") + text.count("}") and not text.startswith('"'):
            text += " " + strip_comment(self.lines[self.at][1]).strip()
            self.at += 1
        if text[0] in '[{"':
            return flow(text)
        return scalar(text)

    def node(self, indent):
        if strip_comment(self.lines[self.at][1]).lstrip().startswith("- "):
            return self.sequence(indent)
        return self.mapping(indent)

    def sequence(self, indent):
        items = []
        while self.skip() and self.lines[self.at][0] == indent and self.lines[self.at][1].lstrip().startswith("- "):
            rest = strip_comment(self.lines[self.at][1]).strip()[2:]
            if re.match(r"[\w$-]+:( |$)", rest):  # a mapping that begins behind the dash
                self.lines[self.at] = (indent + 2, " " * (indent + 2) + rest)
                items.append(self.mapping(indent + 2))
            else:
                self.at += 1
                items.append(self.inline(rest, indent))
        return items

    def mapping(self, indent):
        members = {}
        while self.skip() and self.lines[self.at][0] == indent:
            match = re.fullmatch(r'("[^"]*"|[^\s:][^:]*):(?: +(.*))?', strip_comment(self.lines[self.at][1]).strip())
            if not match:
                raise ValueError(f"line {self.at + 1}: {self.lines[self.at][1]!r}")
            key, rest = match.group(1).strip('"'), match.group(2)
            if key in members:
                raise ValueError(f"line {self.at + 1}: {key} is there twice")
            self.at += 1
            if rest:
                members[key] = self.inline(rest, indent)
            elif self.skip() and self.lines[self.at][0] > indent:
                members[key] = self.node(self.lines[self.at][0])
            else:
                members[key] = None
        return members


def load(path):
    with open(path, encoding="utf-8") as file:
        reader = Reader(file.read())
    reader.skip()
    whole = reader.mapping(0)
    if reader.skip():
        raise ValueError(f"line {reader.at + 1}: {reader.lines[reader.at][1]!r} is not understood")
    return whole
