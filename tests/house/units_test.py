#!/usr/bin/python3
"""The system's units leave each process next to nothing, as systemd-analyze counts it, and let it do what it needs to confine itself."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

UNITS = pathlib.Path(os.environ["FERMO_BINARY"]).parent / "src/fermo"
EXPOSURE_MAX = {"fermo.service": 1.5, "fermo-net@.service": 0.5, "fermo-keys@.service": 0.5, "fermo-auth@.service": 0.5, "fermo-store@.service": 0.5}
CONFINING = {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "prctl", "capset", "prlimit64"}


def systemd_analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], check=True, capture_output=True, text=True).stdout


def settings(unit, key):
    return [line.partition("=")[2] for line in (UNITS / unit).read_text().splitlines() if line.startswith(key + "=")]


def calls_of(words):
    """The system calls of one SystemCallFilter= without its tilde, groups resolved."""
    calls = set()
    for word in words.split():
        if not word.startswith("@"):
            calls.add(word)
            continue
        lines = [line.strip() for line in systemd_analyze("syscall-filter", word).splitlines()[1:]]
        calls |= calls_of(" ".join(line for line in lines if line and not line.startswith("#")))
    return calls


def allowed_calls(unit):
    allowed = set()
    for words in settings(unit, "SystemCallFilter"):
        if words.startswith("~"):
            allowed -= calls_of(words[1:])
        else:
            allowed |= calls_of(words)
    return allowed


class UnitsTest(unittest.TestCase):
    def test_the_exposure_of_each_process_is_small(self):
        for unit, most in EXPOSURE_MAX.items():
            with self.subTest(unit):
                report = systemd_analyze("security", "--offline=yes", str(UNITS / unit))
                exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", report).group(1))
                self.assertLessEqual(exposure, most, report)

    def test_no_unit_has_a_line_that_systemd_does_not_understand(self):
        # Verified where the program and the manual pages are not: only lines that are no settings count.
        with tempfile.TemporaryDirectory() as folder:
            units = [pathlib.Path(shutil.copy(unit, folder)) for unit in sorted(UNITS.glob("fermo*.s*")) if "fetch" not in unit.name]
            for unit in units:
                text = unit.read_text()
                unit.write_text(re.sub(r"^(Exec\w+)=.*", r"\1=/bin/true", re.sub(r"^Documentation=.*\n", "", text, flags=re.M), flags=re.M))
            said = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, units)], capture_output=True, text=True)
            self.assertEqual([line for line in said.stderr.splitlines() if folder in line], [])

    def test_each_process_may_confine_itself(self):
        for unit in EXPOSURE_MAX:
            with self.subTest(unit):
                # The launcher's one capability serves for nothing but what it has no call for any more (fermo/launcher_rules.cc).
                self.assertEqual(CONFINING - allowed_calls(unit), {"capset"} if unit == "fermo.service" else set())

    def test_each_process_has_the_socket_that_the_server_connects_to(self):
        folder = re.search(r"--roles (\S+)", (UNITS / "fermo.service").read_text()).group(1)
        for role in ("net", "keys", "auth", "store"):
            with self.subTest(role):
                self.assertEqual(settings(f"fermo-{role}.socket", "ListenSequentialPacket"), [f"{folder}/{role}"])
                self.assertIn(f"fermo-{role}.socket", " ".join(settings("fermo.service", "Requires")))


if __name__ == "__main__":
    unittest.main()
