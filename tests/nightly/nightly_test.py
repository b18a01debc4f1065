#!/usr/bin/python3
"""What the nightly scripts conclude from the words of other programs. The programs themselves run at night only."""
import pathlib
import re
import tempfile
import unittest

import crash
import fuzz
import simulate
from reports import ROOT, Accepted, judge, nmap_report, testssl_report

NMAP = """Starting Nmap 7.93 ( https://nmap.org ) at 2026-01-01 00:00 UTC
PORT      STATE SERVICE VERSION
14690/tcp open  pop3
| ssl-enum-ciphers:
|   TLSv1.2:
|     ciphers:
|       TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (secp256r1) - A
|_  least strength: %s
|_pop3-capabilities: UIDL TOP STLS
23178/tcp open  unknown
| ssl-cert: Subject: commonName=localhost
| Not valid before: 2026-11-21T02:53:02
|_SHA-1: ae0d8d4b01e1230c7fd8b46f41775e04806215c8
"""
PORTS = {14690: "pop3", 23178: "pop3s"}


class JudgementTest(unittest.TestCase):
    def test_what_nobody_has_accepted_is_refused(self):
        accepted = [Accepted("", "everywhere", "why"), Accepted("one", "there", "why"), Accepted("two", "gone", "why")]
        verdict = judge([("one", "everywhere"), ("one", "there"), ("two", "there"), ("two", "new")], accepted)
        self.assertEqual(verdict.accepted, [("one", "everywhere", "why"), ("one", "there", "why")])
        self.assertEqual(verdict.refused, [("two", "there"), ("two", "new")])
        self.assertEqual(verdict.stale, accepted[2:])

    def test_testssl_is_read_by_severity_and_without_what_changes(self):
        findings = [{"id": "scanTime", "severity": "INFO", "finding": "105"}, {"id": "SSLv3", "severity": "OK", "finding": "not offered"},
                    {"id": "RC4", "severity": "HIGH", "finding": "VULNERABLE,\n detected"}, {"id": "cert_notAfter", "severity": "OK", "finding": "2036"},
                    {"id": "BEAST", "severity": "LOW", "finding": "maybe"}]
        lines, bad = testssl_report(findings)
        self.assertEqual(bad, ["RC4", "BEAST"])
        self.assertEqual([line.split()[:2] for line in lines], [["OK", "SSLv3"], ["HIGH", "RC4"], ["LOW", "BEAST"]])
        self.assertTrue(lines[1].endswith(" VULNERABLE, detected"))

    def test_nmap_is_read_by_ports_in_one_order_and_without_what_changes(self):
        lines, bad = nmap_report(NMAP % "A", PORTS)
        self.assertEqual(bad, [])
        self.assertEqual([line for line in lines if not line.startswith("|   ")],
                         ["pop3", "| pop3-capabilities: STLS TOP UIDL", "| ssl-enum-ciphers:", "pop3s", "| ssl-cert: Subject: commonName=localhost"])
        self.assertEqual(nmap_report(NMAP % "C", PORTS)[1], ["least strength: C"])


