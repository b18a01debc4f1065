#!/usr/bin/python3
"""`fermo fetch` of several accounts from the file of accounts, and what it shows meanwhile."""
import contextlib
import fcntl
import json
import os
import pty
import re
import socket
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import BINARY, canonical  # noqa: E402
from fetching import maildir, message  # noqa: E402
from modes_test import FermoServerTest  # noqa: E402
from scripted_server import DROP, ScriptedServer  # noqa: E402

NO_USER = 67


class AccountsTest(FermoServerTest):
    """Writes a file of accounts and runs `fermo fetch` on it."""

    def setUp(self):
        super().setUp()
        self.server.run("drop", "empty", "bob", "--yes")
        self.file = self.folder / "accounts.toml"
        self.password = self.folder / "password"
        self.password.write_text(fetching.PASSWORD + "\n")
        self.password.chmod(0o600)

    def account(self, name, user=None, **keys):
        """One table of the file; a key with None is left out."""
        values = {"server": f"pop3s://127.0.0.1:{self.server.ports['pop3s']}", "user": user or name,
                  "password_file": str(self.password), "to": f"maildir:{self.folder / name}", "mode": "keep",
                  "ca": str(self.server.certificate), "timeout_seconds": 20, **keys}
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
        return f"[account.{name}]\n" + "\n".join(lines) + "\n"

    def write(self, *accounts):
        self.file.write_text("\n".join(accounts))
        self.file.chmod(0o600)

    def command(self, *words):
        return [BINARY, "fetch", "--accounts", str(self.file), "--state", str(self.folder / "state"), *words]

    def fetch(self, *words, code=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def fetch_json(self, *words, code=0):
        return {one["account"]: one for one in json.loads(self.fetch("--json", *words, code=code).stdout)}

    def deliver_to(self, user, *messages):
        for one in messages:
            self.server.run("deliver", user, input=one)


class ManyTest(AccountsTest):
    def test_all_that_are_enabled(self):
        self.write(self.account("ann"), self.account("bob"), self.account("carl", enabled=False))
        self.deliver_to("ann", message(1), message(2))
        self.deliver_to("bob", message(3))
        outcome = self.fetch_json()
        self.assertEqual({name: one["fetched"] for name, one in outcome.items()}, {"ann": 2, "bob": 1})
        self.assertEqual(maildir(self.folder / "ann"), sorted(map(canonical, [message(1), message(2)])))
        self.assertEqual(maildir(self.folder / "bob"), [canonical(message(3))])

    def test_those_that_are_named(self):
        self.write(self.account("ann"), self.account("bob", enabled=False))
        self.assertEqual(set(self.fetch_json("bob")), {"bob"})
        self.assertIn("no account carl", self.fetch("carl", code=NO_USER).stderr)
        self.assertIn("did you mean bob?", self.fetch("bop", code=NO_USER).stderr)

    def test_the_failure_of_one_does_not_stop_the_others(self):
        self.deliver_to("ann", message(1))
        wrong = self.folder / "wrong"
        wrong.write_text("wrong\n")
        wrong.chmod(0o600)
        self.write(self.account("bob", password_file=str(wrong)), self.account("nobody", server="pop3s://127.0.0.1:1"),
                   self.account("lost", user="lost", password_file=str(self.folder / "no-such-file")), self.account("ann"))
        outcome = self.fetch_json(code=fetching.CONFIGURATION)
        self.assertEqual({name: one["exit_code"] for name, one in outcome.items()},
                         {"ann": 0, "bob": fetching.NO_PERMISSION, "nobody": fetching.TEMPORARY,
                          "lost": fetching.CONFIGURATION})
        self.assertEqual(outcome["ann"]["fetched"], 1)
        self.assertIn("no-such-file", outcome["lost"]["problem"])
        done = self.fetch("bob", "nobody", "ann", code=fetching.NO_PERMISSION)
        self.assertIn("fermo: bob: the login was refused", done.stderr)
        self.assertIn("fermo: nobody: cannot reach", done.stderr)
        self.assertIn("fermo: 2 of 3 accounts could not be fetched", done.stderr)
        self.assertIn("ann: nothing has changed", done.stdout)
        self.fetch("nobody", "ann", code=fetching.TEMPORARY)

    def test_they_are_fetched_side_by_side(self):
        """A server that keeps one account waiting greets it only when the other has its mail."""
        self.deliver_to("ann", message(1))
        ann_is_done = threading.Event()
        with ScriptedServer(hooks={"GREETING": lambda proper: proper if ann_is_done.wait(100) else DROP}) as slow:
            self.write(self.account("slow", server=f"pop3://127.0.0.1:{slow.port}", allow_plaintext=True, timeout_seconds=120),
                       self.account("ann"))
            with subprocess.Popen(self.command("--json"), stdout=subprocess.PIPE, text=True) as process:
                guard = threading.Timer(110, process.kill)
                guard.start()
                while process.poll() is None and not maildir(self.folder / "ann"):
                    time.sleep(0.01)
                ann_is_done.set()
                outcome = {one["account"]: one for one in json.loads(process.communicate()[0])}
                guard.cancel()
        self.assertEqual((outcome["ann"]["fetched"], outcome["slow"]["verdict"]), (1, "done"))

    def test_more_than_go_at_once(self):
        names = [f"account{n}" for n in range(20)]
        servers = [ScriptedServer([(f"uid-{n}", message(n))]) for n in range(20)]
        for server in servers:
            server.__enter__()
            self.addCleanup(server.__exit__)
        self.write(*(self.account(name, server=f"pop3://127.0.0.1:{server.port}", allow_plaintext=True)
                     for name, server in zip(names, servers)))
        outcome = self.fetch_json()
        self.assertEqual({name: outcome[name]["fetched"] for name in names}, {name: 1 for name in names})

    def test_only_the_first_run_makes_the_folders_above(self):
        self.deliver_to("ann", message(1))
        above = self.folder / "a/b"
        for to in (f"maildir:{above}/mail", f"mbox:{self.folder}/c/d/mbox"):
            self.write(self.account("ann", to=to))
            self.assertEqual(self.fetch_json("--state", str(self.folder / to[:4]))["ann"]["fetched"], 1)
        self.assertEqual(maildir(above / "mail"), [canonical(message(1))])
        self.assertEqual(fetching.mbox(self.folder / "c/d/mbox"), [canonical(message(1))])
        above.rename(self.folder / "not-mounted")
        self.write(self.account("ann", to=f"maildir:{above}/mail"))
        done = self.fetch("--state", str(self.folder / "mail"), code=fetching.CANNOT_CREATE)
        self.assertIn(f"there is no folder {above}", done.stderr)

    def test_the_command_line_comes_first(self):
        self.deliver_to("ann", message(1), message(2))
        self.write(self.account("ann"))
        self.assertEqual(self.fetch_json("--dry-run", "--mode", "delete")["ann"]["plan"][0]["delete"], "once-delivered")
        self.assertEqual(self.fetch_json("--mode", "keep-newest=1")["ann"]["deleted"], 1)

    def test_the_state_is_that_of_the_same_account_on_the_command_line(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("work", user="ann"))
        self.fetch("work")
        fetcher = self.fetcher()
        fetcher.folder = self.folder
        self.assertEqual(fetcher.run()["fetched"], 0)

    def test_explain_knows_the_names_of_the_file(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("work", user="ann"))
        self.fetch()
        done = subprocess.run([BINARY, "fetch", "explain", "--accounts", str(self.file), "--state",
                               str(self.folder / "state"), "work", "--json"], capture_output=True, text=True, timeout=60)
        self.assertEqual(len(json.loads(done.stdout)["messages"]), 1, done.stderr)

    def test_no_accounts(self):
        self.assertIn("there are no accounts", self.fetch(code=fetching.CONFIGURATION).stderr)
        self.write(self.account("ann", enabled=False))
        self.assertIn("no account", self.fetch(code=fetching.CONFIGURATION).stderr)

    def test_an_account_cannot_be_both_here_and_there(self):
        self.write(self.account("ann"))
        done = self.fetch("ann", "--server", "pop3s://h", "--user", "u", "--to", "maildir:/x", "--mode", "keep", code=64)
        self.assertIn("--server describes an account", done.stderr)


class PolicyTest(AccountsTest):
    def test_a_first_run_from_now_on(self):
        self.deliver_to("ann", message(1), message(2))
        self.write(self.account("ann", first_run="from-now"))
        self.assertEqual(self.fetch_json()["ann"]["fetched"], 0)
        self.deliver_to("ann", message(3))
        self.assertEqual(self.fetch_json()["ann"]["fetched"], 1)
        self.assertEqual(maildir(self.folder / "ann"), [canonical(message(3))])

    def test_headers_only_then_one_message_as_a_whole(self):
        self.deliver_to("ann", message(1, 20_000), message(2, 20_000))
        self.write(self.account("ann", headers_only=True, mode="delete"))
        outcome = self.fetch_json()["ann"]
        self.assertEqual((outcome["heads"], outcome["fetched"], outcome["deleted"]), (2, 0, 0))
        self.assertNotIn(b"From here", b"".join(maildir(self.folder / "ann")))
        done = subprocess.run([BINARY, "fetch", "whole", "--accounts", str(self.file), "--state",
                               str(self.folder / "state"), "ann", "2"], capture_output=True, text=True, timeout=60)
        self.assertIn("the next run fetches 1 message", done.stdout, done.stderr)
        outcome = self.fetch_json()["ann"]
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (1, 1))
        self.assertIn(canonical(message(2, 20_000)), maildir(self.folder / "ann"))

    def test_a_mirror_deletes_what_was_deleted_here(self):
        messages = [message(n) for n in range(4)]
        self.deliver_to("ann", *messages)
        self.write(self.account("ann", mode="mirror"))
        self.assertEqual(self.fetch_json()["ann"]["fetched"], 4)
        self.assertEqual(self.fetch_json()["ann"]["deleted"], 0)
        for path in (self.folder / "ann/new").iterdir():
            if b"number 2" in path.read_bytes():
                path.unlink()
        self.assertEqual(self.fetch_json()["ann"]["deleted"], 1)
        self.assertEqual(len(self.held()), 3)

    def test_a_mirror_deletes_nothing_when_its_folder_is_gone(self):
        self.deliver_to("ann", *(message(n) for n in range(4)))
        self.write(self.account("ann", mode="mirror"))
        self.fetch()
        (self.folder / "ann").rename(self.folder / "not-mounted")
        self.assertEqual(self.fetch_json()["ann"]["deleted"], 0)
        self.assertEqual(len(self.held()), 4)

    def test_a_limit_of_messages_leaves_the_others_for_later(self):
        self.deliver_to("ann", *(message(n) for n in range(5)))
        self.write(self.account("ann"))
        for mode, fetched in (("keep", 2), ("delete", 2), ("keep", 1), ("delete", 0)):
            outcome = self.fetch_json("--limit-messages", "2", "--mode", mode)["ann"]
            self.assertEqual(outcome["fetched"], fetched, outcome)
        self.assertEqual(maildir(self.folder / "ann"), sorted(canonical(message(n)) for n in range(5)))


