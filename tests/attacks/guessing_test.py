#!/usr/bin/python3
"""Password guessing over POP3: what an attacker gets to try, and what the owner of the account notices of it."""
import base64
import concurrent.futures
import poplib
import signal
import socket
import unittest

from peers import PASSWORD, Peer, fermo, processor_seconds, roles, until

THROTTLED = "[SYS/TEMP] Too many failed logins"


class Pop3From(poplib.POP3):
    """A client with an address of its own."""

    def __init__(self, address, port):
        self.address = address
        super().__init__("127.0.0.1", port, timeout=30)

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source_address=(self.address, 0))


class GuessingTest(unittest.TestCase):
    def serve(self, config=""):
        context = fermo(config, users=[("anna", PASSWORD), ("berta", PASSWORD)])
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def login(self, address, user, password):
        """The reply to PASS."""
        client = Pop3From(address, self.server.ports["pop3"])
        try:
            client.user(user)
            return client.pass_(password).decode()
        except poplib.error_proto as refusal:
            return str(refusal)
        finally:
            client.close()

    def guess(self, address, user="anna"):
        reply = self.login(address, user, "wrong")
        self.assertIn("-ERR", reply)
        return "throttled" if THROTTLED in reply else "refused"

    def test_an_address_may_fail_ten_times_in_a_minute(self):
        self.serve()
        # Connections are made anew each time, which must be no way around.
        replies = [self.guess("127.0.0.2", user) for user in ["anna", "berta", "nobody"] * 5]
        self.assertEqual(replies, ["refused"] * 10 + ["throttled"] * 5)
        self.assertIn(THROTTLED, self.login("127.0.0.2", "anna", PASSWORD))
        self.assertIn("+OK", self.login("127.0.0.3", "anna", PASSWORD))

    def test_the_owner_gets_in_while_others_guess_from_many_places(self):
        self.serve()
        self.assertIn("+OK", self.login("127.0.1.1", "anna", PASSWORD))
        replies = [self.guess(f"127.0.2.{n % 20 + 1}") for n in range(120)]
        self.assertEqual(replies, ["refused"] * 80 + ["throttled"] * 40)
        self.assertIn("+OK", self.login("127.0.1.1", "anna", PASSWORD))
        self.assertIn("+OK", self.login("127.0.1.2", "anna", PASSWORD), "a place that is new")

    def plain_guess(self, address, user):
        """The same by AUTH PLAIN, over TLS."""
        peer = Peer(self.server.ports["pop3s"], address).start_tls()
        peer.line()
        reply = peer.ask(b"AUTH PLAIN " + base64.b64encode(b"\0" + user.encode() + b"\0wrong")).decode()
        self.assertIn("-ERR", reply)
        return "throttled" if THROTTLED in reply else "refused"

    def test_guessing_at_once_and_in_every_way_gains_nothing(self):
        self.serve()
        with concurrent.futures.ThreadPoolExecutor(40) as attackers:
            under_way = [attackers.submit(self.guess if n % 2 else self.plain_guess, "127.0.0.2", ["anna", "berta"][n % 4 // 2]) for n in range(80)]
            self.assertIn("+OK", self.login("127.0.0.3", "anna", PASSWORD), "the owner, meanwhile")
            replies = [guess.result() for guess in under_way]
        self.assertEqual(sorted(replies), ["refused"] * 10 + ["throttled"] * 70)

    def test_names_that_do_not_exist_get_the_same_words_and_the_same_work(self):
        self.serve('[logins]\nexempt_networks = ["127.0.0.0/8"]\n')
        auth = roles(self.server)["auth"]
        work, words = {}, {}
        for user in ("anna", "berta", "nobody", "nobody@example.org", "nob\xf6dy"):
            before = processor_seconds(auth)
            words[user] = {self.login("127.0.0.2", user, "wrong") for _ in range(12)}
            work[user] = processor_seconds(auth) - before
        self.assertEqual(len(set(map(frozenset, words.values()))), 1, words)
        # Processor time, which waiting does not add to; a login without a hash would take a hundredth.
        self.assertGreater(min(work.values()) * 3, max(work.values()), work)

    def test_the_limits_are_the_operators(self):
        self.serve('[logins]\nguesses_per_address_max = 2\nexempt_networks = ["127.0.0.9"]\n')
        self.assertEqual([self.guess("127.0.0.2") for _ in range(3)], ["refused"] * 2 + ["throttled"])
        self.assertEqual({self.guess("127.0.0.9") for _ in range(10)}, {"refused"})

    def test_networks_are_exempt_from_a_reload_on(self):
        self.serve("[logins]\nguesses_per_address_max = 2\n")
        self.assertEqual([self.guess("127.0.0.9") for _ in range(3)], ["refused"] * 2 + ["throttled"])
        self.server.config.write_text('[logins]\nguesses_per_address_max = 2\nexempt_networks = ["127.0.0.9"]\n')
        self.server.process.send_signal(signal.SIGHUP)
        until(lambda: self.guess("127.0.0.9") == "refused", "an attempt that is not counted")
        self.assertEqual({self.guess("127.0.0.9") for _ in range(10)}, {"refused"})
        self.assertEqual([self.guess("127.0.0.2") for _ in range(3)], ["refused"] * 2 + ["throttled"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
