"""What the attack tests share: peers of any address that say octets as they are told to, and the memory that a process takes for it."""
import contextlib
import functools
import os
import pathlib
import resource
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import fermo  # noqa: E402,F401
from waiting import SECONDS_MAX, until  # noqa: E402,F401

PASSWORD = "correct horse"
VIRTUAL_OF_SANITIZERS = 1 << 40


def any_certificate(**settings):
    """A client's side of TLS that believes any server; `settings` are attributes of SSLContext."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


# Made once: reading the authorities of the system takes longer than a handshake.
context_for_all = functools.cache(any_certificate)


class Peer:
    """A connection that says what it is told to, from an address of its own."""

    def __init__(self, port, address="127.0.0.1", host="127.0.0.1", receive_octets=None):
        self.socket = socket.socket(socket.AF_INET)
        if receive_octets:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        self.socket.settimeout(SECONDS_MAX)
        if host == "127.0.0.1":
            self.socket.bind((address, 0))
        self.socket.connect((host, port))
        self.held = b""
        self.ended = False

    def start_tls(self, context=None, **how):
        self.socket = (context or context_for_all()).wrap_socket(self.socket, **how)
        return self

    def send(self, octets):
        """Whether the other side still took it."""
        with contextlib.suppress(OSError):
            self.socket.sendall(octets)
            return True
        return False

    def more(self):
        """What comes next; nothing at the end, however it ends."""
        try:
            return self.socket.recv(1 << 16)
        except TimeoutError:
            raise AssertionError(f"nothing came for {SECONDS_MAX} s") from None
        except OSError:
            return b""

    def line(self):
        """The next line without its CRLF; empty, and `ended`, at the end of the connection."""
        while b"\r\n" not in self.held:
            if not (octets := self.more()):
                self.ended = True
                return b""
            self.held += octets
        line, self.held = self.held.split(b"\r\n", 1)
        return line

    def lines(self):
        """Those of a multi-line answer after its first, up to the dot."""
        found = []
        while (line := self.line()) != b".":
            assert not self.ended, "the connection ended in the middle of an answer"
            found.append(line)
        return found

    def rest(self):
        """Everything up to the end of the connection."""
        everything, self.held = self.held, b""
        while octets := self.more():
            everything += octets
        return everything

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.line()

    def log_in(self, user=b"anna", password=PASSWORD.encode()):
        assert self.line().startswith(b"+OK"), "no greeting"
        self.ask(b"USER " + user)
        reply = self.ask(b"PASS " + password)
        assert reply.startswith(b"+OK"), reply
        return self

    def close(self):
        self.socket.close()

    __del__ = close


class Lmtp(Peer):
    """A mail transport that has said LHLO."""

    def __init__(self, server, address="127.0.0.1", name=b"attack.test"):
        super().__init__(server.ports["lmtp"], address)
        assert self.line().startswith(b"220 ")
        self.send(b"LHLO " + name + b"\r\n")
        self.offers = self.reply()

    def reply(self):
        """All lines of the next reply."""
        found = [self.line()]
        while found[-1][3:4] == b"-":
            found.append(self.line())
        return found

    def code(self):
        return int(self.reply()[-1][:3] or 0)

    def deliver(self, content, recipients=(b"anna",)):
        """Hands over `content`, which is in wire form; the codes of the replies to its end."""
        self.send(b"MAIL FROM:<sender@attack.test>\r\n" + b"".join(b"RCPT TO:<%s>\r\n" % each for each in recipients))
        self.send(b"BDAT %d LAST\r\n" % len(content) + content)
        for _ in range(1 + len(recipients)):
            assert self.code() == 250
        return [self.code() for _ in recipients]


def roles(server):
    """The processes of a server by role."""
    found = {}
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        for pid in task.read_text().split():
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if len(words) > 2 and words[1] == b"role":
                found[words[2].decode()] = int(pid)
    return found


def status_octets(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {name} in the status of {pid}")


def is_sanitized(pid):
    """A sanitizer reserves terabytes, and its allocator keeps what is freed: memory that is measured says nothing."""
    return status_octets(pid, "VmSize") > VIRTUAL_OF_SANITIZERS


def processor_seconds(pid):
    ticks = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def allow_many_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, count), hard), hard))
