"""What the nightly scripts make of the words of other programs: reports that are the same when nothing has changed, and a verdict."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECURITY = ROOT / "docs/security"

# Of testssl.sh: what is different in every run, or said elsewhere.
TESTSSL_LEFT_OUT = re.compile(r"^(scanTime|cert_serialNumber.*|cert_fingerprint.*|cert_not(Before|After)|cert_expirationStatus|cipher_order_|cert|cert <.*|service|old_fallback|pre_128cipher)$")
TESTSSL_GOOD = ("OK", "INFO", "DEBUG")
# Of nmap: times, and what is drawn anew with each certificate.
NMAP_LEFT_OUT = re.compile(r"^\|_?\s*(Not valid|MD5|SHA-1)")
NMAP_SCRIPT = re.compile(r"\| (pop3|ssl|sslv2|tls)[a-z0-9-]*:")
NMAP_UNORDERED = re.compile(r"(\| pop3-capabilities: )(.*)")
NMAP_BAD = re.compile(r"VULNERABLE|least strength: [^A]|warnings:|SSLv[23]|TLSv1\.[01]\b|Target_Name|NTLM|known.*key", re.I)


@dataclasses.dataclass(frozen=True)
class Accepted:
    """A finding of a tool that is no fault, and why."""
    run: str  # the name of the run, or "" for each
    finding: str
    reason: str


@dataclasses.dataclass
class Verdict:
    accepted: list  # (run, finding, reason)
    refused: list  # (run, finding)
    stale: list  # what is accepted and no longer found


def judge(found, accepted):
    """Sorts `found`, pairs of a run and the name of a finding."""
    verdict = Verdict([], [], [])
    used = set()
    for run, finding in found:
        match = next((one for one in accepted if one.finding == finding and one.run in ("", run)), None)
        if match:
            used.add(match)
            verdict.accepted.append((run, finding, match.reason))
        else:
            verdict.refused.append((run, finding))
    verdict.stale = [one for one in accepted if one not in used]
    return verdict


def testssl_report(findings):
    """Lines for the report, and the names of what is not good. `findings` is what testssl.sh writes as JSON."""
    lines, bad = [], []
    for finding in findings:
        name, severity, text = finding["id"], finding["severity"], " ".join(finding["finding"].split())
        if not TESTSSL_LEFT_OUT.match(name):
            lines.append(f"{severity:8} {name:36} {text}".rstrip())
        if severity not in TESTSSL_GOOD:
            bad.append(name)
    return lines, bad


def nmap_report(text, ports):
    """The same for nmap's normal output; `ports` gives each its name. nmap says things in whatever order it learns them."""
    said = {name: [] for name in ports.values()}  # by port: blocks of lines, one for each script
    current = None
    for line in text.splitlines():
        if match := re.match(r"(\d+)/tcp\s+(\w+)", line):
            current = said[ports[int(match[1])]]
        elif current is not None and line.startswith("|") and not NMAP_LEFT_OUT.search(line):
            line = "| " + line[2:].rstrip()
            if NMAP_SCRIPT.match(line):
                current.append([])
            if words := NMAP_UNORDERED.match(line):
                line = words[1] + " ".join(sorted(words[2].split()))
            current[-1].append(line)
    lines = []
    for name, blocks in said.items():
        lines += [name, *(line for block in sorted(blocks) for line in block)]
    return lines, [line.strip("| ") for line in lines if NMAP_BAD.search(line)]


def table_in(text, head):
    """The table whose first line begins so."""
    begin = text.index(head)
    return text[begin:re.compile(r"\n(?!\|)").search(text, begin).start()]


def write_table(path, head, lines):
    """Puts these lines in the place of that table."""
    text = path.read_text()
    path.write_text(text.replace(table_in(text, head), "\n".join(lines)))


def write(name, lines):
    SECURITY.mkdir(exist_ok=True)
    (SECURITY / name).write_text("\n".join(lines) + "\n")
