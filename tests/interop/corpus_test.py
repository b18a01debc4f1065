#!/usr/bin/python3
"""A few thousand real messages go in and come out of two clients unchanged, with the octets that LIST announced.

The messages are a set of third-party mail that is not part of the source tree: FERMO_SHARED names the folder that holds it.
"""
import collections
import os
import pathlib
import poplib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import corpus  # noqa: E402
import mail_clients  # noqa: E402
from fermo_process import canonical, fermo, without_trace_fields  # noqa: E402

poplib._MAXLINE = 1 << 22
USER, PASSWORD = "corpus", "corpus password"


class CorpusTest(unittest.TestCase):
    def test_every_message_comes_back_identical(self):
        if not corpus.available():
            self.skipTest(corpus.WHERE)
        with tempfile.TemporaryDirectory(prefix="fermo-corpus-") as folder, fermo(users=[(USER, PASSWORD)]) as server:
            folder = pathlib.Path(folder)
            messages = [canonical(message) for message in corpus.corpus()]
            self.assertGreater(len(messages), 3000)
            refused = corpus.deliver(server, USER, messages)
            self.assertGreaterEqual(refused, 1)

            client = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=60)
            client.user(USER)
            client.pass_(PASSWORD)
            sizes = [int(line.split()[1]) for line in client.list()[1]]
            self.assertEqual(client.stat(), (len(messages), sum(sizes)))
            client.quit()

            port = server.ports["pop3"]
            fetched = mail_clients.curl(folder, port, USER, PASSWORD, len(messages))
            self.assertEqual([len(message) for message in fetched], sizes, "LIST announced other octets than RETR sent")
            wrong = [number for number, (got, sent) in enumerate(zip(fetched, messages), 1) if without_trace_fields(got) != sent]
            self.assertEqual(wrong, [], "messages that curl got changed")

            # mpop writes Unix line ends, in an order of its own.
            by_mpop = [without_trace_fields(message) for message in mail_clients.mpop(folder, port, USER, PASSWORD)]
            left = collections.Counter(message.replace(b"\r\n", b"\n") for message in messages)
            left.subtract(by_mpop)
            self.assertEqual([message[:200] for message, count in left.items() if count], [], "messages that mpop got changed")
            print(f"{len(messages)} messages identical through curl and mpop; {refused} of them not fit for LMTP")


if __name__ == "__main__":
    unittest.main()
