#!/usr/bin/python3
"""What one peer can make Fermo keep in memory: no more than a few buffers, whatever it sends and whatever it does not read.

Each test measures how much the processes grow while many hostile connections stand, against a cap for each connection that follows from
base/limits.h. Without the limit in question each would grow by many times its cap.
"""
import itertools
import random
import select
import socket
import time
import unittest

from peers import PASSWORD, Lmtp, Peer, allow_many_descriptors, any_certificate, fermo, is_sanitized, processor_seconds, roles, status_octets, until

KIB = 1024
# OpenSSL's two record buffers of 17 KiB, its handshake's and our own objects.
TLS_OCTETS = 64 * KIB
# output_octets_max, and a message_piece_octets_max or a page of listings on its way in net and in the store; each twice, as a buffer that
# grows is copied.
REPLY_OCTETS = 2 * 4 * 64 * KIB
# Two reads of input_octets_at_once: a line that is too long is dropped while it comes.
LINE_OCTETS = 48 * KIB
CLIENT_HELLO_BEGINS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)
# A handshake message of the greatest length, that begins and does not end.
HUGE_HELLO = b"\x16\x03\x03\x40\x00\x01\x01\xff\xff\x03\x03" + bytes(16 * KIB - 10)


# One address may have a hundred connections.
ADDRESSES = itertools.cycle(f"127.0.{n // 90 + 2}.1" for n in range(90 * 50))


