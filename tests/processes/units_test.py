#!/usr/bin/python3
"""A server whose processes a service manager starts, one for each connection to a socket, as the system's units have it."""
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from trees import SECONDS_MAX, USERS, children, fermo, held, is_there, role_of, session, status, until

ROLES = ("keys", "store", "auth", "net")


class ServiceManager:
    """systemd-socket-activate for each role: it starts `fermo role NAME` for whoever connects."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.activators = {}
        for role in ROLES:
            self.activate(role, os.environ["FERMO_BINARY"], "role", role)

    def activate(self, role, *program):
        command = ["systemd-socket-activate", "--accept", "--seqpacket", "--listen", str(self.folder / role), *program]
        self.activators[role] = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until((self.folder / role).is_socket, f"a socket for {role}")

    def deactivate(self, role):
        self.activators[role].kill()
        self.activators[role].wait()
        (self.folder / role).unlink()

    def processes(self):
        """The processes of each role."""
        return {role: {pid for pid in children(activator.pid) if role_of(pid) == role and is_there(pid)} for role, activator in self.activators.items()}

    def process(self, role):
        return until(lambda: self.processes()[role], f"{role} runs").copy().pop()

    def end(self):
        for activator in self.activators.values():
            activator.kill()
            activator.wait()


@contextlib.contextmanager
def managed(start=True):
    with tempfile.TemporaryDirectory(prefix="fermo-roles-") as folder, fermo(users=USERS, start=False) as server:
        manager = ServiceManager(folder)
        try:
            if start:
                server.start(options=["--roles", folder])
            yield server, manager
            server.stop()
        finally:
            manager.end()


class UnitsTest(unittest.TestCase):
    def test_every_process_is_started_by_the_manager_and_none_by_the_server(self):
        with managed() as (server, manager):
            self.assertEqual({role: len(pids) for role, pids in manager.processes().items()}, dict.fromkeys(ROLES, 1))
            self.assertEqual(children(server.process.pid), set())
            self.assertEqual(held(server), "0")

    def test_each_is_confined_as_one_that_the_server_starts(self):
        with managed() as (_, manager), fermo(users=USERS) as other:
            for pid in children(other.process.pid):
                own, theirs = status(pid), status(manager.process(role_of(pid)))
                for line in ("NoNewPrivs", "Seccomp", "CapEff", "CapPrm"):
                    self.assertEqual(own[line], theirs[line], role_of(pid))

    def test_the_server_is_confined_as_one_that_starts_them_itself(self):
        with managed() as (server, _), fermo(users=USERS) as other:
            own, theirs = status(other.process.pid), status(server.process.pid)
            for line in ("NoNewPrivs", "Seccomp", "CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
                self.assertEqual(own[line], theirs[line], line)

    def test_new_keys_are_read_and_the_sockets_are_removed_at_the_end(self):
        with managed(start=False) as (server, manager), tempfile.TemporaryDirectory(prefix="fermo-port-") as folder:
            port = pathlib.Path(folder) / "lmtp"
            server.start(listen=[f"lmtp=unix:{port}"], options=["--roles", str(manager.folder)])
            self.assertTrue(port.is_socket())
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "has been reloaded" in server.tail(), "a reload")
            server.stop()
            self.assertFalse(port.exists())
            self.assertFalse((server.data / "control.sock").exists())

    def test_one_that_is_lost_is_started_again(self):
        with managed() as (server, manager):
            for role in ROLES:
                with self.subTest(role):
                    lost = manager.process(role)
                    os.kill(lost, signal.SIGKILL)
                    until(lambda: manager.processes()[role] - {lost}, f"{role} runs again")
                    until(lambda: held(server), f"a login after {role} was lost")

    def test_new_keys_come_with_a_process_of_their_own(self):
        with managed() as (server, manager):
            before = manager.process("keys")
            pop = session(server)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: manager.processes()["keys"] - {before}, "another process with keys")
            until(lambda: held(server), "a login with the new keys")
            self.assertEqual(pop.quit()[:3], b"+OK")

    def test_all_end_with_the_server(self):
        with managed() as (server, manager):
            server.stop()
            # Not its children: it sees the end of their connections, which comes a moment before theirs.
            until(lambda: manager.processes() == dict.fromkeys(ROLES, set()), "all have ended")

    def test_all_end_when_the_server_is_killed_and_the_next_waits_for_them(self):
        with managed() as (server, manager):
            server.kill()
            server.start(options=["--roles", str(manager.folder)])
            self.assertEqual(held(server), "0")
            until(lambda: {len(pids) for pids in manager.processes().values()} == {1}, "those of the first have ended")

    def test_a_socket_that_is_not_there_is_named(self):
        with managed(start=False) as (server, manager):
            (manager.folder / "auth").unlink()
            done = server.run("serve", "--roles", str(manager.folder), check=False, timeout=SECONDS_MAX)
            self.assertEqual(done.returncode, 66)
            self.assertIn(f"{manager.folder}/auth", done.stderr.decode())

    def test_one_that_ends_at_once_is_named(self):
        with managed(start=False) as (server, manager):
            manager.deactivate("auth")
            manager.activate("auth", "/bin/false")
            done = server.run("serve", "--roles", str(manager.folder), check=False, timeout=SECONDS_MAX)
            self.assertEqual(done.returncode, 70)
            self.assertIn("the auth process cannot begin: it ended", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
