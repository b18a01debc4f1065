#!/usr/bin/python3
"""What an earlier version recorded of all accounts in one file is taken over into a ledger for each: nothing is fetched twice."""
import fcntl
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from daemon_test import SECONDS_MAX, Daemon  # noqa: E402
from fetching import BINARY, IO_ERROR, OK, PASSWORD, TEMPORARY, as_earlier_version_left, maildir, message  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

NAMES = ("ann", "bob")


class EarlierLedgerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fermo-earlier-ledger-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = self.folder / "state"
        self.servers = {}
        text = ""
        (self.folder / "password").write_text(PASSWORD + "\n")
        (self.folder / "password").chmod(0o600)
        for name in NAMES:
            server = self.servers[name] = ScriptedServer([(f"{name}-{n}", message(n)) for n in range(3)])
            server.__enter__()
            self.addCleanup(server.__exit__)
            text += (f'[account.{name}]\nserver = "pop3://127.0.0.1:{server.port}"\nallow_plaintext = true\nuser = "{name}"\n'
                     f'password_file = "{self.folder / "password"}"\nto = "maildir:{self.folder / name}"\nmode = "keep"\n')
        self.file = self.folder / "accounts.toml"
        self.file.write_text(text)
        self.file.chmod(0o600)
        self.assertEqual(self.fetched(), {"ann": 3, "bob": 3})
        as_earlier_version_left(self.state)
        self.assertEqual([path.name for path in self.state.iterdir()], ["fetch.db"])

    def run_fermo(self, *words, code=OK):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=2 * SECONDS_MAX)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def fetch(self, *words, code=OK):
        return self.run_fermo("fetch", "--accounts", self.file, "--state", self.state, *words, code=code)

    def fetched(self, *words):
        return {one["account"]: one["fetched"] for one in json.loads(self.fetch("--json", *words).stdout)}

    def new_message(self, name):
        server = self.servers[name]
        server.messages = [*server.messages, (f"{name}-new", message(10))]

    def explained(self):
        done = self.run_fermo("fetch", "explain", "--state", self.state, "--json")
        return {one["account"].partition("@")[0]: one["messages"] for one in json.loads(done.stdout)}

    def folders(self):
        return sorted(path.name.partition("@")[0] for path in self.state.iterdir() if path.is_dir())

    def expect_each_message_once(self):
        for name, server in self.servers.items():
            self.assertEqual(maildir(self.folder / name), sorted(content for _, content in server.messages))

    def test_several_accounts_fetch_nothing_twice(self):
        self.new_message("bob")
        self.assertEqual(self.fetched(), {"ann": 0, "bob": 1})
        self.assertEqual(self.folders(), ["account-ann", "account-bob"])
        self.assertEqual(self.explained(), {"ann": 3, "bob": 4})
        self.new_message("ann")
        self.assertEqual(self.fetched(), {"ann": 1, "bob": 0})
        self.expect_each_message_once()

    def test_one_account_takes_all_of_them_over_and_fetches_nothing_twice(self):
        self.new_message("ann")
        self.assertEqual(self.fetched("ann"), {"ann": 1})
        (self.state / "fetch.db").unlink()  # nothing depends on it any more
        self.assertEqual(self.explained(), {"ann": 4, "bob": 3})
        self.assertEqual(self.fetched(), {"ann": 0, "bob": 0})
        self.expect_each_message_once()

    def test_the_daemon_fetches_nothing_twice(self):
        daemon = Daemon([BINARY, "fetch", "--accounts", str(self.file), "--state", str(self.state), "--daemon", "--json"])
        self.addCleanup(daemon.stop)
        self.assertEqual({one["account"]: one["fetched"] for one in (daemon.fetched(), daemon.fetched())}, {"ann": 0, "bob": 0})
        self.assertEqual(daemon.stop(), 0)
        self.expect_each_message_once()

    def test_who_only_looks_sees_it_and_changes_nothing(self):
        self.assertEqual(self.explained(), {"ann": 3, "bob": 3})
        plans = {one["account"]: {decision["retrieve"] for decision in one["plan"]}
                 for one in json.loads(self.fetch("--json", "--dry-run").stdout)}
        self.assertEqual(plans, {"ann": {"none"}, "bob": {"none"}})
        self.assertEqual(self.folders(), [])

    def test_what_is_wanted_as_a_whole_is_recorded_in_the_new_ledger(self):
        port = self.servers["ann"].port
        done = self.run_fermo("fetch", "whole", "--state", self.state, f"ann@127.0.0.1:{port}", "ann-1", code=65)
        self.assertIn("was fetched as a whole already", done.stderr)
        self.assertEqual(self.folders(), ["account-ann", "account-bob"])

    def test_while_an_earlier_version_fetches_nothing_is_taken_over(self):
        with open(self.state / "fetch.db-lock", "wb") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX, 1, 2)  # the second account's
            self.assertIn("another process is fetching", self.fetch(code=TEMPORARY).stderr)
            self.assertEqual(self.folders(), [])
        self.assertEqual(self.fetched(), {"ann": 0, "bob": 0})

    def test_what_cannot_be_taken_over_is_said_and_nothing_is_fetched(self):
        self.new_message("ann")
        (self.state / "fetch.db").write_bytes(b"x" * 4096)
        self.assertIn("cannot be taken over, so nothing is fetched", self.fetch(code=IO_ERROR).stderr)
        self.assertEqual(self.folders(), [])
        self.assertEqual(len(maildir(self.folder / "ann")), 3)


if __name__ == "__main__":
    unittest.main()
