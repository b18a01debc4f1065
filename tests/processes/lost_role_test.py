#!/usr/bin/python3
"""Each process is killed at each step of a session: replies stay true, and the session after it goes on as if nothing had been."""
import unittest

from trees import USERS, Lines, fermo, held, lose, until

ROLES = ("keys", "store", "auth", "net")
POP3 = (b"USER ann", b"PASS first-secret", b"STAT", b"RETR 1", b"DELE 1", b"QUIT")
LMTP = (b"LHLO test.example", b"MAIL FROM:<>", b"RCPT TO:<ann>", b"DATA", b"Subject: new\r\n\r\ntext\r\n.", b"QUIT")


def pop3_reply(lines, command):
    """The first line of the reply, with the rest of it read; empty when the connection has ended before its end."""
    first = lines.line()
    if command.startswith(b"RETR") and first.startswith(b"+OK"):
        while (line := lines.line()) != b".\r\n":
            if not line:
                return b""
    return first


def lmtp_reply(lines, command):
    while (line := lines.line())[3:4] == b"-":
        pass
    return line


class LostRoleTest(unittest.TestCase):
    def talk(self, port, commands, reply_to, lost_before, lose_it):
        """Says the commands while they are obeyed, and has a process killed before one of them: the replies as far as they came."""
        lines = Lines(port)
        replies = [lines.line()]
        for step, command in enumerate(commands):
            if step == lost_before:
                lose_it()
            lines.send(command + b"\r\n")
            replies.append(reply_to(lines, command))
            if not replies[-1].startswith((b"+", b"2", b"3")):
                break
        lines.close()
        return replies

    def each(self, commands, check):
        for role in ROLES:
            for step in range(len(commands)):
                with self.subTest(role=role, lost_before=commands[step]), fermo(users=USERS) as server:
                    server.run("deliver", "ann", input=b"Subject: old\n\ntext\n")
                    check(role, step, server)

    def check_pop3(self, role, step, server):
        replies = self.talk(server.ports["pop3"], POP3, pop3_reply, step, lambda: lose(server, role))
        for reply in replies:
            self.assertRegex(reply, rb"^(\+OK|-ERR \[SYS/TEMP\]|$)")
        whole = len(replies) == len(POP3) + 1 and replies[-1].startswith(b"+OK")
        left = until(lambda: held(server), "a login afterwards")
        if whole:
            self.assertEqual(left, "0", replies)
        elif step < len(POP3) - 1:
            self.assertEqual(left, "1", replies)  # QUIT was never said
        if role == "keys" or (role == "auth" and step > 1):
            self.assertTrue(whole, replies)  # the session needed nothing of it

    def check_lmtp(self, role, step, server):
        replies = self.talk(server.ports["lmtp"], LMTP, lmtp_reply, step, lambda: lose(server, role))
        for reply in replies:
            self.assertRegex(reply, rb"^(2\d\d |354 |451 |421 |$)")
        said = replies[5] if len(replies) > 5 else b""
        left = until(lambda: held(server), "a login afterwards")
        if said.startswith(b"250"):
            self.assertEqual(left, "2", replies)
        elif step < 4:
            self.assertEqual(left, "1", replies)  # the end of the message was never said
        if role == "keys":
            self.assertTrue(said.startswith(b"250"), replies)

    def test_a_retrieval_and_a_deletion(self):
        self.each(POP3, self.check_pop3)

    def test_a_delivery(self):
        self.each(LMTP, self.check_lmtp)


if __name__ == "__main__":
    unittest.main()
