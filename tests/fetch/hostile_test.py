#!/usr/bin/python3
"""`fermo fetch` and servers that misbehave: the outcome, the words and the exit code of each."""
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fetching import Fetcher, message  # noqa: E402
from scripted_server import DROP, SILENCE, ScriptedServer  # noqa: E402

MESSAGES = [(f"uid-{n}", message(n, 500 * n)) for n in range(1, 6)]
# Whether what the client had sent was read before the server closed is a matter of luck.
ENDED = "the server closed the connection|the connection broke"
CONTENT = sorted(content for _, content in MESSAGES)


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-fetch-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def server(self, messages=None, **settings):
        server = ScriptedServer(MESSAGES if messages is None else messages, **settings)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def fetcher(self, server, scheme="pop3", host="127.0.0.1", options=("--allow-plaintext",)):
        # One account, though each server has a port of its own: that is what the ledger would tell them apart by.
        return Fetcher(self.folder / "account", f"{scheme}://{host}:{server.port}", options=options)

    def run_once(self, code, mode="keep", messages=None, hooks=None, options=(), **settings):
        """One run against one such server; returns what --json says, the fetcher and the server."""
        server = self.server(messages, hooks=hooks, **settings)
        fetcher = self.fetcher(server)
        return fetcher.run(mode, *options, code=code), fetcher, server

    def repaired(self, fetcher, server, mode="keep"):
        """The server behaves from now on; a run fetches what is missing, and then everything is there once."""
        server.hooks.clear()
        outcome = fetcher.run(mode)
        self.assertEqual(fetcher.mail(), CONTENT)
        return outcome


