#!/usr/bin/python3
"""`fermo fetch` to targets that are more than a file: what arrives there, once, and what is said when it cannot."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), *(os.path.join(os.path.dirname(__file__), "..", name) for name in ("support", "interop"))]
import fetching  # noqa: E402
from dovecot_receiver import HAS_IMAP, HAS_LMTP, PASSWORD, DovecotReceiver  # noqa: E402
from fermo_process import BINARY, canonical, fermo, free_port, without_trace_fields  # noqa: E402
from fetching import Fetcher, message  # noqa: E402
from postfix_test import Postfix  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402
from scripted_smtp import DROP, ScriptedSmtp  # noqa: E402

MESSAGES = [(f"uid-{n}", message(n, size)) for n, size in enumerate([0, 500, 3_000, 90_000, 700_000])]
CONTENT = sorted(content for _, content in MESSAGES)


def maildrop_of(server, user="bob"):
    """The messages of a maildrop of Fermo's, through the server if it runs."""
    listed = json.loads(server.run("drop", "list", user, "--json").stdout)
    return [server.run("drop", "show", user, str(one["number"])).stdout for one in listed]


class TargetTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-targets-"))
        self.folder.chmod(0o755)  # servers become other users
        self.addCleanup(shutil.rmtree, self.folder)
        self.source = ScriptedServer(MESSAGES)
        self.source.__enter__()
        self.addCleanup(self.source.__exit__)

    def fetcher(self, target, *options, account="account"):
        return Fetcher(self.folder / account, f"pop3://127.0.0.1:{self.source.port}", target=target,
                       options=["--allow-plaintext", *options])

    def without_ledger(self, fetcher):
        """As if nothing had been recorded before the process died."""
        shutil.rmtree(fetcher.folder / "state")
        return fetcher


class MboxTest(TargetTest):
    def unrecorded(self, fetcher):
        """As if the process had died between the delivery of all messages and the record of it."""
        (ledger,) = (fetcher.folder / "state").glob("account-*/ledger.db")
        with contextlib.closing(sqlite3.connect(ledger, isolation_level=None)) as database:
            database.execute("UPDATE message SET standing = 'waiting', delivered = NULL, delivery_name = ''")
            database.execute("UPDATE account SET deliveries_open = 1, stat_messages = NULL, stat_octets = NULL")
        return fetcher

    def test_what_was_delivered_and_not_recorded_is_looked_for_until_all_of_it_was(self):
        fetcher = self.fetcher(f"mbox:{self.folder / 'mbox'}")
        fetcher.run()
        fetcher = self.unrecorded(fetcher)
        found = [fetcher.run("keep", "--limit-messages", "2")["found"] for _ in range(2)]
        found.append(fetcher.run()["found"])
        self.assertEqual(found, [2, 2, 1])
        self.assertEqual(fetching.mbox(self.folder / "mbox"), CONTENT)
        self.assertTrue(fetcher.run()["unchanged"])


