#!/usr/bin/python3
"""Has other people's scanners look at a Fermo that runs on loopback: testssl.sh, nmap and hydra, all of Debian.

  FERMO_BINARY=build/release/fermo tests/nightly/scan.py [testssl] [nmap] [hydra]

Writes what they say to docs/security and ends with 1 if they find what is not among ACCEPTED. Takes some five minutes.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "attacks")]
from peers import PASSWORD, Peer, fermo  # noqa: E402
from reports import Accepted, Verdict, judge, nmap_report, testssl_report, write  # noqa: E402

HOST = "127.0.0.1"
SECONDS_MAX = 1800
OWN, ISSUED = "pop3s, the certificate that Fermo makes itself", "STLS, an RSA certificate of an authority"
SCRIPTS = ["pop3-capabilities", "pop3-ntlm-info", "ssl-enum-ciphers", "ssl-cert", "ssl-known-key", "ssl-dh-params", "ssl-heartbleed", "ssl-poodle",
           "ssl-ccs-injection", "sslv2", "sslv2-drown", "tls-alpn", "tls-nextprotoneg", "tls-ticketbleed"]
ACCEPTED = [
    Accepted("", "engine_problem", "of the scanner itself: its OpenSSL has no GOST ciphers to try"),
    Accepted("", "cipher_order", "Mozilla's intermediate profile leaves the order to the client: all suites are good, and a phone without AES in "
             "hardware knows best"),
    Accepted("", "cert_revocation", "neither certificate is from a public authority, which is who could revoke it"),
    Accepted(OWN, "cert_chain_of_trust", "it is self-signed, and the log says so at each start: name a real one with tls.certificate"),
    Accepted(OWN, "cert_validityPeriod", "ten years: who trusts it does so by its fingerprint, which a new one each year would only wear out"),
]


def output(*command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, errors="replace", check=False, **how)
    return done.stdout


def version_of(pattern, *command):
    match = re.search(pattern, output(*command))
    assert match, f"no version in the words of {command[0]}"
    return match.group(1)


def issue_certificate(folder):
    """An authority, and a server's certificate of three months by it; the configuration that names it."""
    authority = folder / "authority"
    new_key = ["-newkey", "rsa:3072", "-nodes"]
    output("openssl", "req", "-x509", *new_key, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-days", "90", "-subj", "/CN=Authority of a test")
    output("openssl", "req", *new_key, "-keyout", folder / "server.key", "-out", folder / "server.csr", "-subj", "/CN=localhost")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n")
    output("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-days", "89",
           "-set_serial", "0x1234567890abcdef", "-extfile", folder / "extensions", "-out", folder / "server.pem")
    return f'[tls]\ncertificate = "{folder}/server.pem"\nkey = "{folder}/server.key"\n'


def servers(folder):
    """A server for each of the two certificates, by the name of its run."""
    return {OWN: 'host_name = "localhost"\n', ISSUED: 'host_name = "localhost"\n' + issue_certificate(folder)}


# --- The scanners ----------------------------------------------------------------------------------------------------------------------------


def testssl(folder):
    found = []
    report = ["testssl.sh " + version_of(r"testssl\s+(\S+)", "testssl", "--version")]
    for run, config in servers(folder).items():
        with fermo(config) as server:
            protocol = "pop3" if run == ISSUED else "pop3s"
            how = ["-t", "pop3", "--add-ca", str(folder / "authority.pem")] if run == ISSUED else []
            target = folder / "findings.json"
            target.unlink(missing_ok=True)
            said = output("testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--jsonfile", str(target), *how,
                          f"localhost:{server.ports[protocol]}" if how else f"{HOST}:{server.ports[protocol]}")
            assert target.exists(), said
            lines, bad = testssl_report(json.loads(target.read_text()))
        assert len(lines) > 50, said
        report += ["", f"== {run}", *lines]
        found += [(run, name) for name in bad]
    write("testssl.txt", report)
    return found


def nmap(folder):
    found = []
    report = ["nmap " + version_of(r"version (\S+)", "nmap", "--version") + ", scripts " + ", ".join(SCRIPTS)]
    for run, config in servers(folder).items():
        with fermo(config) as server:
            ports = {server.ports[name]: name for name in ("pop3", "pop3s")}
            said = output("nmap", "-Pn", "-n", "-sV", "--version-intensity", "0", "-p", ",".join(map(str, ports)), "--script", ",".join(SCRIPTS), HOST)
            lines, bad = nmap_report(said, ports)
        assert said.count("least strength") == 2, said
        title = "the certificate that Fermo makes itself" if run == OWN else "an RSA certificate of an authority"
        report += ["", f"== {title}", *lines]
        found += [(run, name) for name in bad]
    write("nmap.txt", report)
    return found


def hydra(folder):
    """Guesses with a list in which the password stands, once with the limits and once without, which shows that it can find it."""
    words = [f"{word}{year}" for year in ("", "1", "123", "2025", "!") for word in ("password", "letmein", "qwerty", "dragon", "monkey", "summer", "welcome", "iloveyou")]
    words.insert(30, PASSWORD)
    (folder / "words").write_text("\n".join(words) + "\n")
    report = ["hydra " + version_of(r"Hydra v(\S+)", "hydra", "-h") + f", {len(words)} passwords for one account over pop3s, the right one among them"]
    found = []
    for run, config in {"with the limits": "", "without them (logins.exempt_networks)": f'[logins]\nexempt_networks = ["{HOST}"]\n'}.items():
        with fermo(config, users=[("anna", PASSWORD)]) as server:
            guesser = subprocess.Popen(["hydra", "-I", "-l", "anna", "-P", folder / "words", "-t", "4", "-S", "-s", str(server.ports["pop3s"]), f"pop3://{HOST}"],
                                       cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            owner = [enters(server, "127.0.0.2")]  # while it guesses
            said = guesser.communicate(timeout=SECONDS_MAX)[0]
            owner.append(enters(server, "127.0.0.2"))
            attacker = enters(server, HOST)
        verdict = re.search(r"\d+ of \d+ target.*found", said)
        assert verdict, said
        report += ["", f"== {run}", verdict.group(0),
                   f"the owner from another address, meanwhile and afterwards: {', '.join(owner)}",
                   f"the right password from the guesser's address, afterwards: {attacker}"]
        guessed = "1 valid password found" in said
        if guessed == (run == "with the limits"):
            found.append((run, "the password was found" if guessed else "hydra does not find what stands in its list"))
        found += [(run, f"the owner: {reply}") for reply in owner if not reply.startswith("+OK")]
    write("hydra.txt", report)
    return found


def enters(server, address):
    peer = Peer(server.ports["pop3s"], address).start_tls()
    peer.line()
    peer.ask(b"USER anna")
    reply = peer.ask(b"PASS " + PASSWORD.encode()).decode()
    peer.ask(b"QUIT")
    return reply


def main(names):
    tools = {"testssl": testssl, "nmap": nmap, "hydra": hydra}
    found = []
    for name in names or tools:
        print(f"==> {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="fermo-scan-") as folder:
            found += tools[name](pathlib.Path(folder))
    verdict: Verdict = judge(found, ACCEPTED)
    for run, finding, reason in verdict.accepted:
        print(f"accepted: {run}: {finding}: {reason}")
    for run, finding in verdict.refused:
        print(f"NOT ACCEPTED: {run}: {finding}")
    stale = verdict.stale if not names or "testssl" in names else []
    for one in stale:
        print(f"no longer found, take it out of ACCEPTED: {one.run or 'any run'}: {one.finding}")
    return 1 if verdict.refused or stale else 0


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    sys.exit(main(sys.argv[1:]))
