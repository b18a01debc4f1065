"""What is done on disks that lose their power: mail comes in and goes out, users change, accounts are fetched. All by the built
program; what it acknowledged goes into a history."""
import contextlib
import hashlib
import json
import os
import poplib
import re
import smtplib
import sqlite3
import subprocess
import sys
import time

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "fetch")]
from fermo_process import Fermo, free_port, without_trace_fields  # noqa: E402
from fetching import Fetcher, as_earlier_version_left, maildir, mbox, message  # noqa: E402
from power_history import Event, Mail, Source, Versions  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

USERS = ("anna", "bruno", "carla")
FETCHED_FOR = "dora"
TOKEN = re.compile(rb"^X-Token: (\S+)\r?$", re.M)
poplib._MAXLINE = 1 << 20


def read_maildrop(port, user, password):
    """(unique-id, content) of all messages of a user."""
    client = poplib.POP3("127.0.0.1", port, timeout=60)
    client.user(user)
    client.pass_(password)
    unique_ids = [line.split()[1].decode() for line in client.uidl()[1]]
    messages = [b"".join(line + b"\r\n" for line in client.retr(n)[1]) for n in range(1, len(unique_ids) + 1)]
    assert client.stat() == (len(messages), sum(map(len, messages))), "STAT is not what the messages add up to"
    client.quit()
    return list(zip(unique_ids, messages))


def password_of(user):
    return "secret of " + user


def users_file(place):
    return octets_of(place.fermo.data / "users")


def certificate_file(place):
    return octets_of(place.fermo.data / "tls" / "certificate.pem")


def octets_of(path):
    return path.read_bytes() if path.exists() else b""


def has_user(users, name):
    return re.search(rb"(?m)^%s:" % name.encode(), users) is not None


class RecordedServer(ScriptedServer):
    """Notes at which position a message goes."""

    def __init__(self, source, port, position):
        self.source, self.position, self.left = source, position, []
        super().__init__(source.at(position()), port=port)

    @property
    def messages(self):
        return self.left

    @messages.setter
    def messages(self, left):
        now = self.position()
        gone = {uid for uid, _ in self.left} - {uid for uid, _ in left}
        self.source.went.update(dict.fromkeys(gone, now))
        self.left = left


class Account:
    """One account that is fetched: where from, how, and where to."""

    def __init__(self, name, mode):
        self.name, self.mode, self.source = name, mode, Source()
        self.port = free_port()  # what was fetched is remembered for a server and its port
        self.next = 0

    def folder(self, place):
        """One for each: what syncs it for one target does nothing for another."""
        return place.target / self.name

    def target(self, place):
        return f"{self.name}:" + (FETCHED_FOR if self.name == "maildrop" else str(self.folder(place) / "box"))

    def fetcher(self, place):
        options = ["--allow-plaintext"]
        if self.name == "maildir":
            options += ["--archive", str(self.folder(place) / "archive")]
        if self.name == "maildrop":
            options += ["--data", str(place.fermo.data), "--config", str(place.fermo.config)]
        return Fetcher(place.state / self.name, f"pop3://127.0.0.1:{self.port}", target=self.target(place), options=options)

    def delivered(self, place):
        if self.name == "maildrop":
            found = read_maildrop(place.fermo.ports["pop3"], FETCHED_FOR, password_of(FETCHED_FOR))
            return sorted(content for _, content in found)
        return (maildir if self.name == "maildir" else mbox)(self.folder(place) / "box")


    def state(self, place):
        return place.state / self.name / "state"

    def record_as_earlier_version(self, place):
        """Messages that the server has no more, in the file of all accounts that versions before this had."""
        gone = [(f"{self.name}-gone-{n}", message(n)) for n in range(5)]
        fetcher = Fetcher(place.state / self.name, f"pop3://127.0.0.1:{self.port}", target="command:true",
                          options=["--allow-plaintext"])
        with ScriptedServer(gone, port=self.port):
            fetcher.run("delete")
        as_earlier_version_left(self.state(place))
        self.source.fetched.update((uid, 0) for uid, _ in gone)

    def judge_ledger(self, place, cut):
        """What a run that ended well had fetched is known, whatever the server holds by now."""
        known = set()
        for path in (*self.state(place).glob("fetch.db"), *self.state(place).glob("account-*/ledger.db")):
            with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(path)) as ledger:
                holds = path.name == "ledger.db" or ledger.execute("PRAGMA user_version").fetchone() == (1,)
                found = {key for key, in ledger.execute("SELECT key FROM message WHERE delivered IS NOT NULL")}
                if holds:
                    known = known or found  # the one that is not taken over yet holds alone
        forgotten = {uid for uid, position in self.source.fetched.items() if position <= cut} - known
        return [f"{self.name}: the ledger has forgotten {len(forgotten)} messages"] if forgotten else []

    def judge_archive(self, place, cut):
        """The name of a copy says what it holds."""
        if self.name != "maildir":
            return []
        copies = list((self.folder(place) / "archive").glob("????-??/*.zst"))
        wanted = {hashlib.sha256(content).hexdigest()[:22] for content in self.source.contents_until(cut)}
        lost = wanted - {copy.name.split(".")[-3] for copy in copies}
        wrong = [f"{self.name}: {len(lost)} messages are not in the archive"] if lost else []
        if copies and subprocess.run(["zstd", "-qt", *copies], stderr=subprocess.DEVNULL).returncode != 0:
            wrong.append(f"{self.name}: the archive is damaged")
        return wrong


