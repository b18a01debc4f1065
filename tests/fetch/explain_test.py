#!/usr/bin/python3
"""`fermo fetch explain` says why each message was or was not fetched or deleted."""
import json
import os
import subprocess
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import BINARY  # noqa: E402
from fetching import message  # noqa: E402
from modes_test import FermoServerTest  # noqa: E402

NO_INPUT, NO_USER = 66, 67


class ExplainTest(FermoServerTest):
    def explain(self, fetcher, *words, code=0):
        command = [BINARY, "fetch", "explain", "--state", str(fetcher.folder / "state"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def messages(self, fetcher, *words):
        return json.loads(self.explain(fetcher, self.account(fetcher), *words, "--json"))["messages"]

    @staticmethod
    def account(fetcher):
        return f"ann@{fetcher.url.partition('://')[2]}"

    def test_what_is_kept(self):
        self.deliver(message(1), message(2))
        fetcher = self.fetcher()
        fetcher.run("keep")
        told = self.messages(fetcher)
        self.assertEqual([one["position"] for one in told], [1, 2])
        self.assertEqual({(one["standing"], one["reason"], one["gone"]) for one in told}, {("whole", "is-new", None)})
        self.assertEqual([one["unique_id"] for one in told], [one["unique_id"] for one in self.held()])
        table = self.explain(fetcher, self.account(fetcher)).splitlines()
        self.assertEqual(table[0].split()[:3], ["POSITION", "OCTETS", "UNIQUE-ID"])
        self.assertEqual(len(table), 3)
        self.assertIn("still there", table[1])

    def test_one_message_by_its_unique_id_or_position(self):
        self.deliver(message(1), message(2))
        fetcher = self.fetcher()
        fetcher.run("keep")
        unique_id = self.held()[1]["unique_id"]
        by_id = self.explain(fetcher, self.account(fetcher), unique_id)
        self.assertEqual(by_id, self.explain(fetcher, self.account(fetcher), "2"))
        self.assertIn(f"message {unique_id}", by_id)
        self.assertIn("because it is new\n", by_id)
        name = by_id.split("its name there: ")[1].splitlines()[0]
        self.assertEqual(len([path for path in (fetcher.folder / "mail/new").iterdir() if path.name.startswith(name)]), 1)
        self.assertIn("nothing is known of a message 99",
                      self.explain(fetcher, self.account(fetcher), "99", code=fetching.DATA_ERROR))

    def test_what_was_deleted_is_told_by_wish(self):
        self.deliver(message(1), message(2))
        fetcher = self.fetcher()
        fetcher.run("keep-newest=1")
        self.assertEqual(len(self.messages(fetcher)), 1)
        gone = self.messages(fetcher, "--all")[0]
        self.assertIsNotNone(gone["gone"])
        self.assertIn("on the server: deleted", gone["text"])
        command = [BINARY, "fetch", "explain", "--state", str(fetcher.folder / "state"), self.account(fetcher)]
        hidden = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(hidden.stderr, "fermo: left out: 1 message deleted on the server; --all shows all\n")
        self.assertEqual(subprocess.run([*command, "--all"], capture_output=True, text=True, timeout=60).stderr, "")

    def test_what_is_left_and_fetched_in_part(self):
        self.deliver(message(1), message(2, 50_000))
        fetcher = self.fetcher()
        fetcher.run("delete", "--limit-octets", "10000")
        (large,) = self.messages(fetcher)
        self.assertEqual((large["standing"], large["reason"]), ("head", "too-large"))
        self.assertIn("larger than the limit", self.explain(fetcher, self.account(fetcher)))

    def test_the_account_can_be_named_as_it_is_fetched(self):
        self.deliver(message(1))
        fetcher = self.fetcher()
        fetcher.run("keep")
        by_server = self.explain(fetcher, "--server", fetcher.url, "--user", "ann", "1")
        self.assertEqual(by_server, self.explain(fetcher, self.account(fetcher), "1"))

    def test_without_an_account_all_are_listed(self):
        self.deliver(message(1), message(2))
        fetcher = self.fetcher()
        fetcher.run("keep")
        fetcher.user = "bob"
        fetcher.run("keep")
        told = json.loads(self.explain(fetcher, "--json"))
        self.assertEqual([(one["account"][:4], one["messages"]) for one in told], [("ann@", 2), ("bob@", 0)])
        self.assertIn("LAST LOGIN", self.explain(fetcher))

    def test_what_is_not_known(self):
        fetcher = self.fetcher()
        self.assertIn("nothing has been fetched yet", self.explain(fetcher, code=NO_INPUT))
        fetcher.run("keep")
        self.assertIn("explain lists those", self.explain(fetcher, "nobody", code=NO_USER))


if __name__ == "__main__":
    unittest.main(verbosity=2)
