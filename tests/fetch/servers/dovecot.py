"""Dovecot, over a Maildir, for one user; run by root it becomes its users as usual, else it is the one who runs it."""
import grp
import os
import pathlib

from servers.server import MaildirServer

PROGRAM = "/usr/sbin/dovecot"

CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/log
state_dir = {folder}/state
protocols = pop3
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
{users}
mail_max_userip_connections = 100
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot(MaildirServer):
    package = "dovecot-pop3d"
    programs = (PROGRAM, pathlib.Path("/usr/lib/dovecot/pop3"))

    def start(self):
        self.fill([])
        name, group = self.owner.pw_name, grp.getgrgid(self.owner.pw_gid).gr_name
        users = "" if os.geteuid() == 0 else (
            f"default_internal_user = {name}\ndefault_login_user = {name}\ndefault_internal_group = {group}\nmail_access_groups = {group}\n")
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, users=users, uid=self.owner.pw_uid, gid=self.owner.pw_gid, password=self.password, **self.ports))
        self.launch(PROGRAM, "-F", "-c", self.folder / "dovecot.conf")