class MaildropTest(TargetTest):
    def setUp(self):
        super().setUp()
        context = fermo(users=[("bob", "bob's")], start=False)
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def into_maildrop(self, user="bob"):
        return self.fetcher(f"maildrop:{user}", "--data", str(self.server.data))

    def held(self):
        return sorted(maildrop_of(self.server))

    def test_through_a_running_server(self):
        self.server.start()
        self.assertEqual(self.into_maildrop().run("delete")["fetched"], len(MESSAGES))
        self.assertEqual(self.held(), CONTENT)
        self.assertEqual(self.source.messages, [])

    def test_while_no_server_runs(self):
        fetcher = self.into_maildrop()
        self.assertEqual(fetcher.run()["fetched"], len(MESSAGES))
        self.assertEqual(self.held(), CONTENT)
        self.server.start()
        self.assertEqual(self.held(), CONTENT)
        self.assertEqual(fetcher.run()["fetched"], 0)

    def test_several_accounts_at_once_while_no_server_runs(self):
        into = self.into_maildrop()
        with ScriptedServer([(f"other-{n}", message(100 + n, 2_000)) for n in range(20)]) as other:
            expected = sorted(CONTENT + [content for _, content in other.messages])
            accounts = self.folder / "accounts.toml"
            accounts.write_text("".join(
                f'[account.a{source.port}]\nserver = "pop3://127.0.0.1:{source.port}"\nuser = "ann"\nallow_plaintext = true\n'
                f'password_file = "{into.password_file}"\nto = "maildrop:bob"\nmode = "delete"\n' for source in (self.source, other)))
            subprocess.run([BINARY, "fetch", "--accounts", str(accounts), "--state", str(self.folder / "state"), "--data",
                            str(self.server.data)], check=True, timeout=200, capture_output=True)
            self.assertEqual((self.source.messages, other.messages), ([], []))
        self.assertEqual(self.held(), expected)

    def test_what_was_delivered_and_not_recorded_is_found(self):
        fetcher = self.into_maildrop()
        fetcher.run()
        outcome = self.without_ledger(fetcher).run()
        self.assertEqual((outcome["found"], outcome["fetched"]), (len(MESSAGES), 0))
        self.server.run("drop", "empty", "bob", "--yes")
        self.assertEqual(self.without_ledger(fetcher).run()["found"], len(MESSAGES))
        self.assertEqual(self.held(), [])

    def test_nobody_of_that_name(self):
        said = self.into_maildrop("nobody").text(code=67).stderr
        self.assertIn("there is no user nobody", said)

    def test_no_such_data_folder(self):
        said = self.fetcher("maildrop:bob", "--data", str(self.folder / "none")).text(code=66).stderr
        self.assertIn("there is no data folder", said)

    def test_longer_than_the_maildrop_takes(self):
        self.server.config.write_text("[limits]\nmessage_octets_max = 100000\n")
        fetcher = self.into_maildrop()
        fetcher.options += ["--config", str(self.server.config)]
        outcome = fetcher.run("delete", code=fetching.DATA_ERROR)
        self.assertEqual((outcome["fetched"], outcome["refused"]), (len(MESSAGES) - 1, 1))
        self.assertIn("longer than limits.message_octets_max", outcome["troubles"][0]["what"])
        self.assertEqual([content for _, content in self.source.messages], [MESSAGES[-1][1]])


class LmtpTest(TargetTest):
    """Fermo's own LMTP and Dovecot's."""

    def server(self):
        context = fermo(users=[("bob", "bob's")], start=False)
        server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return server

    @staticmethod
    def held(server):
        return sorted(without_trace_fields(one) for one in maildrop_of(server))

    def test_fermo_over_tcp_and_over_a_unix_socket(self):
        server = self.server()
        path = self.folder / "lmtp.sock"
        server.start(listen=[f"lmtp=unix:{path}"])
        for target in (f"lmtp://127.0.0.1:{server.ports['lmtp']}/bob@example.test", f"lmtp+unix:{path}?bob"):
            with self.subTest(target=target):
                outcome = self.fetcher(target, account=target[:9].replace("/", "")).run()
                self.assertEqual(outcome["fetched"], len(MESSAGES))
        self.assertEqual(self.held(server), sorted(CONTENT * 2))

    def test_lines_of_any_length(self):
        long_one = b"Subject: long\r\n\r\n" + b"x" * 5000 + b"\r\n." + b"y" * 2000 + b"\r\n"
        self.source.messages = [("uid", long_one)]
        server = self.server().start()
        self.fetcher(f"lmtp://127.0.0.1:{server.ports['lmtp']}/bob").run("delete")
        self.assertEqual(self.held(server), [long_one])

    def test_nobody_of_that_name(self):
        server = self.server().start()
        outcome = self.fetcher(f"lmtp://127.0.0.1:{server.ports['lmtp']}/nobody").run("delete", code=fetching.CANNOT_CREATE)
        self.assertIn("does not take mail for nobody: 550 5.1.1", outcome["problem"])
        self.assertEqual((outcome["fetched"], outcome["refused"], len(self.source.messages)), (0, 0, len(MESSAGES)))

    def test_nobody_there(self):
        outcome = self.fetcher(f"lmtp://127.0.0.1:{free_port()}/bob").run("delete", code=fetching.TEMPORARY)
        self.assertEqual(outcome["verdict"], "target-unreachable")
        self.assertIn("cannot be reached: Connection refused", outcome["problem"])
        outcome = self.fetcher(f"lmtp+unix:{self.folder}/none?bob").run("delete", code=fetching.TEMPORARY)
        self.assertIn("cannot be reached: No such file", outcome["problem"])
        self.assertEqual(len(self.source.messages), len(MESSAGES))

    @unittest.skipUnless(HAS_LMTP, "Dovecot has no LMTP (Debian: dovecot-lmtpd)")
    def test_dovecot(self):
        with DovecotReceiver(self.folder / "dovecot") as dovecot:
            fetcher = self.fetcher(f"lmtp://127.0.0.1:{dovecot.ports['lmtp']}/ann@example.test")
            self.assertEqual(fetcher.run("delete")["fetched"], len(MESSAGES), dovecot.log())
            taken = [canonical(path.read_bytes()) for path in dovecot.files()]
        self.assertEqual(len(taken), len(MESSAGES))
        for content in CONTENT:
            self.assertEqual(sum(one.endswith(content) for one in taken), 1)


