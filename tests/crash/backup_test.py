#!/usr/bin/python3
"""Backups while mail comes in, killed at random instants, damaged, and restored: what was acknowledged before a backup began is in
it, octet for octet, and nothing that is not whole is taken for a backup or for a restored store."""
import hashlib
import json
import os
import poplib
import random
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import BINARY, Fermo, fermo, without_trace_fields  # noqa: E402
from waiting import until  # noqa: E402

CYCLES = int(os.environ.get("FERMO_BACKUP_KILL_CYCLES", "12"))
LIBRARY = os.environ.get("FERMO_KILL_LIBRARY", "")
EVERY_POINT = os.environ.get("FERMO_KILL_POINTS") == "all"
POINTS = 25  # of each command, others at each run, where not all are tried
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))
USAGE, DATA_ERROR, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, IO_ERROR, TEMPORARY_FAILURE = 64, 65, 66, 69, 73, 74, 75
TOKEN = re.compile(rb"^X-Token: (\S+)\r?$", re.M)
poplib._MAXLINE = 1 << 20


def message_of(rng, octets):
    token = f"{rng.getrandbits(64):016x}"
    body = b"".join(b".%076d\r\n" % rng.getrandbits(200) for _ in range(octets // 80))
    return token, b"Subject: backup\r\nX-Token: %s\r\n\r\n%s" % (token.encode(), body)


class Deliveries:
    """Delivers by LMTP until stopped, and knows what was begun and what was acknowledged."""

    def __init__(self, port, rng):
        self.port, self.rng = port, rng
        self.lock = threading.Lock()
        self.digest, self.acknowledged = {}, set()
        self.changed = threading.Condition(self.lock)
        self.stopping, self.failure = threading.Event(), None

    def deliver(self, client):
        token, message = message_of(self.rng, self.rng.choice([0, 10_000, 100_000]))
        with self.lock:
            self.digest[token] = hashlib.sha256(message).digest()
        client.sendmail("sender@example.test", ["ann@example.test"], message)
        with self.changed:
            self.acknowledged.add(token)
            self.changed.notify_all()

    def run(self):
        try:
            with smtplib.LMTP("127.0.0.1", self.port, timeout=60) as client:
                while not self.stopping.is_set():
                    self.deliver(client)
        except (OSError, smtplib.SMTPException) as error:
            self.failure = error

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def await_more(self, count):
        with self.changed:
            wanted = len(self.acknowledged) + count
            done = self.changed.wait_for(lambda: len(self.acknowledged) >= wanted or self.failure, timeout=120)
        assert done and not self.failure, self.failure

    def acknowledged_now(self):
        with self.lock:
            return set(self.acknowledged)

    def begun_now(self):
        with self.lock:
            return set(self.digest)


class BackupCase(unittest.TestCase):
    STARTED = False

    def setUp(self):
        self.rng = random.Random(SEED)
        print(f"FERMO_SEED={SEED}", file=sys.stderr)
        self.fermo = self.enterContext(fermo(users=[("ann", "secret")], start=self.STARTED))
        self.backups = self.fermo.folder / "backups"

    def back_up(self, *options):
        return json.loads(self.fermo.run("backup", str(self.backups), "--json", *options).stdout)

    def await_or_kill_after(self, process, seconds):
        """Kills it, unless it has ended by then; `seconds` are drawn from as long as such a command takes."""
        try:
            process.wait(timeout=self.rng.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=60)

    def seconds_of(self, action):
        begun = time.monotonic()
        action()
        return time.monotonic() - begun

    def command(self, *arguments, code=0):
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        if code:
            self.assertRegex(done.stderr, rb"(?m)^fermo: ")
        return done

    def numbers(self):
        return [backup["backup"] for backup in json.loads(self.command("backup", "list", self.backups, "--json").stdout)]

    def restore(self, number, name):
        """The data folder that this backup becomes."""
        folder = self.fermo.folder / name
        folder.mkdir()
        other = Fermo(folder)
        other.data.rmdir()
        other.run("restore", str(self.backups), "--backup", str(number))
        return other

    def deliver(self, octets=0):
        token, message = message_of(self.rng, octets)
        self.fermo.run("deliver", "ann", input=message)
        return token, hashlib.sha256(message).digest()

    def mail_of(self, one):
        """Token to digest of everything in the maildrop, each read whole; no token twice."""
        mail = {}
        for listed in json.loads(one.run("drop", "list", "ann", "--json").stdout):
            shown = one.run("drop", "show", "ann", listed["unique_id"]).stdout
            content = without_trace_fields(shown) if shown.startswith(b"Return-Path:") else shown
            token = TOKEN.search(content).group(1).decode()
            self.assertNotIn(token, mail)
            mail[token] = hashlib.sha256(content).digest()
        return mail

    def assert_tidy(self):
        """Nothing lies in the folder but what its backups need."""
        numbers = {str(number) for number in self.numbers()}
        self.assertEqual({path.name for path in (self.backups / "store/private").iterdir()}, numbers)
        self.assertEqual({path.name for path in (self.backups / "store/meta").iterdir()}, numbers)
        left = [path for path in self.backups.rglob("*") if path.name.endswith((".tmp", ".new"))]
        self.assertEqual(left, [])

    def checkpoints(self):
        return [path.name for path in (self.fermo.data / "store").iterdir() if path.is_dir()]


class WhileServing(BackupCase):
    STARTED = True

    def test_what_was_acknowledged_before_each_backup_is_in_it(self):
        moments = []
        with Deliveries(self.fermo.ports["lmtp"], self.rng) as deliveries:
            for _ in range(3):
                deliveries.await_more(10)
                before = deliveries.acknowledged_now()
                number = self.back_up()["backup"]
                moments.append((number, before, deliveries.begun_now()))
        self.assertIsNone(deliveries.failure)
        self.assertEqual(self.numbers(), [1, 2, 3])
        for number, before, begun in moments:
            mail = self.mail_of(self.restore(number, f"restored-{number}"))
            self.assertLessEqual(before, set(mail), f"backup {number} lacks what was acknowledged")
            self.assertLessEqual(set(mail), begun)
            for token, digest in mail.items():
                self.assertEqual(digest, deliveries.digest[token], f"{token} came back changed")

    def test_a_log_that_goes_bad_on_the_disk_costs_no_mail_and_no_backup(self):
        held = dict(self.deliver(20_000) for _ in range(3))
        self.back_up()
        held.update(self.deliver(20_000) for _ in range(5))
        for log in (self.fermo.data / "store").glob("*.log"):
            with log.open("r+b") as file:
                file.seek(log.stat().st_size // 2)
                file.write(b"damage")
        self.assertEqual(self.back_up("--keep", "1")["removed"], [1])
        self.assertEqual(self.mail_of(self.restore(2, "restored")), held)

    def test_users_come_back_and_can_log_in(self):
        self.deliver()
        number = self.back_up()["backup"]
        self.fermo.run("user", "remove", "ann")
        other = self.restore(number, "restored").start()
        try:
            client = poplib.POP3("127.0.0.1", other.ports["pop3"], timeout=60)
            client.user("ann")
            client.pass_("secret")
            self.assertEqual(client.stat()[0], 1)
            client.quit()
        finally:
            other.stop()

    def test_a_server_killed_during_a_backup_leaves_the_earlier_ones_whole(self):
        held = dict(self.deliver(200_000) for _ in range(20))
        seconds = self.seconds_of(self.back_up)
        for cycle in range(CYCLES):
            held.update([self.deliver(100_000)])
            command = subprocess.Popen([BINARY, "backup", str(self.backups), "--data", str(self.fermo.data)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                command.wait(timeout=self.rng.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                pass
            self.fermo.kill()
            command.communicate(timeout=60)
            self.command("backup", "verify", self.backups)
            self.fermo.start()
        self.back_up()
        self.assert_tidy()
        self.command("backup", "verify", self.backups)
        newest = self.numbers()[-1]
        self.assertEqual(self.mail_of(self.restore(newest, "restored")), held)

    def test_a_server_that_ends_leaves_no_backup_half_made(self):
        for _ in range(10):
            self.deliver(500_000)
        command = subprocess.Popen([BINARY, "backup", str(self.backups), "--data", str(self.fermo.data)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.fermo.stop()
        command.communicate(timeout=60)
        self.back_up()
        self.command("backup", "verify", self.backups)
        self.assert_tidy()


@unittest.skipUnless(LIBRARY, "no library that stops a command")
class WhileCopying(BackupCase):
    """A command that stands still where it begins to copy, while the server goes on."""
    STARTED = True

    def stopped_command(self):
        """One backup is there, the next has the checkpoint and stands before the first file that it copies."""
        self.deliver(100_000)
        self.back_up()
        self.deliver(100_000)
        environment = {**os.environ, "LD_PRELOAD": LIBRARY, "FERMO_STOP_AT": str(self.backups / "store/shared_checksum/")}
        command = subprocess.Popen([BINARY, "backup", str(self.backups), "--data", str(self.fermo.data)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.addCleanup(command.communicate)
        self.addCleanup(command.kill)
        _, status = os.waitpid(command.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status), status)
        self.assertEqual(len(self.checkpoints()), 1)
        return command

    def go_on(self, command):
        command.send_signal(signal.SIGCONT)
        _, said = command.communicate(timeout=60)
        return command.returncode, said

    def test_a_command_that_is_killed_leaves_no_checkpoint(self):
        self.stopped_command().kill()
        until(lambda: not self.checkpoints(), "the checkpoint is gone")
        self.deliver()
        self.back_up()
        self.assert_tidy()
        self.assertEqual(self.checkpoints(), [])

    def test_a_server_that_is_killed_leaves_a_checkpoint_to_the_next(self):
        command = self.stopped_command()
        self.fermo.kill()
        self.fermo.start()
        self.assertEqual(self.checkpoints(), [])
        code, said = self.go_on(command)
        self.assertEqual(code, TEMPORARY_FAILURE, said)
        self.assertIn(b"the server has ended meanwhile", said)
        self.assertEqual(self.numbers(), [1])
        self.back_up()
        self.assert_tidy()

    def test_mail_comes_and_goes_while_a_command_copies(self):
        command = self.stopped_command()
        before = self.mail_of(self.fermo)
        client = poplib.POP3("127.0.0.1", self.fermo.ports["pop3"], timeout=60)
        client.user("ann")
        client.pass_("secret")
        for number in range(1, len(before) + 1):
            client.dele(number)
        client.quit()
        came = dict([self.deliver(1000)])
        code, said = self.go_on(command)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.mail_of(self.restore(2, "restored")), before)
        self.assertEqual(self.mail_of(self.fermo), came)


class WhileNotServing(BackupCase):
    def test_what_has_not_changed_is_not_copied_again(self):
        for _ in range(3):
            self.deliver(50_000)
        self.back_up()
        shared = self.backups / "store/shared_checksum"
        first = {path.name: path.stat().st_ino for path in shared.iterdir()}
        self.assertTrue(first)
        self.deliver(50_000)
        self.back_up()
        second = {path.name: path.stat().st_ino for path in shared.iterdir()}
        self.assertEqual({name: second.get(name) for name in first}, first)
        self.assertGreater(len(second), len(first))

    def test_keeps_as_many_as_it_is_told_to(self):
        tokens = []
        for _ in range(3):
            tokens.append(self.deliver(20_000))
            self.fermo.run("user", "add", f"user{len(tokens)}", "--password-stdin", input=b"secret\n")
            self.back_up()
        made = self.back_up("--keep", "2")
        self.assertEqual(made["removed"], [1, 2])
        self.assertTrue(made["verified"])
        self.assertEqual(self.numbers(), [3, 4])
        self.assertEqual(len(list((self.backups / "users").iterdir())), 1)
        self.assert_tidy()
        self.assertEqual(self.mail_of(self.restore(3, "restored")), dict(tokens))

    def test_a_command_killed_during_a_backup_leaves_the_earlier_ones_whole(self):
        held = dict(self.deliver(200_000) for _ in range(5))
        seconds = self.seconds_of(self.back_up)
        for cycle in range(CYCLES):
            held.update([self.deliver(100_000)])
            command = subprocess.Popen([BINARY, "backup", "--keep", "3", str(self.backups), "--data", str(self.fermo.data)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.await_or_kill_after(command, seconds)
            self.command("backup", "verify", self.backups)
        self.back_up("--keep", "2")
        self.assert_tidy()
        self.assertEqual(self.mail_of(self.restore(self.numbers()[-1], "restored")), held)

    def test_a_restore_that_is_killed_can_be_run_again(self):
        held = dict(self.deliver(100_000) for _ in range(10))
        self.back_up()
        seconds = self.seconds_of(lambda: self.restore(1, "whole"))
        for cycle in range(CYCLES):
            folder = self.fermo.folder / f"killed-{cycle}"
            folder.mkdir()
            other = Fermo(folder)
            command = subprocess.Popen([BINARY, "restore", str(self.backups), "--data", str(other.data)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.await_or_kill_after(command, seconds)
            if not (other.data / "store").exists():
                if (other.data / "store.restoring").exists():
                    refused = other.run("drop", "list", check=False)
                    self.assertEqual(refused.returncode, UNAVAILABLE)
                    self.assertIn(b"cut off", refused.stderr)
                other.run("restore", str(self.backups))
            self.assertEqual((other.data / "users").read_bytes(), (self.fermo.data / "users").read_bytes())
            self.assertEqual(self.mail_of(other), held)

    def flip_a_bit(self, path):
        octets = bytearray(path.read_bytes())
        octets[len(octets) // 2] ^= 0x10
        path.write_bytes(octets)

    def test_a_flipped_bit_in_a_backup_is_noticed(self):
        self.deliver(50_000)
        self.back_up()
        files = [path for path in self.backups.rglob("*")
                 if path.is_file() and path.stat().st_size and path.name not in ("format", "lock")]
        self.assertTrue(any(path.suffix == ".blob" for path in files), files)
        for cycle, path in enumerate(sorted(files)):
            with self.subTest(path=path.relative_to(self.backups)):
                whole = path.read_bytes()
                self.flip_a_bit(path)
                self.command("backup", "verify", self.backups, code=IO_ERROR)
                data = self.fermo.folder / f"damaged-{cycle}"
                done = subprocess.run([BINARY, "restore", str(self.backups), "--data", str(data)], capture_output=True)
                self.assertIn(done.returncode, (DATA_ERROR, NO_INPUT, IO_ERROR), done.stderr)
                self.assertFalse((data / "store").exists())
                self.assertFalse((data / "store.restoring").exists())
                path.write_bytes(whole)
        self.command("backup", "verify", self.backups)

    def test_refuses_what_it_would_overwrite_or_does_not_know(self):
        self.deliver()
        self.back_up()
        self.command("restore", self.backups, "--data", self.fermo.data, code=CANNOT_CREATE)
        other = self.fermo.folder / "other"
        other.mkdir()
        (other / "users").write_text("bob:{ARGON2ID}x\n")
        self.command("restore", self.backups, "--data", other, code=CANNOT_CREATE)
        self.assertEqual((other / "users").read_text(), "bob:{ARGON2ID}x\n")
        self.command("restore", self.backups, "--backup", 9, "--data", self.fermo.folder / "new", code=NO_INPUT)
        self.command("restore", self.fermo.data, "--data", self.fermo.folder / "new", code=NO_INPUT)
        self.command("backup", self.fermo.folder, "--data", self.fermo.data, code=USAGE)
        self.command("backup", "--data", self.fermo.data, code=USAGE)
        (self.backups / "format").write_text("fermo backup 2\n")
        self.command("restore", self.backups, "--data", self.fermo.folder / "new", code=DATA_ERROR)
        self.command("backup", self.backups, "--data", self.fermo.data, code=DATA_ERROR)


@unittest.skipUnless(LIBRARY, "no library that kills")
class KilledAtEachCall(BackupCase):
    """One command after the other dies at one of the calls by which it changes a file; then one is let through."""

    def run_until(self, point, data, *arguments):
        """How many such calls there were, or nothing when it was killed."""
        log = self.fermo.folder / "calls"
        log.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": LIBRARY, "FERMO_KILL_AT": str(point), "FERMO_KILL_LOG": str(log),
                       "FERMO_KILL_TORN": str(point % 2)}
        done = subprocess.run([BINARY, *map(str, arguments), "--data", str(data)], capture_output=True, timeout=120,
                              env=environment)
        if point and done.returncode == -signal.SIGKILL:
            return None
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(log.read_text().split()[0])

    def points(self, calls):
        if EVERY_POINT:
            return range(1, calls + 1)
        return sorted(self.rng.sample(range(1, calls + 1), min(calls, POINTS)))

    def test_a_backup_leaves_whole_ones_and_the_next_tidies_up(self):
        held = [dict([self.deliver(50_000)])]
        self.back_up()
        for _ in range(2):
            held.append({**held[-1], **dict([self.deliver(50_000)])})
            self.back_up()
        mail = {number: held[number - 1] for number in self.numbers()}
        earlier = self.fermo.folder / "earlier"
        shutil.copytree(self.backups, earlier)
        calls = self.run_until(0, self.fermo.data, "backup", "--keep", 2, self.backups)
        killed = 0
        for point in self.points(calls):
            shutil.rmtree(self.backups)
            shutil.copytree(earlier, self.backups)
            killed += self.run_until(point, self.fermo.data, "backup", "--keep", 2, self.backups) is None
            self.command("backup", "verify", self.backups)
            numbers = self.numbers()
            self.assertLessEqual({2, 3} if 4 not in numbers else {3, 4}, set(numbers), f"killed at {point}")
            restored = self.restore(numbers[-1], f"restored-{point}")
            self.assertEqual(self.mail_of(restored), mail[3], f"killed at {point}")
            shutil.rmtree(restored.folder)
            self.back_up("--keep", "2")
            self.assert_tidy()
            self.assertEqual(self.checkpoints(), [])
        self.assertGreater(killed, 0)

    def test_a_restore_is_done_wholly_or_can_be_run_again(self):
        held = dict([self.deliver(50_000), self.deliver(0)])
        self.back_up()
        calls = self.run_until(0, self.fermo.folder / "whole", "restore", self.backups)
        killed = 0
        for point in self.points(calls):
            folder = self.fermo.folder / f"restored-{point}"
            folder.mkdir()
            other = Fermo(folder)
            killed += self.run_until(point, other.data, "restore", self.backups) is None
            if not (other.data / "store").exists():
                if (other.data / "store.restoring").exists():
                    self.assertEqual(other.run("drop", "list", check=False).returncode, UNAVAILABLE)
                other.run("restore", str(self.backups))
            self.assertFalse((other.data / "store.restoring").exists())
            self.assertEqual((other.data / "users").read_bytes(), (self.fermo.data / "users").read_bytes())
            self.assertEqual(self.mail_of(other), held, f"killed at {point}")
            shutil.rmtree(folder)
        self.assertGreater(killed, 0)


class Verifying(BackupCase):
    def damaged(self):
        done = self.fermo.run("drop", "verify", "--json", check=False)
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode, IO_ERROR if any(drop["damaged"] for drop in found) else 0, done.stderr)
        return {drop["drop"]: (drop["messages"], drop["damaged"]) for drop in found}

    def flip_where(self, needle):
        for path in (self.fermo.data / "store").glob("*.blob"):
            octets = bytearray(path.read_bytes())
            at = octets.find(needle)
            if at >= 0:
                octets[at] ^= 0x10
                path.write_bytes(octets)
                return
        self.fail("no blob file holds it")

    def test_a_damaged_message_is_listed_by_its_unique_id(self):
        self.fermo.add_user("bob", "secret")
        self.fermo.run("deliver", "bob", input=b"Subject: small\n\n")
        for _ in range(3):
            token, _ = self.deliver(50_000)
        self.assertEqual(self.damaged(), {"ann": (3, []), "bob": (1, [])})
        hit = json.loads(self.fermo.run("drop", "list", "ann", "--json").stdout)[2]["unique_id"]
        self.flip_where(token.encode())
        self.assertEqual(self.damaged(), {"ann": (2, [hit]), "bob": (1, [])})
        named = self.fermo.run("drop", "verify", "ann", check=False)
        self.assertEqual(named.returncode, IO_ERROR)
        self.assertIn(f"damaged: ann {hit}\n", named.stdout.decode())
        self.assertEqual(self.fermo.run("drop", "verify", "bob").returncode, 0)
        self.fermo.start()
        self.assertEqual(self.damaged(), {"ann": (2, [hit]), "bob": (1, [])})
        self.assertEqual(self.fermo.run("drop", "verify", "nobody", check=False).returncode, 67)


if __name__ == "__main__":
    unittest.main(verbosity=2)
