#!/usr/bin/python3
"""Switching from fetchmail, getmail and mpop: what they fetched is not fetched again, and their accounts are taken over."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(__file__)
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "interop")]
import mail_clients  # noqa: E402
from fermo_process import BINARY, canonical, fermo  # noqa: E402
from fetching import PASSWORD, Fetcher, message  # noqa: E402

USER = "ann"
SECRET = PASSWORD.replace(" ", "-")
MESSAGES = [message(number, size) for number, size in enumerate([0, 300, 900, 5_000, 20_000])]
NEW = [message(number, 700) for number in (90, 91)]


class ImportTest(unittest.TestCase):
    def setUp(self):
        context = fermo(config="plaintext_logins = true\n", users=[(USER, SECRET)])
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-import-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.accounts = self.folder / "config/accounts.toml"
        self.deliver(*MESSAGES)

    def deliver(self, *messages):
        for one in messages:
            self.server.run("deliver", USER, input=one)

    @property
    def port(self):
        return self.server.ports["pop3"]

    def account(self, *words, code=0):
        environment = {**os.environ, "HOME": str(self.folder)}
        done = subprocess.run([BINARY, "account", *map(str, words), "--accounts", str(self.accounts)], capture_output=True, text=True,
                              timeout=120, env=environment, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def listed(self):
        return json.loads(self.account("list", "--json").stdout)

    def add(self, name="ann@127.0.0.1"):
        self.account("add", name, "--user", USER, "--server", f"pop3+stls://127.0.0.1:{self.port}", "--to",
                     f"maildir:{self.folder}/mail", f"ca={self.server.certificate}")
        return name

    def fetcher(self):
        return Fetcher(self.folder, f"pop3+stls://127.0.0.1:{self.port}", user=USER, password=SECRET,
                       options=["--ca", str(self.server.certificate)])

    def import_state(self, file, *options, count=len(MESSAGES)):
        done = self.account("import-state", self.add(), file, "--state", self.folder / "state", *options)
        self.assertIn(f"{count} messages that were fetched before, {count} of them new here", done.stdout, done.stderr)

    def nothing_is_fetched_again(self):
        """And what is new is."""
        fetcher = self.fetcher()
        self.assertEqual(fetcher.run("keep")["fetched"], 0)
        self.assertEqual(fetcher.mail(), [])
        self.deliver(*NEW)
        self.assertEqual(fetcher.run("keep")["fetched"], len(NEW))
        self.assertEqual(fetcher.mail(), sorted(map(canonical, NEW)))

    def test_what_fetchmail_has_fetched(self):
        fetched = mail_clients.fetchmail(self.folder, self.port, USER, SECRET, keep=True)
        self.assertEqual(len(fetched), len(MESSAGES))
        self.import_state(self.folder / "fetchids", "--from", "fetchmail")
        self.nothing_is_fetched_again()

    def test_what_getmail_has_fetched(self):
        fetched = mail_clients.getmail(self.folder, self.port, USER, SECRET, keep=True)
        self.assertEqual(len(fetched), len(MESSAGES))
        states = list((self.folder / "getmail/state").glob("oldmail-*"))
        self.assertEqual(len(states), 1)
        self.import_state(states[0])
        self.nothing_is_fetched_again()

    def test_what_mpop_has_fetched(self):
        fetched = mail_clients.mpop(self.folder, self.port, USER, SECRET)
        self.assertEqual(len(fetched), len(MESSAGES))
        self.import_state(self.folder / "mpop-uidls")
        self.nothing_is_fetched_again()

    def test_what_thunderbird_has_fetched(self):
        unique_ids = [one["unique_id"] for one in json.loads(self.server.run("drop", "list", USER, "--json").stdout)]
        lines = ["# POP3 State File", "# This is a generated file!  Do not edit.", "", f"*127.0.0.1 {USER}"]
        lines += [f"k {unique_id} 1700000000" for unique_id in unique_ids]
        (self.folder / "popstate.dat").write_text("\r\n".join(lines) + "\r\n")
        self.import_state(self.folder / "popstate.dat")
        self.nothing_is_fetched_again()

    def test_a_second_import_adds_nothing(self):
        mail_clients.mpop(self.folder, self.port, USER, SECRET)
        self.import_state(self.folder / "mpop-uidls")
        again = self.account("import-state", "ann@127.0.0.1", self.folder / "mpop-uidls", "--state", self.folder / "state")
        self.assertIn(", 0 of them new here", again.stdout)

    def test_what_was_imported_is_deleted_only_by_wish(self):
        mail_clients.mpop(self.folder, self.port, USER, SECRET)
        self.import_state(self.folder / "mpop-uidls")
        outcome = self.fetcher().run("delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (0, 0))

    def test_a_file_about_other_accounts_says_which(self):
        (self.folder / "ids").write_text("bob@pop.example.org 1\nann@old.example.org 2\n")
        name = self.add()
        refused = self.account("import-state", name, self.folder / "ids", "--state", self.folder / "state", code=65)
        self.assertIn("it knows of bob@pop.example.org, ann@old.example.org, of which --of names one", refused.stderr)
        taken = self.account("import-state", name, self.folder / "ids", "--of", "ann@old.example.org", "--state", self.folder / "state")
        self.assertIn("1 message that", taken.stdout)

    def test_accounts_of_fetchmail(self):
        rc = mail_clients.config(self.folder / ".fetchmailrc", f'''
            set daemon 300
            poll 127.0.0.1 with proto POP3 service {self.port}
              user 'ann' there with password '{SECRET}' is 'ann' here keep sslcertfile {self.server.certificate}
              mda "cat > /dev/null" limit 1000000
            skip pop.example.org proto POP3 user "bob" password "x y" ssl nokeep sslfingerprint "AA:BB" mda "true"
            poll imap.example.org proto IMAP user "eve" password "z"
        ''')
        done = self.account("import", rc)
        self.assertIn("is not POP3", done.stderr)
        self.assertIn("sslfingerprint", done.stderr)
        ann, bob = self.listed()
        self.assertEqual((ann["name"], ann["server"]), ("ann@127.0.0.1", f"pop3+stls://127.0.0.1:{self.port}"))
        self.assertEqual((ann["mode"], ann["limit_octets"], ann["interval_seconds"]), ("keep", 1_000_000, 300))
        self.assertEqual(ann["to"], "command:/bin/sh -c 'cat > /dev/null'")
        self.assertEqual((bob["mode"], bob["enabled"], bob["server"]), ("delete", False, "pop3s://pop.example.org"))
        password = pathlib.Path(ann["password"]["what"])
        self.assertEqual(password.read_text(), SECRET + "\n")
        self.assertEqual(password.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(SECRET, self.accounts.read_text() + done.stdout + done.stderr)
        self.assertIn("messages:", self.account("test", "ann@127.0.0.1").stdout)
        again = self.account("import", rc, code=65)
        self.assertIn("is there already", again.stderr)

    def test_accounts_of_getmail_and_mpop(self):
        getmailrc = mail_clients.config(self.folder / "getmailrc", f'''
[retriever]
type = SimplePOP3SSLRetriever
server = pop.example.org
username = ann
password_command = ("pass", "show", "my mail")
ssl_fingerprints = ("{"ab" * 32}",)
[destination]
type = Maildir
path = ~/Maildir/
[options]
delete_after = 7
''')
        mpoprc = mail_clients.config(self.folder / ".mpoprc", '''
defaults
tls on
tls_starttls off
account work
host mail.example.net
user bob
passwordeval pass show work
keep on
delivery mbox /var/mail/bob
proxy_host 127.0.0.1
proxy_port 9050
account old
host old.example.net
user bob
tls off
delivery exchange x
''')
        done = self.account("import", getmailrc, mpoprc)
        getmail, work, old = self.listed()
        self.assertEqual(getmail["password"], {"from": "command", "what": "pass show 'my mail'"})
        self.assertEqual((getmail["mode"], getmail["to"]), ("keep-days=7", f"maildir:{self.folder}/Maildir/"))
        self.assertIn("fingerprint of the server's certificate is left out", done.stderr)
        self.assertEqual((work["name"], work["server"], work["proxy"]), ("work", "pop3s://mail.example.net", "socks5://127.0.0.1:9050"))
        self.assertEqual((work["to"], work["password"]["what"]), ("mbox:/var/mail/bob", "pass show work"))
        self.assertEqual((old["server"], old["to"]), ("pop3+stls://old.example.net", f"maildir:{self.folder}/Mail/old"))
        self.assertIn("STLS is demanded now", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
