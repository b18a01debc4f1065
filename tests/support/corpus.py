"""Mail of many kinds for tests: a set of third-party mail that is not part of the source tree, and messages that are made here."""
import pathlib
import random
import re
import smtplib
import subprocess
import tempfile

from fermo_process import SHARED

WHERE = f"no corpus in {SHARED}: set FERMO_SHARED to the folder that holds corpus/*.tar.zst"


def available():
    return (SHARED / "corpus").is_dir()


def corpus():
    """Every message of the set, as it is stored there."""
    with tempfile.TemporaryDirectory(prefix="fermo-corpus-") as folder:
        for archive in sorted((SHARED / "corpus").glob("*.tar.zst")):
            subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=True)
        return [path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()]


def generated(count, seed=1):
    """Messages that hold what goes wrong: dots, From, long lines, 8-bit, no end of the last line, nothing but a header."""
    rng = random.Random(seed)
    lines = [b"", b".", b"..", b". ", b".leading", b"From here", b">From there", b"\xe4\xf6\xfc", b"x" * 2_000, b"bare\rCR", b"\ttab ",
             b"a line of mail like any other"]
    messages = [b"Subject: only a header\n", b"Subject: no end of line\n\nends here", b"Subject: empty body\n\n"]
    while len(messages) < count:
        head = b"Message-ID: <%d@example.test>\nSubject: number %d\n\n" % (len(messages), len(messages))
        messages.append(head + b"".join(rng.choice(lines) + b"\n" for _ in range(int(rng.lognormvariate(3, 1.5)))))
    return messages[:count]


def has_bare(message):
    """A CR or LF that is no part of a CRLF: intake by LMTP refuses it, local delivery keeps the CR."""
    return re.search(rb"\r(?!\n)|(?<!\r)\n", message) is not None


def is_hard(message):
    """Whether it has what POP3 or a store may get wrong."""
    return (not message.endswith(b"\n") or b"\0" in message or b"\n\n" not in message or re.search(rb"\r(?!\n)|(?m:^\.)", message) is not None
            or max(map(len, message.split(b"\n"))) > 998 or re.search(rb"[\x80-\xff]", message.partition(b"\n\n")[0]) is not None)


def deliver(server, user, messages):
    """To Fermo by LMTP in one session; what LMTP must refuse goes in by `fermo deliver`. Gives how many were refused."""
    client = smtplib.LMTP("127.0.0.1", server.ports["lmtp"], timeout=60)
    client.ehlo("corpus.test")
    refused = 0
    for message in messages:
        client.send(b"MAIL FROM:<a@example.test> BODY=8BITMIME\r\nRCPT TO:<%s@example.test>\r\nDATA\r\n" % user.encode())
        replies = [client.getreply()[0] for _ in range(3)]
        assert replies == [250, 250, 354], replies
        client.send(re.sub(rb"(?:(?<=\r\n)|\A)\.", b"..", message) + b".\r\n")
        code, text = client.getreply()
        assert code == (550 if has_bare(message) else 250), text
        if has_bare(message):
            server.run("deliver", user, "--trace", input=message)
            refused += 1
    client.quit()
    return refused
