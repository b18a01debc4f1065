#!/usr/bin/python3
"""The layers hold: CMake refuses a wrong dependency when configuring, and an undeclared include does not compile."""
import pathlib
import subprocess
import tempfile
import unittest

CMAKE_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "cmake"

TOP = f"""cmake_minimum_required(VERSION 3.25)
project(layers LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
list(APPEND CMAKE_MODULE_PATH "{CMAKE_FOLDER}")
add_library(fermo_flags INTERFACE)
include(FermoModule)
add_subdirectory(src/low)
add_subdirectory(src/high)
"""


class LayersTest(unittest.TestCase):
    def build(self, low, high, source):
        """Configures and builds two modules; gives (configured, built, what was said)."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "CMakeLists.txt").write_text(TOP)
            for name, lists, code in (("low", low, "int low() { return 1; }\n"), ("high", high, source)):
                module = root / "src" / name
                module.mkdir(parents=True)
                (module / "CMakeLists.txt").write_text(lists)
                (module / f"{name}.h").write_text(f"#pragma once\nint {name}();\n")
                (module / f"{name}.cc").write_text(code)
            configure = subprocess.run(["cmake", "-G", "Ninja", "-S", folder, "-B", folder + "/build"], capture_output=True, text=True)
            if configure.returncode != 0:
                return False, False, configure.stderr
            built = subprocess.run(["cmake", "--build", folder + "/build"], capture_output=True, text=True)
            return True, built.returncode == 0, built.stdout + built.stderr

    def test_a_declared_lower_layer_builds(self):
        result = self.build("fermo_module(low LAYER 0)", "fermo_module(high LAYER 1 USES low)", '#include "low/low.h"\nint high() { return low(); }\n')
        self.assertEqual(result[:2], (True, True), result[2])

    def test_the_same_layer_is_refused_when_configuring(self):
        configured, _, said = self.build("fermo_module(low LAYER 1)", "fermo_module(high LAYER 1 USES low)", "int high() { return 1; }\n")
        self.assertFalse(configured)
        self.assertIn("may use only modules of a", " ".join(said.split()))

    def test_a_higher_layer_is_refused_when_configuring(self):
        configured, _, said = self.build("fermo_module(low LAYER 0 USES high)", "fermo_module(high LAYER 1)", "int high() { return 1; }\n")
        self.assertFalse(configured)
        self.assertIn("not declared before it", " ".join(said.split()))

    def test_an_undeclared_include_does_not_compile(self):
        configured, built, said = self.build("fermo_module(low LAYER 0)", "fermo_module(high LAYER 1)", '#include "low/low.h"\nint high() { return 1; }\n')
        self.assertTrue(configured, said)
        self.assertFalse(built)
        self.assertIn("low/low.h", said)


if __name__ == "__main__":
    unittest.main()
