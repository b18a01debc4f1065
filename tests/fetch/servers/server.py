"""What all servers have in common: a folder, a certificate, one user with a maildrop, and processes that end with the test."""
import os
import pathlib
import poplib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from fermo_process import free_port  # noqa: E402

# Where tools/install-packages puts what Debian would not install beside another POP3 server.
UNPACKED = pathlib.Path(__file__).resolve().parents[3] / "build/packages"
START_SECONDS_MAX = 60
DELETE_SECONDS_MAX = 60
AT_ONCE = 50  # commands: one at a time, each waits for a delayed acknowledgement


def read_message(stream):
    assert stream.readline().startswith(b"+OK")
    lines = [b"\r\n"]
    while True:
        line = stream.readline()
        assert line, "the server ended within a message"
        if line == b".\r\n" and lines[-1].endswith(b"\r\n"):
            return b"".join(lines[1:])
        lines.append(line[1:] if line.startswith(b".") and lines[-1].endswith(b"\r\n") else line)


class Server:
    """Used with `with`: started on entering, ended and removed on leaving."""

    package = ""  # Debian's
    programs = ()
    schemes = ("pop3", "pop3+stls", "pop3s")
    user, password = "ann", "correct-horse"
    rewrites_unasked = False  # sends a notice in the place of messages with 8-bit header fields, but for UTF8 (RFC 6856)

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"fermo-{type(self).__name__.lower()}-"))
        self.folder.chmod(0o755)
        self.ports = {"pop3": free_port(), "pop3s": free_port()}
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.processes = []

    @classmethod
    def missing(cls):
        """Why this server cannot be run here, or nothing."""
        absent = [str(one) for one in cls.programs if not shutil.which(str(one), path="/usr/sbin:/usr/bin")]
        return f"{absent[0]} is not installed (Debian: {cls.package})" if absent else None

    def __enter__(self):
        try:
            self.make_certificate()
            self.start()
            self.await_greeting()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True)

    @property
    def certificate(self):
        return self.folder / "cert.pem"

    def launch(self, *command, **settings):
        with open(self.folder / "output", "ab") as output:
            self.processes.append(subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                                   stderr=output, **settings))

    def bring(self, package):
        """What of a package was unpacked, where the server's own users can reach it: not everybody may enter this checkout."""
        return shutil.copytree(UNPACKED / package, self.folder / package, symlinks=True)

    def await_greeting(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.client().quit()
                return
            except (OSError, EOFError, poplib.error_proto) as failure:
                if time.monotonic() > deadline or any(process.poll() is not None for process in self.processes):
                    raise AssertionError(f"{type(self).__name__} does not answer: {failure}\n{self.said()}") from failure
                time.sleep(0.05)

    def said(self):
        files = [path for path in (self.folder / "output", self.folder / "log") if path.is_file()]
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in files)

    def client(self):
        """A session that has logged in, of Python's own client."""
        client = poplib.POP3("127.0.0.1", self.ports["pop3"], timeout=60)
        if self.rewrites_unasked:
            client.utf8()
        client.user(self.user)
        client.pass_(self.password)
        return client

    def wire(self):
        """The octets of every message as the server sends them, byte-stuffing undone, read without any client's opinion."""
        client = self.client()
        client.uidl()  # after which mailutils sends more
        messages = []
        count = client.stat()[0]
        for first in range(1, count + 1, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count + 1))
            client.sock.sendall(b"".join(b"RETR %d\r\n" % number for number in numbers))
            messages += [read_message(client.file) for _ in numbers]
        client.quit()
        return messages

    def held(self):
        """How many messages the server has."""
        client = self.client()
        count = client.stat()[0]
        client.quit()
        return count

    def await_held(self, count):
        """Courier answers QUIT first and deletes then."""
        deadline = time.monotonic() + DELETE_SECONDS_MAX
        while (held := self.held()) != count:
            assert time.monotonic() < deadline, f"{held} messages are held, not {count}"
            time.sleep(0.05)

    def url(self, scheme):
        return f"{scheme}://127.0.0.1:{self.ports['pop3s' if scheme == 'pop3s' else 'pop3']}"

    def options(self, scheme):
        return ["--allow-plaintext"] if scheme == "pop3" else ["--ca", str(self.certificate)]

    def start(self):
        raise NotImplementedError

    def fill(self, messages):
        """Puts `messages`, with Unix line ends, in the place of what was held."""
        raise NotImplementedError

    def add(self, messages):
        """Puts them after what is held."""
        raise NotImplementedError

    def sends(self, message):
        """What the server sends for a message that it holds: all of it, unless the server is known to differ."""
        message = message.replace(b"\n", b"\r\n")
        return message if message.endswith(b"\r\n") else message + b"\r\n"

    def same(self, sent, message):
        return sent == self.sends(message)


class MaildirServer(Server):
    """A server over a Maildir, into which messages are put as a local delivery agent does."""

    count = 0

    @property
    def maildir(self):
        return self.folder / "mail"

    def fill(self, messages):
        # A session that is ending may still have it open, and write into it.
        if self.maildir.exists():
            old = tempfile.mkdtemp(dir=self.folder, prefix="old-")
            os.rename(self.maildir, old)
            shutil.rmtree(old, ignore_errors=True)
        for part in ("tmp", "new", "cur"):
            (self.maildir / part).mkdir(parents=True, exist_ok=True)
        self.count = 0
        self.add(messages)
        if os.geteuid() == 0:
            for path in [self.maildir, *self.maildir.iterdir()]:
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def add(self, messages):
        for message in messages:
            path = self.maildir / f"new/{1_700_000_000 + self.count}.M{self.count}P1.here"
            path.write_bytes(message)
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
            self.count += 1