class RefusalTest(HostileTest):
    def check(self, hooks, code, words):
        outcome, fetcher, server = self.run_once(code, hooks=hooks, options=("--timeout", "2"))
        self.assertRegex(outcome["problem"] + "; " + outcome["advice"], words if words == ENDED else re.escape(words))
        self.assertEqual(outcome["fetched"], 0)
        self.repaired(fetcher, server)

    def test_greeting_turns_away(self):
        self.check({"GREETING": b"-ERR [SYS/TEMP] come back later\r\n"}, fetching.TEMPORARY, "come back later")

    def test_greeting_never_comes(self):
        self.check({"GREETING": SILENCE}, fetching.TEMPORARY, "did not answer in time")

    def test_greeting_is_of_another_protocol(self):
        self.check({"GREETING": b"220 smtp.example.test ESMTP\r\n"}, fetching.PROTOCOL, "no POP3: not a reply: 220 smtp")

    def test_greeting_has_no_end(self):
        self.check({"GREETING": b"+OK " + b"x" * 1_000_000}, fetching.PROTOCOL, "a line is too long")

    def test_closes_at_once(self):
        self.check({"GREETING": DROP}, fetching.TEMPORARY, ENDED)

    def test_maildrop_in_use(self):
        self.check({"PASS": b"-ERR [IN-USE] locked\r\n"}, fetching.TEMPORARY, "[IN-USE] locked")

    def test_login_too_soon(self):
        self.check({"PASS": b"-ERR [LOGIN-DELAY] wait\r\n"}, fetching.TEMPORARY, "fetch less often")

    def test_login_with_a_passing_problem(self):
        self.check({"PASS": b"-ERR [SYS/TEMP] directory is down\r\n"}, fetching.TEMPORARY, "directory is down")

    def test_login_with_a_lasting_problem(self):
        self.check({"PASS": b"-ERR [SYS/PERM] no such maildrop\r\n"}, fetching.NO_PERMISSION, "no such maildrop")

    def test_login_refused(self):
        self.check({"PASS": b"-ERR [AUTH] wrong\r\n"}, fetching.NO_PERMISSION, "app password")

    def test_words_of_a_server_cannot_move_the_cursor(self):
        self.check({"PASS": b"-ERR \x1b[2Jyou \x07are rooted\r\n"}, fetching.NO_PERMISSION, "?[2Jyou ?are rooted")

    def test_drops_at_each_stage_before_the_messages(self):
        for command in ("CAPA", "USER", "PASS", "STAT", "LIST", "UIDL"):
            for action in (DROP, [b"+O", DROP]):
                with self.subTest(command=command, half_a_reply=action is not DROP):
                    self.check({command: action}, fetching.TEMPORARY, ENDED)
                    shutil.rmtree(self.folder / "account")

    def test_falls_silent_at_each_stage_before_the_messages(self):
        for command in ("CAPA", "USER", "PASS", "STAT", "LIST"):
            with self.subTest(command=command):
                self.check({command: SILENCE}, fetching.TEMPORARY, "did not answer in time")
                shutil.rmtree(self.folder / "account")

    def test_answer_to_capa_has_no_end(self):
        self.check({"CAPA": b"+OK\r\n" + b"XTOP\r\n" * 10_000}, fetching.PROTOCOL, "the answer to CAPA has no end")

    def test_says_something_that_nobody_asked_for(self):
        self.check({"GREETING": b"+OK hello\r\n+OK again\r\n"}, fetching.PROTOCOL, "a reply that nothing had asked for")

    def test_hangs_up_with_a_reason(self):
        self.check({"STAT": [b"-ERR [SYS/TEMP] shutting down\r\n", DROP]}, fetching.TEMPORARY, "shutting down")

    def test_login_refused_with_an_unknown_response_code(self):
        self.check({"PASS": b"-ERR [X-WEB-LOGIN] use a browser\r\n"}, fetching.NO_PERMISSION, "use a browser")

    def test_user_refused(self):
        self.check({"USER": b"-ERR no such user\r\n"}, fetching.NO_PERMISSION, "no such user")

    def test_stat_makes_no_sense(self):
        self.check({"STAT": b"+OK many\r\n"}, fetching.PROTOCOL, "answer to STAT")

    def test_stat_refused(self):
        self.check({"STAT": b"-ERR no\r\n"}, fetching.PROTOCOL, "refuses STAT")

    def test_drops_in_the_listing(self):
        self.check({"LIST": [b"+OK\r\n1 500\r\n2", DROP]}, fetching.TEMPORARY, ENDED)

    def test_listing_never_ends(self):
        endless = b"".join(b"%d 100\r\n" % n for n in range(1, 3000))
        self.check({"LIST": b"+OK\r\n" + endless}, fetching.PROTOCOL, "a listing has no end")

    def test_listing_has_a_line_without_an_end(self):
        self.check({"LIST": b"+OK\r\n1 " + b"5" * 1_000_000}, fetching.PROTOCOL, "a line is too long")

    def test_listing_falls_silent(self):
        self.check({"UIDL": [b"+OK\r\n1 uid-1\r\n", SILENCE]}, fetching.TEMPORARY, "did not answer in time")

    def test_lists_nothing_of_what_it_has(self):
        self.check({"LIST": b"-ERR broken\r\n", "UIDL": b"-ERR broken\r\n"}, fetching.PROTOCOL, "lists none of its 5 messages")

    def test_listing_later(self):
        self.check({"LIST": b"-ERR [SYS/TEMP] index is being rebuilt\r\n"}, fetching.TEMPORARY, "index is being rebuilt")


