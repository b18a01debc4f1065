#!/usr/bin/python3
"""A process that stands still for longer than anybody waits for it, and then goes on: so does the service."""
import os
import signal
import ssl
import socket
import unittest
from concurrent.futures import ThreadPoolExecutor

from trees import SECONDS_MAX, USERS, any_certificate, fermo, held, roles, until


def shakes_hands(port):
    """Whether a handshake comes to its end."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as plain:
            with any_certificate().wrap_socket(plain):
                return True
    except (ssl.SSLError, ConnectionError):
        return False


class StoppedRoleTest(unittest.TestCase):
    def test_handshakes_fail_while_keys_stands_still_and_succeed_afterwards(self):
        with fermo(users=USERS) as server:
            port = server.ports["pop3s"]
            self.assertTrue(shakes_hands(port))
            keys = roles(server)["keys"]
            os.kill(keys, signal.SIGSTOP)
            # More than the net process has connections to it, so that each of them waits in vain.
            count = 4 * os.cpu_count()
            with ThreadPoolExecutor(count) as clients:
                self.assertEqual(set(clients.map(shakes_hands, [port] * count)), {False})
            os.kill(keys, signal.SIGCONT)
            until(lambda: shakes_hands(port), "a handshake afterwards")
            self.assertEqual(held(server), "0")
            self.assertEqual(roles(server)["keys"], keys, "it was not started again")

    def test_a_net_process_that_stands_still_at_a_reload_is_started_again_and_the_server_can_be_ended(self):
        with fermo(users=USERS) as server:
            net = roles(server)["net"]
            os.kill(net, signal.SIGSTOP)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "not reloaded: the net process did not answer" in server.tail(), "the launcher no longer waits")
            until(lambda: roles(server).get("net") not in (None, net), "net runs again")
            until(lambda: held(server), "a login afterwards")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "the configuration has been reloaded" in server.tail(), "a reload afterwards")
            server.stop()

    def test_a_server_whose_processes_stand_still_can_be_ended_and_has_all_mail_afterwards(self):
        with fermo(users=USERS, config="[limits]\ndrain_seconds_max = 0\n") as server:
            server.run("deliver", "ann", input=b"Subject: one\r\n\r\nbody\r\n")
            for role in ("net", "auth"):
                os.kill(roles(server)[role], signal.SIGSTOP)
            server.stop()
            for role in ("net", "auth"):
                self.assertRegex(server.tail(), f"the {role} process did not end within [0-9]+ s")
            server.start()
            self.assertEqual(held(server), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
