#!/usr/bin/python3
"""The released binary has the protections that its flags ask for (cmake/FermoHardening.cmake)."""
import os
import platform
import subprocess
import unittest

BINARY = os.environ["FERMO_BINARY"]


def readelf(*options):
    return subprocess.run(["readelf", "-W", *options, BINARY], check=True, capture_output=True, text=True).stdout


class HardeningTest(unittest.TestCase):
    def test_position_independent(self):
        self.assertIn("DYN (Position-Independent Executable file)", readelf("-h"))

    def test_relocations_read_only_before_main(self):
        self.assertIn("GNU_RELRO", readelf("-l"))
        self.assertRegex(readelf("-d"), r"FLAGS_1.*\bNOW\b")

    def test_no_executable_stack(self):
        stack = [line for line in readelf("-l").splitlines() if "GNU_STACK" in line]
        self.assertEqual(len(stack), 1)
        self.assertIn(" RW ", stack[0])

    def test_no_segment_writable_and_executable(self):
        self.assertNotIn(" RWE ", readelf("-l"))

    def test_stack_protector_and_fortified_calls(self):
        symbols = readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk\b")

    @unittest.skipUnless(platform.machine() == "x86_64", "endbr64 is an instruction of x86-64")
    def test_control_flow_protection(self):
        # The note in the ELF header is lost to Debian's own start-up objects; the landing pads are there all the same.
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", BINARY], check=True, capture_output=True, text=True).stdout
        self.assertRegex(code, r"<main>:\n[^\n]*endbr64")


if __name__ == "__main__":
    unittest.main()
