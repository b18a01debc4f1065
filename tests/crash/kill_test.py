#!/usr/bin/python3
"""Kills the server with SIGKILL at random instants while mail comes in and goes out, and looks what is there afterwards.

What must hold after every restart, whatever the instant:
  * a message acknowledged with 250 is there exactly once, octet for octet, until its deletion was asked for;
  * a message whose QUIT was answered +OK is gone, and stays gone;
  * a message not acknowledged is there wholly, once, or not at all;
  * a unique-id never comes to mean another message.
"""
import hashlib
import os
import poplib
import random
import re
import smtplib
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import canonical, fermo, without_trace_fields  # noqa: E402

CYCLES = int(os.environ.get("FERMO_KILL_CYCLES", "50"))
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))
USERS = ["anna", "bruno", "carla"]
poplib._MAXLINE = 1 << 20
TOKEN = re.compile(rb"^X-Token: (\S+)\r?$", re.M)


class Ledger:
    """What the clients were told. Deliveries and deletions are keyed by (user, token)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.digest = {}
        self.delivering, self.delivered = set(), set()
        self.deleting, self.deleted = set(), set()
        self.unique_ids = {}

    def saw(self, user, unique_id, token):
        with self.lock:
            before = self.unique_ids.setdefault((user, unique_id), token)
        assert before == token, f"unique-id {unique_id} of {user} meant {before} and now {token}"


def expect(code, reply):
    """Its processes do not die at the same instant: the one with the network may live to say that another one is gone."""
    if reply[0] != code:
        raise smtplib.SMTPResponseException(*reply)


def deliver_until_killed(ledger, port, rng, dead):
    try:
        client = smtplib.LMTP("127.0.0.1", port, timeout=30)
        client.ehlo("crash.test")
        while not dead.is_set():
            token = f"{rng.getrandbits(64):016x}"
            size = rng.choice([0, 10, 2_000, 20_000, 200_000])
            body = b"".join(b".%076d\r\n" % rng.getrandbits(200) for _ in range(size // 80))
            message = b"Subject: crash\r\nX-Token: %s\r\n\r\n%s" % (token.encode(), body)
            users = rng.sample(USERS, rng.choice([1, 1, 2, 3]))
            with ledger.lock:
                ledger.digest[token] = hashlib.sha256(message).digest()
                ledger.delivering.update((user, token) for user in users)
            client.mail("sender@example.test")
            for user in users:
                expect(250, client.rcpt(f"{user}@example.test"))
            client.putcmd("data")
            expect(354, client.getreply())
            client.send(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
            for user in users:
                if client.getreply()[0] == 250:
                    with ledger.lock:
                        ledger.delivered.add((user, token))
    except (OSError, smtplib.SMTPException) as end:
        # Only the kill may end a client: anything sooner is a failure of its own.
        if not dead.wait(10):
            raise AssertionError(f"a delivery failed while the server lived: {end!r}") from end


def read_message(client, number):
    lines = client.retr(number)[1]
    return b"".join(line + b"\r\n" for line in lines)


def check_message(ledger, user, message):
    token = TOKEN.search(message).group(1).decode()
    content = without_trace_fields(message)
    assert hashlib.sha256(content).digest() == ledger.digest[token], f"{token} of {user} came back changed"
    return token


def fetch_until_killed(ledger, port, rng, dead):
    try:
        while not dead.is_set():
            user = rng.choice(USERS)
            client = poplib.POP3("127.0.0.1", port, timeout=30)
            client.user(user)
            client.pass_("secret of " + user)
            unique_ids = dict(line.split() for line in client.uidl()[1])
            numbers = list(unique_ids)
            rng.shuffle(numbers)
            marked = []
            for number in numbers[: rng.randrange(0, 12)]:
                token = check_message(ledger, user, read_message(client, int(number)))
                ledger.saw(user, unique_ids[number], token)
                client.dele(int(number))
                marked.append((user, token))
            with ledger.lock:
                ledger.deleting.update(marked)
            client.quit()
            with ledger.lock:
                ledger.deleted.update(marked)
    except (OSError, EOFError, poplib.error_proto) as end:
        if not dead.wait(10):
            raise AssertionError(f"a session failed while the server lived: {end!r}") from end


class KillTest(unittest.TestCase):
    def check(self, ledger, port):
        for user in USERS:
            client = poplib.POP3("127.0.0.1", port, timeout=60)
            client.user(user)
            client.pass_("secret of " + user)
            messages, octets = client.stat()
            sizes = dict(map(int, line.split()) for line in client.list()[1])
            self.assertEqual((messages, octets), (len(sizes), sum(sizes.values())), "STAT is not what LIST adds up to")
            held = []
            for line in client.uidl()[1]:
                number, unique_id = line.split()
                message = read_message(client, int(number))
                self.assertEqual(len(message), sizes[int(number)])
                held.append(check_message(ledger, user, message))
                ledger.saw(user, unique_id, held[-1])
            client.quit()
            self.assertEqual(len(held), len(set(held)), f"{user} has a message twice")
            for token in held:
                self.assertIn((user, token), ledger.delivering)
                self.assertNotIn((user, token), ledger.deleted, f"a deletion acknowledged to {user} came back")
            lost = {t for u, t in ledger.delivered - ledger.deleting if u == user} - set(held)
            self.assertEqual(lost, set(), f"acknowledged messages of {user} are lost")
            # What was uncertain is certain now.
            settled = {(user, token) for token in held}
            ledger.deleting -= settled
            ledger.delivered |= settled
            gone = {(u, t) for u, t in ledger.delivering if u == user} - settled
            ledger.deleted |= gone
            ledger.deleting |= gone

    def test_nothing_acknowledged_is_lost_or_doubled(self):
        print(f"seed {SEED}, {CYCLES} cycles", flush=True)
        rng = random.Random(SEED)
        ledger = Ledger()
        failures = []

        def guarded(work, *arguments):
            try:
                work(*arguments)
            except BaseException as failure:  # noqa: B036: handed to the test's own thread
                failures.append(failure)

        with fermo(users=[(user, "secret of " + user) for user in USERS], start=False) as server:
            for cycle in range(CYCLES):
                server.start()
                if cycle:
                    self.check(ledger, server.ports["pop3"])
                dead = threading.Event()
                threads = []
                for work, protocol, count in ((deliver_until_killed, "lmtp", 3), (fetch_until_killed, "pop3", 2)):
                    for _ in range(count):
                        seeded = random.Random(rng.getrandbits(64))
                        threads.append(threading.Thread(target=guarded, args=(work, ledger, server.ports[protocol], seeded, dead)))
                for thread in threads:
                    thread.start()
                # The instant is what is being tested, so here a time is drawn, not awaited.
                time.sleep(rng.uniform(0.02, 0.5))
                server.process.kill()
                dead.set()
                for thread in threads:
                    thread.join()
                server.kill()
                if failures:
                    raise failures[0]
            server.start()
            self.check(ledger, server.ports["pop3"])
            print(f"{len(ledger.digest)} messages, {len(ledger.delivered)} deliveries, {len(ledger.deleted)} deletions", flush=True)
            self.assertGreater(len(ledger.delivered), CYCLES, "too little happened for the kills to mean anything")
            self.assertGreater(len(ledger.deleted), CYCLES / 5, "too few deletions for the kills to mean anything")


if __name__ == "__main__":
    # Clients that the kill cut off leave sockets to the collector, which would warn of each.
    unittest.main(warnings="ignore")
