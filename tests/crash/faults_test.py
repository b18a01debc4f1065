#!/usr/bin/python3
"""One call after the other fails in each process of the program, with EIO, ENOSPC, EMFILE and ENOMEM, once or from then on, while it
starts, takes mail in, gives it out, deletes it, and while commands run. Whatever fails:

  * nothing is said to be done that is not: what was acknowledged is there, what was deleted is gone, nothing is half done;
  * no process aborts, but where an engine cannot go on (ENGINE_ENDS); that one is started again;
  * when the fault is gone, service goes on by itself.

FERMO_FAULTS_DRAWN is how many faults are drawn for each kind of work; FERMO_FAULTS=all tries every one, and prints a table.
"""
import collections
import errno
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "fetch")]
from faults import ALWAYS, KINDS, LIBRARY, NEVER, Faults, Ledger, check, deliver, read_and_delete  # noqa: E402
from fermo_process import BINARY, changed_environment, fermo  # noqa: E402
from fetching import Fetcher, maildir, mbox, message  # noqa: E402

ALL = os.environ.get("FERMO_FAULTS") == "all"
DRAWN = int(os.environ.get("FERMO_FAULTS_DRAWN", "6"))
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))
USERS = ["ann", "bob"]
ENDS = re.compile(r"the (\w+) process (was killed by signal \d+|ended with code \d+)")

# Where an engine cannot go on: the process, how it ends, the error, and the call that failed (docs/decisions/0006-embedded-store.md).
ENGINE_ENDS = [("store", "was killed by signal 6", "EIO|ENOSPC", "fsync|fdatasync|sync_file_range")]


