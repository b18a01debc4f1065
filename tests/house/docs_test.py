#!/usr/bin/python3
"""Whatever ARCHITECTURE.md names in code type can be found in the source: functions, types, files."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class DocsTest(unittest.TestCase):
    def test_every_name_in_architecture_exists(self):
        text = (ROOT / "ARCHITECTURE.md").read_text()
        sources = {path: path.read_text() for path in (ROOT / "src").rglob("*") if path.suffix in (".h", ".cc")}
        everything = "\n".join(sources.values())
        missing = []
        for code in set(re.findall(r"`([^`\n]+)`", text)):
            if re.search(r"\.(h|cc|cmake)$", code):
                found = (ROOT / code).exists() or (ROOT / "src" / code).exists() or any(path.name == code for path in sources)
            elif match := re.fullmatch(r"((?:\w+::)*\w+)(?:\(.*\)|\{.*\}|<.*>)?", code):
                found = all(re.search(rf"\b{re.escape(part)}\b", everything) for part in match.group(1).split("::"))
            elif "/" in code and " " not in code:
                found = (ROOT / code).exists()
            else:
                continue
            if not found:
                missing.append(code)
        self.assertEqual(sorted(missing), [], "named in ARCHITECTURE.md, not found in the source")


if __name__ == "__main__":
    unittest.main()
