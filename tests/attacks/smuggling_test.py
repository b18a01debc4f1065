#!/usr/bin/python3
"""SMTP smuggling over LMTP: nothing but CRLF.CRLF ends a message, and a message with a bare CR or LF is in no maildrop."""
import itertools
import unittest

from peers import Lmtp, Peer, fermo, PASSWORD

# What programs have taken for the end of a line. NUL and vertical tab: some skip the one and take the other for a line end.
LINE_ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r", b"\n\n", b"\r\0\n", b"\0\r\n", b"\r\n\0", b"\x0b", b"\x85", b"\xe2\x80\xa8"]
SMUGGLED = b"MAIL FROM:<evil@attack.test>\r\nRCPT TO:<anna>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled"
END = b"\r\n.\r\n"


def forms():
    """Every pair of line ends around a dot but those that hold the true end."""
    for before, after in itertools.product(LINE_ENDS, repeat=2):
        if END not in before + b"." + after:
            yield before + b"." + after


def has_bare_line_end(octets):
    rest = octets.replace(b"\r\n", b"")
    return b"\r" in rest or b"\n" in rest


class SmugglingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(fermo(users=[("anna", PASSWORD)]))

    def subjects(self):
        client = Peer(self.server.ports["pop3"]).log_in()
        found = []
        for number in range(1, int(client.ask(b"STAT").split()[1]) + 1):
            client.ask(b"TOP %d 0" % number)
            found += [line for line in client.lines() if line.startswith(b"Subject: ")]
            client.ask(b"DELE %d" % number)
        client.ask(b"QUIT")
        return found

    def test_no_other_end_of_data_is_taken(self):
        tried = list(forms())
        self.assertGreater(len(tried), 100)
        lmtp = Lmtp(self.server)
        clean = 0
        for form in tried:
            with self.subTest(form):
                lmtp.send(b"MAIL FROM:<outer@attack.test>\r\nRCPT TO:<anna>\r\nDATA\r\n")
                self.assertEqual([lmtp.code() for _ in range(3)], [250, 250, 354])
                content = b"Subject: outer\r\n\r\nfirst" + form + SMUGGLED
                lmtp.send(content + END + b"NOOP\r\n")
                bare = has_bare_line_end(content)
                clean += not bare
                # One reply for the one message, and the next is to NOOP: the dialogue is in step.
                self.assertEqual([lmtp.code(), lmtp.code()], [550 if bare else 250, 250])
        self.assertEqual(self.subjects(), [b"Subject: outer"] * clean, "what has no bare line end is one ordinary message")

    def test_cut_anywhere_the_end_is_the_same(self):
        for form in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r\r\n"):
            with self.subTest(form):
                lmtp = Lmtp(self.server)
                lmtp.send(b"MAIL FROM:<outer@attack.test>\r\nRCPT TO:<anna>\r\nDATA\r\n")
                self.assertEqual([lmtp.code() for _ in range(3)], [250, 250, 354])
                for octet in b"first" + form + SMUGGLED + END:
                    lmtp.send(bytes([octet]))
                self.assertEqual(lmtp.code(), 550)
                self.assertEqual(lmtp.ask(b"QUIT")[:3], b"221")
        self.assertEqual(self.subjects(), [])

    def test_chunks_hold_no_end_and_no_bare_line_end(self):
        lmtp = Lmtp(self.server)
        for line_end in (b"\n", b"\r", b"\r\r\n", b"\n\r"):
            for cut in (False, True):  # the line end as a chunk of its own
                with self.subTest(line_end, cut=cut):
                    lmtp.send(b"MAIL FROM:<outer@attack.test>\r\nRCPT TO:<anna>\r\n")
                    self.assertEqual([lmtp.code() for _ in range(2)], [250, 250])
                    chunks = [b"first", line_end, b"." + line_end + SMUGGLED] if cut else [b"first" + line_end + b"." + line_end + SMUGGLED]
                    for chunk in chunks[:-1]:
                        lmtp.send(b"BDAT %d\r\n" % len(chunk) + chunk)
                        lmtp.code()
                    lmtp.send(b"BDAT %d LAST\r\n" % len(chunks[-1]) + chunks[-1] + b"NOOP\r\n")
                    self.assertEqual([lmtp.code(), lmtp.code()], [550, 250])
        self.assertEqual(lmtp.deliver(b"Subject: chunk\r\n\r\n.\r\n" + SMUGGLED + b"\r\n"), [250], "a dot ends nothing here")
        self.assertEqual(self.subjects(), [b"Subject: chunk"])

    def test_chunks_that_cannot_be_counted_end_the_connection(self):
        for size in (b"-1", b"18446744073709551617", b"1e3", b"0x10", b""):
            with self.subTest(size):
                lmtp = Lmtp(self.server)
                lmtp.send(b"MAIL FROM:<outer@attack.test>\r\nRCPT TO:<anna>\r\nBDAT " + size + b" LAST\r\n" + SMUGGLED + END)
                self.assertEqual([lmtp.code() for _ in range(2)], [250, 250])
                codes = [line[:3] for line in lmtp.rest().split(b"\r\n") if line]
                self.assertTrue(all(code in (b"501", b"503", b"421", b"500") for code in codes), codes)
        self.assertEqual(self.subjects(), [])

    def test_commands_end_in_crlf_alone(self):
        for line_end in (b"\n", b"\r", b"\n\r"):
            with self.subTest(line_end):
                lmtp = Lmtp(self.server)
                lmtp.send(b"NOOP" + line_end + b"MAIL FROM:<evil@attack.test>\r\nRSET\r\n")
                self.assertEqual(lmtp.code() // 100, 5)
                lmtp.code()
                lmtp.send(b"RCPT TO:<anna>\r\nQUIT\r\n")
                replies = lmtp.rest()
                self.assertIn(b"503", replies, "there is no transaction")

    def test_what_goes_out_cannot_end_sooner_either(self):
        content = b"Subject: dots\r\n\r\n.\r\n..\r\n.\t\r\n.QUIT\r\n"
        self.assertEqual(Lmtp(self.server).deliver(content), [250])
        client = Peer(self.server.ports["pop3"]).log_in()
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        self.assertTrue(client.line().startswith(b"+OK"))
        body = client.lines()
        self.assertEqual(body[-4:], [b"..", b"...", b"..\t", b"..QUIT"])
        self.assertEqual([client.line()[:3], client.line()[:3]], [b"+OK", b"+OK"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