class FaultsTest(unittest.TestCase):
    def setUp(self):
        if not LIBRARY:
            self.skipTest("FERMO_FAULT_LIBRARY names no library")
        self.random = random.Random(f"{SEED} {self.id()}")
        self.table = collections.Counter()
        self.ends = collections.Counter()
        self.said = str  # what the server has said

    def tearDown(self):
        for (process, error), count in sorted(self.table.items()):
            print(f"{self._testMethodName}: {process} {errno.errorcode[error]}: {count} calls failed", flush=True)
        for end, count in sorted(self.ends.items()):
            print(f"{self._testMethodName}: {' '.join(end)}: {count} times", flush=True)

    def each(self, cases, count, trial):
        """Tries faults of each case (process, error): all, or some that are drawn. `count` tells how many calls there are; `trial`
        gives how many it met."""
        everything = [(case, times, at) for case in cases for times in (1, ALWAYS) for at in range(1, count(*case) + 1)]
        drawn = everything if ALL else self.random.sample(everything, min(DRAWN, len(everything)))
        for (process, error), times, at in drawn:
            try:
                self.table[process, error] += trial(process, error, at, times) > 0
            except BaseException as failure:
                where = f"{process} {errno.errorcode[error]}, call {at}{'' if times == 1 else ' and on'}, seed {SEED}"
                raise AssertionError(f"{where}: {failure}\n{self.said()}") from failure
        self.assertGreater(sum(self.table.values()), 0, "nothing failed")

    # --- A server that runs ------------------------------------------------------------------------------------------

    def watch(self, server, process, error, name):
        """Whether a process has ended, which only an engine may."""
        said = server.log.read_text(errors="replace")[self.seen:]
        self.seen += len(said)
        for role, how in ENDS.findall(said):
            end = (role, how, errno.errorcode[error], name)
            self.ends[end] += 1
            self.assertTrue(any(all(map(re.fullmatch, allowed, end)) for allowed in ENGINE_ENDS), f"{end}\n{said}")

    def served(self, processes, work):
        cases = [(process, error) for process in processes for error in KINDS]
        with fermo(users=[(user, "secret of " + user) for user in USERS], start=False) as server:
            faults, ledger = Faults(server.data), Ledger(USERS)
            server.start(environment=faults.environment())
            self.said = lambda: "\n".join(line for line in server.log.read_text().splitlines() if " session id=" not in line)[-4000:]
            check(server, ledger)
            self.seen = len(server.log.read_text())

            def prepare():
                for _ in range(3):
                    self.assertEqual(deliver(server, ledger, USERS, 2_000), [250] * 2)
                ledger.together.clear()

            def count(process, error):
                prepare()
                faults.begin(process, error, NEVER, 1)
                work(server, ledger)
                counted = faults.end()[0]
                check(server, ledger)
                for user in USERS:
                    read_and_delete(server, ledger, user)
                return counted + 1 if counted > 0 else 0  # one more may come by chance

            def trial(process, error, at, times):
                if process == "store":  # after trouble that comes back soon it waits longer and longer before it tries again
                    server.stop()
                    self.seen = server.log.stat().st_size
                    server.start(environment=faults.environment())
                prepare()
                with faults.for_a_while(process, error, at, times):
                    work(server, ledger)
                _, failed, name = faults.end()
                check(server, ledger)
                for user in USERS:
                    read_and_delete(server, ledger, user)
                self.watch(server, process, error, name)
                return failed

            self.each(cases, count, trial)
            check(server, ledger)

    def test_while_mail_comes_in(self):
        def work(server, ledger):
            deliver(server, ledger, USERS, 1_000)
            deliver(server, ledger, ["bob"], 300_000)

        self.served(("store", "auth", "net", "keys", "launcher"), work)

    def test_while_mail_is_fetched_and_deleted(self):
        def work(server, ledger):
            for user in USERS:
                read_and_delete(server, ledger, user)

        self.served(("store", "auth", "net", "keys", "launcher"), work)

    # --- A server that starts ----------------------------------------------------------------------------------------

    def started(self, server, faults, ledger):
        """Whether it serves; otherwise it has ended by itself and said why."""
        with changed_environment(faults.environment()):
            try:
                server.start()
                return True
            except AssertionError as end:
                code = server.process.returncode
                server.process.stdout.close()
                server.process = None
                self.assertGreater(code, 0, end)
                self.assertRegex(str(end), r"fermo: \S", "it says why")
                return False

    def test_while_the_server_starts(self):
        cases = [(process, error) for process in ("launcher", "keys", "store", "auth", "net") for error in KINDS]
        with fermo(users=[(user, "secret of " + user) for user in USERS], start=False) as server:
            faults, ledger = Faults(server.data), Ledger(USERS)
            self.said = lambda: "\n".join(line for line in server.log.read_text().splitlines() if " session id=" not in line)[-4000:]
            server.start()
            check(server, ledger)
            self.seen = 0

            def count(process, error):
                server.kill()
                faults.begin(process, error, NEVER, 1)
                self.assertTrue(self.started(server, faults, ledger))
                return faults.end()[0]

            def trial(process, error, at, times):
                for user in USERS:
                    read_and_delete(server, ledger, user)
                deliver(server, ledger, USERS, 100_000)  # so that there is a log to replay
                server.kill()
                with faults.for_a_while(process, error, at, times):
                    serves = self.started(server, faults, ledger)
                _, failed, name = faults.end()
                if not serves:
                    server.start(environment=faults.environment())
                check(server, ledger)
                self.watch(server, process, error, name)
                return failed

            self.each(cases, count, trial)

    # --- Commands ----------------------------------------------------------------------------------------------------

    def ran(self, line, faults, input=None):
        """Whether it says that all went well; otherwise it must say what did not."""
        done = subprocess.run(line, input=input, capture_output=True, timeout=120, env=faults.environment())
        self.assertGreaterEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        if done.returncode != 0:
            self.assertRegex(done.stderr, rb"fermo: \S", "it says why")
        return done.returncode == 0

    def commanded(self, prepare, work, judge):
        """`work` runs a command on a prepared server and tells whether it said that all went well; `judge` looks, without faults."""
        with fermo(users=[(user, "secret of " + user) for user in USERS]) as server:
            faults = Faults(server.data)

            def count(process, error):
                prepare(server)
                faults.begin(process, error, NEVER, 1)
                self.assertTrue(work(server, faults))
                counted = faults.end()[0]
                judge(server, True)
                return counted

            def trial(process, error, at, times):
                prepare(server)
                faults.begin(process, error, at, times)
                well = work(server, faults)
                _, failed, _ = faults.end()
                judge(server, well)
                return failed

            self.each([("command", error) for error in KINDS], count, trial)

    def test_while_a_user_is_added(self):
        users = []

        def names(server):
            return [line.split(":")[0] for line in (server.data / "users").read_text().splitlines()]

        def prepare(_):
            users.append(f"user{len(users)}")

        def work(server, faults):
            line = [BINARY, "user", "add", users[-1], "--password-stdin", "--data", str(server.data), "--config", str(server.config)]
            return self.ran(line, faults, b"a secret\n")

        def judge(server, well):
            there = names(server)
            self.assertEqual([name for name in there if name != users[-1]], self.before)
            self.assertTrue(users[-1] in there or not well)
            self.before = there
            server.run("user", "list")

        self.before = USERS
        self.commanded(prepare, work, judge)

    def fetched(self, kind, read):
        """From this server into a target: each message once, whatever failed in the run before."""
        expected = []
        with tempfile.TemporaryDirectory(prefix="fermo-test-") as folder:
            fetchers = {}

            def fetcher(server):
                if not fetchers:
                    made = Fetcher(folder, f"pop3://127.0.0.1:{server.ports['pop3']}", target=f"{kind}:{folder}/target",
                                   password="secret of ann", options=["--allow-plaintext"])
                    fetchers[kind] = made
                return fetchers[kind]

            def prepare(server):
                for octets in (0, 2_000, 100_000):
                    expected.append(message(len(expected), octets))
                    server.run("deliver", "ann", input=expected[-1])
                expected.sort()

            def fetch(server, faults):
                return self.ran(fetcher(server).command("delete"), faults)

            def judge(server, well):
                if well:  # otherwise the next run takes away what is half there
                    self.assertEqual(read(f"{folder}/target"), expected)
                fetcher(server).text("delete")
                self.assertEqual(read(f"{folder}/target"), expected)
                self.assertEqual(json.loads(server.run("drop", "list", "ann", "--json").stdout), [])

            self.commanded(prepare, fetch, judge)

    def test_while_mail_is_fetched_into_a_maildir(self):
        self.fetched("maildir", maildir)

    def test_while_mail_is_fetched_into_an_mbox(self):
        self.fetched("mbox", mbox)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main(warnings="ignore")
