"""The real POP3 clients, each told to fetch everything into a folder: what they wrote is given back as a list of messages."""
import getpass
import mailbox
import os
import pathlib
import pwd
import shutil
import subprocess

TIMEOUT_SECONDS = 300


def run(command, folder, accepted=(0,), input=None, user=None):
    as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
    environment = {**os.environ, "HOME": str(folder), "USER": user.pw_name if user else getpass.getuser()}
    done = subprocess.run([*as_user, *map(str, command)], cwd=folder, env=environment, input=input, capture_output=True, timeout=TIMEOUT_SECONDS)
    assert done.returncode in accepted, f"{command} ended with {done.returncode}: {(done.stdout + done.stderr).decode(errors='replace')[-2000:]}"
    return done


def config(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def maildir(path):
    """Messages of a Maildir as bytes, in the order of their delivery names."""
    for name in ("tmp", "new", "cur"):
        (path / name).mkdir(parents=True, exist_ok=True)
    return [file.read_bytes() for file in sorted((path / "new").iterdir())]


def curl(folder, port, user, password, count):
    """One connection, RETR of every number."""
    target = folder / "curl"
    target.mkdir()
    run(["curl", "--silent", "--show-error", "--fail", "--user", f"{user}:{password}",
         f"pop3://127.0.0.1:{port}/[1-{count}]", "--output", target / "#1"], folder)
    return [(target / str(number)).read_bytes() for number in range(1, count + 1)]


def mpop(folder, port, user, password, certificate=None, keep=True):
    """Pipelines, writes a Maildir. With a certificate: over STLS, checked against it."""
    maildir(folder / "mpop")
    tls = f"tls on\ntls_starttls on\ntls_trust_file {certificate}\n" if certificate else "tls off\n"
    rc = config(folder / "mpoprc", f"defaults\nreceived_header off\nuidls_file {folder}/mpop-uidls\n{tls}"
                f"account a\nhost {'localhost' if certificate else '127.0.0.1'}\nport {port}\nuser {user}\npassword {password}\nauth user\n"
                f"keep {'on' if keep else 'off'}\ndelivery maildir {folder}/mpop\n")
    run(["mpop", "--quiet", "-C", rc, "a"], folder)
    return maildir(folder / "mpop")


def fetchmail(folder, port, user, password, certificate=None, keep=False):
    """One message a round trip; hands each to a program, here one that appends it to a file of its own."""
    target = folder / "fetchmail"
    target.mkdir(exist_ok=True)
    tls = f"sslproto TLS1.2+ sslcertck sslcertfile {certificate} sslcommonname localhost" if certificate else "sslproto ''"
    rc = config(folder / "fetchmailrc", "set invisible\nset no bouncemail\n"
                f"poll 127.0.0.1 with proto POP3 service {port} uidl\n"
                f"user '{user}' there with password '{password}' is '{getpass.getuser()}' here {tls}\n"
                f"{'keep' if keep else 'nokeep'} no rewrite pass8bits no forcecr no stripcr mda \"sh -c 'cat > $(mktemp {target}/XXXXXXXX)'\"\n")
    run(["fetchmail", "--fetchmailrc", rc, "--idfile", folder / "fetchids", "--pidfile", folder / "fetchmail.pid", "--silent", "--nosyslog",
         "--timeout", "60"], folder, accepted=(0, 1))
    return [file.read_bytes() for file in sorted(target.iterdir())]


def getmail(folder, port, user, password, keep=False):
    """UIDL and LIST twice, then RETR and DELE in turn. Refuses to deliver as root, so it runs as nobody there."""
    target = folder / "getmail"
    target.mkdir()
    maildir(target / "mail")
    state = target / "state"
    state.mkdir()
    config(state / "rc", f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {port}\nusername = {user}\npassword = {password}\n"
           f"[destination]\ntype = Maildir\npath = {target}/mail/\n"
           f"[options]\ndelete = {'false' if keep else 'true'}\ndelivered_to = false\nreceived = false\nverbose = 0\n")
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if nobody:
        folder.chmod(0o711)
        for path in [target, *target.rglob("*")]:
            shutil.chown(path, nobody.pw_uid, nobody.pw_gid)
    run(["getmail", "--getmaildir", state, "--rcfile", "rc"], target, user=nobody)
    return maildir(target / "mail")


def openssl(folder, port, certificate, commands, starttls=False):
    """What a person types into s_client; gives back what the server said."""
    mode = ["-starttls", "pop3"] if starttls else ["-alpn", "pop3"]
    script = "".join(line + "\r\n" for line in commands)
    done = run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", certificate, "-verify_return_error", "-verify_hostname", "localhost",
                "-quiet", "-ign_eof", *mode], folder, input=script.encode())
    return done.stdout


def mbox(path):
    return [bytes(message) for message in mailbox.mbox(path)]
