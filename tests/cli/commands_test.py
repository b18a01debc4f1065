#!/usr/bin/python3
"""Every command does the same whether a server runs on the data folder or not."""
import concurrent.futures
import json
import os
import pathlib
import poplib
import pty
import re
import resource
import subprocess
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "support")]
from fermo_process import BINARY, canonical, fermo  # noqa: E402

poplib._MAXLINE = 1 << 20
USAGE, DATA_ERROR, NO_INPUT, NO_USER, IO_ERROR, TEMPORARY, CONFIG = 64, 65, 66, 67, 74, 75, 78
MESSAGE = b"Subject: one\n\n.dot\nbare CR \r and 8-bit \xff\nlast line without an end"
# A sanitizer's allocator keeps what is freed; memory that is measured must not hold that.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"


def json_of(done):
    return json.loads(done.stdout)


class Commands:
    """The tests; WithServer and WithoutServer say on what."""

    SERVED = None
    CONFIG = ""

    def setUp(self):
        self.fermo = self.enterContext(fermo(self.CONFIG, users=[("ann", "secret"), ("bob@example.org", "secret")],
                                             start=self.SERVED))

    def run_fermo(self, *arguments, code=0, input=None):
        done = self.fermo.run(*arguments, input=input, check=False)
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        if code:
            self.assertRegex(done.stderr, rb"(?m)^fermo: ")
        return done

    def deliver(self, *names, message=MESSAGE):
        return json_of(self.run_fermo("deliver", "--json", *names, input=message))

    def shown(self, name, message):
        return self.run_fermo("drop", "show", name, str(message)).stdout

    def listed(self, name):
        return json_of(self.run_fermo("drop", "list", name, "--json"))

    # --- user --------------------------------------------------------------------------------------------------------

    def test_lists_users(self):
        self.assertEqual(json_of(self.run_fermo("user", "list", "--json")),
                         [{"name": "ann", "login": True}, {"name": "bob@example.org", "login": True}])
        table = self.run_fermo("user", "list").stdout.decode().splitlines()
        self.assertRegex(table[0], r"^NAME +LOGIN$")
        self.assertRegex(table[1], r"^ann +yes$")

    def test_a_user_whose_hash_is_no_use_is_shown_as_such(self):
        with open(self.fermo.data / "users", "a") as users:
            users.write("cid:{PLAIN}secret\n")
        cid = json_of(self.run_fermo("user", "list", "--json"))[2]
        self.assertEqual((cid["name"], cid["login"]), ("cid", False))
        self.assertTrue(cid["problem"])

    def test_adds_and_removes_a_user(self):
        added = json_of(self.run_fermo("user", "add", "Cid", "--password-stdin", "--json", input=b"new secret\n"))
        self.assertEqual(added, {"name": "cid", "added": True})
        self.deliver("cid")
        removed = self.run_fermo("user", "remove", "cid")
        self.assertIn(b"mail is kept", removed.stdout)
        self.run_fermo("deliver", "cid", input=MESSAGE, code=NO_USER)
        self.assertEqual(len(self.listed("cid")), 1, "the mail outlives the user")

    def test_removes_a_user_with_the_mail(self):
        self.deliver("ann")
        self.deliver("ann")
        removed = json_of(self.run_fermo("user", "remove", "ann", "--with-mail", "--json"))
        self.assertEqual(removed, {"name": "ann", "removed": True, "messages_removed": 2})
        self.run_fermo("drop", "show", "ann", code=NO_USER)

    def test_a_user_exists_once(self):
        self.run_fermo("user", "add", "ANN", "--password-stdin", input=b"x\n", code=DATA_ERROR)

    def test_a_user_who_is_not_there_cannot_be_changed(self):
        self.run_fermo("user", "remove", "nobody", code=NO_USER)
        self.run_fermo("user", "password", "nobody", "--password-stdin", input=b"x\n", code=NO_USER)

    def test_names_and_passwords_that_cannot_be(self):
        self.run_fermo("user", "add", "a:b", "--password-stdin", input=b"x\n", code=USAGE)
        self.run_fermo("user", "add", "cid", "--password-stdin", input=b"", code=DATA_ERROR)
        self.run_fermo("user", "add", "cid", "--password-stdin", input=b"\n", code=DATA_ERROR)
        self.run_fermo("user", "add", "cid", "--password-stdin", input=b"x" * 2000 + b"\n", code=DATA_ERROR)
        self.assertEqual(len(json_of(self.run_fermo("user", "list", "--json"))), 2)

    def test_a_new_user_can_be_addressed_and_one_who_cannot_be_stays(self):
        for name in ("../evil", ".", "a..b", "a@b@c", 'a"b', "ann@-b", "(ann)"):
            refused = self.run_fermo("user", "add", name, "--password-stdin", input=b"x\n", code=USAGE)
            self.assertIn(b"could not be addressed", refused.stderr)
        for name in ("o'hara+x@example.org", "jürg", "a.b"):
            self.run_fermo("user", "add", name, "--password-stdin", input=b"x\n")
            self.deliver(name)
        with open(self.fermo.data / "users", "a") as users:
            users.write("../old:{PLAIN}secret\n")
        self.deliver("../old")
        self.assertEqual(self.shown("../old", 1), canonical(MESSAGE))
        self.run_fermo("user", "password", "../old", "--password-stdin", input=b"x\n")
        self.run_fermo("user", "remove", "../old")

    def test_without_a_terminal_a_password_must_come_on_standard_input(self):
        refused = self.run_fermo("user", "add", "cid", code=USAGE, input=b"secret\n")
        self.assertIn(b"--password-stdin", refused.stderr)

    # --- deliver -----------------------------------------------------------------------------------------------------

    def test_delivers_what_it_was_given(self):
        report = self.deliver("ann", "bob@example.org")
        octets = len(canonical(MESSAGE))
        self.assertEqual(report["octets"], octets)
        self.assertEqual([one["drop"] for one in report["delivered"]], ["ann", "bob@example.org"])
        for one in report["delivered"]:
            self.assertEqual(self.listed(one["drop"]), [{"number": 1, "unique_id": one["unique_id"], "octets": octets}])
            self.assertEqual(self.shown(one["drop"], 1), canonical(MESSAGE))

    def test_says_nothing_when_all_is_well(self):
        done = self.run_fermo("deliver", "ann", input=MESSAGE)
        self.assertEqual((done.stdout, done.stderr), (b"", b""))

    def test_finds_the_user_as_a_recipient_would(self):
        report = self.deliver("Ann+list@anywhere.example", "BOB@example.org")
        self.assertEqual([one["drop"] for one in report["delivered"]], ["ann", "bob@example.org"])

    def test_an_unknown_user_is_refused_before_anything_is_read(self):
        command = [BINARY, "deliver", "ann", "nobody", "--data", self.fermo.data]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.wait(timeout=60), NO_USER)  # while standard input is open and silent
            self.assertIn(b"nobody", process.stderr.read())
        self.assertEqual(self.listed("ann"), [])

    def test_messages_of_every_shape(self):
        messages = [b"", b"\n", b".", b".\r\n..\n", b"\r\n.\r\n", b"\0\0", b"x" * 200_000, b"." * 70_000 + b"\n" * 70_000]
        for message in messages:
            self.deliver("ann", message=message)
        for number, message in enumerate(messages, 1):
            self.assertEqual(self.shown("ann", number), canonical(message))
        self.assertEqual([one["octets"] for one in self.listed("ann")], [len(canonical(one)) for one in messages])

    def test_trace_fields_on_demand(self):
        self.run_fermo("deliver", "ann", "--trace", "--from", "sender@example.net", input=MESSAGE)
        self.run_fermo("deliver", "ann", "--trace", input=MESSAGE)
        message = self.shown("ann", 1)
        self.assertRegex(message, rb"\AReturn-Path: <sender@example\.net>\r\nDelivered-To: ann\r\nReceived: ")
        self.assertTrue(message.endswith(canonical(MESSAGE)))
        self.assertTrue(self.shown("ann", 2).startswith(b"Return-Path: <>\r\n"))

    def test_a_reverse_path_that_is_none_is_refused(self):
        self.run_fermo("deliver", "ann", "--trace", "--from", "a b", input=MESSAGE, code=USAGE)
        self.run_fermo("deliver", "ann", "--from", "a@example.net", input=MESSAGE, code=USAGE)

    def test_a_message_that_cannot_be_read_is_not_delivered(self):
        folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)  # can be had as a standard input, but not read
        self.addCleanup(os.close, folder)
        command = [BINARY, "deliver", "ann", "--data", self.fermo.data]
        done = subprocess.run(command, stdin=folder, capture_output=True)
        self.assertEqual(done.returncode, IO_ERROR)
        self.assertEqual(self.listed("ann"), [])

    def test_many_deliver_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for done in pool.map(lambda i: self.fermo.run("deliver", "ann", input=b"Subject: %d\n" % i), range(24)):
                self.assertEqual(done.returncode, 0)
        subjects = sorted(int(self.shown("ann", one["number"])[9:]) for one in self.listed("ann"))
        self.assertEqual(subjects, list(range(24)))

    def test_fifty_megabytes(self):
        message = b"".join(b"%08d %s\n" % (i, b"." * 91) for i in range(500_000))
        self.deliver("ann", message=message)
        self.assertEqual(self.listed("ann")[0]["octets"], len(message) + 500_000)
        self.assertEqual(self.shown("ann", 1), message.replace(b"\n", b"\r\n"))

    # --- drop --------------------------------------------------------------------------------------------------------

    def test_lists_maildrops(self):
        self.deliver("ann")
        self.deliver("ann", "bob@example.org")
        octets = len(canonical(MESSAGE))
        self.assertEqual(json_of(self.run_fermo("drop", "list", "--json")),
                         [{"drop": "ann", "messages": 2, "octets": 2 * octets},
                          {"drop": "bob@example.org", "messages": 1, "octets": octets}])
        table = self.run_fermo("drop", "list").stdout.decode().splitlines()
        self.assertRegex(table[0], r"^MAILDROP +MESSAGES +OCTETS$")
        self.assertRegex(table[1], rf"^ann +2 +{2 * octets}$")
        self.assertEqual(len({len(line) for line in table}), 1, "aligned")

    def test_lists_the_messages_of_one(self):
        ids = [self.deliver("ann")["delivered"][0]["unique_id"] for _ in range(3)]
        self.assertEqual([one["unique_id"] for one in self.listed("ann")], ids)
        table = self.run_fermo("drop", "list", "ann").stdout.decode().splitlines()
        self.assertRegex(table[0], r"^NUMBER +OCTETS +UNIQUE-ID$")
        self.assertRegex(table[3], rf"^ +3 +{len(canonical(MESSAGE))}  {ids[2]}$")

    def test_lists_more_messages_than_are_asked_for_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: self.fermo.run("deliver", *["ann"] * 300, input=b"x\n"), range(4)))
        self.assertEqual([one["number"] for one in self.listed("ann")], list(range(1, 1201)))

    def test_shows_counters(self):
        self.assertEqual(json_of(self.run_fermo("drop", "show", "ann", "--json")), {"drop": "ann", "messages": 0, "octets": 0})
        self.deliver("ann")
        shown = self.run_fermo("drop", "show", "ann").stdout.decode()
        self.assertRegex(shown, rf"(?m)^messages +1$\n^octets +{len(canonical(MESSAGE))}$")

    def test_shows_a_message_by_number_and_by_unique_id(self):
        unique_id = self.deliver("ann")["delivered"][0]["unique_id"]
        self.deliver("ann", message=b"Subject: two\n")
        self.assertEqual(self.shown("ann", unique_id), canonical(MESSAGE))
        self.assertEqual(self.shown("ann", 2), b"Subject: two\r\n")
        counters = json_of(self.run_fermo("drop", "show", "ann", unique_id, "--json"))
        self.assertEqual((counters["number"], counters["unique_id"], counters["octets"]), (1, unique_id, len(canonical(MESSAGE))))
        self.assertEqual(counters["wire_octets"], len(canonical(MESSAGE)) + 1, "one line is byte-stuffed")

    def test_messages_and_users_that_are_not_there(self):
        self.deliver("ann")
        for message in ("0", "2", "999999999", "no-such-id", "1234567890"):
            self.run_fermo("drop", "show", "ann", message, code=DATA_ERROR)
        for arguments in (["show", "nobody"], ["list", "nobody"], ["empty", "nobody", "--yes"]):
            self.run_fermo("drop", *arguments, code=NO_USER)

    def test_empties_a_maildrop(self):
        self.deliver("ann", "bob@example.org")
        self.deliver("ann")
        self.assertEqual(json_of(self.run_fermo("drop", "empty", "ann", "--yes", "--json"))["messages"], 2)
        self.assertEqual(self.listed("ann"), [])
        self.assertEqual(len(self.listed("bob@example.org")), 1)

    def test_empties_nothing_without_a_yes(self):
        self.deliver("ann")
        self.assertIn(b"--yes", self.run_fermo("drop", "empty", "ann", code=USAGE).stderr)
        self.assertEqual(len(self.listed("ann")), 1)

    def test_a_full_disk_behind_standard_output_is_told(self):
        self.deliver("ann", message=b"x" * 100_000)
        for arguments in (["drop", "show", "ann", "1"], ["drop", "list", "--json"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([BINARY, *arguments, "--data", self.fermo.data], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, IO_ERROR, done.stderr)

    # --- At a terminal -----------------------------------------------------------------------------------------------

    def at_terminal(self, arguments, answers):
        """Runs a command at a terminal, gives each answer when its question has come; what was on the screen, and the exit status."""
        child, terminal = pty.fork()
        if child == 0:
            os.execv(BINARY, [BINARY, *arguments, "--data", str(self.fermo.data)])
        screen = b""
        try:
            for question, answer in answers:
                while question not in screen:
                    screen += os.read(terminal, 1024)
                os.write(terminal, answer + b"\n")
                screen = screen.replace(question, b"")
            while True:
                screen += os.read(terminal, 1024)
        except OSError:  # the command has ended
            pass
        os.close(terminal)
        return screen, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def test_asks_for_a_password_twice_and_shows_neither(self):
        screen, code = self.at_terminal(["user", "add", "cid"], [(b"Password for cid: ", b"hush"), (b"again: ", b"hush")])
        self.assertEqual(code, 0, screen)
        self.assertNotIn(b"hush", screen)
        self.assertEqual(len(json_of(self.run_fermo("user", "list", "--json"))), 3)

    def test_two_different_passwords_change_nothing(self):
        screen, code = self.at_terminal(["user", "add", "cid"], [(b"Password for cid: ", b"one"), (b"again: ", b"two")])
        self.assertEqual(code, DATA_ERROR, screen)
        self.assertEqual(len(json_of(self.run_fermo("user", "list", "--json"))), 2)

    def test_asks_before_it_empties(self):
        self.deliver("ann")
        question = b"Delete all 1 messages of ann? [y/N] "
        self.assertEqual(self.at_terminal(["drop", "empty", "ann"], [(question, b"n")])[1], 1)
        self.assertEqual(len(self.listed("ann")), 1)
        self.assertEqual(self.at_terminal(["drop", "empty", "ann"], [(question, b"y")])[1], 0)
        self.assertEqual(self.listed("ann"), [])


class WithoutServer(Commands, unittest.TestCase):
    SERVED = False


class WithServer(Commands, unittest.TestCase):
    SERVED = True

    def login(self, name, password):
        session = poplib.POP3("127.0.0.1", self.fermo.ports["pop3"], timeout=60)
        self.addCleanup(session.close)
        session.user(name)
        session.pass_(password)
        return session

    def test_changes_of_users_take_effect_at_once(self):
        self.run_fermo("user", "add", "cid", "--password-stdin", input=b"first\n")
        self.login("cid", "first")
        self.run_fermo("user", "password", "cid", "--password-stdin", input=b"second\n")
        self.login("cid", "second")
        with self.assertRaises(poplib.error_proto):
            self.login("cid", "first")
        self.run_fermo("user", "remove", "cid")
        with self.assertRaises(poplib.error_proto):
            self.login("cid", "second")

    def test_a_password_from_a_terminal_is_the_password(self):
        self.at_terminal(["user", "add", "cid"], [(b"Password for cid: ", b"two words"), (b"again: ", b"two words")])
        self.login("cid", "two words")

    def test_a_delivered_message_comes_out_octet_for_octet(self):
        message = b"Subject: x\n\n.\n..\n.dot\n" + bytes(range(128, 256)) + b"\nend"
        self.deliver("ann", message=message)
        session = self.login("ann", "secret")
        _, lines, octets = session.retr(1)
        self.assertEqual(b"\r\n".join(lines) + b"\r\n", canonical(message))
        self.assertEqual(session.list(1).split()[2], str(len(canonical(message))).encode())

    def test_an_open_session_keeps_what_is_emptied(self):
        self.deliver("ann")
        session = self.login("ann", "secret")
        self.assertEqual(session.stat()[0], 1)
        self.run_fermo("drop", "empty", "ann", "--yes")
        self.assertEqual(b"\r\n".join(session.retr(1)[1]) + b"\r\n", canonical(MESSAGE))
        self.assertEqual(self.login("ann", "secret").stat(), (0, 0))

    def test_memory_does_not_grow_with_the_message(self):
        def resident_octets_max(message):
            command = [BINARY, "deliver", "ann", "--data", str(self.fermo.data)]
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                process.stdin.write(message)
                process.stdin.close()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            return usage.ru_maxrss * 1024

        small = resident_octets_max(b"x\n" * 1000)
        large = resident_octets_max(b"x" * 40_000_000)
        self.assertLess(large - small, 8_000_000)


class Places(unittest.TestCase):
    """Where commands look, and what they say when nothing is there."""

    def run_at(self, *arguments, code, environment=None, cwd=None):
        done = subprocess.run([BINARY, *arguments], capture_output=True, cwd=cwd, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_wrong_command_lines(self):
        for arguments in ([], ["nonsense"], ["user"], ["user", "add"], ["drop"], ["drop", "show"], ["deliver"],
                          ["user", "list", "--nonsense"], ["serve", "--listen", "nonsense"]):
            done = self.run_at(*arguments, code=USAGE)
            self.assertRegex(done.stderr, rb"\Afermo: ")
            self.assertEqual(done.stdout, b"")

    def test_help_is_no_error(self):
        for arguments in (["--help"], ["user", "--help"], ["user", "add", "-h"]):
            self.assertIn(b"Usage:", self.run_at(*arguments, code=0).stdout)

    def test_a_data_folder_that_is_not_there(self):
        with fermo(start=False) as one:
            missing = str(one.folder / "missing")
            for arguments in (["user", "list"], ["deliver", "ann"], ["drop", "list"], ["user", "remove", "ann"]):
                self.assertIn(b"missing", self.run_at(*arguments, "--data", missing, code=NO_INPUT).stderr)
            self.assertFalse(os.path.exists(missing))

    def test_adding_the_first_user_makes_the_data_folder(self):
        with fermo(start=False) as one:
            data = one.folder / "new" / "data"
            subprocess.run([BINARY, "user", "add", "ann", "--password-stdin", "--data", data], input=b"x\n", check=True,
                           stdout=subprocess.DEVNULL)
            self.assertEqual(data.stat().st_mode & 0o777, 0o700)
            self.assertEqual((data / "users").stat().st_mode & 0o777, 0o600)

    def test_the_data_folder_is_the_one_of_the_configuration_unless_named(self):
        with fermo(users=[("ann", "secret")], start=False) as one:
            config = one.folder / "other.toml"
            config.write_text(f'data = "{one.data}"\n')
            empty = one.folder / "empty"
            empty.mkdir()
            self.assertEqual(len(json_of(self.run_at("user", "list", "--json", "--config", str(config), code=0))), 1)
            self.assertEqual(len(json_of(self.run_at("user", "list", "--json", code=0, environment={"FERMO_CONFIG": str(config)}))), 1)
            named = self.run_at("user", "list", "--json", "--config", str(config), "--data", str(empty), code=0)
            self.assertEqual(json_of(named), [])

    def test_without_any_configuration_the_data_folder_is_var(self):
        with fermo(users=[("ann", "secret")], start=False) as one:
            one.data.rename(one.folder / "var")
            listed = self.run_at("user", "list", "--json", code=0, cwd=one.folder, environment={"FERMO_CONFIG": os.devnull})
            self.assertEqual(len(json_of(listed)), 1)
            (one.folder / "var").rename(one.data)

    def test_before_there_are_users_mail_is_told_to_wait(self):
        with fermo(start=False) as one:
            done = one.run("deliver", "ann", input=MESSAGE, check=False)
            self.assertEqual(done.returncode, TEMPORARY, done.stderr)
            self.assertEqual(json_of(one.run("user", "list", "--json")), [])

    def test_a_message_larger_than_the_configuration_allows(self):
        with fermo("[limits]\nmessage_octets_max = 65536\n", users=[("ann", "secret")], start=False) as one:
            self.assertEqual(one.run("deliver", "ann", input=b"x" * 65537, check=False).returncode, DATA_ERROR)
            one.run("deliver", "ann", input=b"x" * 65534)
            self.assertEqual(len(json_of(one.run("drop", "list", "ann", "--json"))), 1)

    def test_root_leaves_files_to_the_owner_of_the_data_folder(self):
        with fermo(start=False) as one:
            one.folder.chmod(0o711)
            if os.geteuid() == 0:
                os.chown(one.data, 65534, 65534)
            owner = one.data.stat().st_uid
            one.config = pathlib.Path(os.devnull)
            one.add_user("ann", "secret")
            one.run("deliver", "ann", input=MESSAGE)
            files = list(one.data.rglob("*"))
            self.assertGreater(len(files), 3)
            self.assertEqual({file.stat().st_uid for file in files}, {owner})


class CheckConfig(unittest.TestCase):
    WRONG = 'data = "x"\nlisten = ["pop4=127.0.0.1:1"]\nlisen = []\n'

    def check(self, text, *arguments, code):
        with fermo(text, start=False) as one:
            done = one.run("check-config", *arguments, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            return one.config, done.stdout.decode()

    def test_all_problems_with_their_lines(self):
        path, said = self.check(self.WRONG, code=CONFIG)
        self.assertRegex(said, rf"(?m)^{re.escape(str(path))}:2: .*pop4")
        self.assertRegex(said, rf"(?m)^{re.escape(str(path))}:3: .*listen")

    def test_all_problems_for_programs(self):
        path, said = self.check(self.WRONG, "--json", code=CONFIG)
        result = json.loads(said)
        self.assertEqual(result["file"], str(path))
        self.assertEqual([problem["line"] for problem in result["problems"]], [2, 3])

    def test_nothing_wrong(self):
        self.assertEqual(json.loads(self.check("", "--json", code=0)[1])["problems"], [])
        self.assertIn("all right", self.check("", code=0)[1])

    def test_the_effective_configuration_is_a_configuration(self):
        with fermo("plaintext_logins = true\n", start=False) as one:
            effective = one.run("check-config", "--effective").stdout
            self.assertRegex(effective, rb"(?m)^plaintext_logins = true$")
            one.config.write_bytes(effective)
            self.assertEqual(one.run("check-config", "--effective").stdout, effective)

    def test_a_file_that_is_not_there(self):
        done = subprocess.run([BINARY, "check-config", "--config", "/no/such/file"], capture_output=True)
        self.assertEqual(done.returncode, NO_INPUT)

    def test_other_commands_refuse_a_wrong_configuration(self):
        with fermo(self.WRONG, start=False) as one:
            for arguments in (["serve"], ["user", "list"], ["drop", "list"], ["deliver", "ann"]):
                self.assertEqual(one.run(*arguments, check=False).returncode, CONFIG)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main(verbosity=2)
