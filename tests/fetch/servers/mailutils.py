"""GNU mailutils' pop3d, over a Maildir, for a user of a virtual domain."""
import os
import subprocess

from servers.server import MaildirServer

CONFIGURATION = """
mode daemon;
foreground yes;
max-children 40;
pidfile {folder}/pid;
logging {{ syslog no; }}
tcp-wrappers {{ enable no; }}
auth {{ authentication generic:virtdomain; authorization virtdomain; }}
virtdomain {{ passwd-dir {folder}/domains; }}
mailbox {{ mailbox-type maildir; mailbox-pattern "maildir:{folder}/INBOX"; }}
mandatory-locking {{ enable yes; lock-directory {folder}/locks; }}
tls {{ ssl-certificate-file {folder}/cert.pem; ssl-key-file {folder}/key.pem; }}
server 127.0.0.1:{pop3} {{ tls-mode ondemand; }}
server 127.0.0.1:{pop3s} {{ tls-mode connection; }}
"""


class Mailutils(MaildirServer):
    package = "mailutils-pop3d"
    programs = ("/usr/sbin/pop3d",)
    user = "ann@example.test"

    @property
    def maildir(self):
        return self.folder / "INBOX"

    @classmethod
    def missing(cls):
        return super().missing() or (None if os.geteuid() == 0 else "mailutils' pop3d needs root to become its users")

    def fill(self, messages):
        super().fill(messages)
        if self.processes:
            client = self.client()
            client.uidl()  # at the end of the session it takes away what the header says of the message's state
            client.quit()

    def start(self):
        self.fill([])
        (self.folder / "locks").mkdir()
        (self.folder / "locks").chmod(0o1777)
        crypted = subprocess.run(["openssl", "passwd", "-6", self.password], check=True, capture_output=True, text=True).stdout.strip()
        (self.folder / "domains").mkdir()
        (self.folder / "domains/example.test").write_text(
            f"ann:{crypted}:{self.owner.pw_uid}:{self.owner.pw_gid}:Ann:{self.folder}:/bin/sh\n")
        (self.folder / "pop3d.conf").write_text(CONFIGURATION.format(folder=self.folder, **self.ports))
        self.launch("/usr/sbin/pop3d", f"--config-file={self.folder}/pop3d.conf")

    def same(self, sent, message):
        """It writes the header anew, with an X-UIDL of its own once UIDL was asked for, so that LIST announces too little; a header
        without a blank line after it is lost."""
        return sent.partition(b"\r\n\r\n")[2] == self.sends(message).partition(b"\r\n\r\n")[2]