class ShownTest(AccountsTest):
    def run_in_terminal(self, columns, *words):
        """What a terminal of that width is sent."""
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(self.command(*words), stdout=secondary, stderr=secondary, stdin=subprocess.DEVNULL) as process:
            os.close(secondary)
            guard = threading.Timer(120, process.kill)
            guard.start()
            sent = b""
            try:
                while octets := os.read(primary, 65536):
                    sent += octets
            except OSError:  # EIO: the other side is closed
                pass
            os.close(primary)
            guard.cancel()
            self.assertEqual(process.wait(timeout=60), 0, sent)
        return sent.decode()

    @staticmethod
    def lines_shown(sent):
        """Every line that stood on the screen, without what moves the cursor."""
        return [line for line in re.split(r"[\r\n]+|\x1b\[\d*[A-Z]", sent) if line]

    def test_a_terminal_shows_bars_that_go_away(self):
        self.deliver_to("ann", *(message(n, 30_000) for n in range(20)))
        self.write(self.account("ann"))
        sent = self.run_in_terminal(100)
        lines = self.lines_shown(sent)
        bars = [line for line in lines if line.startswith("ann: [")]
        self.assertTrue(bars)
        self.assertRegex(bars[0], r"^ann: \[[# ]{20}\] [\d,]+ of 20 messages, ")
        self.assertTrue(all(len(line) < 100 for line in bars))
        self.assertRegex(lines[-1], r"^ann: 20 messages fetched")
        self.assertRegex(sent[:sent.rindex("ann: 20 messages fetched")], r"\x1b\[J$")

    def test_a_narrow_terminal_gets_short_lines(self):
        self.deliver_to("ann", message(1, 30_000))
        self.write(self.account("ann"))
        lines = self.lines_shown(self.run_in_terminal(30))
        self.assertTrue(all(len(line) < 30 for line in lines if "[" in line), lines)

    def test_two_accounts_have_two_lines(self):
        for user in ("ann", "bob"):
            self.deliver_to(user, *(message(n, 100_000) for n in range(10)))
        self.write(self.account("ann"), self.account("bob"))
        sent = self.run_in_terminal(100)
        for name in ("ann", "bob"):
            self.assertIn(f"{name}: [", sent)
            self.assertIn(f"{name}: 10 messages fetched", sent)

    def test_quiet_and_json_show_nothing(self):
        self.deliver_to("ann", message(1))
        self.write(self.account("ann"))
        self.assertEqual(self.run_in_terminal(80, "--quiet"), "")
        self.deliver_to("ann", message(2))
        self.assertEqual(json.loads(self.run_in_terminal(80, "--json"))[0]["fetched"], 1)

    def test_quiet_still_says_what_is_wrong(self):
        self.write(self.account("ann", server="pop3s://127.0.0.1:1"))
        done = self.fetch("--quiet", code=fetching.TEMPORARY)
        self.assertEqual(done.stdout, "")
        self.assertIn("ann: cannot reach", done.stderr)