class CutTest(HostileTest):
    def cut(self, action, code, mode="delete"):
        outcome, fetcher, server = self.run_once(code, mode, hooks={"RETR 3": action}, options=("--timeout", "2"))
        self.assertTrue(set(fetcher.mail()) <= {content for _, content in MESSAGES[:2]}, "a message that was cut off is there")
        self.repaired(fetcher, server, mode)
        self.assertEqual(server.messages, [] if mode == "delete" else MESSAGES)
        return outcome

    def test_drops_before_a_message(self):
        outcome = self.cut(DROP, fetching.TEMPORARY)
        self.assertEqual((outcome["fetched"], outcome["left_behind"] > 0), (2, True))

    def test_drops_in_the_midst_of_a_message(self):
        self.cut([b"+OK\r\n" + MESSAGES[2][1][:100], DROP], fetching.TEMPORARY)

    def test_drops_before_the_final_dot(self):
        self.cut([b"+OK\r\n" + MESSAGES[2][1].replace(b"\r\n.", b"\r\n.."), DROP], fetching.TEMPORARY)

    def test_falls_silent_in_the_midst_of_a_message(self):
        self.cut([b"+OK\r\n" + MESSAGES[2][1][:100], SILENCE], fetching.TEMPORARY, "keep")

    def test_a_dot_that_was_not_doubled(self):
        content = MESSAGES[2][1]
        self.assertIn(b"\r\n.\r\n", content)
        outcome = self.cut(b"+OK\r\n" + content + b".\r\n", fetching.PROTOCOL)
        self.assertIn("message 3 ended before its end", outcome["troubles"][0]["what"])

    def test_a_dot_that_was_not_doubled_in_the_last_message(self):
        _, fetcher, server = self.run_once(fetching.PROTOCOL, hooks={"RETR 5": b"+OK\r\n" + MESSAGES[4][1] + b".\r\n"})
        self.assertEqual(fetcher.mail(), sorted(content for _, content in MESSAGES[:4]))
        self.repaired(fetcher, server)

    def test_drops_at_the_first_deletion(self):
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks={"DELE 1": DROP})
        self.assertEqual((outcome["fetched"], outcome["deleted"], outcome["left_behind"]), (5, 0, 5))
        outcome = self.repaired(fetcher, server, "delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (0, 5))

    def test_falls_silent_at_quit(self):
        options = ("--timeout", "2")
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks={"QUIT": SILENCE}, options=options)
        self.assertIn("did not confirm the deletions", outcome["problem"])
        self.assertEqual(self.repaired(fetcher, server, "delete")["deleted"], 5)

    def test_drops_at_a_head(self):
        hooks = {"UIDL": b"-ERR what?\r\n", "TOP 2 0": DROP}
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, hooks=hooks)
        self.assertEqual(outcome["fetched"], 0)
        server.hooks = {"UIDL": b"-ERR what?\r\n"}
        fetcher.run()
        self.assertEqual(fetcher.mail(), CONTENT)

    def test_what_comes_in_the_place_of_a_message_is_no_reply(self):
        self.cut(b"220 what?\r\n", fetching.PROTOCOL)

    def test_drops_at_quit(self):
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks={"QUIT": DROP})
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (5, 0))
        self.assertIn("did not confirm the deletions", outcome["problem"])
        outcome = self.repaired(fetcher, server, "delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (0, 5))

    def test_drops_at_quit_with_nothing_to_delete(self):
        _, fetcher, _ = self.run_once(fetching.OK, hooks={"QUIT": DROP})
        self.assertEqual(fetcher.mail(), CONTENT)

    def test_quit_fails(self):
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks={"QUIT": b"-ERR some are left\r\n"})
        self.assertIn("some are left", outcome["problem"])
        self.assertEqual(self.repaired(fetcher, server, "delete")["deleted"], 5)


