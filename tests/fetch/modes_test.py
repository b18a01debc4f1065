#!/usr/bin/python3
"""`fermo fetch` from Fermo itself: every mode, every kind of connection, every target."""
import contextlib
import json
import mailbox
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import START_SECONDS_MAX, canonical, fermo  # noqa: E402
from fetching import Fetcher, mbox, message  # noqa: E402

MESSAGES = [message(n, size) for n, size in enumerate([0, 300, 900, 5_000, 20_000, 300_000, 64 * 1024, 128 * 1024 + 1])]


class FermoServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.context = fermo(users=[("ann", fetching.PASSWORD), ("bob", fetching.PASSWORD)])
        cls.server = cls.context.__enter__()
        cls.addClassCleanup(cls.context.__exit__, None, None, None)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-fetch-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.server.run("drop", "empty", "ann", "--yes")

    def deliver(self, *messages):
        for one in messages:
            self.server.run("deliver", "ann", input=one)

    def held(self):
        return json.loads(self.server.run("drop", "list", "ann", "--json").stdout)

    def fetcher(self, scheme="pop3s", **settings):
        ports = self.server.ports
        port = ports["pop3s" if scheme == "pop3s" else "pop3"]
        options = ["--ca", str(self.server.certificate)] if scheme != "pop3" else ["--allow-plaintext"]
        return Fetcher(self.folder / scheme, f"{scheme}://127.0.0.1:{port}", options=options, **settings)


