#!/usr/bin/python3
"""Postfix in front: mail that it takes by SMTP arrives by LMTP, over TCP and over a unix socket, and bounces are told apart."""
import os
import pathlib
import poplib
import pwd
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "support")]
from fermo_process import fermo, free_port, without_trace_fields  # noqa: E402

USER, PASSWORD = "anna", "anna's password"
DEADLINE_SECONDS = 60


class Postfix:
    """An instance of its own under one folder, listening on loopback, that hands everything for example.test to `transport`."""

    def __init__(self, folder, transport):
        self.port = free_port()
        self.config = folder / "etc"
        spool, data = folder / "spool", folder / "data"
        for path in (self.config, spool, data):
            path.mkdir()
        shutil.chown(data, "postfix")
        folder.chmod(0o755)
        shutil.copy("/usr/share/postfix/master.cf.dist", self.config / "master.cf")
        (self.config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.test
mydestination =
virtual_mailbox_domains = example.test
virtual_transport = lmtp:{transport}
lmtp_tls_security_level = none
alias_maps =
alias_database =
smtpd_recipient_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
default_transport = error:no mail leaves this test
notify_classes =
""")
        master = (self.config / "master.cf").read_text()
        lines = []
        for line in master.splitlines():
            words = line.split()
            if line.startswith("smtp ") and words[1] == "inet":
                words[0] = f"127.0.0.1:{self.port}"
            if len(words) > 4 and not line.startswith(("#", " ", "\t")):
                words[4] = "n"  # no chroot: the folder holds nothing to run there
                line = " ".join(words)
            lines.append(line)
        (self.config / "master.cf").write_text("\n".join(lines) + "\n")

    def command(self, *arguments):
        return subprocess.run(["postfix", "-c", str(self.config), *arguments], capture_output=True, text=True, timeout=60)

    def __enter__(self):
        started = self.command("start")
        assert started.returncode == 0, started.stderr + started.stdout
        return self

    def __exit__(self, *unused):
        self.command("abort")

    def queue(self):
        return subprocess.run(["postqueue", "-c", str(self.config), "-j"], capture_output=True, text=True, timeout=60).stdout


def await_messages(port, count):
    """Polls, as a client would, until so many messages are there."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        client = poplib.POP3("127.0.0.1", port, timeout=30)
        client.user(USER)
        client.pass_(PASSWORD)
        if client.stat()[0] >= count:
            return client
        client.quit()
        assert time.monotonic() < deadline, "the mail did not arrive"


def await_line(path, text):
    """The first line of a growing file that holds `text`."""
    with subprocess.Popen(["timeout", str(DEADLINE_SECONDS), "tail", "-n", "+1", "-f", path], stdout=subprocess.PIPE, text=True) as tail:
        for line in tail.stdout:
            if text in line:
                tail.terminate()
                return line
    raise AssertionError(f"{path} never said {text}")


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("postfix"), "needs root and Debian's postfix to start an instance of its own")
class PostfixTest(unittest.TestCase):
    def deliver_through(self, server, transport):
        with tempfile.TemporaryDirectory(prefix="fermo-postfix-") as folder, Postfix(pathlib.Path(folder), transport) as postfix:
            with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
                for number in range(20):
                    client.sendmail("sender@example.org", [f"{USER}+{number}@example.test"],
                                    f"Subject: number {number}\r\n\r\n.dots {number}\r\n.\r\nend\r\n".encode())
                client.sendmail("sender@example.org", ["nobody@example.test"], b"Subject: lost\r\n\r\nx\r\n")
            client = await_messages(server.ports["pop3"], 20)
            messages = [b"".join(line + b"\r\n" for line in client.retr(n)[1]) for n in range(1, 21)]
            self.assertEqual(client.stat()[0], 20)
            for number in range(1, 21):
                client.dele(number)
            client.quit()
            bodies = sorted(without_trace_fields(message).split(b"\r\n\r\n", 1)[1] for message in messages)
            self.assertEqual(bodies, sorted(b".dots %d\r\n.\r\nend\r\n" % number for number in range(20)))
            self.assertIn("dsn=5.1.1", await_line(pathlib.Path(folder) / "log", "status=bounced"))

    def test_over_tcp(self):
        with fermo(users=[(USER, PASSWORD)]) as server:
            self.deliver_through(server, f"inet:127.0.0.1:{server.ports['lmtp']}")

    def test_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory(prefix="fermo-lmtp-") as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "lmtp.sock")
            with fermo(users=[(USER, PASSWORD)], start=False) as server:
                server.start(listen=[f"lmtp=unix:{path}"])
                shutil.chown(path, "postfix")
                self.deliver_through(server, f"unix:{path}")


if __name__ == "__main__":
    unittest.main()
