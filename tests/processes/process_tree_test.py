#!/usr/bin/python3
"""The processes of a server: each is confined, is started again when it is lost, and ends with the others."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from trees import SECONDS_MAX, USERS, Lines, fermo, held, is_there, lose, roles, session, status, until


def confinement(server):
    return {one["role"]: one for one in json.loads(server.run("doctor", "--json", check=False).stdout)["roles"]}


def may_change_what_it_sees():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode == 0


def threads(pid):
    return [int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def capabilities(of, kind):
    """The numbers of those in one line of a status."""
    mask = int(of[kind], 16)
    return {number for number in range(64) if mask >> number & 1}


CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID = 2, 5, 6, 7


class ProcessTreeTest(unittest.TestCase):
    def test_every_role_runs_and_is_confined_as_the_doctor_says(self):
        with fermo(users=USERS) as server:
            possible = confinement(server)
            running = {**roles(server), "launcher": server.process.pid}
            self.assertEqual(set(running), set(possible))
            for role, pid in running.items():
                said = possible[role]
                for thread in threads(pid):
                    is_so = status(thread)
                    self.assertEqual(is_so["NoNewPrivs"] == "1", said["privileges_dropped"], role)
                    self.assertEqual(is_so["Seccomp"] == "2", said["calls_filtered"], role)
                    if said["privileges_dropped"]:
                        own = {CAP_DAC_READ_SEARCH} if role == "launcher" and os.geteuid() == 0 else set()
                        for kind in ("CapEff", "CapPrm"):
                            self.assertEqual(capabilities(is_so, kind), own, role)
                        for kind in ("CapInh", "CapAmb", *(["CapBnd"] if os.geteuid() == 0 else [])):
                            self.assertEqual(capabilities(is_so, kind), set(), role)

    def test_what_is_missing_is_logged_and_the_doctor_says_it_too(self):
        with fermo(users=USERS) as server:
            missing = {sentence for one in confinement(server).values() for sentence in one["missing"]}
            self.assertEqual("not confined" in server.tail(), bool(missing))
            self.assertEqual(server.run("doctor", check=False).returncode, 69 if missing else 0)

    @unittest.skipUnless(may_change_what_it_sees(), "only root can start processes as other users, and not in every container")
    def test_started_by_root_two_roles_have_users_of_their_own_where_there_are_such(self):
        with fermo(users=USERS, start=False) as server:
            users = server.folder / "passwd"
            ids = {"net": 61001, "keys": 61002}
            users.write_text(pathlib.Path("/etc/passwd").read_text() + "".join(f"fermo-{role}:x:{number}:{number}::/:/bin/false\n" for role, number in ids.items()))
            server.start(starter=["unshare", "--mount", "sh", "-c", f'mount --bind {users} /etc/passwd && exec "$0" "$@"'])
            for role, pid in roles(server).items():
                self.assertEqual(status(pid)["Uid"].split(), [str(ids.get(role, 0))] * 4, role)
                self.assertEqual(status(pid)["Gid"].split(), [str(ids.get(role, 0))] * 4, role)
            self.assertEqual(held(server), "0")
            lose(server, "net")
            until(lambda: held(server), "a login after net was lost")
            self.assertEqual(status(roles(server)["net"])["Uid"].split()[0], str(ids["net"]))
            if confinement(server)["launcher"]["privileges_dropped"]:
                kept = {CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID}
                for thread in threads(server.process.pid):
                    self.assertEqual(capabilities(status(thread), "CapEff"), kept)
                    self.assertEqual(capabilities(status(thread), "CapBnd"), set())
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "has been reloaded" in server.tail(), "a reload")
            running = roles(server)
            self.assertEqual(status(running["keys"])["Uid"].split()[0], str(ids["keys"]))
            server.kill()
            for role, pid in running.items():
                until(lambda: not is_there(pid), f"{role} has ended")

    def test_where_protection_is_required_a_server_starts_only_with_it(self):
        with fermo(config='protection = "required"\n', users=USERS, start=False) as server:
            if all(one["privileges_dropped"] and one["landlock"] and one["calls_filtered"] for one in confinement(server).values()):
                server.start()
                self.assertEqual(held(server), "0")
            else:
                done = server.run("serve", "--listen", "pop3=127.0.0.1:0", check=False, timeout=SECONDS_MAX)
                self.assertEqual(done.returncode, 69)
                self.assertIn("protection", done.stderr.decode())

    def test_nothing_secret_is_told_on_the_command_line_or_in_the_environment(self):
        with fermo(users=USERS) as server:
            for role, pid in roles(server).items():
                self.assertEqual(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes(), b"fermo\0role\0" + role.encode() + b"\0")

    def test_there_are_no_more_connections_than_open_files_and_a_reload_finds_room(self):
        config = "[limits]\nconnections_max = 5000\nconnections_per_address_max = 5000\n[threads]\nprotocol = 2\nstore = 4\nhash = 2\n"
        with fermo(config=config, users=USERS, start=False) as server:
            open_files_max = 700
            server.start(starter=["sh", "-c", f'ulimit -n {open_files_max} && exec "$0" "$@"'])
            warning = rf"connections_max is 5000, but with {open_files_max} open files no more than \d+ .*LimitNOFILE"
            until(lambda: re.search(warning, server.tail()), "a warning")
            net = roles(server)["net"]
            clients = []
            for _ in range(open_files_max):
                clients.append(Lines(server.ports["pop3"]))
                self.assertTrue(clients[-1].line().startswith(b"+OK"), "each is taken: the first make room")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "the configuration has been reloaded" in server.tail(), "a reload")
            lose(server, "store")
            until(lambda: held(server), "a login after the store was lost")
            clients[-1].send(b"NOOP\r\n")
            self.assertTrue(clients[-1].line(), "its session goes on")
            self.assertEqual(roles(server)["net"], net, server.tail())
            self.assertNotIn("takes no new connections", server.tail())
            for client in clients:
                client.close()

    def test_every_role_that_is_lost_is_started_again(self):
        with fermo(users=USERS) as server:
            for role, pid in roles(server).items():
                with self.subTest(role):
                    lose(server, role)
                    until(lambda: roles(server).get(role) not in (None, pid), f"{role} runs again")
                    until(lambda: held(server), f"a login after {role} was lost")

    def test_one_is_started_again_from_the_program_that_the_server_was_started_with_though_that_was_replaced(self):
        with fermo(users=USERS, start=False) as server:
            program = pathlib.Path(shutil.copy(os.environ["FERMO_BINARY"], server.folder / "fermo"))
            server.start(starter=["sh", "-c", f'exec {program} "$@"'])
            newer = server.folder / "newer"
            newer.write_text("no program")
            newer.replace(program)
            for role in ("net", "store"):
                lose(server, role)
                until(lambda: held(server), f"a login after {role} was lost")

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

    def test_passwords_beyond_ascii_and_odd_input_end_no_process(self):
        with fermo(users=[("ann", "pässwörd"), *USERS[1:]]) as server:
            running = roles(server)
            login = base64.b64encode("\0ann\0pässwörd".encode()).decode()
            for words in ((f"AUTH PLAIN {login}", "STAT", "QUIT"), ("AUTH PLAIN " + base64.b64encode(b"\0\xff\xfe\0\xff").decode(),),
                          ("USER \xe4\xf6", "PASS \u212b\u0130"), ("AUTH PLAIN " + "A" * 400,), ("\0\0\0", "QUIT")):
                lines = Lines(server.ports["pop3"])
                replies = [lines.line()]
                for word in words:
                    lines.send(word.encode() + b"\r\n")
                    replies.append(lines.line())
                lines.close()
            self.assertEqual(roles(server), running, server.tail())
            pop = session(server, "bob", "second-secret")
            pop.quit()

    def test_a_users_file_without_a_folder_may_be_made_while_the_server_runs(self):
        with fermo(config='users = "people"\n', start=False) as server, contextlib.chdir(server.folder):
            server.start()
            server.add_user("ann", "first-secret")
            self.assertTrue((server.folder / "people").is_file())
            self.assertEqual(held(server), "0", server.tail())

    def test_that_the_folder_of_the_users_file_is_not_there_is_said(self):
        with fermo(start=False) as server:
            folder = server.folder / "nowhere"
            server.config.write_text(f'users = "{folder}/people"\n')
            server.start()
            until(lambda: f"the folder {folder} does not exist" in server.tail(), "a warning")

    def test_the_hidden_command_is_not_for_people(self):
        with fermo(start=False) as server:
            for role in ("keys", "nonsense"):
                done = server.run("role", role, check=False)
                self.assertEqual(done.returncode, 64)


if __name__ == "__main__":
    unittest.main()
