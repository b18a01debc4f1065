#!/usr/bin/python3
"""`fermo fetch --proxy`: through microsocks, and past a proxy that says no in every way there is."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import canonical, free_port  # noqa: E402
from fetching import message  # noqa: E402
from modes_test import FermoServerTest  # noqa: E402


class Proxy:
    """microsocks on a port of its own."""

    def __init__(self, folder, *options):
        self.port = free_port()
        self.log = pathlib.Path(folder) / "microsocks.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(self.port), *options], stderr=log)
        self.wait_until_it_listens()

    def wait_until_it_listens(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class ScriptedProxy:
    """Answers the first connection with these octets: `after` of them when it has got something each time."""

    def __init__(self, *answers):
        self.answers, self.received = answers, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.listener.accept()
        connection.settimeout(30)
        with connection:
            for answer in self.answers:
                self.received.append(connection.recv(1024))
                connection.sendall(answer)

    def stop(self):
        self.thread.join(timeout=30)
        self.listener.close()


REFUSALS = {
    1: "failed without saying why",
    2: "does not allow",
    3: "cannot reach the server's network",
    4: "cannot find or reach the server",
    5: "refuses the connection",
    6: "no answer from the server in time",
    7: "does not make connections",
    8: "this kind of address",
    9: "RFC 1928 does not know",
}
FOR_GOOD = (2, 7, 8, 9)


class ProxyTest(FermoServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # microsocks tries the first address of a name only, which is [::1] on most machines.
        port = cls.server.ports["pop3s"]
        if socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)[0][0] == socket.AF_INET6:
            cls.server.stop()
            cls.server.start(listen=[f"pop3s=[::1]:{port}"])

    def microsocks(self, *options):
        self.assertIsNotNone(shutil.which("microsocks"), "microsocks is not installed")
        proxy = Proxy(self.folder, *options)
        self.addCleanup(proxy.stop)
        return proxy

    def through(self, port, user="", **settings):
        fetcher = self.fetcher(**settings)
        fetcher.options += ["--proxy", f"socks5://{user}127.0.0.1:{port}"]
        return fetcher

    def password_file(self, password):
        path = self.folder / "proxy-password"
        path.write_text(password + "\n")
        path.chmod(0o600)
        return ["--proxy-password-file", str(path)]

    def test_everything_goes_through_the_proxy(self):
        self.deliver(message(1), message(2, 300_000))
        proxy = self.microsocks()
        fetcher = self.through(proxy.port)
        self.assertEqual(fetcher.run("delete")["fetched"], 2)
        self.assertEqual(fetcher.mail(), sorted(map(canonical, [message(1), message(2, 300_000)])))
        self.assertIn(f"connected to 127.0.0.1:{self.server.ports['pop3s']}", proxy.log.read_text())

    def test_the_proxy_looks_up_the_name(self):
        scripted = ScriptedProxy(b"\x05\x00", b"\x05\x04\x00\x01")
        fetcher = self.through(scripted.port)
        fetcher.url = "pop3s://no-such-name.invalid"
        self.assertIn("cannot find or reach", fetcher.run(code=fetching.TEMPORARY)["problem"])
        scripted.stop()
        self.assertEqual(scripted.received[1], b"\x05\x01\x00\x03\x14no-such-name.invalid\x03\xe3")

    def test_a_name_reaches_the_server(self):
        self.deliver(message(1))
        fetcher = self.through(self.microsocks().port)
        fetcher.url = f"pop3s://localhost:{self.server.ports['pop3s']}"
        self.assertEqual(fetcher.run()["fetched"], 1)

    def test_a_proxy_that_wants_a_password(self):
        self.deliver(message(1))
        proxy = self.microsocks("-u", "ann", "-P", "open sesame")
        self.assertIn("wants a login", self.through(proxy.port).run(code=fetching.CONFIGURATION)["problem"])
        wrong = self.through(proxy.port, "ann@").run("keep", *self.password_file("wrong"), code=fetching.CONFIGURATION)
        self.assertIn("refused user or password", wrong["problem"])
        self.assertEqual(self.through(proxy.port, "ann@").run("keep", *self.password_file("open sesame"))["fetched"], 1)

    def test_a_password_on_the_command_line_is_refused_and_not_repeated(self):
        done = self.through(1, "ann:secret@").text(code=fetching.USAGE)
        self.assertIn("--proxy", done.stderr)
        self.assertNotIn("secret", done.stderr)

    def test_nobody_listens_at_the_proxy(self):
        outcome = self.through(free_port()).run(code=fetching.TEMPORARY)
        self.assertIn("cannot reach the proxy 127.0.0.1 at port", outcome["problem"])

    def test_nobody_listens_behind_the_proxy(self):
        fetcher = self.through(self.microsocks().port)
        fetcher.url = f"pop3s://127.0.0.1:{free_port()}"
        self.assertIn("refuses the connection", fetcher.run(code=fetching.TEMPORARY)["problem"])

    def test_every_refusal_is_told(self):
        for reply, words in REFUSALS.items():
            with self.subTest(reply=reply):
                scripted = ScriptedProxy(b"\x05\x00", bytes([5, reply, 0, 1]))
                code = fetching.CONFIGURATION if reply in FOR_GOOD else fetching.TEMPORARY
                self.assertIn(words, self.through(scripted.port).run(code=code)["problem"])
                scripted.stop()

    def test_what_is_no_proxy(self):
        scripted = ScriptedProxy(b"+OK POP3 ready\r\n")
        outcome = self.through(scripted.port).run(code=fetching.CONFIGURATION)
        self.assertIn("no SOCKS5 proxy", outcome["problem"])
        scripted.stop()

    def test_a_proxy_that_hangs_up(self):
        scripted = ScriptedProxy(b"\x05\x00", b"")
        self.assertIn("the proxy closed the connection",
                      self.through(scripted.port).run(code=fetching.TEMPORARY)["problem"])
        scripted.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
