#!/usr/bin/python3
"""How a server starts, what it says, what it refuses, and how it ends; and commands that come at just that moment."""
import json
import os
import poplib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "support")]
from fermo_process import BINARY, fermo, free_port  # noqa: E402

USAGE, UNAVAILABLE = 64, 69
USERS = [("ann", "secret")]


class Server:
    """A server over the data of a Fermo, with all that it says at hand."""

    def __init__(self, one, *listen):
        words = [word for address in listen for word in ("--listen", address)]
        command = [BINARY, "serve", "--data", str(one.data), "--config", str(one.config), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def until_ready(self):
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line == "ready\n":
                return lines
        raise AssertionError(self.process.stderr.read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log


class Serving(unittest.TestCase):
    def test_says_where_it_listens_and_then_that_it_is_ready(self):
        with fermo(users=USERS, start=False) as one:
            path = one.folder / "lmtp.sock"
            with Server(one, "pop3=127.0.0.1:0", "pop3s=[::1]:0" if socket.has_ipv6 else "pop3s=127.0.0.1:0",
                        f"lmtp=unix:{path}") as server:
                lines = server.until_ready()
                self.assertEqual(len(lines), 4)
                port = int(re.fullmatch(r"pop3=127\.0\.0\.1:(\d+)\n", lines[0]).group(1))
                self.assertNotEqual(port, 0)
                self.assertRegex(lines[1], r"\Apop3s=")
                self.assertEqual(lines[2:], [f"lmtp=unix:{path}\n", "ready\n"])
                session = poplib.POP3("127.0.0.1", port, timeout=60)
                session.user("ann")
                self.assertIn(b"+OK", session.pass_("secret"))
                session.quit()
                with socket.socket(socket.AF_UNIX) as lmtp:
                    lmtp.connect(str(path))
                    self.assertEqual(lmtp.recv(4), b"220 ")
                code, log = server.stop()
            self.assertEqual(code, 0, log)

    def test_says_that_it_made_a_certificate(self):
        with fermo(users=USERS, start=False) as one:
            for expected in (True, False):
                with Server(one, "pop3=127.0.0.1:0") as server:
                    server.until_ready()
                    code, log = server.stop()
                self.assertEqual((code, "made the self-signed certificate" in log), (0, expected), log)

    def test_a_second_server_on_the_same_data_is_refused(self):
        with fermo(users=USERS) as one, Server(one, "pop3=127.0.0.1:0") as second:
            said, log = second.process.communicate(timeout=60)
            self.assertEqual((second.process.returncode, said), (UNAVAILABLE, ""))
            self.assertRegex(log, rf"(?m)^fermo: another fermo serve .*{re.escape(str(one.data))}")
            one.run("deliver", "ann", input=b"Subject: the first goes on\n")

    def test_two_that_start_at_once_do_not_both_serve(self):
        with fermo(users=USERS, start=False) as one:
            with Server(one, "pop3=127.0.0.1:0") as first, Server(one, "pop3=127.0.0.1:0") as second:
                loser, winner = (first, second)
                codes = set()
                # The one that is refused ends by itself; the other one must be ready.
                while not codes:
                    for server in (first, second):
                        try:
                            codes.add(server.process.wait(timeout=0.05))
                            loser, winner = server, second if server is first else first
                        except subprocess.TimeoutExpired:
                            pass
                self.assertEqual(codes, {UNAVAILABLE}, loser.process.stderr.read())
                winner.until_ready()
                self.assertEqual(winner.stop()[0], 0)

    def test_a_port_that_is_taken_is_told(self):
        with fermo(start=False) as one, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with Server(one, f"pop3={address}") as server:
                _, log = server.process.communicate(timeout=60)
            self.assertEqual(server.process.returncode, UNAVAILABLE, log)
            self.assertIn(address, log)

    def test_a_listener_that_cannot_be_is_told(self):
        with fermo(start=False) as one, Server(one, "pop3=nonsense", "pop4=127.0.0.1:1") as server:
            _, log = server.process.communicate(timeout=60)
            self.assertEqual(server.process.returncode, USAGE)
            self.assertEqual(len(re.findall(r"(?m)^fermo: --listen", log)), 2)

    def test_makes_its_data_folder(self):
        with fermo(start=False) as one:
            one.data = one.folder / "new"
            with Server(one, "pop3=127.0.0.1:0") as server:
                server.until_ready()
                self.assertEqual(one.data.stat().st_mode & 0o777, 0o700)
                self.assertEqual((one.data / "control.sock").stat().st_mode & 0o777, 0o600)
                self.assertEqual(server.stop()[0], 0)
            self.assertFalse((one.data / "control.sock").exists())

    def test_after_a_kill_everything_works_again(self):
        with fermo(users=USERS) as one:
            one.run("deliver", "ann", input=b"Subject: one\n")
            one.kill()
            one.run("deliver", "ann", input=b"Subject: two\n")  # the socket of the dead server is still there
            one.start()
            one.run("deliver", "ann", input=b"Subject: three\n")
            self.assertEqual(len(json.loads(one.run("drop", "list", "ann", "--json").stdout)), 3)

    def test_reloads_what_is_right_and_keeps_going_on_what_is_wrong(self):
        with fermo('host_name = "before.example"\n', users=USERS, start=False) as one:
            address = f"pop3=127.0.0.1:{free_port()}"
            with Server(one, address) as server:
                server.until_ready()
                one.config.write_text("nonsense = 1\n")
                server.process.send_signal(signal.SIGHUP)
                while "not reloaded" not in (line := server.process.stderr.readline()):
                    self.assertTrue(line)
                self.assertIn(b"before.example", self.greeting(address))
                one.config.write_text('host_name = "after.example"\n')
                server.process.send_signal(signal.SIGHUP)
                while "has been reloaded" not in (line := server.process.stderr.readline()):
                    self.assertTrue(line)
                self.assertIn(b"after.example", self.greeting(address))
                self.assertEqual(server.stop()[0], 0)

    def greeting(self, address):
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60) as connection:
            return connection.makefile("rb").readline()


class AtTheSameMoment(unittest.TestCase):
    """A command may open the store just when a server starts or ends: both go on."""

    def deliveries(self, one, count):
        command = [BINARY, "deliver", "ann", "--data", str(one.data)]
        processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(count)]
        for number, process in enumerate(processes):
            process.stdin.write(b"Subject: %d\n" % number)
            process.stdin.close()
            process.stdin = None
        return processes

    def outcomes(self, processes):
        outcomes = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
        return [code for _, code in outcomes], b"".join(said for said, _ in outcomes).decode()

    def test_deliveries_while_a_server_starts(self):
        with fermo(users=USERS, start=False) as one:
            for _ in range(3):
                one.run("drop", "empty", "ann", "--yes")
                before = self.deliveries(one, 4)
                with Server(one, "pop3=127.0.0.1:0") as server:
                    during = self.deliveries(one, 4)
                    server.until_ready()
                    codes, said = self.outcomes(before + during)
                    self.assertEqual(codes, [0] * 8, said)
                    self.assertEqual(len(json.loads(one.run("drop", "list", "ann", "--json").stdout)), 8)
                    self.assertEqual(server.stop()[0], 0)

    def test_deliveries_while_a_server_ends(self):
        with fermo(users=USERS, start=False) as one:
            for _ in range(3):
                one.run("drop", "empty", "ann", "--yes")
                with Server(one, "pop3=127.0.0.1:0") as server:
                    server.until_ready()
                    processes = self.deliveries(one, 8)
                    code, log = server.stop()
                    self.assertEqual(code, 0, log)
                codes, said = self.outcomes(processes)
                self.assertLessEqual(set(codes), {0, 75}, said)
                listed = json.loads(one.run("drop", "list", "ann", "--json").stdout)
                if "not known" not in said:
                    self.assertEqual(len(listed), codes.count(0), said)
                self.assertGreaterEqual(len(listed), codes.count(0), said)

    def test_a_message_that_is_long_in_coming_does_not_hold_the_store(self):
        with fermo(users=USERS, start=False) as one:
            command = [BINARY, "deliver", "ann", "--data", str(one.data)]
            with subprocess.Popen(command, stdin=subprocess.PIPE) as waiting:
                one.start()
                waiting.stdin.write(b"Subject: at last\n")
                waiting.stdin.close()
                self.assertEqual(waiting.wait(timeout=60), 0)
            self.assertEqual(len(json.loads(one.run("drop", "list", "ann", "--json").stdout)), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
