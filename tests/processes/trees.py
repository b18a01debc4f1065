"""What the tests of a server's processes share: finding them, waiting for them, and talking to the server by hand."""
import contextlib
import os
import pathlib
import poplib
import signal
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["FERMO_SOURCE_DIR"]) / "tests/support"))
from fermo_process import fermo  # noqa: E402,F401
from waiting import SECONDS_MAX, until  # noqa: E402,F401

USERS = [("ann", "first-secret"), ("bob", "second-secret")]


def children(pid):
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(int(child) for child in task.read_text().split())
    return found


def role_of(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return words[2].decode() if len(words) > 2 and words[1] == b"role" else None


def roles(server):
    """The processes of a server by role."""
    return {role: pid for pid in children(server.process.pid) if (role := role_of(pid))}


def status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def is_there(pid):
    try:
        return status(pid)["State"][0] != "Z"
    except OSError:
        return False


def lose(server, role):
    """Kills the process of a role, and returns when it is gone."""
    pid = roles(server)[role]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_there(pid), f"{role} has ended")


def any_certificate():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def session(server, user="ann", password="first-secret"):
    """A login over TLS."""
    pop = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=any_certificate(), timeout=SECONDS_MAX)
    try:
        pop.user(user)
        pop.pass_(password)
    except (poplib.error_proto, OSError):
        pop.close()
        raise
    return pop


def held(server):
    """How many messages ann has; nothing while she cannot log in."""
    try:
        pop = session(server)
        count = pop.stat()[0]
        pop.quit()
        return str(count)
    except (poplib.error_proto, OSError):
        return None


class Lines:
    """A connection that is spoken to line by line."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)
        self.file = self.socket.makefile("rb")

    def send(self, octets):
        with contextlib.suppress(OSError):
            self.socket.sendall(octets)

    def line(self):
        """The next line; empty at the end of the connection."""
        try:
            return self.file.readline()
        except ConnectionError:
            return b""

    def close(self):
        self.file.close()
        self.socket.close()