class ConnectionTest(FermoServerTest):
    def test_each_kind_of_connection_in_the_two_classic_modes(self):
        self.deliver(*MESSAGES)
        for scheme in ("pop3s", "pop3+stls", "pop3"):
            fetcher = self.fetcher(scheme)
            outcome = fetcher.run("keep")
            self.assertEqual(outcome["fetched"], len(MESSAGES))
            self.assertEqual(outcome["tls"].startswith("TLSv1"), scheme != "pop3")
            self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES)))
            self.assertTrue(fetcher.run("keep")["unchanged"])
        for scheme in ("pop3s", "pop3+stls", "pop3"):
            fetcher = self.fetcher(scheme, target=f"maildir:{self.folder / ('delete-' + scheme)}")
            shutil.rmtree(fetcher.folder / "state")
            self.deliver(*MESSAGES)
            outcome = fetcher.run("delete")
            self.assertGreaterEqual(outcome["deleted"], len(MESSAGES))
            self.assertEqual(self.held(), [])
            self.assertEqual(outcome["fetched"], outcome["deleted"])
            self.assertEqual(set(fetcher.mail()), set(map(canonical, MESSAGES)))

    def test_the_host_is_found_by_its_name_too(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher()
        fetcher.url = f"pop3s://localhost:{self.server.ports['pop3s']}"
        self.assertEqual(fetcher.run()["fetched"], 1)

    def test_a_pinned_key_takes_the_place_of_an_authority(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher()
        fetcher.options = []
        refused = fetcher.run(code=fetching.PROTOCOL)
        self.assertIn("self-signed", refused["problem"])
        pin = refused["advice"].split("--pin ")[1].split(",")[0]
        self.assertEqual(fetcher.run("keep", "--pin", pin)["fetched"], 1)
        other = "sha256//" + "A" * 42 + "8="
        self.assertIn("not the one that is pinned", fetcher.run("keep", "--pin", other, code=fetching.PROTOCOL)["problem"])

    def test_plaintext_only_by_wish(self):
        fetcher = self.fetcher("pop3")
        fetcher.options = []
        self.assertIn("--allow-plaintext", fetcher.text(code=fetching.USAGE).stderr)

    def test_nobody_listens(self):
        fetcher = self.fetcher()
        fetcher.url = "pop3s://127.0.0.1:1"
        self.assertIn("cannot reach 127.0.0.1 at port 1", fetcher.run(code=fetching.TEMPORARY)["problem"])

    def test_a_wrong_password(self):
        fetcher = self.fetcher(password="wrong")
        outcome = fetcher.run(code=fetching.NO_PERMISSION)
        self.assertEqual(outcome["verdict"], "login-refused")
        self.assertIn("app password", outcome["advice"])


class ModeTest(FermoServerTest):
    def test_delete_leaves_nothing_and_a_second_run_fetches_nothing(self):
        self.deliver(*MESSAGES)
        fetcher = self.fetcher()
        outcome = fetcher.run("delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (len(MESSAGES), len(MESSAGES)))
        self.assertEqual(self.held(), [])
        again = fetcher.run("delete")
        self.assertEqual((again["fetched"], again["deleted"]), (0, 0))
        self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES)))

    def test_keep_fetches_only_what_is_new(self):
        fetcher = self.fetcher()
        self.deliver(*MESSAGES[:3])
        self.assertEqual(fetcher.run("keep")["fetched"], 3)
        self.assertTrue(fetcher.run("keep")["unchanged"])
        self.deliver(MESSAGES[3])
        self.assertEqual(fetcher.run("keep")["fetched"], 1)
        self.assertEqual(len(self.held()), 4)
        self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES[:4])))

    def test_another_mode_takes_effect_at_once(self):
        fetcher = self.fetcher()
        self.deliver(*MESSAGES[:4])
        fetcher.run("keep")
        self.assertEqual(fetcher.run("keep-newest=3")["deleted"], 1)
        self.assertEqual(fetcher.run("keep-days=30")["deleted"], 0)
        outcome = fetcher.run("delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (0, 3))
        self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES[:4])))

    def test_keep_newest_keeps_so_many(self):
        fetcher = self.fetcher()
        self.deliver(*MESSAGES[:5])
        outcome = fetcher.run("keep-newest=2")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (5, 3))
        self.deliver(MESSAGES[5])
        outcome = fetcher.run("keep-newest=2")
        self.assertEqual((outcome["fetched"], outcome["deleted"], len(self.held())), (1, 1, 2))

    def test_keep_days_zero_deletes(self):
        self.deliver(*MESSAGES[:2])
        self.assertEqual(self.fetcher().run("keep-days=0")["deleted"], 2)

    def test_a_long_message_comes_in_part(self):
        self.deliver(MESSAGES[1], MESSAGES[5])
        fetcher = self.fetcher()
        outcome = fetcher.run("delete", "--limit-octets", "100000")
        self.assertEqual((outcome["fetched"], outcome["heads"], outcome["deleted"]), (1, 1, 1))
        head = max(fetcher.mail(), key=len)
        self.assertTrue(MESSAGES[5].startswith(head[:-2]))
        self.assertLess(len(head), 3000)
        outcome = fetcher.run("delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (1, 1))
        self.assertIn(canonical(MESSAGES[5]), fetcher.mail())

    def test_the_state_is_lost_but_the_mail_is_there(self):
        self.deliver(*MESSAGES)
        fetcher = self.fetcher()
        fetcher.run()
        shutil.rmtree(fetcher.folder / "state")
        outcome = fetcher.run()
        self.assertEqual((outcome["fetched"], outcome["found"]), (0, len(MESSAGES)))
        self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES)))

    def test_a_dry_run_does_nothing(self):
        self.deliver(*MESSAGES[:3])
        fetcher = self.fetcher()
        outcome = fetcher.run("delete", "--dry-run")
        self.assertEqual([one["retrieve"] for one in outcome["plan"]], ["whole"] * 3)
        self.assertIn("message 2 (", fetcher.text("delete", "--dry-run").stdout)
        self.assertFalse((fetcher.folder / "state").exists())
        self.assertFalse((fetcher.folder / "mail").exists())
        self.assertEqual(len(self.held()), 3)

    def test_plain_lines_for_people(self):
        self.deliver(*MESSAGES[:3])
        fetcher = self.fetcher()
        done = fetcher.text("delete")
        self.assertRegex(done.stdout, r"^ann@127\.0\.0\.1:\d+: 3 messages fetched \([\d.]+ kB\), 3 deleted on the server\n$")
        self.assertIn("fetching 3 messages", done.stderr)
        self.assertNotIn("\r", done.stderr)


