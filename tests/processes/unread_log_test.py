#!/usr/bin/python3
"""A log that nobody reads, because whoever should hangs, keeps nobody from their mail; how much was lost is said afterwards."""
import contextlib
import os
import re
import signal
import smtplib
import threading
import unittest

from trees import SECONDS_MAX, USERS, Lines, fermo, held, lose, roles, session, until

LOST = re.compile(rb"(\d+) lines? (?:was|were) lost because nobody read the log$")
LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (?:info|warning|error) ")
BUFFER = 256 * 1024  # of each process: limits::log_buffer_octets_max


class Unread:
    """A pipe that is full, and read only when asked for."""

    def __init__(self):
        self.read, self.write = os.pipe()
        # Opened anew, so that the descriptor that the server gets still blocks.
        filling = os.open(f"/proc/self/fd/{self.write}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filling, b"x")
        os.close(filling)
        self.octets = b""

    def read_all(self):
        """From now on, until the end, on a thread of its own."""
        os.close(self.write)

        def work():
            while octets := os.read(self.read, 1 << 16):
                self.octets += octets
            os.close(self.read)

        self.thread = threading.Thread(target=work)
        self.thread.start()

    def lines(self):
        return self.octets.lstrip(b"x").splitlines()


def goodbyes(server, count):
    """Sessions that say nothing but whose lines in the log are long."""
    for _ in range(count):
        lines = Lines(server.ports["lmtp"])
        lines.send(b"LHLO " + b"a-long-name." * 20 + b"example\r\nQUIT\r\n")
        while lines.line():
            pass
        lines.close()


def deliver(server, user):
    client = smtplib.LMTP("127.0.0.1", server.ports["lmtp"], timeout=SECONDS_MAX)
    refused = client.sendmail("a@example.test", [user], b"Subject: one\r\n\r\ntext\r\n")
    client.quit()
    return refused


class UnreadLogTest(unittest.TestCase):
    def test_sessions_go_on_and_what_was_lost_is_counted(self):
        sessions = 2 * BUFFER // 200  # a line has more octets than that
        with fermo(users=USERS, start=False) as server:
            log = Unread()
            server.start(stderr=log.write)
            goodbyes(server, sessions)
            self.assertEqual(deliver(server, "ann"), {})
            self.assertEqual(held(server), "1")
            lose(server, "store")  # the launcher logs it, and goes on
            until(lambda: "store" in roles(server) and held(server) == "1", "the store is back")
            pop = session(server)
            pop.dele(1)
            pop.quit()
            log.read_all()
            until(lambda: any(LOST.search(line) for line in log.lines()), "the lines that were lost are counted")
            self.assertEqual(held(server), "0")
            server.stop()
            log.thread.join()
            lines = log.lines()
            self.assertEqual([line for line in lines if not LINE.match(line)], [])  # whole, though five processes write
            lost = sum(int(found[1]) for line in lines if (found := LOST.search(line)))
            written = sum(b" session " in line for line in lines)
            # Of this many sessions and the few around them each line was written or is counted.
            self.assertGreaterEqual(written + lost, sessions + 4)
            self.assertLess(written, sessions)
            self.assertIn(b"the store process was killed", log.octets)

    def test_orders_are_obeyed_while_nobody_reads(self):
        with fermo(users=USERS, start=False) as server:
            log = Unread()
            server.start(stderr=log.write)
            server.config.write_text("".join(f"nonsense_{n} = 1\n" for n in range(5_000)))
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(held(server), "0")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(timeout=SECONDS_MAX), 0)
            log.read_all()
            log.thread.join()

    def test_a_reader_that_has_gone_takes_nobody_with_it(self):
        with fermo(users=USERS, start=False) as server:
            read, write = os.pipe()
            server.start(stderr=write)
            os.close(write)
            os.close(read)
            lose(server, "auth")
            until(lambda: "auth" in roles(server) and held(server) == "0", "a login after auth was lost")


if __name__ == "__main__":
    unittest.main()
