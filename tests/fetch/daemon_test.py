#!/usr/bin/python3
"""`fermo fetch --daemon`: its times, its signals, and what it tells systemd."""
import datetime
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import canonical  # noqa: E402
from fetching import maildir, message  # noqa: E402
from many_test import AccountsTest  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

SECONDS_MAX = 60  # for anything to happen on a busy machine


def seconds_until(text):
    then = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


class Daemon:
    """Runs it with --json, and keeps what it prints until somebody waits for it."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL, env=environment)
        self.out, self.err = queue.Queue(), queue.Queue()
        self.threads = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.put(line)

    def fetched(self):
        """The next fetch that ends."""
        return json.loads(self.out.get(timeout=SECONDS_MAX))

    def said(self, words):
        """The next line on standard error with these words."""
        while True:
            line = self.err.get(timeout=SECONDS_MAX)
            if words in line:
                return line

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(timeout=SECONDS_MAX)
        finally:
            self.process.kill()
            for thread in self.threads:
                thread.join(timeout=10)
            self.process.stdout.close()
            self.process.stderr.close()


class DaemonCase(AccountsTest):
    def start(self, *words, environment=None):
        daemon = Daemon(self.command("--daemon", "--json", *words), environment)
        self.addCleanup(daemon.stop)
        return daemon

    def scripted(self, *arguments, **settings):
        server = ScriptedServer(*arguments, **settings)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def of(self, server, name="one", **keys):
        return self.account(name, server=f"pop3://127.0.0.1:{server.port}", allow_plaintext=True, **keys)


class DaemonTest(DaemonCase):
    def test_it_fetches_at_once_and_when_it_is_told_to(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("ann"), self.account("bob"))
        daemon = self.start()
        outcomes = {one["account"]: one for one in (daemon.fetched(), daemon.fetched())}
        self.assertEqual({name: one["fetched"] for name, one in outcomes.items()}, {"ann": 1, "bob": 0})
        self.assertGreater(seconds_until(outcomes["ann"]["next"]), 200)
        self.deliver_to("ann", message(2))
        daemon.signal(signal.SIGUSR1)
        outcomes = {one["account"]: one for one in (daemon.fetched(), daemon.fetched())}
        self.assertEqual({name: one["fetched"] for name, one in outcomes.items()}, {"ann": 1, "bob": 0})
        self.assertEqual(maildir(self.folder / "ann"), sorted(map(canonical, [message(1), message(2)])))
        self.assertEqual(daemon.stop(), 0)

    def test_it_fetches_again_after_the_interval(self):
        self.write(self.account("ann"))
        daemon = self.start("--interval", "1")
        self.assertEqual(daemon.fetched()["fetched"], 0)
        self.deliver_to("ann", message(1))
        while daemon.fetched()["fetched"] == 0:
            pass
        self.assertEqual(maildir(self.folder / "ann"), [canonical(message(1))])

    def test_the_account_is_free_in_between(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("ann"))
        daemon = self.start()
        daemon.fetched()
        self.assertTrue(self.fetch_json()["ann"]["unchanged"])

    def test_accounts_are_reread(self):
        self.write(self.account("ann"))
        daemon = self.start()
        daemon.fetched()
        self.write(self.account("ann"), self.account("bob"))
        daemon.signal(signal.SIGHUP)
        self.assertIn("2 accounts reread", daemon.said("reread"))
        self.assertEqual(daemon.fetched()["account"], "bob")
        self.file.write_text("nonsense")
        daemon.signal(signal.SIGHUP)
        self.assertIn("the ones before go on", daemon.said("not reread"))
        self.write(self.account("bob"))
        daemon.signal(signal.SIGHUP)
        self.assertIn("1 account reread", daemon.said("reread"))
        daemon.signal(signal.SIGUSR1)
        self.assertEqual(daemon.fetched()["account"], "bob")
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(daemon.out.empty())

    def test_a_refused_login_is_not_repeated_until_somebody_says_so(self):
        server = self.scripted(hooks={"PASS": b"-ERR [AUTH] wrong\r\n"})
        self.write(self.of(server))
        daemon = self.start("--interval", "1")
        outcome = daemon.fetched()
        self.assertEqual(outcome["verdict"], "login-refused")
        self.assertGreater(seconds_until(outcome["next"]), 11 * 3600)
        self.assertIn("or on SIGUSR1, or when the accounts are reread", daemon.said("the login was refused"))
        daemon.signal(signal.SIGUSR1)
        self.assertEqual(daemon.fetched()["verdict"], "login-refused")
        del server.hooks["PASS"]
        daemon.signal(signal.SIGHUP)
        self.assertEqual(daemon.fetched()["verdict"], "done")
        self.assertEqual(server.connections, 3)

    def test_what_may_pass_is_tried_again_later_and_later(self):
        server = self.scripted(hooks={"PASS": b"-ERR [IN-USE] somebody else is here\r\n"})
        self.write(self.of(server))
        daemon = self.start("--interval", "1")
        waits = []
        for _ in range(3):
            outcome = daemon.fetched()
            self.assertEqual(outcome["verdict"], "busy")
            waits.append(seconds_until(outcome["next"]))
            daemon.signal(signal.SIGUSR1)
        for n, wait in enumerate(waits):
            self.assertGreater(wait, 60 * 2 ** n - SECONDS_MAX / 2)
            self.assertLessEqual(wait, 75 * 2 ** n + 1)

    def test_a_login_delay_is_kept_to_whoever_asks(self):
        server = self.scripted([("a", message(1))], capabilities=("TOP", "UIDL", "USER", "LOGIN-DELAY 900"))
        self.write(self.of(server))
        daemon = self.start("--interval", "1")
        outcome = daemon.fetched()
        self.assertEqual(outcome["fetched"], 1)
        self.assertGreater(seconds_until(outcome["next"]), 800)
        daemon.signal(signal.SIGUSR1)
        daemon.signal(signal.SIGHUP)
        daemon.said("reread")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(server.connections, 1)

    def test_a_failure_of_one_leaves_the_other_alone(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("nobody", server="pop3s://127.0.0.1:1"), self.account("ann"))
        daemon = self.start()
        outcomes = {one["account"]: one for one in (daemon.fetched(), daemon.fetched())}
        self.assertEqual((outcomes["nobody"]["verdict"], outcomes["ann"]["fetched"]), ("network", 1))

    def test_a_password_file_that_is_wrong_is_told_and_read_anew(self):
        self.password.chmod(0o644)
        self.write(self.account("ann"))
        daemon = self.start()
        self.assertIn("chmod 600", daemon.fetched()["problem"])
        self.password.chmod(0o600)
        daemon.signal(signal.SIGHUP)
        self.assertEqual(daemon.fetched()["verdict"], "done")

    def test_a_password_of_the_environment(self):
        self.write(self.account("ann", password_file=None, password_environment="ANN_PASSWORD"))
        daemon = self.start(environment=dict(os.environ, ANN_PASSWORD=fetching.PASSWORD))
        for _ in range(2):
            self.assertEqual(daemon.fetched()["verdict"], "done")
            daemon.signal(signal.SIGHUP)
            daemon.said("reread")
            daemon.signal(signal.SIGUSR1)

    def test_an_account_of_the_command_line(self):
        self.deliver_to("ann", message(1))
        fetcher = self.fetcher()
        daemon = Daemon(fetcher.command("delete", "--daemon", "--json"))
        self.addCleanup(daemon.stop)
        self.assertEqual(daemon.fetched()["deleted"], 1)
        self.assertEqual(daemon.stop(), 0)

    def test_it_ends_in_the_midst_of_a_fetch(self):
        """A server that goes silent in a message does not hold up the end, and nothing cut is delivered."""
        whole = message(2)
        server = self.scripted([("a", message(1)), ("b", whole)],
                               hooks={"RETR 2": [b"+OK\r\n" + whole[:50], lambda _: stuck.set() or b"", lambda _: gate()]})
        stuck, go_on = threading.Event(), threading.Event()

        def gate():
            go_on.wait(SECONDS_MAX)
            return b""

        self.addCleanup(go_on.set)
        self.write(self.of(server))
        daemon = self.start()
        self.assertTrue(stuck.wait(SECONDS_MAX))
        self.assertEqual(daemon.stop(), 0)
        go_on.set()
        self.assertEqual(maildir(self.folder / "one"), [canonical(message(1))])


class ServiceManagerTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.folder / "notify"))
        self.socket.settimeout(SECONDS_MAX)

    def told(self, words):
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            text = self.socket.recv(4096).decode()
            if words in text:
                return text
        self.fail(f"systemd was not told {words}")

    def test_systemd_is_told_how_it_goes(self):
        self.write(self.account("ann"))
        environment = dict(os.environ, NOTIFY_SOCKET=str(self.folder / "notify"), JOURNAL_STREAM="8:1")
        daemon = self.start(environment=environment)
        self.told("READY=1")
        self.told("STATUS=fetching 1")
        self.assertIn("next at", self.told("STATUS=waiting"))
        daemon.signal(signal.SIGHUP)
        self.told("RELOADING=1")
        self.told("READY=1")
        self.assertEqual(daemon.said("reread"), "1 account reread\n")  # the journal has the time
        daemon.signal(signal.SIGTERM)
        self.told("STOPPING=1")
        self.assertEqual(daemon.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