class MemoryTest(unittest.TestCase):
    def setUp(self):
        # Failed logins and connections are no matter here; a deadline of the slowest machine would end what is measured.
        config = '[limits]\nlogin_seconds_max = 600\nrecipients_max = 100\n[logins]\nexempt_networks = ["127.0.0.0/8"]\n'
        self.server = self.enterContext(fermo(config, users=[("anna", PASSWORD)]))
        allow_many_descriptors(2048)

    def connect(self, count, protocol="pop3", **how):
        return [Peer(self.server.ports[protocol], next(ADDRESSES), **how) for _ in range(count)]

    def logged_in(self, count):
        """Half of them over TLS, with small buffers in the kernel."""
        peers = [*self.connect(count // 2, receive_octets=4 * KIB),
                 *(peer.start_tls() for peer in self.connect(count // 2, "pop3s", receive_octets=4 * KIB))]
        return [peer.log_in() for peer in peers]

    def deliver(self, content, connections=1, each=1):
        """That many times, and the connections side by side: what comes at once is synced at once."""
        transports = [Lmtp(self.server) for _ in range(connections)]
        transaction = b"MAIL FROM:<>\r\nRCPT TO:<anna>\r\nBDAT %d LAST\r\n" % len(content) + content
        for lmtp in transports:
            lmtp.send(transaction * each)
        for lmtp in transports:
            self.assertEqual({lmtp.code() for _ in range(3 * each)}, {250})

    def settled(self, watched=("net", "store")):
        """The memory of these processes, when none has anything to do any more."""
        pids = [roles(self.server)[role] for role in watched]
        state = {"used": None, "since": 0.0}

        def rests():
            used = [processor_seconds(pid) for pid in pids]
            if used != state["used"]:
                state.update(used=used, since=time.monotonic())
            return time.monotonic() - state["since"] > 0.2

        until(rests, "the server has nothing to do")
        return sum(status_octets(pid, "RssAnon") for pid in pids)

    def assert_each_costs_at_most(self, octets, count, before, watched=("net", "store")):
        """And the server works on, for somebody else."""
        after = self.settled(watched)
        Peer(self.server.ports["pop3"], "127.0.0.9").log_in().ask(b"QUIT")
        if not is_sanitized(roles(self.server)["net"]):
            each = (after - before) / count
            self.assertLess(each, octets, f"{each / KIB:.0f} KiB for each of {count} connections")

    # --- What is not read --------------------------------------------------------------------------------------------

    def test_messages_that_are_not_read(self):
        count, retrievals = 60, 40
        content = b"".join(b"%078d\r\n" % n for n in range(5_000))
        self.deliver(content)
        peers = self.logged_in(count)
        before = self.settled()
        for peer in peers:
            peer.send(b"RETR 1\r\n" * retrievals)
        self.assert_each_costs_at_most(REPLY_OCTETS + TLS_OCTETS, count, before)
        # It was kept back, not forgotten.
        for peer in peers[0], peers[-1]:
            for _ in range(2):
                self.assertTrue(peer.line().startswith(b"+OK"))
                self.assertEqual(peer.lines()[-1], b"%078d" % 4_999)

    def test_listings_that_are_not_read(self):
        count, messages = 60, 1_000
        self.deliver(b"Subject: short\r\n\r\n", connections=40, each=messages // 40)
        peers = self.logged_in(count)
        before = self.settled()
        for peer in peers:
            peer.send(b"UIDL\r\nLIST\r\n" * 300)
        self.assert_each_costs_at_most(REPLY_OCTETS + TLS_OCTETS, count, before)
        for peer in peers[0], peers[-1]:
            for _ in range(4):
                self.assertTrue(peer.line().startswith(b"+OK"))
                self.assertEqual(len(peer.lines()), messages)

    def test_who_does_not_read_is_not_read(self):
        peer = Peer(self.server.ports["pop3"], receive_octets=4 * KIB).log_in()
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * KIB)
        before = self.settled()
        commands = b"CAPA\r\n" * 1_000
        sent, sent_max = 0, 16 << 20
        # Until neither side's kernel takes any more, which is so because the server does not.
        while sent < sent_max and select.select([], [peer.socket], [], 2)[1]:
            sent += peer.socket.send(commands[sent % len(commands):], socket.MSG_DONTWAIT)
        self.assertLess(sent, sent_max, "it reads on though nobody takes its replies")
        self.assert_each_costs_at_most(REPLY_OCTETS, 1, before)
        replies, wanted = b"", sent // 6
        answered = 0
        while answered < wanted and (octets := peer.more()):
            whole, end, replies = (replies + octets).rpartition(b"\r\n.\r\n")
            answered += whole.count(b"+OK Capability list follows")
        self.assertEqual(answered, wanted, "every command that was sent is answered in the end")

    # --- What is sent ------------------------------------------------------------------------------------------------

    def test_handshakes_that_do_not_end(self):
        count = 300
        self.connect(1, "pop3s")[0].start_tls().close()
        before = self.settled()
        silent = self.connect(count // 3, "pop3s")
        begun = self.connect(count // 3, "pop3s")
        after_stls = self.connect(count // 3)
        for peer in after_stls:
            peer.line()
            self.assertTrue(peer.ask(b"STLS").startswith(b"+OK"))
        for peer in begun + after_stls:
            peer.send(CLIENT_HELLO_BEGINS)
        self.assert_each_costs_at_most(TLS_OCTETS, len(silent + begun + after_stls), before)

    def test_a_hello_of_the_greatest_length(self):
        count = 100
        before = self.settled()
        peers = self.connect(count, "pop3s")
        for peer in peers:
            peer.send(HUGE_HELLO)
        self.assert_each_costs_at_most(TLS_OCTETS, count, before)

    def test_names_that_tls_is_asked_for(self):
        # Dovecot kept something for each name (CVE-2017-15130).
        draw = random.Random(1)
        context = any_certificate()
        for _ in range(20):
            self.connect(1, "pop3s")[0].start_tls(context).close()
        before = self.settled()
        for _ in range(300):
            name = ".".join("%030x" % draw.getrandbits(120) for _ in range(8))
            self.connect(1, "pop3s")[0].start_tls(context, server_hostname=name).close()
        self.assert_each_costs_at_most(8 * KIB, 300, before)

    def test_lines_without_an_end(self):
        count = 300
        before = self.settled()
        peers = self.connect(count)
        for peer in peers:
            peer.line()
            peer.send(b"A" * 60_000)
        self.assert_each_costs_at_most(LINE_OCTETS, count, before)
        for peer in peers[::30]:  # beyond limits::pop3_endless_line_octets
            peer.send(b"A" * 8_000)
            self.assertEqual(peer.rest(), b"")

    def test_lines_without_an_end_to_lmtp(self):
        count = 90
        before = self.settled()
        peers = [Lmtp(self.server, next(ADDRESSES)) for _ in range(count)]
        for peer in peers:
            peer.send(b"MAIL FROM:<" + b"a" * 60_000)
        self.assert_each_costs_at_most(LINE_OCTETS, count, before)
        for peer in peers[::30]:
            peer.send(b"a" * 8_000)
            self.assertTrue(peer.rest().startswith(b"421 "))

    def test_responses_of_sasl_without_an_end(self):
        count = 200
        before = self.settled()
        peers = self.connect(count)
        for peer in peers:
            peer.line()
            self.assertTrue(peer.ask(b"AUTH PLAIN").startswith(b"+"))
            peer.send(b"QUFB" * 4_000)
        self.assert_each_costs_at_most(64 * KIB, count, before)
        peers[0].send(b"QUFB" * 4_000)
        self.assertTrue(peers[0].ask(b"").startswith(b"-ERR"))
        self.assertTrue(peers[0].ask(b"CAPA").startswith(b"+OK"))

    def test_exchanges_of_sasl_that_are_left(self):
        before = self.settled()
        peer = Peer(self.server.ports["pop3"])
        peer.line()
        for n in range(300):
            if peer.ask(b"AUTH PLAIN").startswith(b"+"):
                peer.ask((b"*", b"====", b"AGEJYgBj", b"AGFubmEAd3Jvbmc=")[3 if n % 50 == 0 else n % 3])
            if peer.ended:
                peer = Peer(self.server.ports["pop3"])
                peer.line()
        self.assert_each_costs_at_most(4 * KIB, 300, before)

    def test_recipients_without_an_end(self):
        count, recipients = 20, 3_000
        before = self.settled()
        peers = [Lmtp(self.server, next(ADDRESSES)) for _ in range(count)]
        for peer in peers:
            peer.send(b"MAIL FROM:<a@attack.test>\r\n")
            self.assertEqual(peer.code(), 250)
            for first in range(0, recipients, 100):
                peer.send(b"".join(b"RCPT TO:<anna+%0230d@attack.test>\r\n" % n for n in range(first, first + 100)))
                codes = {peer.code() for _ in range(100)}
                self.assertEqual(codes, {250} if first == 0 else {452})
        self.assert_each_costs_at_most(256 * KIB, count, before)

    def test_content_that_comes_and_does_not_end(self):
        # What the store has of them is in its one write buffer (store_write_buffer_octets), or on disk.
        count = 40
        before = self.settled(["net"])
        peers = [Lmtp(self.server, next(ADDRESSES)) for _ in range(count)]
        for peer in peers:
            peer.send(b"MAIL FROM:<a@attack.test>\r\nRCPT TO:<anna>\r\nDATA\r\n")
            self.assertEqual([peer.code() for _ in range(3)], [250, 250, 354])
            for _ in range(20):
                peer.send(b"x" * 100_000)  # a line of 2 MB, and no end
        self.assert_each_costs_at_most(4 * 64 * KIB, count, before, ["net"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