class Place:
    """Where things are. The disks may be three, or one for all."""

    def __init__(self, folder, disks):
        self.folder = folder
        data, state, target = (disks * 3)[:3]
        self.state, self.target = state / "state", target / "target"
        folder.mkdir(exist_ok=True)
        self.fermo = Fermo(folder)
        self.fermo.data = data / "data"


class Work:
    """All that was done since the disks were formatted."""

    def __init__(self):
        self.mail = Mail()
        self.accounts = [Account("maildir", "keep"), Account("mbox", "delete"), Account("maildrop", "delete")]
        self.users, self.certificate = Versions("password file"), Versions("certificate")
        self.changes = 0

    def prepare(self, place):
        """Before anything is recorded."""
        for path in (place.state, place.target):
            path.mkdir(mode=0o700)
        for account in self.accounts:
            account.fetcher(place)  # makes its folder
            if account.name == "mbox":  # for one of them: what makes its state folder durable is noticed with the others
                account.record_as_earlier_version(place)
                account.folder(place).mkdir()  # only a first run makes it

    # --- While it is recorded ----------------------------------------------------------------------------------------

    def begin(self, place, position):
        """The first users make the data folder."""
        for user in (*USERS, FETCHED_FOR):
            if not has_user(users_file(place), user):
                self.change_user(place, position, "add", user)

    def start(self, place, position):
        place.fermo.start()
        self.certificate.add(certificate_file(place), Event(0, position()))

    def deliver(self, place, position, count, draw):
        with smtplib.LMTP("127.0.0.1", place.fermo.ports["lmtp"], timeout=60) as client:
            client.ehlo("crash.test")
            for _ in range(count):
                self.deliver_one(client, position, draw)

    def deliver_one(self, client, position, draw):
        token = f"{draw.getrandbits(64):016x}"
        body = b"".join(b".%076d\r\n" % draw.getrandbits(200) for _ in range(draw.choice([0, 10, 100, 1000, 4000])))
        content = b"Subject: crash\r\nX-Token: %s\r\n\r\n%s" % (token.encode(), body)
        users = draw.sample(USERS, draw.choice([1, 1, 2, 3]))
        self.mail.digest[token] = hashlib.sha256(content).digest()
        event = self.mail.begin_delivery([(user, token) for user in users], position())
        client.mail("sender@example.test")
        for user in users:
            assert client.rcpt(f"{user}@example.test")[0] == 250
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        replies = [client.getreply() for _ in users]  # LMTP has one for each recipient, which smtplib does not know
        assert all(code == 250 for code, _ in replies), replies
        event.acknowledged = position()

    def take_away(self, place, position, count, draw):
        """Sessions that read and delete, `count` of them."""
        for _ in range(count):
            user = draw.choice(USERS)
            client = poplib.POP3("127.0.0.1", place.fermo.ports["pop3"], timeout=60)
            client.user(user)
            client.pass_(password_of(user))
            numbers = list(range(1, client.stat()[0] + 1))
            marked = []
            for number in draw.sample(numbers, min(len(numbers), draw.randint(1, 5))):
                marked.append((user, self.token_of(b"".join(line + b"\r\n" for line in client.retr(number)[1]))))
                client.dele(number)
            event = self.mail.begin_deletion(marked, position())
            client.quit()
            event.acknowledged = position()

    def token_of(self, message):
        content = without_trace_fields(message)
        token = TOKEN.search(content).group(1).decode()
        assert hashlib.sha256(content).digest() == self.mail.digest[token], f"{token} came back changed"
        return token

    def change_users(self, place, position, count, draw):
        for _ in range(count):
            self.changes += 1
            if draw.random() < 0.5:
                self.change_user(place, position, "password", FETCHED_FOR)
            else:
                self.change_user(place, position, "add", f"user{self.changes}")

    def change_user(self, place, position, change, user):
        event = Event(position())
        place.fermo.run("user", change, user, "--password-stdin", input=password_of(user).encode() + b"\n")
        event.acknowledged = position()
        assert has_user(users_file(place), user), f"{user} was added and is not there"
        self.users.add(users_file(place), event)

    def fetch(self, place, position, account, count, draw):
        """New messages come to the server, and are fetched; more than once, since a ledger is written to anew at times."""
        with RecordedServer(account.source, account.port, position) as server:
            for _ in range(count):
                for _ in range(draw.randint(1, 3)):
                    uid, content = f"{account.name}-{account.next}", message(account.next, draw.choice([0, 3_000, 90_000]))
                    account.next += 1
                    account.source.came[uid] = position()
                    account.source.messages[uid] = content
                    server.left = [*server.left, (uid, content)]
                if draw.random() < 0.3:
                    self.fetch_and_kill(account.fetcher(place), account.mode, draw)
                account.fetcher(place).run(account.mode)
                account.source.note_fetched(position())

    @staticmethod
    def fetch_and_kill(fetcher, mode, draw):
        """The instant is drawn, within what such a run takes. What it left is not synced, and the next run finds it."""
        process = subprocess.Popen(fetcher.command(mode), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=draw.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # --- After a cut -------------------------------------------------------------------------------------------------

    def look(self, place, cut):
        """Looks at what the cut left, then starts the program again; returns what is wrong, what was found, and how long the
        first session had to wait."""
        users, certificate = users_file(place), certificate_file(place)
        wrong = self.users.judge(cut, users) + self.certificate.judge(cut, certificate)
        if wrong or not has_user(users, FETCHED_FOR):
            # Without users nothing can have been acknowledged.
            return wrong or self.mail.judge(cut, []), ([], users, certificate), 0
        found, begun, first = [], time.monotonic(), None
        place.fermo.start()
        for user in USERS:
            for unique_id, content in read_maildrop(place.fermo.ports["pop3"], user, password_of(user)):
                found.append((user, unique_id, self.token_of(content)))
            first = first or time.monotonic() - begun
        wrong += self.mail.judge(cut, found)
        if certificate and certificate_file(place) != certificate:
            wrong.append("the certificate was made anew")
        for account in self.accounts:
            wrong += self.fetch_again(place, account, cut)
        place.fermo.stop()
        return wrong, (found, users, certificate), first

    def fetch_again(self, place, account, cut):
        wrong = account.judge_ledger(place, cut)
        remaining = account.source.at(cut)
        server = ScriptedServer(remaining, port=account.port)
        with server:
            fetcher = account.fetcher(place)
            fetched, again = fetcher.run(account.mode)["fetched"], fetcher.run(account.mode)["fetched"]
        if fetched > account.source.fetched_again_max(cut) or again:
            wrong.append(f"{account.name}: {fetched} fetched by the first run after the cut, {again} by the second one")
        if server.messages != (remaining if account.mode == "keep" else []):
            wrong.append(f"{account.name}: the server holds {len(server.messages)} messages after {account.mode}")
        wrong += account.judge_archive(place, cut)
        expected, found = account.source.contents_until(cut), account.delivered(place)
        if found != expected:
            lost, more = list(expected), []
            for content in found:
                lost.remove(content) if content in lost else more.append(content)
            wrong.append(f"{account.name}: {len(lost)} messages are lost, {len(more)} doubled or changed")
        return wrong

    def settle(self, cut, found):
        mail, users, certificate = found
        self.mail.settle(mail)
        self.users.settle(users)
        self.certificate.settle(certificate)
        for account in self.accounts:
            account.source.settle(cut)
