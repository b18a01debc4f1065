#!/usr/bin/python3
"""New keys and certificates come with SIGHUP, in a process of their own, while sessions go on with the ones before."""
import os
import signal
import ssl
import subprocess
import unittest

from trees import SECONDS_MAX, USERS, children, fermo, held, is_there, lose, role_of, roles, session, until


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", "2",
                    "-keyout", folder / "new.key", "-out", folder / "new.pem"], check=True, capture_output=True)
    for kind in ("key", "pem"):
        os.replace(folder / f"new.{kind}", folder / f"server.{kind}")


def shown(server):
    """The certificate that a new session is shown."""
    return ssl.get_server_certificate(("127.0.0.1", server.ports["pop3s"]), timeout=SECONDS_MAX)


def keys_processes(server):
    return {pid for pid in children(server.process.pid) if role_of(pid) == "keys"}


class RenewalTest(unittest.TestCase):
    def configure(self, server):
        make_certificate(server.folder, "first.example")
        server.config.write_text(f'[tls]\ncertificate = "{server.folder}/server.pem"\nkey = "{server.folder}/server.key"\n')
        server.start()
        return (server.folder / "server.pem").read_text().strip()

    def reload(self, server):
        server.process.send_signal(signal.SIGHUP)

    def test_a_new_certificate_is_shown_and_old_sessions_go_on(self):
        with fermo(users=USERS, start=False) as server:
            first = self.configure(server)
            self.assertEqual(shown(server).strip(), first)
            before = session(server)
            old_keys = roles(server)["keys"]
            make_certificate(server.folder, "second.example")
            self.reload(server)
            second = (server.folder / "server.pem").read_text().strip()
            until(lambda: shown(server).strip() == second, "the new certificate is shown")
            before.stat()
            before.quit()
            until(lambda: not is_there(old_keys), "the old keys have ended with the last session that began with them")
            self.assertTrue(held(server))
            self.assertNotIn("started again", server.tail())

    def test_after_a_renewal_lost_keys_come_back_as_the_new_ones(self):
        with fermo(users=USERS, start=False) as server:
            self.configure(server)
            make_certificate(server.folder, "second.example")
            second = (server.folder / "server.pem").read_text().strip()
            self.reload(server)
            until(lambda: shown(server).strip() == second and len(keys_processes(server)) == 1, "the new keys alone")
            for role in ("keys", "net"):
                lose(server, role)
                until(lambda: held(server), f"a login after {role} was lost")
                self.assertEqual(shown(server).strip(), second)

    @unittest.skipUnless(os.geteuid() == 0, "only root reads what belongs to somebody else")
    def test_root_reads_new_keys_that_belong_to_somebody_else(self):
        with fermo(users=USERS, start=False) as server:
            folder = server.folder / "theirs"
            folder.mkdir(mode=0o700)
            make_certificate(folder, "first.example")
            server.config.write_text(f'[tls]\ncertificate = "{folder}/server.pem"\nkey = "{folder}/server.key"\n')
            server.start()
            make_certificate(folder, "second.example")
            second = (folder / "server.pem").read_text().strip()
            for path in (folder / "server.key", folder / "server.pem", folder):
                os.chown(path, 61_003, 61_003)
            self.reload(server)
            until(lambda: shown(server).strip() == second, "the new certificate is shown")

    def test_keys_that_cannot_be_used_change_nothing(self):
        with fermo(users=USERS, start=False) as server:
            first = self.configure(server)
            before = roles(server)
            for broken in (b"no key", None):
                key = server.folder / "server.key"
                key.unlink()
                if broken:
                    key.touch(mode=0o600)
                    key.write_bytes(broken)
                size = server.log.stat().st_size
                self.reload(server)
                until(lambda: "not reloaded" in server.log.read_text()[size:], "it says that nothing has changed")
                self.assertIn("server.key", server.log.read_text()[size:])
                self.assertEqual(shown(server).strip(), first)
                self.assertEqual(roles(server), before)


if __name__ == "__main__":
    unittest.main()
