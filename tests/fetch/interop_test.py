#!/usr/bin/python3
"""`fermo fetch` from the POP3 servers that Debian has, in the clear, over STLS and over TLS: what is in the Maildir is what
the server sent, octet for octet, and what the server sent is what was delivered, but for what that server is known to
change.

    interop_test.py [dovecot|courier|cyrus|mailutils|fermo …]

Of the shared set of mail a part is taken, what is hard in it and every tenth of the others; FERMO_INTEROP_MAIL=all takes all,
over each kind of connection.
"""
import collections
import os
import shutil
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import corpus  # noqa: E402
from fetching import Fetcher, maildir_files  # noqa: E402
from servers.courier import Courier  # noqa: E402
from servers.cyrus import Cyrus  # noqa: E402
from servers.dovecot import Dovecot  # noqa: E402
from servers.fermo import Fermo  # noqa: E402
from servers.mailutils import Mailutils  # noqa: E402

ALL_MAIL = os.environ.get("FERMO_INTEROP_MAIL") == "all"
STRIDE = 1 if ALL_MAIL else 10
GENERATED = 60
FEW = 40


def mail():
    """With Unix line ends, as a local delivery agent writes it."""
    shared = [message.replace(b"\r\n", b"\n") for message in corpus.corpus()] if corpus.available() else []
    chosen = [message for number, message in enumerate(shared) if number % STRIDE == 0 or corpus.is_hard(message)]
    return [message for message in chosen + corpus.generated(GENERATED) if message]


class InteropTest:
    """A class for each server inherits it."""

    server_type = None

    @classmethod
    def setUpClass(cls):
        missing = cls.server_type.missing()
        if missing:
            raise unittest.SkipTest(missing)
        cls.server = cls.server_type()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.__enter__()
        cls.mail = mail()

    def fetcher(self, scheme, name=None):
        folder = self.server.folder / "fetched" / (name or scheme)
        shutil.rmtree(folder, ignore_errors=True)
        return Fetcher(folder, self.server.url(scheme), user=self.server.user, password=self.server.password,
                       options=self.server.options(scheme), timeout=60)

    def fill(self, messages):
        """Gives what the server sends of them."""
        self.server.fill(messages)
        sent = self.server.wire()
        self.assertEqual(len(sent), len(messages))
        wrong = [number for number, (got, message) in enumerate(zip(sent, messages)) if not self.server.same(got, message)]
        first = messages[wrong[0]][:2000] if wrong else b""
        self.assertEqual(wrong, [], f"the server changed what it is not known to change, first {first!r}")
        return sent

    def assert_fetched(self, fetcher, sent):
        got = collections.Counter(maildir_files(fetcher))
        wanted = collections.Counter(one.replace(b"\r\n", b"\n") for one in sent)
        self.assertEqual(sum(got.values()), len(sent))
        self.assertEqual([one[:400] for one in wanted - got], [], "not fetched as the server sends it")

    def fetch(self, scheme, mode, sent):
        with self.subTest(scheme=scheme, mode=mode):
            fetcher = self.fetcher(scheme, f"{scheme}-{mode}")
            outcome = fetcher.run(mode)
            self.assertEqual(outcome["fetched"], len(sent), outcome)
            self.assertEqual(outcome["tls"] != "", scheme != "pop3")
            self.assert_fetched(fetcher, sent)
            self.server.await_held(0 if mode == "delete" else len(sent))
            self.assertEqual(fetcher.run(mode)["fetched"], 0)

    def test_all_kinds_of_mail(self):
        for scheme in self.server.schemes if ALL_MAIL else self.server.schemes[-1:]:
            sent = self.fill(self.mail)
            self.fetch(scheme, "keep", sent)
            self.fetch(scheme, "delete", sent)
        print(f"{self.server_type.__name__}: {len(sent)} messages identical", file=sys.stderr)

    def test_every_kind_of_connection_in_both_modes(self):
        few = self.mail[-FEW:]
        for mode in ("keep", "delete"):
            for scheme in self.server.schemes:
                self.fetch(scheme, mode, self.fill(few))

    def test_what_is_new_comes_to_what_was_kept(self):
        fetcher = self.fetcher(self.server.schemes[0])
        sent = self.fill(self.mail[:FEW])
        self.assertEqual(fetcher.run("keep")["fetched"], FEW)
        self.server.add(self.mail[FEW:FEW + 3])
        self.assertEqual(fetcher.run("keep")["fetched"], 3)
        self.assertEqual(fetcher.run("keep")["fetched"], 0)
        self.assert_fetched(fetcher, self.server.wire())
        self.assertEqual(self.server.wire()[:len(sent)], sent)


class FermoTest(InteropTest, unittest.TestCase):
    server_type = Fermo


class DovecotTest(InteropTest, unittest.TestCase):
    server_type = Dovecot

    def test_modes_between(self):
        sent = self.fill(self.mail[:FEW])
        fetcher = self.fetcher("pop3s", "newest")
        outcome = fetcher.run("keep-newest=10")
        self.assertEqual((outcome["fetched"], outcome["deleted"], self.server.held()), (FEW, FEW - 10, 10))
        self.assert_fetched(fetcher, sent)
        self.assertEqual(fetcher.run("keep-newest=10")["deleted"], 0)

        sent = self.fill(self.mail[:FEW])
        fetcher = self.fetcher("pop3s", "days")
        outcome = fetcher.run("keep-days=1")
        self.assertEqual((outcome["fetched"], outcome["deleted"], self.server.held()), (FEW, 0, FEW))
        outcome = fetcher.run("keep-days=0")
        self.assertEqual((outcome["fetched"], outcome["deleted"], self.server.held()), (0, FEW, 0))
        self.assert_fetched(fetcher, sent)


class CourierTest(InteropTest, unittest.TestCase):
    server_type = Courier


class CyrusTest(InteropTest, unittest.TestCase):
    server_type = Cyrus

    def test_a_channel_binding_that_was_refused_is_not_tried_again(self):
        self.fill([])
        fetcher = self.fetcher("pop3s", "binding")
        first, second = (fetcher.run("keep")["octets_out"] for _ in range(2))
        self.assertLess(second, first - 100)  # what a whole exchange of SCRAM takes at least


class MailutilsTest(InteropTest, unittest.TestCase):
    server_type = Mailutils


if __name__ == "__main__":
    names = [f"{word.capitalize()}Test" if word.isalpha() and word.islower() else word for word in sys.argv[1:]]
    unittest.main(argv=[sys.argv[0], *names], verbosity=2)
