#!/usr/bin/python3
"""Names, paths and words of strangers: none becomes a file, a line of the log, a header field or a command, and no password is taken where it
could be read on its way."""
import base64
import json
import pathlib
import re
import socket
import unittest

from peers import PASSWORD, Lmtp, Peer, fermo, until

NAMES = [b"../../etc/passwd", b"/etc/passwd", b"..", b".", b"anna/../berta", b"anna/", b"anna\\..\\berta", b"~root", b"anna%00", b"%s%n%s%n", b"${HOME}",
         b"$(id)", b"`id`", b"|id", b"; id", b":include:/etc/passwd", b"' OR '1'='1", b"*)(uid=*))(|(uid=*", b"anna\tmaster_user=root\tskip_password_check=1",
         b"anna\x1b[2J\x1b]0;owned\x07", b"anna\rend=quit", b"anna end=quit login=yes", b'anna" end="quit', b"anna:{PLAIN}x", b"anna\x00", b"\x00", b"\xff\xfe", b"\xc3",
         "аnna".encode(), "anna\u202e".encode(), b"anna\x7f", b"anna\xc2\x85session", b"A" * 900, b"anna@", b"@", b"anna@@b", b"{SCHEME}", b"-rf", b"--help"]
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]")


def tree(folder):
    """What lies in a folder, but for the files of the store, which come and go."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "store" not in path.parts)


class LoginTest(unittest.TestCase):
    FORMAT = "text"

    def setUp(self):
        config = f'[logins]\nexempt_networks = ["127.0.0.0/8"]\n[log]\nformat = "{self.FORMAT}"\n'
        self.server = self.enterContext(fermo(config, users=[("anna", PASSWORD), ("berta", "another secret")]))

    def sessions(self, count):
        """The lines of the log about sessions, when they are so many; every line of it is fit for a terminal."""
        def found():
            return [line for line in self.server.log.read_bytes().splitlines() if b"end" in line and b"octets_in" in line]
        until(lambda: len(found()) >= count, f"{count} sessions in the log")
        self.assertEqual(len(found()), count)
        self.assertEqual(CONTROL.findall(self.server.log.read_bytes()), [])
        return found()

    def refused(self, commands):
        """Says the commands; the replies to them and to QUIT."""
        peer = Peer(self.server.ports["pop3"])
        peer.send(b"\r\n".join(commands) + b"\r\nQUIT\r\n")
        return peer.rest().split(b"\r\n")[1:-1]

    def test_no_name_is_more_than_a_name(self):
        before = tree(self.server.folder)
        for name in NAMES:
            with self.subTest(name):
                plain = base64.b64encode(b"\0" + name + b"\0" + PASSWORD.encode())
                for commands in ([b"USER " + name, b"PASS " + PASSWORD.encode(), b"STAT"], [b"AUTH PLAIN " + plain, b"STAT"]):
                    replies = self.refused(commands)
                    # Every line is answered once; all but USER, which tells nobody who exists, and QUIT are refused.
                    self.assertFalse([reply for reply in replies[len(commands) - 2:-1] if not reply.startswith(b"-ERR")], replies)
                    self.assertLessEqual(len(replies), len(commands) + 2)
        self.assertEqual(tree(self.server.folder), before)
        self.sessions(2 * len(NAMES))
        owner = Peer(self.server.ports["pop3"]).log_in()
        self.assertTrue(owner.ask(b"STAT").startswith(b"+OK 0 "))

    def test_no_password_and_no_line_break_reaches_the_log(self):
        secrets = [b"hunter2-one", b"hunter2-two", b"hunter2-three", b"hunter2-four"]
        self.refused([b"USER anna", b"PASS " + secrets[0]])
        self.refused([b"AUTH PLAIN " + base64.b64encode(b"\0anna\0" + secrets[1])])
        self.refused([b"PASS " + secrets[2]])
        self.refused([b"USER anna", b"\xff\x00PASS " + secrets[3]])
        self.sessions(4)
        log = self.server.log.read_bytes()
        for secret in secrets:
            self.assertNotIn(secret, log)
            self.assertNotIn(base64.b64encode(b"\0anna\0" + secret), log)
        Lmtp(self.server, name=b"peer end=quit deliveries=99").close()
        Lmtp(self.server, name=b'x"y\\z').close()
        self.sessions(6)


class JsonLogTest(LoginTest):
    """The same with a log for programs: each line is one object, and its fields are those of the server alone."""

    FORMAT = "json"

    def sessions(self, count):
        for line in (found := super().sessions(count)):
            event = json.loads(line)
            self.assertNotIn(event.get("deliveries"), (99, "99"))
            self.assertNotEqual(event.get("login"), "yes")
        return found


class EnvelopeTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(fermo(users=[("anna", PASSWORD)]))

    def test_recipients_are_names_and_nothing_else(self):
        before = tree(self.server.folder)
        lmtp = Lmtp(self.server)
        paths = [b"|id", b'"|id"', b":include:/etc/passwd", b'":include:/etc/passwd"', b"/etc/passwd", b"../anna", b'"../anna"', b"anna/../berta", b'"anna\\\\"',
                 b'""', b"", b"anna\0", b"anna\r", b"anna\n", b"\xff", b"`id`@localhost", b"anna@[127.0.0.1", b"a" * 400, b"<anna>", b"anna> NOTIFY=NEVER"]
        for path in paths:
            with self.subTest(path):
                lmtp.send(b"RSET\r\nMAIL FROM:<a@attack.test>\r\nRCPT TO:<" + path + b">\r\n")
                codes = [lmtp.code() for _ in range(3)]
                if b"\n" in path:
                    codes.append(lmtp.code())  # a second, unfinished line
                self.assertEqual(codes[:2], [250, 250])
                self.assertEqual({code // 100 for code in codes[2:]}, {5})
                if lmtp.ask(b"NOOP")[:3] != b"250":
                    lmtp = Lmtp(self.server)
        self.assertEqual(tree(self.server.folder), before)

    def test_no_header_field_is_injected(self):
        injected = b"X-Injected: yes"
        names = [b"evil.test\r" + injected, b"evil.test\t(" + injected + b")", b"[evil\0" + injected, b"(" + injected, b"evil\x1b[2J"]
        senders = [b"a\r" + injected + b"@b.test", b'"a\r' + injected + b'"@b.test', b'"a\\\r' + injected + b'"@b.test', b"a\0b@b.test", b"a@b.test\x0b" + injected,
                   b'"a\\"> ' + injected + b' <"@b.test', b"a@b.test (" + injected]
        delivered = 0
        for name in [b"good.test", *names]:
            for sender in senders:
                lmtp = Peer(self.server.ports["lmtp"])
                for command in (b"LHLO " + name, b"MAIL FROM:<" + sender + b">", b"RCPT TO:<anna+" + injected.replace(b" ", b"") + b">", b"RCPT TO:<anna>", b"BDAT 6 LAST"):
                    lmtp.send(command + b"\r\n")
                lmtp.send(b"body\r\nQUIT\r\n")
                delivered += lmtp.rest().count(b"250 2.0.0 <")
        owner = Peer(self.server.ports["pop3"]).log_in()
        count = int(owner.ask(b"STAT").split()[1])
        for number in range(1, count + 1):
            owner.ask(b"RETR %d" % number)
            lines = owner.lines()
            fields = [line.split(b":")[0] for line in lines if not line.startswith((b" ", b"\t"))]
            self.assertEqual(fields, [b"Return-Path", b"Delivered-To", b"Received", b"body"], lines)
            self.assertEqual(CONTROL.findall(b"".join(lines).replace(b"\t", b"")), [])
        self.assertGreater(count, 0, "some of these are addresses, if odd ones")

    def test_no_name_of_a_user_reaches_out_of_the_data(self):
        before = tree(self.server.folder)
        for name in ("../evil", "/evil", "a\nroot:{PLAIN}x", "a:b", "a\x1b[2J", "", " ", "."):
            done = self.server.run("user", "add", name, "--password-stdin", input=b"some long secret\n", check=False)
            self.assertEqual(done.returncode, 0 if name == "/evil" else 64, name)  # a local-part like any other
            self.assertNotIn(b"\x1b", done.stderr)
        # Who has such a name from elsewhere is a user like any other.
        users = self.server.data / "users"
        of_anna = users.read_text().splitlines()[0].partition(":")[2]
        with open(users, "a") as file:
            file.writelines(f"{name}:{of_anna}\n" for name in ("../evil", "."))
        for name in ("../evil", "/evil", "."):
            self.server.run("deliver", name, input=b"Subject: x\n\n")
        lines = (self.server.data / "users").read_text().splitlines()
        self.assertTrue(all(re.fullmatch(r"[^:\s\x00-\x1f]+:\{ARGON2ID?\}\S+|[^:\s]+:\S+", line) for line in lines), lines)
        self.assertNotIn("root", [line.split(":")[0] for line in lines])
        self.assertEqual(tree(self.server.folder), before)
        self.assertFalse(pathlib.Path("/evil").exists())


class PlaintextTest(unittest.TestCase):
    """From another machine no password is taken in the clear. The address of this machine in its network is another than loopback."""

    def setUp(self):
        self.address = self.own_address()
        if self.address is None:
            self.skipTest("this machine has no address but loopback")
        self.server = self.enterContext(fermo("[logins]\nguesses_per_address_max = 1\n", users=[("anna", PASSWORD)], start=False))
        self.server.start(listen=[f"pop3={self.address}:{self.server.ports['pop3']}"])

    def own_address(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # of the block for documentation: nothing is sent
            except OSError:
                return None
            found = probe.getsockname()[0]
        return None if found.startswith("127.") else found

    def come(self):
        peer = Peer(self.server.ports["pop3"], host=self.address)
        self.assertTrue(peer.line().startswith(b"+OK"))
        return peer

    def test_a_login_is_refused_before_the_password_is_sent(self):
        capabilities = self.come()
        self.assertTrue(capabilities.ask(b"CAPA").startswith(b"+OK"))
        offered = capabilities.lines()
        self.assertIn(b"STLS", offered)
        self.assertFalse([line for line in offered if line.startswith((b"USER", b"SASL"))])
        for command in (b"USER anna", b"AUTH PLAIN", b"APOP anna c4c9334bac560ecc979e58001b3e22fb"):
            self.assertTrue(self.come().ask(command).startswith(b"-ERR"), command)

    def test_a_password_that_is_sent_all_the_same_is_not_looked_at(self):
        right = base64.b64encode(b"\0anna\0" + PASSWORD.encode())
        for _ in range(3):
            peer = self.come()
            peer.send(b"USER anna\r\nPASS " + PASSWORD.encode() + b"\r\nAUTH PLAIN " + right + b"\r\nSTAT\r\nQUIT\r\n")
            replies = peer.rest()
            self.assertEqual(replies.count(b"-ERR"), 4)
            self.assertEqual(replies.count(b"+OK"), 1, "to QUIT")
        # None of them was counted as a guess, though one would be too many.
        peer = self.come()
        peer.ask(b"STLS")
        peer.start_tls()
        peer.ask(b"USER anna")
        self.assertTrue(peer.ask(b"PASS " + PASSWORD.encode()).startswith(b"+OK"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
