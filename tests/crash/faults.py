"""Calls that fail as told in the processes of the program (tests/crash/fail_call.cc), and what the tests of it hold against what
clients were told."""
import contextlib
import errno
import hashlib
import mmap
import os
import pathlib
import poplib
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import without_trace_fields  # noqa: E402
from waiting import SECONDS_MAX, until  # noqa: E402

LIBRARY = os.environ.get("FERMO_FAULT_LIBRARY", "")
FAULT_SECONDS_MAX = 1
ALWAYS = 1 << 62  # how often a call fails that fails from then on
NEVER = 1 << 62  # the number of a call that is not reached

PROCESSES = {"launcher": 1, "keys": 2, "store": 3, "auth": 4, "net": 5, "command": 6}
OPENING, MAKING, READING, WRITING, SYNCING, REMOVING, DESCRIPTORS, MAPPING, TALKING, NAMING = (1 << n for n in range(10))
KINDS = {
    errno.EIO: OPENING | MAKING | READING | WRITING | SYNCING | REMOVING | NAMING,
    errno.ENOSPC: MAKING | WRITING | SYNCING | NAMING,
    errno.EMFILE: OPENING | MAKING | DESCRIPTORS,
    errno.ENOMEM: OPENING | MAKING | NAMING | DESCRIPTORS | MAPPING | TALKING,
}
poplib._MAXLINE = 1 << 20
TOKEN = re.compile(rb"^X-Token: (\S+)\r?$", re.M)


class Faults:
    """What is shared with the library: which calls of which process fail."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "faults"
        self.path.write_bytes(bytes(mmap.PAGESIZE))
        with open(self.path, "r+b") as file:
            self.orders = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def environment(self):
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return {**os.environ, "LD_PRELOAD": LIBRARY, "FERMO_FAULTS": str(self.path),
                "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0"}

    def begin(self, process, error, at, times):
        self.end()
        self.orders[:120] = struct.pack("<7Q64s", KINDS[error], PROCESSES[process], error, 0, times, 0, 0, b"")
        self.orders[24:32] = struct.pack("<Q", at)

    @contextlib.contextmanager
    def for_a_while(self, *order):
        """Faults that go by themselves: clients may be waiting for it."""
        self.begin(*order)
        gone = threading.Timer(FAULT_SECONDS_MAX, self.end)
        gone.start()
        try:
            yield
        finally:
            gone.cancel()
            gone.join()

    def end(self):
        """How many calls were counted, how many of them failed, and which was the first."""
        self.orders[24:32] = bytes(8)
        *_, count, failed, name = struct.unpack("<7Q64s", self.orders[:120])
        return count, failed, name.rstrip(b"\0").decode()


def message(token, octets):
    lines = b"".join(b".%076d\r\n" % n for n in range(octets // 80))
    return b"Subject: faults\r\nX-Token: %s\r\n\r\n%s" % (token.encode(), lines)


class Ledger:
    """What the clients were told, and so what must be in the maildrops, and what may be."""

    def __init__(self, users):
        self.users = users
        self.must = {user: set() for user in users}
        self.may = {user: set() for user in users}
        self.together = []  # (user, token) of what is done wholly or not at all
        self.digest = {}
        self.tokens = 0

    def new_message(self, octets):
        self.tokens += 1
        token = f"{self.tokens:08d}"
        made = message(token, octets)
        self.digest[token] = hashlib.sha256(made).digest()
        return token, made

    def token_of(self, received):
        token = TOKEN.search(received).group(1).decode()
        assert hashlib.sha256(without_trace_fields(received)).digest() == self.digest[token], f"{token} came back changed"
        return token

    def settle(self, held):
        """After the fault, with the tokens of each user: what may have been done or not has been or has not."""
        for user in self.users:
            self.settle_one(user, held[user])
        for change in self.together:
            done = {token in held[user] for user, token in change}
            assert len(done) <= 1, f"half of this was done: {change}"
        self.together.clear()

    def settle_one(self, user, held):
        assert len(held) == len(set(held)), f"{user} has a message twice"
        held = set(held)
        assert self.must[user] <= held, f"{user} has lost {self.must[user] - held}"
        extra = held - self.must[user] - self.may[user]
        assert not extra, f"{user} has what was refused or deleted: {extra}"
        self.must[user], self.may[user] = held, set()


def deliver(server, ledger, users, octets):
    """One message by LMTP. Gives the replies to it, one for each user; none when it did not come so far."""
    token, content = ledger.new_message(octets)
    replies = []
    try:
        with socket.create_connection(("127.0.0.1", server.ports["lmtp"]), timeout=SECONDS_MAX) as connection:
            client = Lmtp(connection)
            client.say(b"LHLO faults.test")
            client.say(b"MAIL FROM:<a@example.test>")
            accepted = [user for user in users if client.say(b"RCPT TO:<%s@example.test>" % user.encode()) == 250]
            if not accepted or client.say(b"DATA") != 354:
                return []
            ledger.together.append([(user, token) for user in accepted])
            for user in accepted:
                ledger.may[user].add(token)
            connection.sendall(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            for user in accepted:
                code = client.reply()
                replies.append(code)
                if code == 250:
                    ledger.must[user].add(token)
                elif code not in (451, 421):  # 451 may be an outcome that is not known
                    ledger.may[user].discard(token)
                assert code in (250, 421, 450, 451, 452), code
    except OSError:
        pass
    return replies


class Lmtp:
    def __init__(self, connection):
        self.connection = connection
        self.file = connection.makefile("rb")
        self.reply()

    def reply(self):
        while (line := self.file.readline())[3:4] == b"-":
            pass
        if not line:
            raise ConnectionError
        return int(line[:3])

    def say(self, line):
        self.connection.sendall(line + b"\r\n")
        return self.reply()


def login(server, user):
    client = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=SECONDS_MAX)
    try:
        client.user(user)
        client.pass_("secret of " + user)
    except BaseException:
        client.close()
        raise
    return client


def retrieve(client, number):
    return b"".join(line + b"\r\n" for line in client.retr(number)[1])


def read_and_delete(server, ledger, user):
    """Reads everything and deletes all but one. What is sent as a whole message must be one."""
    marked = []
    client = None
    try:
        client = login(server, user)
        count = client.stat()[0]
        for number in range(1, count + 1):
            token = ledger.token_of(retrieve(client, number))
            if number < count:
                client.dele(number)
                marked.append(token)
        ledger.together.append([(user, token) for token in marked])
        ledger.may[user] |= set(marked)
        ledger.must[user] -= set(marked)
        client.quit()
        ledger.may[user] -= set(marked)
    except (OSError, EOFError, poplib.error_proto):
        pass
    finally:
        if client:
            client.close()


def held(server, user):
    """The tokens that are there; nothing while nobody gets in."""
    try:
        client = login(server, user)
        messages = [retrieve(client, number) for number in range(1, client.stat()[0] + 1)]
        client.quit()
        return messages
    except (OSError, EOFError, poplib.error_proto):
        return None


def check(server, ledger):
    """The service goes on, and all is as it was told. Wants the fault to be gone."""
    until(lambda: deliver(server, ledger, ledger.users, 10) == [250] * len(ledger.users), "mail is taken in again")
    found = {}
    for user in ledger.users:
        messages = until(lambda: (got := held(server, user)) is not None and [got], f"{user} gets in again")[0]
        found[user] = [ledger.token_of(received) for received in messages]
    ledger.settle(found)