class SingleMessageTest(HostileTest):
    def test_one_message_cannot_be_fetched(self):
        hooks = {"RETR 2": b"-ERR it is damaged\r\n"}
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks=hooks)
        self.assertEqual((outcome["fetched"], outcome["deleted"], outcome["left_behind"]), (4, 4, 1))
        self.assertEqual(outcome["troubles"], [{"number": 2, "what": "message 2 could not be fetched: it is damaged"}])
        self.repaired(fetcher, server, "delete")

    def test_one_message_cannot_be_fetched_for_the_moment(self):
        hooks = {"RETR 5": b"-ERR [SYS/TEMP] the disk is slow today\r\n"}
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, hooks=hooks)
        self.assertEqual((outcome["fetched"], outcome["left_behind"]), (4, 1))
        self.assertEqual(self.repaired(fetcher, server)["fetched"], 1)

    def test_one_message_cannot_be_deleted(self):
        hooks = {"DELE 4": b"-ERR not that one\r\n"}
        outcome, fetcher, server = self.run_once(fetching.TEMPORARY, "delete", hooks=hooks)
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (5, 4))
        self.assertIn("not that one", outcome["troubles"][0]["what"])
        outcome = self.repaired(fetcher, server, "delete")
        self.assertEqual((outcome["fetched"], outcome["deleted"]), (0, 1))

    def test_sizes_that_lie(self):
        for lie in (b"1 1\r\n2 1\r\n3 1\r\n4 1\r\n5 1\r\n", b"".join(b"%d 9999999\r\n" % n for n in range(1, 6))):
            _, fetcher, _ = self.run_once(fetching.OK, hooks={"LIST": b"+OK\r\n" + lie + b".\r\n"})
            self.assertEqual(fetcher.mail(), CONTENT)
            shutil.rmtree(fetcher.folder)

    def test_replies_that_end_in_a_bare_lf(self):
        def bare(reply):
            return reply.replace(b"\r\n", b"\n")

        hooks = {word: bare for word in ("GREETING", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "QUIT")}
        _, fetcher, _ = self.run_once(fetching.OK, hooks=hooks)
        self.assertEqual(fetcher.mail(), CONTENT)

    def test_replies_with_a_nul(self):
        hooks = {"GREETING": b"+OK \x00\r\n", "PASS": b"+OK \x00 welcome\r\n", "RETR": lambda reply: b"+OK \x00" + reply[3:]}
        _, fetcher, _ = self.run_once(fetching.OK, hooks=hooks)
        self.assertEqual(fetcher.mail(), CONTENT)

    def test_a_message_that_is_empty(self):
        _, fetcher, _ = self.run_once(fetching.OK, messages=[("one", b""), ("two", MESSAGES[0][1])])
        self.assertEqual(fetcher.mail(), [b"", MESSAGES[0][1]])

    def test_a_message_shorter_than_listed(self):
        short = MESSAGES[1][1][:300].rpartition(b"\r\n")[0] + b"\r\n"
        _, fetcher, _ = self.run_once(fetching.OK, hooks={"RETR 2": b"+OK\r\n" + short.replace(b"\r\n.", b"\r\n..") + b".\r\n"})
        self.assertEqual(fetcher.mail(), sorted([short, *(content for uid, content in MESSAGES if uid != "uid-2")]))

    def test_a_greeting_that_takes_its_time(self):
        def late(reply):
            threading.Event().wait(1.5)  # what the server does, and for so long
            return reply

        _, fetcher, _ = self.run_once(fetching.OK, hooks={"GREETING": late, "PASS": late}, options=("--timeout", "5"))
        self.assertEqual(fetcher.mail(), CONTENT)

    def test_deletions_that_take_their_time(self):
        def late(reply):
            threading.Event().wait(6)  # longer than a server may be silent otherwise
            return reply

        many = [(f"uid-{n}", b"Subject: %d\r\n\r\n" % n) for n in range(400)]
        outcome, _, _ = self.run_once(fetching.OK, "delete", many, hooks={"QUIT": late}, options=("--timeout", "5"))
        self.assertEqual(outcome["deleted"], len(many))

    def test_octets_that_no_message_should_have(self):
        content = b"Subject: \x00\r\n\r\nNUL \x00 and bare LF\nthere, 8 bit \xff\xfe\r\n" + b"long " * 100_000 + b"\r\n"
        _, fetcher, _ = self.run_once(fetching.OK, messages=[("one", content)])
        files = list((fetcher.folder / "mail/new").iterdir())
        self.assertEqual([path.read_bytes() for path in files], [content.replace(b"\r\n", b"\n")])


