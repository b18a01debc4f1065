#!/usr/bin/python3
"""`fermo account`: the file of accounts, where passwords come from, and what a login shows."""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(__file__)
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
from fermo_process import BINARY, fermo, free_port  # noqa: E402
from fetching import PASSWORD, message  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402


class AccountCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-account-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.accounts = self.folder / ".config/fermo/accounts.toml"

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_")) and name not in ("VISUAL", "EDITOR")}
        return {**kept, "HOME": str(self.folder), **more}

    def account(self, *words, code=0, environment=None, command=()):
        done = subprocess.run([*command, BINARY, "account", *map(str, words)], capture_output=True, text=True, timeout=120,
                              env=environment or self.environment(), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def listed(self):
        return json.loads(self.account("list", "--json").stdout)

    def write(self, text):
        self.accounts.parent.mkdir(parents=True, exist_ok=True)
        self.accounts.write_text(text)


class FileTest(AccountCase):
    def test_a_big_provider_is_known_by_the_address_alone(self):
        done = self.account("add", "ann@gmail.com", "--to", "maildir:~/Mail", "--password-command", "pass gmail")
        self.assertIn("Forwarding and POP/IMAP", done.stdout)
        self.assertIn("app password", done.stdout)
        (account,) = self.listed()
        self.assertEqual((account["server"], account["user"]), ("pop3s://pop.gmail.com", "ann@gmail.com"))
        self.assertEqual(account["to"], f"maildir:{self.folder}/Mail")
        self.assertEqual(account["password"], {"from": "command", "what": "pass gmail"})
        self.assertEqual(self.accounts.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.accounts.parent.stat().st_mode & 0o777, 0o700)

    def test_without_settings_and_without_a_terminal_it_says_what_is_missing(self):
        self.assertIn("--server pop3s://HOST", self.account("add", "ann@example.org", "--to", "maildir:/m", code=64).stderr)
        self.assertIn("--to", self.account("add", "ann@example.org", "--server", "pop3s://h", code=64).stderr)
        self.assertIn("has no POP3", self.account("add", "ann@icloud.com", "--to", "maildir:/m", code=64).stderr)
        self.assertFalse(self.accounts.exists())

    def test_keys_are_changed_and_comments_stay(self):
        self.write('# mine\n\n[account.ann] # first\nserver = "pop3s://h" # why\nuser = "ann"\nto = "maildir:/m"\n\n# last\n')
        self.account("edit", "ann", "mode=keep-days=3", "server=pop3+stls://h", "interval_seconds=60")
        self.assertEqual(self.accounts.read_text(),
                         '# mine\n\n[account.ann] # first\nserver = "pop3+stls://h" # why\nuser = "ann"\nto = "maildir:/m"\n'
                         'mode = "keep-days=3"\ninterval_seconds = 60\n\n# last\n')
        self.account("edit", "ann", "mode=")
        self.assertEqual(self.listed()[0]["mode"], "keep")
        self.account("add", "bob@example.org", "--server", "h2", "--to", "mbox:/b", "pins=" + "ab" * 32)
        self.account("remove", "ann")
        self.assertEqual([one["name"] for one in self.listed()], ["bob@example.org"])
        self.assertTrue(self.accounts.read_text().startswith("# mine\n\n# last\n"))

    def test_a_change_that_makes_no_sense_changes_nothing(self):
        self.account("add", "ann@example.org", "--server", "h", "--to", "maildir:/m")
        before = self.accounts.read_text()
        self.assertIn("mode is \"away\"", self.account("edit", "ann@example.org", "mode=away", code=78).stderr)
        self.assertIn("did you mean interval_seconds", self.account("edit", "ann@example.org", "interval_second=3", code=64).stderr)
        self.assertIn("public key", self.account("edit", "ann@example.org", "pins=ab", code=78).stderr)
        self.assertIn("did you mean ann@example.org?", self.account("edit", "an@example.org", "mode=keep", code=67).stderr)
        self.assertIn("already", self.account("add", "ann@example.org", "--server", "h", "--to", "maildir:/m", code=65).stderr)
        self.assertEqual(self.accounts.read_text(), before)

    def test_which_account_is_to_be_tested_goes_without_saying_only_when_there_is_one(self):
        self.write("")
        self.assertIn("fermo account add", self.account("test", code=67).stderr)
        # A port that nobody listens on: what it says of the network shows which account it took.
        self.account("add", "ann@example.org", "--server", "pop3s://127.0.0.1:1", "--to", "maildir:/m", "--password-command", "echo x")
        self.assertIn("ann@example.org", self.account("test", code=75).stderr)
        self.account("add", "bob@example.org", "--server", "pop3s://127.0.0.1:1", "--to", "maildir:/m", "--password-command", "echo x")
        self.assertIn("name one of ann@example.org, bob@example.org", self.account("test", code=64).stderr)

    def test_a_file_that_others_may_change_is_refused(self):
        self.account("add", "ann@example.org", "--server", "h", "--to", "maildir:/m")
        self.accounts.chmod(0o666)
        self.assertIn("chmod go-w", self.account("list", code=66).stderr)

    def test_all_problems_are_told_with_their_lines(self):
        self.write('[account.ann]\nserver = "h"\nusr = "ann"\n')
        errors = self.account("list", code=78).stderr
        self.assertIn("accounts.toml:2: server: \"h\" is no server", errors)
        self.assertIn("accounts.toml:3: unknown key \"usr\"; did you mean user?", errors)

    def test_an_editor_works_on_a_copy_that_is_checked(self):
        self.account("add", "ann@example.org", "--server", "h", "--to", "maildir:/m")
        before = self.accounts.read_text()
        good = self.environment(EDITOR="sed -i s/maildir:.m/mbox:\\\\/x/")
        self.account("edit", environment=good)
        self.assertEqual(self.accounts.read_text(), before.replace("maildir:/m", "mbox:/x"))
        bad = self.environment(VISUAL="sed -i s/mbox/box/", EDITOR="false")
        self.assertIn("nothing was changed", self.account("edit", environment=bad, code=65).stderr)
        self.assertIn("ended with status 1", self.account("edit", environment=self.environment(EDITOR="false"), code=65).stderr)
        self.assertEqual(self.accounts.read_text(), before.replace("maildir:/m", "mbox:/x"))
        self.assertEqual(sorted(path.name for path in self.accounts.parent.iterdir()), ["accounts.toml", "accounts.toml.lock"])

    def test_what_is_missing_is_asked_for_on_a_terminal(self):
        answers = ["pop.example.org", "", "delete", "y", "secret one"]
        code, seen = self.on_terminal(["add", "ann@example.org"], answers)
        self.assertEqual(code, 0, seen)
        self.assertNotIn("secret one", seen)
        (account,) = self.listed()
        self.assertEqual((account["server"], account["mode"]), ("pop3s://pop.example.org", "delete"))
        self.assertEqual(account["to"], f"maildir:{self.folder}/Mail/ann@example.org")
        file = pathlib.Path(account["password"]["what"])
        self.assertEqual((file.read_text(), file.stat().st_mode & 0o777), ("secret one\n", 0o600))
        code, seen = self.on_terminal(["edit", "--password", "ann@example.org"], ["another"])
        self.assertEqual((code, file.read_text()), (0, "another\n"), seen)

    def on_terminal(self, words, answers):
        """Answers each question as it comes; gives back the exit code and what was seen."""
        process, terminal = pty.fork()
        if process == 0:
            os.execve(BINARY, [BINARY, "account", *words], self.environment())
        signal.alarm(60)
        self.addCleanup(signal.alarm, 0)
        seen, unanswered = b"", b""
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            seen += piece
            unanswered += piece
            if answers and unanswered.rstrip().endswith((b":", b"]")) and unanswered.endswith(b" "):
                os.write(terminal, answers.pop(0).encode() + b"\n")
                unanswered = b""
        _, status = os.waitpid(process, 0)
        os.close(terminal)
        self.assertEqual(answers, [], seen)
        return os.waitstatus_to_exitcode(status), seen.decode()


class ServerCase(AccountCase):
    @classmethod
    def setUpClass(cls):
        context = fermo(users=[("ann", PASSWORD)])
        cls.server = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        for number in range(3):
            cls.server.run("deliver", "ann", input=message(number, 1000))

    def add(self, *options, server=None, ca=True):
        server = server or f"pop3s://127.0.0.1:{self.server.ports['pop3s']}"
        certificate = [f"ca={self.server.certificate}"] if ca else []
        self.account("add", "ann@example.org", "--user", "ann", "--server", server, "--to", "maildir:/m", *options, *certificate,
                     "timeout_seconds=20")

    def password_file(self, text=PASSWORD):
        file = self.folder / "password"
        file.write_text(text + "\n")
        file.chmod(0o600)
        return ["--password-file", file]

    def login(self, *words, **settings):
        return self.account("test", "ann@example.org", *words, **settings)

    def outcome(self, code=0, **settings):
        value = json.loads(self.login("--json", code=code, **settings).stdout)
        self.assertEqual(value["exit_code"], code)
        return value


class LoginTest(ServerCase):
    def test_a_login_shows_what_the_server_is_like(self):
        self.add(*self.password_file())
        shown = self.login().stdout
        self.assertRegex(shown, r"TLS: +TLSv1\.3")
        self.assertRegex(shown, r"login: +(SCRAM|PLAIN|USER)")
        self.assertRegex(shown, r"server can: .*UIDL")
        self.assertRegex(shown, r"messages: +3 \(")
        outcome = self.outcome()
        self.assertEqual((outcome["verdict"], outcome["messages"]), ("done", 3))
        self.assertIn("PIPELINING", outcome["capabilities"])

    def test_a_wrong_password(self):
        self.add(*self.password_file("wrong"))
        self.assertIn("check user and password", self.login(code=77).stderr)
        self.assertEqual(self.outcome(77)["verdict"], "login-refused")

    def test_a_certificate_that_nobody_vouches_for_is_described(self):
        self.add(*self.password_file(), ca=False)
        seen = self.login(code=76).stderr
        fingerprint = subprocess.run(["openssl", "x509", "-in", self.server.certificate, "-noout", "-fingerprint", "-sha256"],
                                     capture_output=True, text=True, check=True).stdout.strip().partition("=")[2]
        self.assertIn(fingerprint, seen)
        self.assertRegex(seen, r"issued by: +\S")
        self.assertRegex(seen, r"valid: +from 20\d\d-\d\d-\d\d to 20\d\d")
        pin = seen.split("pins=")[1].split(";")[0]
        self.account("edit", "ann@example.org", f"pins={pin}")
        self.assertEqual(self.outcome()["messages"], 3)
        self.account("edit", "ann@example.org", "pins=sha256//" + "A" * 42 + "8=")
        self.assertIn("not the one that is pinned", self.outcome(76)["problem"])

    def test_nobody_listens(self):
        self.add(*self.password_file(), server=f"pop3s://127.0.0.1:{free_port()}")
        self.assertIn("cannot reach 127.0.0.1", self.login(code=75).stderr)

    def test_no_tls_where_tls_is_expected(self):
        self.add(*self.password_file(), server=f"pop3s://127.0.0.1:{self.server.ports['pop3']}")
        self.assertIn("pop3+stls:// for port 110", self.login(code=76).stderr)

    def test_pop3_that_is_switched_off_is_explained(self):
        server = ScriptedServer(hooks={"PASS": b"-ERR [SYS/PERM] Your account is not enabled for POP access.\r\n"})
        with server:
            self.account("add", "ann@gmail.com", "--server", f"pop3://127.0.0.1:{server.port}", "--to", "maildir:/m", *self.password_file(),
                         "allow_plaintext=true", "timeout_seconds=20")
            seen = self.account("test", "ann@gmail.com", code=77).stderr
        self.assertIn("POP3 is switched off there; switch it on at mail.google.com", seen)


class SecretTest(ServerCase):
    def test_every_place_for_a_password(self):
        credentials = self.folder / "credentials"
        credentials.mkdir()
        (credentials / "ann").write_text(PASSWORD)
        (credentials / "ann").chmod(0o440)
        environment = self.environment(CREDENTIALS_DIRECTORY=str(credentials), ANN_PASSWORD=PASSWORD)
        self.add(*self.password_file())
        self.outcome()
        for key, value in {"password_command": f"printf '%s\\n' '{PASSWORD}'", "password_credential": "ann",
                           "password_environment": "ANN_PASSWORD"}.items():
            with self.subTest(key):
                others = [f"{other}=" for other in ("password_file", "password_command", "password_credential")]
                self.account("edit", "ann@example.org", *others, f"{key}={value}")
                self.assertEqual(self.outcome(environment=environment)["messages"], 3)

    def test_what_is_wrong_with_a_place_is_told(self):
        self.add(*self.password_file())
        (self.folder / "password").chmod(0o644)
        self.assertIn("chmod 600", self.login(code=78).stderr)
        for key, value, words in (("password_command", "exit 3", "ended with status 3"), ("password_command", "true", "printed no password"),
                                  ("password_credential", "ann", "LoadCredential=ann:FILE"),
                                  ("password_environment", "NOT_THERE", "NOT_THERE"), ("enabled", "true", "no password")):
            with self.subTest(key):
                others = [f"{other}=" for other in ("password_file", "password_command", "password_credential", "password_environment")]
                self.account("edit", "ann@example.org", *others, f"{key}={value}")
                self.assertIn(words, self.login(code=64 if key == "enabled" else 78).stderr)

    def test_a_child_does_not_get_the_variable(self):
        fetched = self.folder / "fetched"
        fetched.mkdir()
        environment = self.environment(ANN_PASSWORD=PASSWORD)
        url = f"pop3s://127.0.0.1:{self.server.ports['pop3s']}"
        subprocess.run([BINARY, "fetch", "--server", url, "--user", "ann", "--ca", str(self.server.certificate), "--password-environment",
                        "ANN_PASSWORD", "--mode", "keep", "--state", str(self.folder / "state"), "--to",
                        f"command:sh -c 'env > {fetched}/$$; cat > /dev/null'"], env=environment, check=True, timeout=120, capture_output=True)
        seen = [file.read_text() for file in fetched.iterdir()]
        self.assertEqual(len(seen), 3)
        for one in seen:
            self.assertNotIn("ANN_PASSWORD", one)

    @unittest.skipUnless(shutil.which("secret-tool") and shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session"),
                         "no keyring (Debian: libsecret-tools, gnome-keyring, dbus-daemon)")
    def test_the_keyring_of_the_desktop(self):
        self.add("--password-keyring")
        script = self.folder / "session"
        script.write_text(f"""set -e
printf 'unlock' | gnome-keyring-daemon --unlock --components=secrets > /dev/null
{BINARY} account test ann@example.org && exit 99
printf '%s' '{PASSWORD}' | secret-tool store --label=test host 127.0.0.1 service pop3 user ann
{BINARY} account test ann@example.org --json
""")
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700)
        done = subprocess.run(["dbus-run-session", "--", "sh", "-c", f"set +e; . {script}"], capture_output=True, text=True, timeout=120,
                              env=self.environment(XDG_RUNTIME_DIR=str(runtime), XDG_DATA_HOME=str(self.folder / "data")))
        self.assertIn("the keyring has no password of ann at 127.0.0.1", done.stderr)
        self.assertEqual(json.loads(done.stdout)["messages"], 3, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
