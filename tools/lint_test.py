#!/usr/bin/python3
"""Every rule of tools/lint catches what it is for and lets the right form pass."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

LINT = pathlib.Path(__file__).with_name("lint")
loader = importlib.machinery.SourceFileLoader("lint", str(LINT))
lint = importlib.util.module_from_spec(importlib.util.spec_from_loader("lint", loader))
loader.exec_module(lint)

# (what it is about, file, text that must be caught, text that must pass)
CASES = [
    ("braced aggregate", "src/server/a.cc", "auto f() { co_await verify(Login{user, 1}); }", "auto f() { Login l{user, 1}; co_await verify(l); }"),
    ("braced argument", "src/server/a.cc", "auto f() { co_await verify({user, 1}); }", "auto f() { co_await verify(user, 1); }"),
    ("braces over lines", "src/server/a.cc", "auto f() { co_await verify(\n  Login{\n user, 1}); }", "auto f() { const bool k = co_await ok(); if (k) { g(); } }"),
    ("co_await in a condition", "src/server/a.cc", "auto f() { while (!(co_await ok())) g(); }", "auto f() { while (x) co_await g(); }"),
    ("capturing lambda", "src/server/a.cc", "auto f() { co_await pool.run([x] { return x; }); }", "auto f() { auto j = [x] { return x; }; co_await pool.run(j); }"),
    ("braces in a string", "src/server/a.cc", "auto f() { co_await g(A{b}); }", 'auto f() { co_await g("A{b}"); }'),
    ("coroutine lambda", "src/server/a.cc", "void f() { co_spawn(e, [x]() -> awaitable<void> { co_await g(x); }, detached); }", "void f() { co_spawn(e, g(x), detached); }"),
    ("rvalue argument", "src/server/a.cc", "awaitable<void> f(std::string&& s) { co_return; }", "awaitable<void> f(std::string s) { co_return; }"),
    ("parent include", "src/mail/a.cc", '#include "../base/ids.h"\n', '#include "base/ids.h"\n'),
    ("asio below", "src/pop3/a.cc", "#include <boost/asio.hpp>\n", "#include <vector>\n"),
    ("rocksdb elsewhere", "src/server/a.cc", "#include <rocksdb/db.h>\n", "#include <vector>\n"),
    ("unfinished", "src/mail/a.cc", "// TODO: later\n", "// To do this later would be wrong.\n"),
    ("sleep", "src/mail/a.cc", "void f() { std::this_thread::sleep_for(t); }", "void f() { wait(t); }"),
    ("citation", "src/mail/a.cc", "// RFC1939 says so\n", "// RFC 1939 §7\n"),
    ("long file", "src/mail/a.cc", "int x;\n" * 501, "int x;\n" * 500),
    ("pragma once", "src/mail/a.h", "int x;\n", "#pragma once\nint x;\n"),
    ("layer", "src/mail/a.cc", '#include "server/server.h"\n', '#include "base/ids.h"\n'),
]


class LintTest(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for module, uses in (("base", ""), ("mail", "USES base"), ("pop3", "USES base mail"), ("server", "USES base mail")):
                (root / "src" / module).mkdir(parents=True)
                (root / "src" / module / "CMakeLists.txt").write_text(f"fermo_module({module} LAYER 1 {uses})\n")
            (root / name).write_text(text)
            return list(lint.check(root))

    def test_every_rule_catches_and_lets_pass(self):
        for about, name, bad, good in CASES:
            with self.subTest(about):
                self.assertNotEqual(self.findings(name, bad), [], "must be caught")
                self.assertEqual(self.findings(name, good), [], "must pass")


if __name__ == "__main__":
    unittest.main()