class IdentityTest(HostileTest):
    def twice(self, mode="keep", fetched=5, **settings):
        """All is fetched, and nothing again by a second run."""
        outcome, fetcher, server = self.run_once(fetching.OK, mode, **settings)
        self.assertEqual(outcome["fetched"], fetched)
        again = fetcher.run(mode)
        self.assertEqual((again["fetched"], len(fetcher.mail())), (0, fetched))
        return outcome, fetcher, server

    def test_no_capa(self):
        self.twice(hooks={"CAPA": b"-ERR what?\r\n"})

    def test_no_pipelining(self):
        _, _, server = self.twice(capabilities=("TOP", "UIDL", "USER"))
        self.assertEqual(server.most_at_once, 1)

    def test_no_uidl(self):
        outcome, _, _ = self.twice(hooks={"UIDL": b"-ERR what?\r\n"}, capabilities=("TOP", "USER"))
        self.assertIn("told apart by their heads", " ".join(outcome["remarks"]))

    def test_neither_uidl_nor_top(self):
        hooks = {"UIDL": b"-ERR what?\r\n", "TOP": b"-ERR what?\r\n"}
        self.twice(hooks=hooks, capabilities=("USER",))

    def test_neither_uidl_nor_top_and_delete(self):
        hooks = {"UIDL": b"-ERR what?\r\n", "TOP": b"-ERR what?\r\n"}
        outcome, fetcher, server = self.run_once(fetching.OK, "delete", hooks=hooks, capabilities=("USER",))
        self.assertEqual((outcome["fetched"], outcome["deleted"], server.messages), (5, 5, []))
        self.assertEqual(fetcher.mail(), CONTENT)
        server.messages = MESSAGES[:1]  # comes again, after it was gone
        self.assertEqual(fetcher.run("delete")["fetched"], 1)

    def test_one_unique_id_for_several_messages(self):
        self.twice(messages=[("same", content) for _, content in MESSAGES])

    def test_a_message_without_a_unique_id(self):
        self.twice(messages=[*MESSAGES[:4], (None, MESSAGES[4][1])])

    def test_unique_ids_that_are_message_numbers(self):
        outcome, fetcher, server = self.twice(messages=[(str(n), content) for n, (_, content) in enumerate(MESSAGES, 1)])
        server.messages = [(str(n), content) for n, (_, content) in enumerate(MESSAGES[1:], 1)]
        self.assertEqual(fetcher.run()["fetched"], 0)

    def test_all_unique_ids_change(self):
        _, fetcher, server = self.twice()
        server.messages = [(f"moved-{n}", content) for n, (_, content) in enumerate(MESSAGES)] + [("new", message(9))]
        outcome = fetcher.run()
        self.assertEqual(outcome["fetched"], 1)
        self.assertIn("got another unique-id", " ".join(outcome["remarks"]))

    def test_an_empty_listing_makes_nothing_forgotten(self):
        _, fetcher, server = self.twice()
        server.messages = []
        self.assertIn("nothing is forgotten", " ".join(fetcher.run()["remarks"]))
        server.messages = list(MESSAGES)
        self.assertEqual(fetcher.run()["fetched"], 0)

    def test_stat_counts_more_than_is_listed(self):
        self.twice(hooks={"STAT": b"+OK 7 99999\r\n"})

    def test_stat_counts_nothing(self):
        self.twice(hooks={"STAT": b"+OK 0 0\r\n"})

    def test_stat_counts_more_than_there_can_be(self):
        self.twice(hooks={"STAT": b"+OK 99999999999999999999 99999999999999999999\r\n"})

    def test_a_listing_with_lines_that_make_no_sense(self):
        def odd(reply):
            return reply.replace(b"+OK\r\n", b"+OK\r\nhello\r\n0 12\r\n-1 x\r\n\r\n")

        self.twice(hooks={"LIST": odd, "UIDL": odd})

    def test_a_listing_that_names_a_message_twice(self):
        def double(reply):
            return reply.replace(b"+OK\r\n", b"+OK\r\n" + reply.split(b"\r\n")[2] + b"\r\n")

        self.twice(hooks={"LIST": double, "UIDL": double})

    def test_a_listing_of_messages_that_are_not_there(self):
        outcome, fetcher, server = self.run_once(
            fetching.TEMPORARY, hooks={"UIDL": lambda reply: reply[:-3] + b"6 uid-6\r\n18446744073709551615 uid-7\r\n.\r\n"})
        self.assertEqual((outcome["fetched"], outcome["left_behind"]), (5, 2))
        self.assertIn("no such message", outcome["troubles"][0]["what"])
        self.repaired(fetcher, server)

    def test_unique_ids_that_the_rfc_does_not_allow(self):
        ids = ("x" * 400, "with spaces", "caf\xe9", "\x01", "a/../../b")
        self.twice(messages=[(one, content) for one, (_, content) in zip(ids, MESSAGES)])

    def test_a_unique_id_comes_again_for_another_message(self):
        outcome, fetcher, server = self.run_once(fetching.OK, "delete")
        self.assertEqual((outcome["fetched"], server.messages), (5, []))
        server.messages = [("uid-1", message(99, 2000))]
        self.assertEqual(fetcher.run("delete")["fetched"], 1)
        self.assertIn(message(99, 2000), fetcher.mail())

    def test_octets_that_change_from_session_to_session(self):
        _, fetcher, server = self.twice()
        server.hooks = {"LIST": b"+OK\r\n" + b"".join(b"%d %d\r\n" % (n, 7 * n) for n in range(1, 6)) + b".\r\n"}
        server.messages.append(("uid-6", message(6)))
        self.assertEqual(fetcher.run()["fetched"], 1)

    def test_pipelining_that_does_not_work(self):
        many = [(f"uid-{n}", message(n)) for n in range(40)]
        server = self.server(many)

        def begin(reply):
            server.most_at_once = 0
            return reply

        server.hooks = {"GREETING": begin, "RETR": lambda reply: DROP if server.most_at_once > 2 else reply}
        fetcher = self.fetcher(server)
        outcome = fetcher.run()
        self.assertEqual(len(fetcher.mail()), 40)
        self.assertIn("one by one", " ".join(outcome["remarks"]))
        self.assertEqual(server.connections, 2)
        server.messages.append(("one-more", message(77)))
        self.assertEqual(fetcher.run()["fetched"], 1)
        self.assertEqual(server.connections, 3)


