#!/usr/bin/python3
"""A run of several accounts, and each fetch of the daemon, is a process of its own that sees one account: its secret, its
target, and nobody else's; and what is lost with it is that fetch."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support"),
                os.path.join(os.path.dirname(__file__), "..", "processes")]
from confined_test import limits_of, possible  # noqa: E402
from daemon_test import Daemon  # noqa: E402
from fetching import BINARY, TEMPORARY, maildir, message  # noqa: E402
from net_memory_test import times_found  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402
from trees import children, is_there  # noqa: E402
from waiting import SECONDS_MAX, until  # noqa: E402

SOFTWARE = 70
PASSWORDS = {"ann": "the-secret-of-ann", "bob": "the-secret-of-bob"}


def workers(pid):
    """The processes that fetch for `pid`."""
    found = set()
    for child in children(pid):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{child}/cmdline").read_bytes() == b"fermo\0role\0fetch\0":
                found.add(child)
    return found


def talks_to(pid, port):
    """Whether a process has a connection to a port of this machine."""
    inodes = set()
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[2].rpartition(":")[2], 16) == port:
            inodes.add(f"socket:[{words[9]}]")
    held = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(os.readlink(descriptor))
    return bool(inodes & held)


class Gate:
    """A server whose first message waits until it is let out; the second comes at once."""

    def __init__(self, name):
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.messages = [(f"{name}-1", message(1)), (f"{name}-2", message(2))]
        self.server = ScriptedServer(self.messages, {"RETR 1": self.hold})

    def hold(self, reply):
        self.asked.set()
        self.go_on.wait(SECONDS_MAX)
        return reply

    @property
    def mail(self):
        return sorted(content for _, content in self.messages)


class ApartCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fermo-apart-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tmp").mkdir()
        # Temporary files are for every fetch, so that what is nobody else's must not be among them.
        self.environment = dict(os.environ, TMPDIR=str(self.folder / "tmp"), BOBS_PASSWORD=PASSWORDS["bob"])
        self.gates = {}
        accounts = []
        for name in PASSWORDS:
            gate = self.gates[name] = Gate(name)
            gate.server.__enter__()
            self.addCleanup(gate.server.__exit__)
            self.addCleanup(gate.go_on.set)
            accounts.append(self.account(name, gate.server.port))
        self.file = self.folder / "accounts.toml"
        self.file.write_text("\n".join(accounts))
        self.file.chmod(0o600)

    def account(self, name, port):
        secret = 'password_environment = "BOBS_PASSWORD"'
        if name == "ann":
            password = self.folder / "password"
            password.write_text(PASSWORDS[name] + "\n")
            password.chmod(0o600)
            secret = f'password_file = "{password}"'
        return (f'[account.{name}]\nserver = "pop3://127.0.0.1:{port}"\nallow_plaintext = true\nuser = "{name}"\n{secret}\n'
                f'to = "maildir:{self.folder / name}"\nmode = "keep"\ntimeout_seconds = {SECONDS_MAX}\n')

    def command(self, *words):
        return [BINARY, "fetch", "--accounts", str(self.file), "--state", str(self.folder / "state"), *words]

    def start(self):
        run = subprocess.Popen(self.command("--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, env=self.environment)
        self.addCleanup(self.end, run)
        return run

    @staticmethod
    def end(run):
        run.kill()
        run.communicate(timeout=SECONDS_MAX)

    def await_both(self):
        for gate in self.gates.values():
            self.assertTrue(gate.asked.wait(SECONDS_MAX))

    def worker_of(self, pid, name):
        found = [one for one in workers(pid) if talks_to(one, self.gates[name].server.port)]
        self.assertEqual(len(found), 1)
        return found[0]

    def let_go(self):
        for gate in self.gates.values():
            gate.go_on.set()

    def outcomes(self, run, code):
        said, complaints = run.communicate(timeout=2 * SECONDS_MAX)
        self.assertEqual(run.returncode, code, said + complaints)
        return {one["account"]: one for one in json.loads(said)}

    def fetched(self):
        return {name: maildir(self.folder / name) for name in PASSWORDS}


class ApartTest(ApartCase):
    def test_each_account_has_a_process_that_is_confined_and_the_one_that_starts_them_hears_nobody(self):
        run = self.start()
        self.await_both()
        ann, bob = (self.worker_of(run.pid, name) for name in PASSWORDS)
        self.assertNotEqual(ann, bob)
        for worker in (ann, bob):
            self.assertEqual(limits_of(worker), ("1", "2") if possible() else limits_of(os.getpid()))
        self.assertFalse(any(talks_to(run.pid, gate.server.port) for gate in self.gates.values()))
        self.assertFalse(talks_to(ann, self.gates["bob"].server.port))
        self.let_go()
        self.assertEqual({name: one["fetched"] for name, one in self.outcomes(run, 0).items()}, {"ann": 2, "bob": 2})
        self.assertEqual(self.fetched(), {name: gate.mail for name, gate in self.gates.items()})

    @unittest.skipUnless(os.geteuid() == 0, "only root may read the memory of a process that has closed it")
    def test_no_secret_of_another_account_is_in_memory_environment_or_arguments(self):
        run = self.start()
        self.await_both()
        secrets = {name: password.encode() for name, password in PASSWORDS.items()}
        for name, other in (("ann", "bob"), ("bob", "ann")):
            worker = self.worker_of(run.pid, name)
            found = times_found(worker, list(secrets.values()))
            self.assertGreater(found[secrets[name]], 0)  # the search finds what is there
            self.assertEqual(found[secrets[other]], 0)
            for file in ("environ", "cmdline"):
                content = pathlib.Path(f"/proc/{worker}/{file}").read_bytes()
                self.assertEqual([name for name, secret in secrets.items() if secret in content], [])
        self.assertEqual(times_found(run.pid, [secrets["ann"]]), {secrets["ann"]: 0})  # what a file holds is read by the worker
        self.let_go()
        self.outcomes(run, 0)

    def expect_no_way_from_ann_to(self, folder):
        """What leads from her Maildir into another folder, once the process has begun, leads nowhere."""
        if not possible():
            self.skipTest("nothing is confined here")
        run = self.start()
        self.await_both()
        (place,) = self.folder.glob(folder)
        (self.folder / "ann/tmp").rename(self.folder / "ann/tmp-before")
        (self.folder / "ann/tmp").symlink_to(place)
        self.let_go()
        outcomes = self.outcomes(run, 74)
        self.assertEqual((outcomes["ann"]["fetched"], outcomes["bob"]["fetched"]), (0, 2))
        self.assertEqual(outcomes["ann"]["verdict"], "target-failed")
        self.assertEqual(list(place.glob("fermo.*")), [])

    def test_the_maildir_of_another_account_cannot_be_reached(self):
        self.expect_no_way_from_ann_to("bob/tmp")

    def test_the_ledger_of_another_account_cannot_be_reached(self):
        self.expect_no_way_from_ann_to("state/account-bob@*")

    def test_the_folder_of_what_is_remembered_cannot_be_reached(self):
        self.expect_no_way_from_ann_to("state")

    def test_one_that_is_killed_is_named_and_leaves_the_others_whole(self):
        run = self.start()
        self.await_both()
        os.kill(self.worker_of(run.pid, "ann"), signal.SIGKILL)
        self.let_go()
        outcomes = self.outcomes(run, SOFTWARE)
        self.assertEqual((outcomes["ann"]["verdict"], outcomes["ann"]["exit_code"]), ("process-lost", SOFTWARE))
        self.assertIn("its process was killed by signal 9", outcomes["ann"]["problem"])
        self.assertEqual((outcomes["bob"]["exit_code"], outcomes["bob"]["fetched"]), (0, 2))
        again = subprocess.run(self.command(), capture_output=True, text=True, env=self.environment, timeout=2 * SECONDS_MAX)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.fetched(), {name: gate.mail for name, gate in self.gates.items()})

    def test_they_end_softly_when_the_one_that_started_them_is_told_to(self):
        run = self.start()
        self.await_both()
        run.send_signal(signal.SIGTERM)
        outcomes = self.outcomes(run, TEMPORARY)
        self.assertEqual({one["verdict"] for one in outcomes.values()}, {"stopped"})
        self.let_go()

    def test_what_is_typed_at_the_terminal_ends_them_softly_too(self):
        run = subprocess.Popen(self.command("--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, env=self.environment, process_group=0)
        self.addCleanup(self.end, run)
        self.await_both()
        os.killpg(run.pid, signal.SIGINT)
        self.assertEqual({one["verdict"] for one in self.outcomes(run, TEMPORARY).values()}, {"stopped"})
        self.let_go()

    def test_they_end_with_the_one_that_started_them(self):
        run = self.start()
        self.await_both()
        there = workers(run.pid)
        self.assertEqual(len(there), 2)
        run.kill()
        until(lambda: not any(map(is_there, there)), "the processes have ended")
        self.let_go()

    def test_a_dry_run_shows_the_plans(self):
        self.let_go()
        done = subprocess.run(self.command("--json", "--dry-run"), capture_output=True, text=True, env=self.environment,
                              timeout=2 * SECONDS_MAX)
        self.assertEqual(done.returncode, 0, done.stderr)
        plans = {one["account"]: one["plan"] for one in json.loads(done.stdout)}
        self.assertEqual({name: [(one["key"], one["retrieve"], one["reason"]) for one in plan] for name, plan in plans.items()},
                         {name: [(f"{name}-1", "whole", "is-new"), (f"{name}-2", "whole", "is-new")] for name in PASSWORDS})
        self.assertFalse((self.folder / "ann").exists())


class DaemonTest(ApartCase):
    def start(self):
        daemon = Daemon(self.command("--daemon", "--json"), self.environment)
        self.addCleanup(daemon.stop)
        return daemon

    def test_each_fetch_has_a_process_that_is_confined_and_the_daemon_hears_nobody(self):
        daemon = self.start()
        self.await_both()
        for name in PASSWORDS:
            self.assertEqual(limits_of(self.worker_of(daemon.process.pid, name)),
                             ("1", "2") if possible() else limits_of(os.getpid()))
        self.assertFalse(any(talks_to(daemon.process.pid, gate.server.port) for gate in self.gates.values()))
        self.let_go()
        self.assertEqual({one["account"]: one["fetched"] for one in (daemon.fetched(), daemon.fetched())}, {"ann": 2, "bob": 2})
        until(lambda: not children(daemon.process.pid), "no process is left")
        self.assertEqual(daemon.stop(), 0)

    def test_one_that_is_killed_is_named_and_the_account_is_tried_again(self):
        daemon = self.start()
        self.await_both()
        os.kill(self.worker_of(daemon.process.pid, "ann"), signal.SIGSEGV)
        outcome = daemon.fetched()
        self.assertEqual((outcome["account"], outcome["verdict"]), ("ann", "process-lost"))
        self.assertIn("ann: its process ", daemon.said("tried again"))
        self.let_go()
        self.assertEqual(daemon.fetched()["fetched"], 2)
        daemon.signal(signal.SIGUSR1)
        self.assertEqual({one["account"]: one["verdict"] for one in (daemon.fetched(), daemon.fetched())},
                         {"ann": "done", "bob": "done"})
        self.assertEqual(self.fetched(), {name: gate.mail for name, gate in self.gates.items()})


if __name__ == "__main__":
    unittest.main()
