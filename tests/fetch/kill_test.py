#!/usr/bin/python3
"""Kills `fermo fetch` with SIGKILL at random instants. However often: after a run that is let through every message is there
once, octet for octet, and in the delete mode gone from the server.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
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


class SideBySideTest(unittest.TestCase):
    """Several accounts, each in a process of its own, with one folder of ledgers: now one of the processes is killed, now the one that
    started them."""

    NAMES = [f"user{n}" for n in range(5)]
    MESSAGES = 12

    def setUp(self):
        self.random = random.Random(SEED)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-fetch-kill-"))
        self.addCleanup(shutil.rmtree, self.folder)
        context = fermo(users=[(name, fetching.PASSWORD) for name in self.NAMES])
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        password = self.folder / "password"
        password.write_text(fetching.PASSWORD + "\n")
        password.chmod(0o600)
        self.messages = {name: [] for name in self.NAMES}
        self.accounts = self.folder / "accounts.toml"
        self.accounts.write_text("".join(
            f'[account.{name}]\nserver = "pop3s://127.0.0.1:{self.server.ports["pop3s"]}"\nuser = "{name}"\n'
            f'password_file = "{password}"\nto = "maildir:{self.folder / name}"\nmode = "delete"\n'
            f'ca = "{self.server.certificate}"\n' for name in self.NAMES))
        self.accounts.chmod(0o600)
        self.command = [fetching.BINARY, "fetch", "--accounts", str(self.accounts), "--state", str(self.folder / "state")]

    def deliver(self, count):
        for name, messages in self.messages.items():
            for _ in range(count):
                messages.append(message(len(messages), self.random.choice([0, 10_000, 400_000])))
                self.server.run("deliver", name, input=messages[-1])

    def kill_one(self, process):
        """The one that started the others, or one of these."""
        there = [process.pid]
        with contextlib.suppress(OSError):
            there += pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self.random.choice(there)), signal.SIGKILL)

    def run_and_kill(self, after):
        """The code it ends with, however it ended."""
        process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            self.kill_one(process)
        return process.wait(timeout=300)

    def test_nothing_is_lost_or_doubled(self):
        self.deliver(self.MESSAGES)
        begun = time.monotonic()
        subprocess.run([*self.command, "--dry-run"], check=True, stdout=subprocess.DEVNULL, timeout=300)
        lasts = time.monotonic() - begun
        cycles, killed = 0, 0
        while cycles < CYCLES // 2 or killed == 0:
            cycles += 1
            killed += self.run_and_kill(self.random.uniform(0, lasts)) in (70, -signal.SIGKILL)
            self.deliver(1)
        for _ in range(2):
            done = subprocess.run(self.command, capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
        for name, messages in self.messages.items():
            self.assertEqual(fetching.maildir(self.folder / name), sorted(map(canonical, messages)), f"seed {SEED}")
            self.assertEqual(json.loads(self.server.run("drop", "list", name, "--json").stdout), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