class LedgerTest(unittest.TestCase):
    def test_what_is_written_is_read_again_and_the_text_around_it_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "fuzzing.md"
            path.write_text("# Before\n\n| target |\n\nAfter.\n")
            ledger = fuzz.Ledger(path)
            ledger.add("sasl_fuzz", 1_500_000, 100.0, quick=False)
            ledger.add("sasl_fuzz", 4_000_000, 50.0, quick=True)
            ledger.note_lines("sasl_fuzz", "97.5 % of 120")
            again = fuzz.Ledger(path)
            self.assertEqual(again.rows, ledger.rows)
            self.assertEqual(again.rows["sasl_fuzz"], [5_500_000, 1_500_000, 15_000, "97.5 % of 120"])
            again.add("sasl_fuzz", 500_000, 10.0, quick=True)
            self.assertEqual(fuzz.Ledger(path).executions("sasl_fuzz"), 6_000_000)
            self.assertRegex(path.read_text(), re.compile(r"\A# Before\n\n\| target \|[^#]*\n\nAfter\.\n\Z"))

    def test_what_is_found_goes_to_the_folder_that_is_named(self):
        command = ["/b/sasl_fuzz", "-max_len=9", "/b/found", "/s/seeds"]
        with tempfile.TemporaryDirectory() as folder:
            kept = pathlib.Path(folder) / "kept" / "sasl_fuzz"
            self.assertEqual(fuzz.with_corpus(command, kept), ["/b/sasl_fuzz", "-max_len=9", str(kept), "/b/found", "/s/seeds"])
            self.assertTrue(kept.is_dir())
        self.assertEqual(fuzz.with_corpus(command, None), command)

    def test_every_target_is_known_and_the_ledger_of_the_project_has_each(self):
        targets = {path.stem for path in (ROOT / "tests/fuzz").glob("*_fuzz.cc")}
        self.assertEqual(set(fuzz.TARGETS), targets)
        self.assertEqual({row[0] for row in fuzz.ROW.findall(fuzz.LEDGER.read_text())}, targets)
        for name, (_, patterns) in fuzz.TARGETS.items():
            for pattern in patterns:
                self.assertTrue(list(ROOT.glob(pattern)), f"{name}: no file is called {pattern}")


class CrashRecordTest(unittest.TestCase):
    def test_the_last_run_of_each_test_is_kept_and_the_text_around_it_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "crash.md"
            path.write_text(f"# Before\n\n{crash.HEAD}\n| --- | --- | --- | --- | --- | --- |\n\nAfter.\n")
            crash.Record(path).note("kill_test", "20 kills", 1, "`abc`", "2034-01-01", "**failed**")
            crash.Record(path).note("faults", "every call", 1, "`abc`", "2034-01-01", "nothing lost")
            crash.Record(path).note("kill_test", "500 kills", 2, "`def`", "2034-01-02", "nothing lost")
            self.assertEqual(path.read_text(), f"# Before\n\n{crash.HEAD}\n| --- | --- | --- | --- | --- | --- |\n"
                             "| `faults` | every call | 1 | `abc` | 2034-01-01 | nothing lost |\n"
                             "| `kill_test` | 500 kills | 2 | `def` | 2034-01-02 | nothing lost |\n\nAfter.\n")

    def test_the_project_has_a_record_and_every_test_is_one_of_the_project(self):
        known = set(crash.torments(500))
        self.assertLessEqual(set(crash.Record().rows), known)
        registered = "".join(path.read_text() for path in (ROOT / "tests").glob("*/CMakeLists.txt"))
        for name in known:
            self.assertRegex(registered, rf"[(\s]{name}\s")


class SimulationRecordTest(unittest.TestCase):
    SAID = "FAILED seed %d: why\nseeds 500 failed 1 events 9 messages 4000 deletions 30 power-cuts 20 while-starting 10 kills 5 digest 0\n"

    def test_a_row_grows_until_it_is_full_and_the_next_one_goes_on_from_there(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "crash.md"
            path.write_text(f"# Before\n\n{simulate.HEAD}\n{simulate.RULE}\n\nAfter.\n")
            for first in (1, 501, 1001):
                record = simulate.Record(path)
                row = record.row_for(1000)
                self.assertEqual(row.last + 1, first)
                self.assertEqual(simulate.add_slice(row, self.SAID % first, 500), [first])
                row.commit, row.day = "`abc`", "2034-01-01"
                record.write()
            self.assertEqual(path.read_text(), f"# Before\n\n{simulate.HEAD}\n{simulate.RULE}\n"
                             "| 1–1,000 | 8,000 | 60 | 40 | 20 | 10 | 1, 501 | `abc` | 2034-01-01 |\n"
                             "| 1,001–1,500 | 4,000 | 30 | 20 | 10 | 5 | 1001 | `abc` | 2034-01-01 |\n\nAfter.\n")

    def test_the_project_has_a_record(self):
        self.assertIsInstance(simulate.Record().rows, list)


if __name__ == "__main__":
    unittest.main(verbosity=2)
