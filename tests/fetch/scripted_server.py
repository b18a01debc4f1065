"""A POP3 server that does what a test tells it to, mostly wrong. It has no code in common with the program under test."""
import socket
import ssl
import threading

DROP = object()     # close the connection without a word
SILENCE = object()  # say nothing and wait for the client to go


class ScriptedServer:
    """Serves `messages`, a list of (unique-id, content with CRLF), one connection after the other.

    `hooks` maps a command, "GREETING", or a command with its argument ("RETR 2") to what is sent in the place of the proper
    reply: octets, DROP, SILENCE, a list of these to be done in turn, or a function of the proper reply that returns one.
    """

    def __init__(self, messages=(), hooks=None, tls=None, stls=None, capabilities=("TOP", "UIDL", "USER", "PIPELINING"),
                 port=0):
        self.messages = list(messages)
        self.hooks = dict(hooks or {})
        self.tls, self.stls = tls, stls
        self.capabilities = capabilities
        self.seen = []        # commands, of all connections
        self.connections = 0
        self.most_at_once = 0  # commands that arrived together
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=30)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(30)
            self.connections += 1
            try:
                Session(self, connection).run()
            except (OSError, ssl.SSLError, Ended):
                pass
            finally:
                connection.close()


class Ended(Exception):
    pass


class Session:
    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.messages = list(server.messages)
        self.deleted = set()
        self.buffer = b""
        self.secure = False

    def run(self):
        if self.server.tls:
            self.start_tls(self.server.tls)
        self.reply("GREETING", b"+OK at your service\r\n")
        while True:
            line = self.read_line()
            self.server.seen.append(line)
            word, _, argument = line.partition(" ")
            handler = getattr(self, "do_" + word.lower(), None)
            proper = handler(argument) if handler else b"-ERR what?\r\n"
            self.reply(word.upper(), proper, line)
            if word.upper() == "STLS" and self.server.stls:
                self.start_tls(self.server.stls)
            if word.upper() == "QUIT":
                raise Ended

    def start_tls(self, context):
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.secure, self.buffer = True, b""

    def read_line(self):
        while b"\r\n" not in self.buffer:
            octets = self.connection.recv(65536)
            if not octets:
                raise Ended
            self.buffer += octets
            self.server.most_at_once = max(self.server.most_at_once, self.buffer.count(b"\r\n"))
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def reply(self, word, proper, line=""):
        hooks = self.server.hooks
        action = hooks.get(line, hooks.get(word, proper)) if line else hooks.get(word, proper)
        for one in action if isinstance(action, list) else [action]:
            if callable(one):
                one = one(proper)
            if one is DROP:
                raise Ended
            if one is SILENCE:
                while self.connection.recv(65536):
                    pass
                raise Ended
            self.connection.sendall(one)

    def listed(self):
        return [(n, uid, content) for n, (uid, content) in enumerate(self.messages, 1) if n not in self.deleted]

    def message(self, argument):
        number = int(argument)
        return self.messages[number - 1][1] if number <= len(self.messages) and number not in self.deleted else None

    @staticmethod
    def multiline(lines):
        return b"+OK\r\n" + b"".join(lines) + b".\r\n"

    @staticmethod
    def stuffed(content):
        return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]

    def do_capa(self, _):
        words = [*self.server.capabilities, *(["STLS"] if self.server.stls and not self.secure else [])]
        return self.multiline(f"{word}\r\n".encode() for word in words)

    def do_stls(self, _):
        return b"+OK go on\r\n" if self.server.stls else b"-ERR no\r\n"

    def do_user(self, _):
        return b"+OK\r\n"

    do_pass = do_noop = do_user

    def do_stat(self, _):
        listed = self.listed()
        return b"+OK %d %d\r\n" % (len(listed), sum(len(content) for _, _, content in listed))

    def do_list(self, argument):
        if argument:
            content = self.message(argument)
            return b"-ERR\r\n" if content is None else b"+OK %s %d\r\n" % (argument.encode(), len(content))
        return self.multiline(b"%d %d\r\n" % (n, len(content)) for n, _, content in self.listed())

    def do_uidl(self, argument):
        if argument:
            return b"+OK %s %s\r\n" % (argument.encode(), self.messages[int(argument) - 1][0].encode())
        return self.multiline(b"%d %s\r\n" % (n, uid.encode()) for n, uid, _ in self.listed() if uid is not None)

    def do_retr(self, argument):
        content = self.message(argument)
        return b"-ERR no such message\r\n" if content is None else b"+OK\r\n" + self.stuffed(content) + b".\r\n"

    def do_top(self, argument):
        number, lines = argument.split()
        content = self.message(number)
        if content is None:
            return b"-ERR no such message\r\n"
        head, _, body = content.partition(b"\r\n\r\n")
        part = head + b"\r\n\r\n" + b"".join(body.splitlines(keepends=True)[:int(lines)])
        return b"+OK\r\n" + self.stuffed(part) + b".\r\n"

    def is_hooked(self, line):
        return line in self.server.hooks or line.partition(" ")[0] in self.server.hooks

    def do_dele(self, argument):
        if not self.is_hooked(f"DELE {argument}"):
            self.deleted.add(int(argument))
        return b"+OK\r\n"

    def do_quit(self, _):
        if not self.is_hooked("QUIT"):
            self.server.messages = [self.messages[n - 1] for n, _, _ in self.listed()]
        return b"+OK bye\r\n"
