#!/usr/bin/python3
"""Mail that goes in by LMTP comes out through the clients people use, octet for octet, in both ways of using POP3."""
import os
import pathlib
import poplib
import random
import re
import smtplib
import ssl
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import mail_clients  # noqa: E402
from fermo_process import canonical, fermo, without_trace_fields  # noqa: E402

poplib._MAXLINE = 1 << 20
USER, PASSWORD = "anna", "correct horse battery"
MESSAGES = [
    b"Subject: plain\r\n\r\nHello.\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\nmiddle.\r\n...\r\n",
    b"Subject: 8-bit\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    b"Subject: no body\r\n",
    b"Subject: long line\r\n\r\n" + b"x" * 5000 + b"\r\n",
    b"Subject: large\r\n\r\n" + b"".join(b".line %06d of a large message\r\n" % i for i in range(30_000)),
]


def lmtp(port, message, recipients=(f"{USER}@example.test",)):
    """Delivers one message and gives the replies, one a recipient. smtplib's own LMTP reads one reply only."""
    with smtplib.LMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("interop.test")
        client.mail("sender@example.test")
        for recipient in recipients:
            assert client.rcpt(recipient)[0] == 250
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
        return [client.getreply()[0] for _ in recipients]


def to_lf(message):
    """As a client with Unix files writes it."""
    return message.replace(b"\r\n", b"\n")


def with_header_ended(message):
    """fetchmail and getmail6 end a header that has no blank line."""
    return message if b"\r\n\r\n" in message else message + b"\r\n"


class ClientsTest(unittest.TestCase):
    def setUp(self):
        context = fermo(users=[(USER, PASSWORD)])
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory(prefix="fermo-client-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for message in MESSAGES:
            self.assertEqual(lmtp(self.server.ports["lmtp"], message), [250])

    def pop3(self, port="pop3"):
        client = poplib.POP3("127.0.0.1", self.server.ports[port], timeout=60)
        client.user(USER)
        client.pass_(PASSWORD)
        return client

    def assert_all_there(self, fetched, form=lambda message: message):
        self.assertEqual(sorted(map(without_trace_fields, fetched)), sorted(map(form, MESSAGES)))

    def assert_left_on_server(self, count):
        client = self.pop3()
        self.assertEqual(client.stat()[0], count)
        client.quit()

    def test_curl(self):
        fetched = mail_clients.curl(self.folder, self.server.ports["pop3"], USER, PASSWORD, len(MESSAGES))
        self.assertEqual([without_trace_fields(message) for message in fetched], MESSAGES)
        self.assert_left_on_server(len(MESSAGES))

    def test_mpop_keeps(self):
        fetched = mail_clients.mpop(self.folder, self.server.ports["pop3"], USER, PASSWORD)
        self.assert_all_there(fetched, to_lf)
        self.assert_left_on_server(len(MESSAGES))
        again = mail_clients.mpop(self.folder, self.server.ports["pop3"], USER, PASSWORD)
        self.assertEqual(len(again), len(MESSAGES), "unique-ids changed: mpop fetched again what it had")

    def test_mpop_deletes_over_stls(self):
        fetched = mail_clients.mpop(self.folder, self.server.ports["pop3"], USER, PASSWORD, self.server.certificate, keep=False)
        self.assert_all_there(fetched, to_lf)
        self.assert_left_on_server(0)

    def test_fetchmail_deletes(self):
        fetched = mail_clients.fetchmail(self.folder, self.server.ports["pop3"], USER, PASSWORD)
        self.assert_all_there(map(canonical, fetched), with_header_ended)
        self.assert_left_on_server(0)

    def test_fetchmail_keeps_over_stls(self):
        for _ in range(2):
            fetched = mail_clients.fetchmail(self.folder, self.server.ports["pop3"], USER, PASSWORD, self.server.certificate, keep=True)
        self.assert_all_there(map(canonical, fetched), with_header_ended)
        self.assert_left_on_server(len(MESSAGES))

    def test_getmail_deletes(self):
        fetched = mail_clients.getmail(self.folder, self.server.ports["pop3"], USER, PASSWORD)
        self.assert_all_there(map(canonical, fetched), with_header_ended)
        self.assert_left_on_server(0)

    def test_poplib_over_tls(self):
        context = ssl.create_default_context(cafile=str(self.server.certificate))
        client = poplib.POP3_SSL("localhost", self.server.ports["pop3s"], context=context, timeout=60)
        client.user(USER)
        client.pass_(PASSWORD)
        sizes = [int(line.split()[1]) for line in client.list()[1]]
        fetched = [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in range(1, len(MESSAGES) + 1)]
        self.assertEqual(list(map(len, fetched)), sizes)
        self.assertEqual([without_trace_fields(message) for message in fetched], MESSAGES)
        client.dele(1)
        client.quit()
        self.assert_left_on_server(len(MESSAGES) - 1)

    def test_poplib_over_stls(self):
        client = poplib.POP3("localhost", self.server.ports["pop3"], timeout=60)
        client.stls(ssl.create_default_context(cafile=str(self.server.certificate)))
        client.user(USER)
        client.pass_(PASSWORD)
        self.assertEqual(client.stat()[0], len(MESSAGES))
        client.quit()

    def test_openssl_s_client(self):
        for port, starttls in (("pop3s", False), ("pop3", True)):
            said = mail_clients.openssl(self.folder, self.server.ports[port], self.server.certificate,
                                        [f"USER {USER}", f"PASS {PASSWORD}", "STAT", "RETR 1", "QUIT"], starttls)
            self.assertIn(b"\r\nHello.\r\n.\r\n", said)

    def test_a_message_with_a_bare_line_feed_is_refused_and_the_session_goes_on(self):
        for bad in (b"a\nb\r\n", b"a\rb\r\n", b"x\n.\r\ny\r\n", b"x\r\n.\ny\r\n"):
            replies = lmtp(self.server.ports["lmtp"], b"Subject: bare\r\n\r\n" + bad, (f"{USER}@example.test",) * 2)
            self.assertEqual(replies, [550, 550])
        self.assert_left_on_server(len(MESSAGES))


if __name__ == "__main__":
    unittest.main()
