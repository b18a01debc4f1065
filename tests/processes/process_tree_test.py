#!/usr/bin/python3
"""The processes of a server: each is confined, is started again when it is lost, and ends with the others."""
import json
import os
import pathlib
import poplib
import signal
import ssl
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["FERMO_SOURCE_DIR"]) / "tests/support"))
from fermo_process import fermo  # noqa: E402

USERS = [("ann", "first-secret"), ("bob", "second-secret")]
SECONDS_MAX = 60


def until(condition, what):
    """Waits for what must come true by itself."""
    end = time.monotonic() + SECONDS_MAX
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {SECONDS_MAX} s: {what}")
        time.sleep(0.01)
    return found


def children(pid):
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.update(int(child) for child in task.read_text().split())
        except OSError:
            pass
    return found


def role_of(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return words[2].decode() if len(words) > 2 and words[1] == b"role" else None


def roles(server):
    """The processes of a server by role."""
    return {role: pid for pid in children(server.process.pid) if (role := role_of(pid))}


def status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def confinement(server):
    return {one["role"]: one for one in json.loads(server.run("doctor", "--json", check=False).stdout)["roles"]}


def is_there(pid):
    try:
        return status(pid)["State"][0] != "Z"
    except OSError:
        return False


def session(server):
    """A login over TLS, whatever the name in the certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    pop = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=context, timeout=SECONDS_MAX)
    pop.user("ann")
    pop.pass_("first-secret")
    return pop


def can_log_in(server):
    try:
        session(server).quit()
        return True
    except (poplib.error_proto, OSError):
        return False


class ProcessTreeTest(unittest.TestCase):
    def test_every_role_runs_and_is_confined_as_the_doctor_says(self):
        with fermo(users=USERS) as server:
            possible = confinement(server)
            running = roles(server)
            self.assertEqual(set(running), set(possible))
            for role, pid in running.items():
                is_so, said = status(pid), possible[role]
                self.assertEqual(is_so["NoNewPrivs"] == "1", said["privileges_dropped"], role)
                self.assertEqual(is_so["Seccomp"] == "2", said["calls_filtered"], role)
                if said["privileges_dropped"]:
                    self.assertEqual(int(is_so["CapEff"], 16), 0, role)
                    self.assertEqual(int(is_so["CapPrm"], 16), 0, role)

    def test_what_is_missing_is_logged_and_the_doctor_says_it_too(self):
        with fermo(users=USERS) as server:
            missing = {sentence for one in confinement(server).values() for sentence in one["missing"]}
            self.assertEqual("not confined" in server.tail(), bool(missing))
            self.assertEqual(server.run("doctor", check=False).returncode, 69 if missing else 0)

    def test_nothing_secret_is_told_on_the_command_line_or_in_the_environment(self):
        with fermo(users=USERS) as server:
            for role, pid in roles(server).items():
                self.assertEqual(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes(), b"fermo\0role\0" + role.encode() + b"\0")

    def test_every_role_that_is_lost_is_started_again(self):
        with fermo(users=USERS) as server:
            for role, pid in roles(server).items():
                with self.subTest(role):
                    os.kill(pid, signal.SIGKILL)
                    until(lambda: roles(server).get(role) not in (None, pid), f"{role} runs again")
                    until(lambda: can_log_in(server), f"a login after {role} was lost")

    def test_all_end_with_the_server(self):
        with fermo(users=USERS) as server:
            running = roles(server)
            server.stop()
            self.assertEqual([role for role, pid in running.items() if is_there(pid)], [])

    def test_all_end_when_the_server_is_killed(self):
        with fermo(users=USERS) as server:
            running = roles(server)
            server.kill()
            for role, pid in running.items():
                until(lambda: not is_there(pid), f"{role} has ended")

    def test_a_signal_to_the_whole_group_ends_it_as_one_to_the_server_does(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with fermo(users=USERS) as server:
                with self.subTest(number):
                    running = roles(server)
                    for pid in (*running.values(), server.process.pid):
                        os.kill(pid, number)
                    self.assertEqual(server.process.wait(timeout=SECONDS_MAX), 0, server.tail())
                    server.process.stdout.close()
                    server.process = None
                    self.assertNotIn("started again", server.tail())
                    self.assertEqual([role for role, pid in running.items() if is_there(pid)], [])

    def test_the_hidden_command_is_not_for_people(self):
        with fermo(start=False) as server:
            for role in ("keys", "nonsense"):
                done = server.run("role", role, check=False)
                self.assertEqual(done.returncode, 64)


if __name__ == "__main__":
    unittest.main()