class SmtpTest(TargetTest):
    def scripted(self, **settings):
        server = ScriptedSmtp(**settings)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def into(self, server, scheme="smtp", *options):
        return self.fetcher(f"{scheme}://127.0.0.1:{server.port}/ann@example.test", *options)

    @staticmethod
    def taken(server):
        return sorted(content for _, _, content in server.messages)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("postfix"), "needs root and Debian's postfix to start an instance of its own")
    def test_postfix(self):
        context = fermo(users=[("ann", "ann's")])
        holder = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        folder = self.folder / "postfix"
        folder.mkdir()
        with Postfix(folder, f"inet:127.0.0.1:{holder.ports['lmtp']}") as postfix:
            fetcher = self.fetcher(f"smtp://127.0.0.1:{postfix.port}/ann@example.test")
            outcome = fetcher.run("delete")
            self.assertEqual(outcome["fetched"], len(MESSAGES))
            check = Fetcher(self.folder / "check", f"pop3s://127.0.0.1:{holder.ports['pop3s']}", password="ann's",
                            options=["--ca", str(holder.certificate)])
            deadline = time.monotonic() + 60
            while len(check.run().get("troubles")) or len(check.mail()) < len(MESSAGES):
                self.assertLess(time.monotonic(), deadline, (folder / "log").read_text())
        for content in CONTENT:
            self.assertEqual(sum(one.endswith(content.partition(b"\r\n\r\n")[2]) for one in check.mail()), 1)

    def test_tls_and_login(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        server = self.scripted(tls=context, extensions=("AUTH PLAIN", "8BITMIME"))
        secret = self.folder / "secret"
        secret.write_text("their password\n")
        secret.chmod(0o600)
        login = ("--target-user", "me", "--target-password-file", str(secret))
        outcome = self.into(server, "smtps", *login).run(code=fetching.CANNOT_CREATE)
        self.assertIn("the certificate of 127.0.0.1", outcome["problem"])
        self.into(server, "smtps", *login, "--target-ca", str(self.folder / "cert.pem")).run()
        self.assertEqual(self.taken(server), CONTENT)
        self.assertEqual({base64.b64decode(sent) for sent, _, _ in server.messages}, {b"\0me\0their password"})
        said = self.into(server, "smtp", *login).text(code=fetching.USAGE).stderr
        self.assertIn("a password goes only under TLS", said)

    def test_one_message_is_refused_and_one_deferred(self):
        server = self.scripted(hooks={".": [b"554 5.7.1 spam\r\n", b"451 4.3.0 later\r\n"]})
        fetcher = self.into(server)
        outcome = fetcher.run("delete", code=fetching.TEMPORARY)
        self.assertEqual((outcome["fetched"], outcome["refused"], outcome["left_behind"]), (len(MESSAGES) - 2, 1, 1))
        self.assertIn("does not take it: 554 5.7.1 spam", outcome["troubles"][0]["what"])
        self.assertIn("451 4.3.0 later", outcome["troubles"][1]["what"])
        self.assertEqual(self.source.messages, MESSAGES[:2])
        fetcher.run("delete")
        self.assertEqual(self.source.messages, MESSAGES[:1])
        self.assertEqual(self.taken(server), sorted(content for _, content in MESSAGES[1:]))

    def test_the_answer_is_lost(self):
        server = self.scripted(hooks={"LOST": [False, True, False, False, False, False, False]})
        fetcher = self.into(server)
        outcome = fetcher.run("delete", code=fetching.TEMPORARY)
        self.assertIn("after the whole message was sent; it may be there", outcome["problem"])
        self.assertEqual((outcome["fetched"], len(server.messages)), (1, 2))
        fetcher.run("delete")
        # Nobody could know: the one without an answer is there twice, and none is missing.
        self.assertEqual(self.taken(server), sorted(CONTENT + [MESSAGES[1][1]]))
        self.assertEqual(self.source.messages, [])

    def test_a_connection_that_ended_between_two_messages(self):
        server = self.scripted(hooks={"MAIL": [b"250 ok\r\n", DROP]})
        self.into(server).run("delete")
        self.assertEqual(self.taken(server), CONTENT)

    def test_says_no(self):
        for verb, reply, code, words in (("GREETING", b"554 not you\r\n", fetching.CANNOT_CREATE, "turns us away: 554 not you"),
                                         ("GREETING", b"421 busy\r\n", fetching.TEMPORARY, "nothing at the moment: 421 busy"),
                                         ("RCPT", b"450 4.2.0 grey\r\n", fetching.TEMPORARY, "450 4.2.0 grey"),
                                         ("MAIL", b"530 5.7.0 log in\r\n", fetching.CANNOT_CREATE, "530 5.7.0 log in"),
                                         ("GREETING", b"+OK POP3\r\n", fetching.CANNOT_CREATE, "does not speak the protocol")):
            with self.subTest(reply=reply):
                server = self.scripted(hooks={verb: reply})
                outcome = self.into(server).run("delete", code=code)
                self.assertIn(words, outcome["problem"])
                self.assertEqual((outcome["fetched"], outcome["refused"]), (0, 0))
        self.assertEqual(self.source.messages, MESSAGES)

    def test_targets_that_are_none(self):
        for target in ("smtp://host", "smtp:host/ann@b", "lmtp+unix:relative?ann", "imap://ann@host/INBOX", "imaps://host/INBOX",
                       "imaps://ann@host", "news:x", "smtps://[::1/ann@b"):
            with self.subTest(target=target):
                self.assertIn(f"--to {target}: ", self.fetcher(target).text(code=fetching.USAGE).stderr)


@unittest.skipUnless(HAS_IMAP, "Dovecot has no IMAP (Debian: dovecot-imapd)")
class ImapTest(TargetTest):
    def setUp(self):
        super().setUp()
        self.dovecot = DovecotReceiver(self.folder / "dovecot")
        self.dovecot.__enter__()
        self.addCleanup(self.dovecot.__exit__)
        self.secret = self.folder / "secret"
        self.secret.write_text(PASSWORD + "\n")
        self.secret.chmod(0o600)

    def into(self, folder="INBOX", scheme="imaps", account="account"):
        port = self.dovecot.ports["imaps" if scheme == "imaps" else "imap"]
        return self.fetcher(f"{scheme}://ann@127.0.0.1:{port}/{folder}", "--target-password-file", str(self.secret), "--target-ca",
                            str(self.dovecot.certificate), account=account)

    def taken(self, folder=""):
        return sorted(canonical(path.read_bytes()) for path in self.dovecot.files(folder=folder))

    def test_every_kind_of_connection(self):
        for scheme in ("imaps", "imap+starttls"):
            with self.subTest(scheme=scheme):
                folder = scheme[:5]
                self.assertEqual(self.into(folder, scheme, account=folder).run()["fetched"], len(MESSAGES), self.dovecot.log())
                self.assertEqual(self.taken(folder), CONTENT)

    def test_not_seen_and_with_the_date_at_which_it_came(self):
        self.source.messages = [(name, content.replace(b"Mon, 2 Jan 2034", b"Tue, 2 Jan 2024")) for name, content in MESSAGES]
        self.into().run("delete")
        self.assertEqual(self.source.messages, [])
        for path in self.dovecot.files():
            self.assertNotIn("S", path.name.partition(":2,")[2])
            # The Received of message() is of 10:00.
            self.assertEqual(int(path.stat().st_mtime) // 60, 1_704_189_600 // 60)

    def test_a_folder_with_a_name_beyond_ascii_is_made(self):
        self.into("Köln & \"Umgebung\"").run()
        self.assertEqual(self.taken("K&APY-ln &- \"Umgebung\""), CONTENT)

    def test_what_was_delivered_and_not_recorded_is_recognised(self):
        twins = [("twin-1", MESSAGES[1][1]), ("twin-2", MESSAGES[1][1])]
        without_id = [("no-id", b"Date: Mon, 2 Jan 2034 10:00:00 +0000\r\nSubject: no id\r\n\r\nx\r\n")]
        self.source.messages = MESSAGES[:4] + twins + without_id
        fetcher = self.into()
        fetcher.run()
        everything = self.taken()
        self.assertEqual(len(everything), 7)
        self.without_ledger(fetcher).run()
        self.assertEqual(self.taken(), everything)

    def test_an_account_of_the_file(self):
        described = self.into()
        accounts = self.folder / "accounts.toml"
        accounts.write_text(f"""[account.ann]
server = "{described.url}"
user = "ann"
password_file = "{described.password_file}"
allow_plaintext = true
to = "{described.target}"
to_password_file = "{self.secret}"
to_ca = "{self.dovecot.certificate}"
archive = "{self.folder}/archive"
mode = "delete"
""")
        subprocess.run([BINARY, "fetch", "--accounts", str(accounts), "--state", str(self.folder / "state"), "ann"], check=True,
                       timeout=120, capture_output=True)
        self.assertEqual(self.taken(), CONTENT)
        self.assertEqual(len(list((self.folder / "archive").glob("????-??/*.eml.zst"))), len(MESSAGES))
        self.assertEqual(self.source.messages, [])

    def test_a_wrong_password(self):
        self.secret.write_text("wrong\n")
        outcome = self.into().run(code=fetching.CANNOT_CREATE)
        self.assertIn("refuses the login of ann", outcome["problem"])

    def test_nobody_there(self):
        self.dovecot.__exit__()
        outcome = self.into().run(code=fetching.TEMPORARY)
        self.assertIn("cannot be reached: Connection refused", outcome["problem"])


class ArchiveTest(TargetTest):
    def kept(self):
        files = sorted((self.folder / "archive").glob("????-??/*.eml.zst"))
        return sorted(subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True).stdout for path in files)

    def test_a_copy_of_everything_beside_a_maildir(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}", "--archive", str(self.folder / "archive"))
        self.assertEqual(fetcher.run("delete")["fetched"], len(MESSAGES))
        self.assertEqual(fetcher.mail(), CONTENT)
        self.assertEqual(self.kept(), CONTENT)
        self.assertEqual(list((self.folder / "archive/tmp").iterdir()), [])

    def test_what_was_delivered_before_there_was_an_archive_comes_once_more_when_the_ledger_is_lost(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}")
        fetcher.run()
        fetcher.options += ["--archive", str(self.folder / "archive")]
        self.without_ledger(fetcher).run()
        self.assertEqual((fetcher.mail(), self.kept()), (CONTENT, CONTENT))
        self.assertEqual(self.without_ledger(fetcher).run()["found"], len(MESSAGES))

    def test_a_copy_that_was_cleared_away_deletes_nothing_where_the_mail_is_mirrored(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}", "--archive", str(self.folder / "archive"))
        fetcher.run("mirror")
        next((self.folder / "archive").glob("????-??/*")).unlink()
        self.assertEqual(fetcher.run("mirror")["deleted"], 0)
        next((self.folder / "mail/new").iterdir()).unlink()
        self.assertEqual(fetcher.run("mirror")["deleted"], 1)

    def test_the_heads_of_long_messages_are_not_kept(self):
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}", "--archive", str(self.folder / "archive"))
        fetcher.run("keep", "--limit-octets", "50000")
        self.assertEqual(self.kept(), sorted(content for _, content in MESSAGES if len(content) <= 50_000))

    def test_an_archive_that_cannot_be(self):
        (self.folder / "file").write_text("x")
        said = self.fetcher(f"maildir:{self.folder / 'mail'}", "--archive", str(self.folder / "file")).text(
            code=fetching.CANNOT_CREATE).stderr
        self.assertIn("nothing can be kept in the archive", said)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small disk")
    def test_a_full_disk_lets_nothing_be_deleted(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(small)], check=True)
        noise = [(f"noise-{n}", b"Subject: %d\r\n\r\n" % n + base64.encodebytes(os.urandom(30_000)).replace(b"\n", b"\r\n"))
                 for n in range(4)]
        self.source.messages = list(noise)
        fetcher = self.fetcher(f"maildir:{self.folder / 'mail'}", "--archive", str(small / "archive"))
        outcome = fetcher.run("delete", code=fetching.IO_ERROR)
        self.assertIn(f"the archive {small / 'archive'}: the disk is full", outcome["problem"])
        self.assertGreaterEqual(len(self.source.messages) + outcome["deleted"], len(noise))
        fetcher.options[-1] = str(self.folder / "archive")
        fetcher.run("delete")
        self.assertEqual(fetcher.mail(), sorted(content for _, content in noise))


if __name__ == "__main__":
    unittest.main(verbosity=2)
