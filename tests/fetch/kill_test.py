#!/usr/bin/python3
"""Kills `fermo fetch` with SIGKILL at random instants. However often: after a run that is let through every message is there
once, octet for octet, and in the delete mode gone from the server.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import canonical, fermo  # noqa: E402
from fetching import Fetcher, mbox, message  # noqa: E402

CYCLES = int(os.environ.get("FERMO_KILL_CYCLES", "20"))
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))
MESSAGES_AT_FIRST, MESSAGES_A_CYCLE = 60, 3


class KillTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-fetch-kill-"))
        self.addCleanup(shutil.rmtree, self.folder)
        context = fermo(users=[("ann", fetching.PASSWORD)])
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.messages = []

    def deliver(self, count):
        for _ in range(count):
            one = message(len(self.messages), self.random.choice([0, 1_000, 10_000, 400_000]))
            self.server.run("deliver", "ann", input=one)
            self.messages.append(one)

    def fetcher(self, target):
        url = f"pop3s://127.0.0.1:{self.server.ports['pop3s']}"
        return Fetcher(self.folder / "account", url, target=target, options=["--ca", str(self.server.certificate)])

    def run_and_kill(self, fetcher, mode, after):
        process = subprocess.Popen(fetcher.command(mode), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, err = process.communicate(timeout=after)
            self.assertEqual(process.returncode, 0, err.decode())
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=60)
            return True

    def torment(self, fetcher, mode):
        """Returns how many runs were killed in their midst."""
        self.deliver(MESSAGES_AT_FIRST)
        begun = time.monotonic()
        probe = Fetcher(self.folder / "probe", fetcher.url, options=fetcher.options)
        probe.run("keep")
        lasts = time.monotonic() - begun
        killed = 0
        for _ in range(CYCLES):
            killed += self.run_and_kill(fetcher, mode, self.random.uniform(0, lasts))
            self.deliver(MESSAGES_A_CYCLE)
        fetcher.run(mode)
        self.assertEqual(fetcher.run(mode)["fetched"], 0)
        held = json.loads(self.server.run("drop", "list", "ann", "--json").stdout)
        self.assertEqual(len(held), 0 if mode == "delete" else len(self.messages))
        self.assertGreater(killed, 0)

    def test_maildir_and_delete(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}")
        self.torment(fetcher, "delete")
        self.assertEqual(fetcher.mail(), sorted(map(canonical, self.messages)), f"seed {SEED}")

    def test_maildir_and_keep(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}")
        self.torment(fetcher, "keep")
        self.assertEqual(fetcher.mail(), sorted(map(canonical, self.messages)), f"seed {SEED}")

    def test_mbox_and_delete(self):
        fetcher = self.fetcher(f"mbox:{self.folder / 'mbox'}")
        self.torment(fetcher, "delete")
        self.assertEqual(mbox(self.folder / "mbox"), sorted(map(canonical, self.messages)), f"seed {SEED}")

    def test_maildrop_and_delete(self):
        for served in (False, True):
            with self.subTest(served=served), fermo(users=[("bob", "bob's")], start=served) as holder:
                self.messages = []
                fetcher = self.fetcher("maildrop:bob")
                fetcher.folder = self.folder / f"account-{served}"
                fetcher.options += ["--data", str(holder.data)]
                self.torment(fetcher, "delete")
                if not served:
                    holder.start()
                out = Fetcher(self.folder / f"out-{served}", f"pop3s://127.0.0.1:{holder.ports['pop3s']}", user="bob",
                              password="bob's", options=["--ca", str(holder.certificate)])
                out.run()
                self.assertEqual(out.mail(), sorted(map(canonical, self.messages)), f"seed {SEED}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