class Relay:
    """A SOCKS5 proxy that leads every name to one port of this machine."""

    def __init__(self, port):
        self.to = port
        self.names = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        client.recv(3)
        client.sendall(b"\x05\x00")
        request = client.recv(512)
        self.names.append(request[5:-2].decode())
        server = socket.create_connection(("127.0.0.1", self.to))
        client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
        back.start()
        self.pump(client, server)
        back.join()
        client.close()
        server.close()

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.close()


class PartOfTheDrop(ScriptedServer):
    """As Gmail does: a session shows the next few messages, and QUIT makes room for those after them."""

    def __init__(self, messages, at_once, **settings):
        super().__init__(messages[:at_once], **settings)
        self.all, self.at_once = list(messages), at_once
        self.hooks["QUIT"] = self.quit

    def quit(self, proper):
        if any(line.startswith("RETR") for line in self.seen):
            self.all = self.all[self.at_once:]
            self.messages = self.all[:self.at_once]
        self.seen.clear()
        return proper


class BatchTest(AccountsTest):
    def gmail(self, messages, at_once):
        """Such a server under Gmail's name, which only the proxy knows to be this machine."""
        key, certificate = self.folder / "gmail.key", self.folder / "gmail.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=pop.gmail.com", "-days", "2",
                        "-addext", "subjectAltName=DNS:pop.gmail.com"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = PartOfTheDrop(messages, at_once, tls=context)
        server.__enter__()
        self.addCleanup(server.__exit__)
        relay = Relay(server.port)
        self.addCleanup(relay.stop)
        self.write(self.account("gmail", user="recent:ann@gmail.com", server="pop3s://pop.gmail.com", ca=str(certificate),
                                proxy=f"socks5://127.0.0.1:{relay.port}"))
        return server, relay

    def test_one_session_follows_the_other_until_nothing_new_is_shown(self):
        messages = [(f"uid-{n}", message(n)) for n in range(7)]
        server, relay = self.gmail(messages, 3)
        outcome = self.fetch_json()["gmail"]
        self.assertEqual(outcome["fetched"], 7)
        self.assertEqual(server.connections, 4)
        self.assertEqual(set(relay.names), {"pop.gmail.com"})
        self.assertEqual(maildir(self.folder / "gmail"), sorted(canonical(content) for _, content in messages))
        told = subprocess.run([BINARY, "fetch", "explain", "--state", str(self.folder / "state"), "--json"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(json.loads(told.stdout)[0]["account"], "ann@gmail.com@pop.gmail.com")

    def test_elsewhere_one_session_is_enough(self):
        with ScriptedServer([("a", message(1))]) as server:
            self.write(self.account("one", server=f"pop3://127.0.0.1:{server.port}", allow_plaintext=True))
            self.fetch()
            self.assertEqual(server.connections, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