class TargetTest(FermoServerTest):
    def test_mbox(self):
        self.deliver(*MESSAGES)
        fetcher = self.fetcher(target=f"mbox:{self.folder / 'mbox'}")
        self.assertEqual(fetcher.run("delete")["deleted"], len(MESSAGES))
        with contextlib.closing(mailbox.mbox(self.folder / "mbox")) as there:
            subjects = sorted(one["Subject"] for one in there)
        self.assertEqual(subjects, sorted(f"number {n}" for n in range(len(MESSAGES))))
        self.assertEqual(mbox(self.folder / "mbox"), sorted(map(canonical, MESSAGES)))
        self.assertEqual(fetcher.run("delete")["fetched"], 0)

    def test_a_command(self):
        self.deliver(*MESSAGES[:3])
        out = self.folder / "out"
        fetcher = self.fetcher(target=f"command:/bin/sh -c 'cat >> {out}; echo END >> {out}'")
        self.assertEqual(fetcher.run("delete")["deleted"], 3)
        parts = out.read_bytes().split(b"END\n")[:-1]
        self.assertEqual(sorted(map(canonical, parts)), sorted(map(canonical, MESSAGES[:3])))

    def test_a_command_that_defers_leaves_the_message_on_the_server(self):
        self.deliver(*MESSAGES[:2])
        outcome = self.fetcher(target="command:/bin/sh -c 'cat >/dev/null; exit 75'").run("delete", code=fetching.TEMPORARY)
        self.assertEqual((outcome["deleted"], outcome["left_behind"], len(self.held())), (0, 2, 2))

    def test_a_command_that_refuses_is_not_asked_again(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher(target="command:/bin/sh -c 'cat >/dev/null; echo no such thing; exit 65'")
        outcome = fetcher.run("delete", code=fetching.DATA_ERROR)
        self.assertIn("no such thing", outcome["troubles"][0]["what"])
        self.assertEqual(len(self.held()), 1)
        self.assertEqual(fetcher.run("delete")["fetched"], 0)

    def test_a_target_that_cannot_be(self):
        (self.folder / "file").touch()
        done = self.fetcher(target=f"maildir:{self.folder / 'file'}").text(code=fetching.CANNOT_CREATE)
        self.assertIn(str(self.folder / "file"), done.stderr)

    def test_a_full_disk(self):
        self.deliver(*MESSAGES)
        full = self.fetcher(target="command:/bin/sh -c 'cat > /dev/full'")
        full.run("delete", code=fetching.TEMPORARY)
        self.assertEqual(len(self.held()), len(MESSAGES))


class SecretTest(FermoServerTest):
    def test_a_password_file_that_others_can_read_is_refused(self):
        fetcher = self.fetcher()
        for mode in (0o644, 0o640, 0o602):
            fetcher.password_file.chmod(mode)
            self.assertIn("chmod 600", fetcher.text(code=fetching.CONFIGURATION).stderr)

    def test_a_password_file_that_is_not_there_or_empty(self):
        fetcher = self.fetcher()
        fetcher.password_file.write_text("\n")
        self.assertIn("no password in its first line", fetcher.text(code=fetching.CONFIGURATION).stderr)
        fetcher.password_file.unlink()
        self.assertIn("No such file", fetcher.text(code=fetching.CONFIGURATION).stderr)

    def test_a_password_from_a_command(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher()
        command = fetcher.command("keep", "--json")
        at = command.index("--password-file")
        command[at:at + 2] = ["--password-command", f"printf '%s\\n' '{fetching.PASSWORD}'"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, json.loads(done.stdout)["fetched"]), (0, 1), done.stderr)
        command[at + 1] = "exit 3"
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, fetching.CONFIGURATION)
        self.assertIn("ended with status 3", done.stderr)

    def test_the_default_state_is_in_the_home_of_the_user(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher()
        command = fetcher.command()
        at = command.index("--state")
        del command[at:at + 2]
        environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "xdg"))
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)
        state = self.folder / "xdg/fermo"
        self.assertEqual(len(list(state.glob("account-ann@*/ledger.db"))), 1)
        self.assertEqual(stat.S_IMODE(state.stat().st_mode), 0o700)


class TogetherTest(FermoServerTest):
    """The target is a command that reads from a FIFO before it ends: while nobody opens that for writing, it goes on."""

    def setUp(self):
        super().setUp()
        self.gate = self.folder / "gate"
        os.mkfifo(self.gate)

    def start(self, fetcher, mode):
        process = subprocess.Popen(fetcher.command(mode), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def open_gate(self, process):
        """Waits for a command to come to the gate, and returns the end to be closed when it may go on; None when the process
        has ended."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while process.poll() is None:
            try:
                return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads from it yet
                self.assertLess(time.monotonic(), deadline, "no command came to the gate")
                time.sleep(0.01)
        return None

    def test_one_run_at_a_time_for_an_account(self):
        self.deliver(MESSAGES[1])
        fetcher = self.fetcher(target=f"command:/bin/sh -c 'cat >/dev/null; cat {self.gate}'")
        first = self.start(fetcher, "keep")
        gate = self.open_gate(first)
        done = fetcher.text(code=fetching.TEMPORARY)
        self.assertIn("another process is fetching for ann@127.0.0.1", done.stderr)
        os.close(gate)
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0)

    def test_ctrl_c_ends_it_and_the_next_run_goes_on(self):
        self.deliver(*MESSAGES)
        out = self.folder / "out"
        fetcher = self.fetcher(target=f"command:/bin/sh -c 'cat >> {out}; cat {self.gate}'")
        first = self.start(fetcher, "delete")
        gate = self.open_gate(first)
        first.send_signal(signal.SIGINT)
        while gate is not None:
            os.close(gate)
            gate = self.open_gate(first)
        _, err = first.communicate(timeout=60)
        self.assertEqual(first.returncode, fetching.TEMPORARY, err)
        self.assertIn("stopped", err)
        fetcher.target = f"command:/bin/sh -c 'cat >> {out}'"
        fetcher.run("delete")
        self.assertEqual(len(out.read_bytes().split(b"Received: ")) - 1, len(MESSAGES))
        self.assertEqual(self.held(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
