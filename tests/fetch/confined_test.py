#!/usr/bin/python3
"""A run of `fermo fetch` has given up what it does not need before it hears a word from the server."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from fetching import BINARY, Fetcher, maildir, message  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

SECONDS_MAX = 60


def possible():
    """Whether anything is put in force in this build, on this kernel."""
    found = subprocess.run([BINARY, "doctor", "--json"], capture_output=True, timeout=SECONDS_MAX)
    return any(role["calls_filtered"] for role in json.loads(found.stdout)["roles"])


def limits_of(pid):
    lines = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return lines["NoNewPrivs"], lines["Seccomp"]


class ConfinedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fermo-confined-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def fetch(self, **options):
        """One message is fetched: what the process was limited to when it asked for it."""
        asked, go_on = threading.Event(), threading.Event()

        def hold(reply):
            asked.set()
            go_on.wait(SECONDS_MAX)
            return reply

        with ScriptedServer([("uid-1", message(1))], {"RETR 1": hold}) as server:
            fetcher = Fetcher(self.folder, f"pop3://127.0.0.1:{server.port}", options=["--allow-plaintext"], **options)
            run = subprocess.Popen(fetcher.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                self.assertTrue(asked.wait(SECONDS_MAX))
                limits = limits_of(run.pid)
            finally:
                go_on.set()
                said, _ = run.communicate(timeout=SECONDS_MAX)
            self.assertEqual(run.returncode, 0, said)
        return limits

    def test_a_fetch_can_gain_no_rights_and_makes_only_the_calls_on_its_list(self):
        self.assertEqual(self.fetch(), ("1", "2") if possible() else limits_of(os.getpid()))
        self.assertEqual(maildir(self.folder / "mail"), [message(1)])

    def test_one_that_gives_mail_to_a_program_is_confined_and_the_program_is_not(self):
        given, limits = self.folder / "given", self.folder / "limits"
        program = f"command:/bin/sh -c 'cat >{given}; grep -E ^(NoNewPrivs|Seccomp): /proc/self/status >{limits}'"
        self.assertEqual(self.fetch(target=program.replace("^(", '"^(').replace("):", '):"')),
                         ("1", "2") if possible() else limits_of(os.getpid()))
        self.assertEqual(given.read_bytes(), message(1).replace(b"\r\n", b"\n"))
        self.assertEqual(tuple(line.split()[1] for line in limits.read_text().splitlines()), limits_of(os.getpid()))


if __name__ == "__main__":
    unittest.main()
