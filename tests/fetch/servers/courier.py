"""Courier's POP3 server. Its login program asks a daemon at a place that is compiled in; a few lines here answer in that daemon's
place, so that no password file of the machine is touched."""
import os
import pathlib
import socket
import threading

from servers.server import UNPACKED, MaildirServer

PACKAGE, LIBRARY = "courier-pop", "usr/lib/courier/courier"
AUTHENTICATION = pathlib.Path("/run/courier/authdaemon/socket")


class Authentication:
    """The protocol of authdaemond, for one user: lines about the peer, AUTH with the number of octets that follow, then service,
    kind, name and password."""

    def __init__(self, server):
        self.server, self.listener = server, None
        self.made = []  # folders

    def start(self):
        for folder in (AUTHENTICATION.parent.parent, AUTHENTICATION.parent):
            if not folder.exists():
                folder.mkdir(mode=0o755)
                self.made.insert(0, folder)
        AUTHENTICATION.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(AUTHENTICATION))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self):
        listener, self.listener = self.listener, None
        if listener is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        AUTHENTICATION.unlink(missing_ok=True)
        for folder in self.made:
            folder.rmdir()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                stream.write(self.answer(stream))

    def answer(self, stream):
        line = b"TCPREMOTEIP="
        while line.startswith(b"TCPREMOTEIP="):
            line = stream.readline()
        word, octets = line.split()
        assert word == b"AUTH", line
        _, _, name, password = stream.read(int(octets)).decode().split("\n")[:4]
        server = self.server
        if (name, password) != (server.user, server.password):
            return b"FAIL\n"
        return (f"UID={server.owner.pw_uid}\nGID={server.owner.pw_gid}\nHOME={server.folder}\nADDRESS={name}\n"
                f"MAILDIR={server.maildir}\n.\n").encode()


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Courier(MaildirServer):
    package = PACKAGE
    rewrites_unasked = True
    programs = ("/usr/sbin/couriertcpd", "/usr/bin/couriertls", UNPACKED / PACKAGE / LIBRARY / "courierpop3d")

    @classmethod
    def missing(cls):
        if os.geteuid() != 0:
            return "Courier's POP3 server needs root to become its users"
        if answers(AUTHENTICATION):
            return f"a Courier of this machine is using {AUTHENTICATION}"
        return super().missing()

    def start(self):
        self.fill([])
        self.authentication = Authentication(self)
        self.authentication.start()
        both = self.folder / "both.pem"
        both.write_bytes((self.folder / "key.pem").read_bytes() + self.certificate.read_bytes())
        environment = {"PATH": "/usr/bin:/bin", "POP3AUTH": "PLAIN LOGIN", "POP3AUTH_TLS": "PLAIN LOGIN", "POP3_STARTTLS": "YES",
                       "POP3_TLS_REQUIRED": "0", "COURIERTLS": "/usr/bin/couriertls", "TLS_CERTFILE": str(both),
                       "TLS_VERIFYPEER": "NONE", "TLS_PRIORITY": "NORMAL"}
        library = self.bring(PACKAGE) / LIBRARY
        login = [library / "courierpop3login", library / "courierpop3d", self.maildir]
        listen = ["/usr/sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=40", "-maxperip=40", "-nodnslookup", "-noidentlookup"]
        self.launch(*listen, self.ports["pop3"], *login, env=environment)
        self.launch(*listen, self.ports["pop3s"], "/usr/bin/couriertls", "-server", "-tcpd", *login,
                    env={**environment, "POP3_TLS": "1"})

    def __exit__(self, *unused):
        super().__exit__(*unused)
        self.authentication.stop()
