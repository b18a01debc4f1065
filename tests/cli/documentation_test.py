#!/usr/bin/python3
"""What the program says about itself, its manual pages and its shell completions agree."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

BINARY = os.environ["FERMO_BINARY"]
SOURCE = pathlib.Path(os.environ["FERMO_SOURCE_DIR"])
PAGES = SOURCE / "docs/man"

# Each page, and the commands whose options it describes.
COMMANDS = {
    "fermo.1": [[]],
    "fermo-serve.1": [["serve"]],
    "fermo-user.1": [["user"], ["user", "add"], ["user", "remove"], ["user", "password"], ["user", "list"]],
    "fermo-deliver.1": [["deliver"]],
    "fermo-drop.1": [["drop"], ["drop", "list"], ["drop", "show"], ["drop", "verify"], ["drop", "empty"]],
    "fermo-backup.1": [["backup"], ["backup", "list"], ["backup", "verify"]],
    "fermo-restore.1": [["restore"]],
    "fermo-fetch.1": [["fetch"], ["fetch", "explain"], ["fetch", "whole"]],
    "fermo-account.1": [["account"], *(["account", name] for name in (
        "add", "list", "test", "edit", "remove", "import", "import-state"))],
    "fermo-check-config.1": [["check-config"]],
    "fermo-doctor.1": [["doctor"]],
    "fermo-completion.1": [["completion"]],
}


def output(*arguments):
    return subprocess.run([BINARY, *arguments], check=True, capture_output=True, text=True).stdout


def options_in_help(command):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", output(*command, "--help")))


def subcommands_in_help(command):
    _, _, listed = output(*command, "--help").partition("Subcommands:\n")
    return re.findall(r"^  ([a-z-]+)", listed, re.MULTILINE)


def options_in_page(page):
    return set(re.findall(r"(?:Fl |, )-([a-z][a-z-]*)", page))


class ManualPageTest(unittest.TestCase):
    def test_every_option_stands_in_its_page(self):
        for name, commands in COMMANDS.items():
            described = options_in_page((PAGES / name).read_text())
            for command in commands:
                options = options_in_help(command)
                self.assertIn("help", options)
                self.assertLessEqual(options, described, f"{name}: fermo {' '.join(command)}")

    def test_every_command_has_its_page(self):
        for subcommand in subcommands_in_help([]):
            self.assertIn(f"fermo-{subcommand}.1", COMMANDS)
            self.assertIn(f".It Cm {subcommand}\n", (PAGES / "fermo.1").read_text())
            self.assertTrue((PAGES / f"fermo-{subcommand}.1").exists())

    def test_every_subcommand_stands_in_the_page_of_its_group(self):
        for group in ("user", "drop", "fetch", "backup"):
            page = (PAGES / f"fermo-{group}.1").read_text()
            subcommands = subcommands_in_help([group])
            self.assertGreaterEqual(len(subcommands), 1)
            for subcommand in subcommands:
                self.assertIn(f".It Cm {subcommand}\n", page)
                self.assertIn([group, subcommand], COMMANDS[f"fermo-{group}.1"])

    def test_every_key_of_the_configuration_stands_in_its_page(self):
        page = (PAGES / "fermo.toml.5").read_text()
        with tempfile.NamedTemporaryFile(suffix=".toml") as empty:
            effective = output("check-config", "--effective", "--config", empty.name)
        keys = re.findall(r"^(?:# )?([a-z_]+) = ", effective, re.MULTILINE)
        self.assertIn("listen", keys)
        self.assertIn("drain_seconds_max", keys)
        for key in keys:
            self.assertIn(f".It Ic {key}\n", page)

    def test_every_key_of_an_account_stands_in_its_page(self):
        keys = re.findall(r"^\| `([a-z_]+)` \|", (SOURCE / "docs/accounts.md").read_text(), re.MULTILINE)
        page = (PAGES / "fermo-account.1").read_text()
        self.assertIn("interval_seconds", keys)
        for key in keys:
            self.assertIn(f".It Ic {key}\n", page)

    def test_the_pages_are_well_formed(self):
        for page in sorted(PAGES.iterdir()):
            lint = subprocess.run(["mandoc", "-Tlint", "-Wstyle", page.name], cwd=PAGES, capture_output=True, text=True)
            findings = [line for line in lint.stdout.splitlines() if "mandoc.db" not in line and "referenced manual" not in line]
            self.assertEqual(findings, [])

    def test_the_version_is_told(self):
        project = re.search(r"project\(fermo VERSION ([\d.]+)", (SOURCE / "CMakeLists.txt").read_text())
        self.assertEqual(output("--version"), f"fermo {project.group(1)}\n")


class CompletionTest(unittest.TestCase):
    def completed_by_bash(self, *words):
        """What bash would offer for the last of `words`."""
        with tempfile.NamedTemporaryFile("w", suffix=".bash") as script:
            script.write(output("completion", "bash"))
            script.flush()
            # compopt works only inside a true completion.
            program = ("compopt() { :; }; source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _fermo; "
                       "printf '%s\\n' \"${COMPREPLY[@]}\"")
            done = subprocess.run(["bash", "-c", program, "bash", script.name, *words], check=True, capture_output=True,
                                  text=True)
            self.assertEqual(done.stderr, "")
            return set(done.stdout.split())

    def test_bash_completes_commands(self):
        self.assertEqual(self.completed_by_bash("fermo", "s"), {"serve"})
        self.assertLessEqual({"user", "drop", "deliver"}, self.completed_by_bash("fermo", ""))
        self.assertEqual(self.completed_by_bash("fermo", "user", "a"), {"add"})

    def test_bash_completes_options_of_the_command_in_the_line(self):
        self.assertEqual(self.completed_by_bash("fermo", "user", "add", "ann", "--pass"), {"--password-stdin"})
        self.assertEqual(self.completed_by_bash("fermo", "user", "list", "--pass"), set())
        self.assertEqual(self.completed_by_bash("fermo", "deliver", "--tr"), {"--trace"})

    def test_bash_completes_folders_and_files(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "some.toml").touch()
            pathlib.Path(folder, "sub").mkdir()
            self.assertEqual(self.completed_by_bash("fermo", "serve", "--data", f"{folder}/s"), {f"{folder}/sub"})
            self.assertEqual(self.completed_by_bash("fermo", "serve", "--config", f"{folder}/so"), {f"{folder}/some.toml"})

    def test_every_script_knows_every_option(self):
        for shell in ("bash", "zsh", "fish"):
            script = output("completion", shell)
            for commands in COMMANDS.values():
                for command in commands:
                    for option in options_in_help(command):
                        wanted = f"-l {option} " if shell == "fish" else f"--{option}"
                        self.assertIn(wanted, script, f"{shell}: fermo {' '.join(command)}")

    def test_an_unknown_shell_is_refused(self):
        done = subprocess.run([BINARY, "completion", "tcsh"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("bash", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