class TlsTest(HostileTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = pathlib.Path(tempfile.mkdtemp(prefix="fermo-fetch-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        cls.openssl("req", "-x509", "-new", "-key", cls.key("ca"), "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "30",
                    "-addext", "basicConstraints=critical,CA:TRUE")
        cls.issue("good", "DNS:localhost,IP:127.0.0.1", "20200101000000Z", "20991231000000Z")
        cls.issue("other", "DNS:pop.elsewhere.test", "20200101000000Z", "20991231000000Z")
        cls.issue("old", "DNS:localhost,IP:127.0.0.1", "20200101000000Z", "20210101000000Z")
        cls.issue("young", "DNS:localhost,IP:127.0.0.1", "20980101000000Z", "20991231000000Z")
        cls.openssl("req", "-x509", "-new", "-key", cls.key("self"), "-out", "self.pem", "-subj", "/CN=localhost", "-days", "30",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    @classmethod
    def openssl(cls, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=cls.certificates, timeout=60)

    @classmethod
    def key(cls, name):
        cls.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        return f"{name}.key"

    @classmethod
    def issue(cls, name, names, begins, ends):
        """By `openssl ca`, which alone can set both days."""
        folder = cls.certificates
        (folder / "index").write_text("")
        (folder / "serial").write_text(f"{len(list(folder.iterdir())):04d}\n")
        (folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
            f"x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName={names}\n")
        cls.openssl("req", "-new", "-key", cls.key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        cls.openssl("ca", "-batch", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr", "-out",
                    f"{name}.pem", "-startdate", begins, "-enddate", ends, "-notext")

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / f"{name}.pem", self.certificates / f"{name}.key")
        return context

    def pin(self, name):
        public = subprocess.run(["openssl", "pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER"], check=True,
                                capture_output=True, cwd=self.certificates, timeout=60).stdout
        return subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=public, check=True,
                              capture_output=True, timeout=60).stdout.split()[0].decode()

    def implicit(self, name, code, *options, host="127.0.0.1", authority=True):
        server = self.server(tls=self.context(name))
        known = ["--ca", str(self.certificates / "ca.pem")] if authority else []
        fetcher = self.fetcher(server, "pop3s", host, [*known, *options])
        outcome = fetcher.run(code=code)
        if code != fetching.OK:
            self.assertEqual(server.seen, [], "something was said to a server that is not to be trusted")
        return outcome

    def test_a_good_certificate(self):
        for host in ("127.0.0.1", "localhost"):
            self.assertEqual(self.implicit("good", fetching.OK, host=host)["listed"], 5)

    def test_a_certificate_for_another_host(self):
        outcome = self.implicit("other", fetching.PROTOCOL)
        self.assertEqual(outcome["verdict"], "certificate")
        self.assertIn("it is for pop.elsewhere.test, not for 127.0.0.1", outcome["problem"])

    def test_an_expired_certificate(self):
        self.assertIn("expired on 2021-01-01", self.implicit("old", fetching.PROTOCOL)["problem"])

    def test_a_certificate_of_the_future(self):
        self.assertIn("not valid before 2098-01-01", self.implicit("young", fetching.PROTOCOL)["problem"])

    def test_a_self_signed_certificate(self):
        outcome = self.implicit("self", fetching.PROTOCOL, authority=False)
        self.assertIn("self-signed", outcome["problem"])
        self.assertIn("--pin sha256//", outcome["advice"])

    def test_an_unknown_authority(self):
        self.assertIn("issued by Test authority", self.implicit("good", fetching.PROTOCOL, authority=False)["problem"])

    def test_a_pinned_key(self):
        self.assertEqual(self.implicit("self", fetching.OK, "--pin", self.pin("self"), authority=False)["listed"], 5)

    def test_a_pinned_key_does_not_excuse_the_host_or_the_day(self):
        for name, words in (("other", "not for 127.0.0.1"), ("old", "expired")):
            outcome = self.implicit(name, fetching.PROTOCOL, "--pin", self.pin(name), authority=False)
            self.assertIn(words, outcome["problem"])

    def test_another_key_than_the_pinned_one(self):
        outcome = self.implicit("good", fetching.PROTOCOL, "--pin", self.pin("self"))
        self.assertIn("not the one that is pinned", outcome["problem"])

    def test_no_tls_where_tls_should_be(self):
        server = self.server()
        outcome = self.fetcher(server, "pop3s", options=()).run(code=fetching.PROTOCOL)
        self.assertIn("does the server speak TLS at this port?", outcome["advice"])

    def test_tls_is_cut_off_in_the_midst_of_a_message(self):
        server = self.server(tls=self.context("good"), hooks={"RETR 3": [b"+OK\r\nSubject: cut", DROP]})
        fetcher = self.fetcher(server, "pop3s", options=["--ca", str(self.certificates / "ca.pem")])
        self.assertEqual(fetcher.run("delete", code=fetching.TEMPORARY)["fetched"], 2)
        self.repaired(fetcher, server, "delete")

    def test_remembered_ways_to_log_in_that_are_no_longer_taken(self):
        options = ["--ca", str(self.certificates / "ca.pem")]
        server = self.server(tls=self.context("good"), capabilities=("USER", "UIDL", "SASL PLAIN"))
        fetcher = self.fetcher(server, "pop3s", options=options)
        server.hooks = {"AUTH": b"+OK\r\n"}
        self.assertEqual(fetcher.run()["fetched"], 5)
        self.assertIn("CAPA", server.seen)
        server.seen.clear()
        server.hooks = {"AUTH": b"-ERR gone\r\n"}
        server.capabilities = ("USER", "UIDL")
        self.assertEqual(fetcher.run()["fetched"], 0)
        self.assertEqual(server.seen[0].partition(" ")[0], "AUTH")  # what it could do was remembered
        self.assertEqual(server.seen[1:4], ["CAPA", "USER ann", f"PASS {fetching.PASSWORD}"])
        server.seen.clear()
        fetcher.run()
        self.assertEqual(server.seen[:2], ["USER ann", f"PASS {fetching.PASSWORD}"])

    def test_a_server_that_has_learnt_to_rewrite_messages_unless_it_is_told_not_to(self):
        server = self.server(tls=self.context("good"), capabilities=("USER", "UIDL"))
        fetcher = self.fetcher(server, "pop3s", options=["--ca", str(self.certificates / "ca.pem")])
        self.assertEqual(fetcher.run()["fetched"], 5)
        server.capabilities, server.hooks = ("USER", "UIDL", "UTF8"), {"UTF8": b"+OK\r\n"}
        server.messages.append(("new", b"Subject: new\r\n\r\n"))
        login = ["USER ann", f"PASS {fetching.PASSWORD}"]
        server.seen.clear()
        self.assertEqual(fetcher.run("delete")["fetched"], 1)
        self.assertEqual(server.seen[:7], [*login, "CAPA", "CAPA", "UTF8", *login])
        server.seen.clear()
        self.assertEqual(fetcher.run("delete")["exit_code"], fetching.OK)
        self.assertEqual(server.seen[:3], ["UTF8", *login])

    def stls(self, code, hooks=None, **settings):
        server = self.server(hooks=hooks, **settings)
        fetcher = self.fetcher(server, "pop3+stls", options=["--ca", str(self.certificates / "ca.pem")])
        outcome = fetcher.run("keep", "--timeout", "2", code=code)
        if code != fetching.OK:
            self.assertFalse([line for line in server.seen if line.startswith(("USER", "PASS", "AUTH"))])
        return outcome, server

    def test_stls(self):
        outcome, server = self.stls(fetching.OK, stls=self.context("good"))
        self.assertEqual(outcome["fetched"], 5)
        self.assertLess(server.seen.index("STLS"), server.seen.index(f"USER ann"))

    def test_stls_is_not_offered(self):
        outcome, _ = self.stls(fetching.PROTOCOL)
        self.assertIn("does not offer STLS", outcome["problem"])

    def test_stls_is_refused(self):
        outcome, _ = self.stls(fetching.PROTOCOL, {"STLS": b"-ERR not now\r\n"}, capabilities=("STLS",))
        self.assertIn("not now", outcome["problem"])

    def test_a_reply_injected_before_tls(self):
        outcome, _ = self.stls(fetching.PROTOCOL, {"STLS": b"+OK go on\r\n+OK injected\r\n"}, stls=self.context("good"))
        self.assertIn("before TLS began", outcome["problem"])

    def test_a_reply_injected_with_the_greeting(self):
        outcome, _ = self.stls(fetching.PROTOCOL, {"GREETING": b"+OK hello\r\n+OK injected\r\n"}, stls=self.context("good"))
        self.assertIn("before TLS began", outcome["problem"])

    def test_stls_with_a_certificate_for_another_host(self):
        outcome, _ = self.stls(fetching.PROTOCOL, stls=self.context("other"))
        self.assertIn("not for 127.0.0.1", outcome["problem"])

    def test_falls_silent_in_the_handshake(self):
        outcome, _ = self.stls(fetching.TEMPORARY, {"STLS": [b"+OK go on\r\n", SILENCE]}, capabilities=("STLS",))
        self.assertIn("did not answer in time", outcome["problem"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
