#!/usr/bin/python3
"""TLS as it is served: what is refused, and that nothing said in the clear survives STLS."""
import os
import signal
import ssl
import struct
import subprocess
import threading
import unittest

from peers import PASSWORD, SECONDS_MAX, Peer, any_certificate, fermo, roles, until

# Mozilla's intermediate profile: the cipher suites of TLS 1.2 and 1.3.
GOOD_SUITES = {0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F, 0xCCAA, 0x1301, 0x1302, 0x1303}
# Every number that a suite of any version has ever had, and those that browsers make up (RFC 8701).
ALL_SUITES = {*range(0x0000, 0x0100), *range(0x1300, 0x1310), *range(0xC000, 0xC100), *range(0xCC00, 0xCD00), 0x0A0A, 0xFEFE, 0xFEFF}
SIGNALS = {0x00FF, 0x5600}  # no suites: "I know secure renegotiation", "this is my second attempt"
ALERT, HANDSHAKE = 21, 22
HANDSHAKE_FAILURE, PROTOCOL_VERSION, NO_APPLICATION_PROTOCOL = 40, 70, 120


def vector(length_octets, content):
    return len(content).to_bytes(length_octets, "big") + content


def client_hello(version, suites, alpn=()):
    """One record with a ClientHello as TLS 1.2 and before wrote it."""
    groups = struct.pack(">4H", 0x001D, 0x0017, 0x0018, 0x0100)
    schemes = struct.pack(">8H", 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0401, 0x0203, 0x0201)
    extensions = [(10, vector(2, groups)), (11, b"\x01\x00"), (13, vector(2, schemes))]
    if alpn:
        extensions.append((16, vector(2, b"".join(vector(1, name) for name in alpn))))
    hello = struct.pack(">H", version) + os.urandom(32) + b"\x00"
    hello += vector(2, b"".join(struct.pack(">H", suite) for suite in suites)) + b"\x01\x00"
    hello += vector(2, b"".join(struct.pack(">H", kind) + vector(2, content) for kind, content in extensions))
    return bytes([HANDSHAKE]) + struct.pack(">H", min(version, 0x0301)) + vector(2, b"\x01" + vector(3, hello))


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = '[logins]\nexempt_networks = ["127.0.0.0/8"]\n'
        cls.server = cls.enterClassContext(fermo(config, users=[("anna", PASSWORD)]))

    def pop3s(self, **settings):
        context = any_certificate(**settings)
        return Peer(self.server.ports["pop3s"]).start_tls(context)

    def answer(self, hello):
        """The kind of the first record, and the number of the alert or of the suite."""
        peer = Peer(self.server.ports["pop3s"])
        peer.send(hello)
        said = b""
        while len(said) < 100 and (octets := peer.more()):
            said += octets
        if said[0] == ALERT:
            return ALERT, said[6]
        session_id_octets = said[43]
        return said[0], int.from_bytes(said[44 + session_id_octets:46 + session_id_octets], "big")

    # --- Versions and suites -----------------------------------------------------------------------------------------

    def test_versions_before_1_2_are_refused(self):
        every = sorted(ALL_SUITES - SIGNALS)
        for version in (0x0300, 0x0301, 0x0302):
            with self.subTest(hex(version)):
                kind, alert = self.answer(client_hello(version, every))
                self.assertEqual(kind, ALERT)
                self.assertIn(alert, (PROTOCOL_VERSION, HANDSHAKE_FAILURE))  # SSL 3.0 has no word for the former
        ssl2 = b"\x01\x00\x02\x00\x09\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80" + os.urandom(16)
        peer = Peer(self.server.ports["pop3s"])
        peer.send(struct.pack(">H", 0x8000 | len(ssl2)) + ssl2)
        self.assertIn(peer.rest()[:1], (b"", bytes([ALERT])))

    def test_only_suites_with_forward_secrecy_and_authenticated_encryption_are_taken(self):
        weak = sorted(ALL_SUITES - GOOD_SUITES - SIGNALS)
        self.assertGreater(len(weak), 500)
        self.assertEqual(self.answer(client_hello(0x0303, weak)), (ALERT, HANDSHAKE_FAILURE))
        kind, suite = self.answer(client_hello(0x0303, weak + sorted(GOOD_SUITES)))
        self.assertEqual(kind, HANDSHAKE)
        self.assertIn(suite, GOOD_SUITES)

    def test_the_two_good_versions_are_spoken(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            peer = self.pop3s(minimum_version=version, maximum_version=version)
            self.assertTrue(peer.log_in().ask(b"STAT").startswith(b"+OK"))

    def test_another_protocol_is_refused(self):
        # Or what is meant for a web server could be sent here, and the other way round (ALPACA).
        good = sorted(GOOD_SUITES)
        for names in ([b"http/1.1"], [b"h2", b"imap"], [b"smtp"], [b"pop"], [b"pop33"], [b"POP3"]):
            with self.subTest(names):
                self.assertEqual(self.answer(client_hello(0x0303, good, names)), (ALERT, NO_APPLICATION_PROTOCOL))
        self.assertEqual(self.answer(client_hello(0x0303, good, [b"h2", b"pop3"]))[0], HANDSHAKE)

    def test_a_request_of_another_protocol_is_soon_cut_off_and_never_shown(self):
        request = b"POST / HTTP/1.1\r\nHost: pop.example\r\nX-Echo: <script>alert(1)</script>\r\nContent-Length: 3\r\n\r\nUSER anna\r\nPASS x\r\n"
        for peer in (Peer(self.server.ports["pop3"]), self.pop3s()):
            peer.send(request)
            replies = peer.rest()
            self.assertLessEqual(replies.count(b"-ERR"), 6)
            self.assertNotIn(b"script", replies)
            self.assertNotIn(b"PASS", replies)

    def test_renegotiation_is_refused(self):
        port = self.server.ports["pop3s"]
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-legacy_renegotiation", "-msg"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.addCleanup(lambda: (client.kill(), client.wait(), client.stdin.close(), client.stdout.close()))
        alarm = threading.Timer(SECONDS_MAX, client.kill)
        alarm.start()
        self.addCleanup(alarm.cancel)
        said = b""
        for wanted, command in ((b"+OK", b"R\n"), (b"no_renegotiation", b"")):  # a line with R alone asks for another handshake
            while wanted not in said and (octets := client.stdout.read(1 << 16)):
                said += octets
            self.assertIn(wanted, said)
            client.stdin.write(command)
        self.assertIn(b"RENEGOTIATING", said)
        self.assertEqual(said.count(b"ServerHelloDone"), 1)

    # --- Tickets -----------------------------------------------------------------------------------------------------

    def resumed(self, context, session):
        """Whether the session is taken up again; the connection works either way. And the session that follows it."""
        peer = Peer(self.server.ports["pop3s"])
        peer.socket = context.wrap_socket(peer.socket, session=session)
        self.assertTrue(peer.line().startswith(b"+OK"))
        self.assertTrue(peer.ask(b"CAPA").startswith(b"+OK"))
        return peer.socket.session_reused, peer.socket.session

    def test_tickets_are_good_until_the_keys_that_seal_them_are_gone(self):
        # That keys are renewed in time is the matter of ticket_keys_test.cc, whose clock can be set.
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                context = any_certificate(minimum_version=version, maximum_version=version)
                reused, session = self.resumed(context, None)
                self.assertFalse(reused)
                self.assertTrue(session.has_ticket)
                for _ in range(3):
                    reused, session = self.resumed(context, session)
                    self.assertTrue(reused)
                keys = roles(self.server)["keys"]
                os.kill(keys, signal.SIGKILL)
                until(lambda: roles(self.server).get("keys") not in (None, keys) and self.shakes_hands(), "the keys are back")
                reused, session = self.resumed(context, session)
                self.assertFalse(reused, "keys of tickets are on no disk")
                self.assertTrue(self.resumed(context, session)[0])

    def shakes_hands(self):
        try:
            return self.pop3s().line().startswith(b"+OK")
        except OSError:
            return False

    # --- STLS --------------------------------------------------------------------------------------------------------

    def stls(self, before):
        """A connection that says `before`, which ends in STLS and more, and then tries to go on over TLS."""
        peer = Peer(self.server.ports["pop3"])
        peer.line()
        peer.send(before)
        return peer

    def test_what_comes_with_stls_is_never_obeyed(self):
        injected = [b"STLS\r\nUSER anna\r\n", b"STLS\r\nUSER anna\r\nPASS correct horse\r\nDELE 1\r\nQUIT\r\n", b"STLS\r\nUS", b"STLS\r\n\r\n",
                    b"STLS\r\n\n", b"STLS\r\n\0", b"STLS\nCAPA\n", b"CAPA\r\nSTLS\r\nNOOP\r\n", b"STLS\r\nSTLS\r\n"]
        for octets in injected:
            with self.subTest(octets):
                size = self.server.log.stat().st_size
                peer = self.stls(octets)
                replies = peer.rest()
                self.assertNotIn(b"Begin TLS", replies)
                self.assertEqual(replies.count(b"+OK"), octets.startswith(b"CAPA"))
                peer.close()
                # Lines of connections that ended before this one may still come.
                ends = until(lambda: [line for line in self.server.log.read_text()[size:].splitlines() if "end=protocol-violation" in line],
                             "its line in the log")
                self.assertIn("login=no", ends[0])

    def test_what_comes_after_stls_in_the_clear_is_never_obeyed(self):
        for octets in (b"USER anna\r\nPASS correct horse\r\nQUIT\r\n", b"\r\n\r\n\r\n", b"CAPA\n"):
            with self.subTest(octets):
                peer = self.stls(b"STLS\r\n")
                self.assertTrue(peer.line().startswith(b"+OK"))
                peer.send(octets)
                self.assertNotIn(b"+OK", peer.rest())

    def test_nothing_said_before_counts_within(self):
        for before in (b"USER anna\r\n", b"CAPA\r\nUSER anna\r\n", b"AUTH PLAIN\r\n*\r\nUSER anna\r\n"):
            with self.subTest(before):
                peer = self.stls(before + b"STLS\r\n")
                while not peer.line().startswith(b"+OK Begin TLS"):
                    self.assertFalse(peer.ended)
                self.assertEqual(peer.held, b"")
                peer.start_tls()
                self.assertTrue(peer.ask(b"PASS " + PASSWORD.encode()).startswith(b"-ERR"), "the USER of before is forgotten")
                self.assertTrue(peer.ask(b"USER anna").startswith(b"+OK"))
                self.assertTrue(peer.ask(b"PASS " + PASSWORD.encode()).startswith(b"+OK"))
                self.assertTrue(peer.ask(b"STLS").startswith(b"-ERR"), "there is no second one")

    def test_stls_is_no_response_of_sasl(self):
        peer = self.stls(b"AUTH PLAIN\r\nSTLS\r\n")
        self.assertTrue(peer.line().startswith(b"+"))
        self.assertTrue(peer.line().startswith(b"-ERR"))
        self.assertTrue(peer.ask(b"CAPA").startswith(b"+OK"))

    def test_a_handshake_that_fails_is_the_end(self):
        peer = self.stls(b"STLS\r\n")
        self.assertTrue(peer.line().startswith(b"+OK"))
        peer.send(client_hello(0x0301, [0x002F]))
        self.assertEqual(peer.rest()[:1], bytes([ALERT]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
