"""An SMTP server that does what a test tells it to. It has no code in common with the program under test."""
import socket
import ssl
import threading

DROP = object()  # close the connection without a word


class Ended(Exception):
    pass


class ScriptedSmtp:
    """`hooks` maps a verb, "GREETING" or "." to the reply in the place of the proper one, or DROP; a list is used up one by one.

    `messages` has what was taken, as (login, recipient, content).
    """

    def __init__(self, hooks=None, tls=None, extensions=("PIPELINING", "8BITMIME", "SIZE 100000000")):
        self.hooks, self.tls, self.extensions = dict(hooks or {}), tls, extensions
        self.messages, self.seen = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
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
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.converse(connection)
            except (OSError, ssl.SSLError, Ended):
                pass
            finally:
                connection.close()

    def converse(self, connection):
        file = connection.makefile("rb")
        login, recipient = None, None

        def line():
            octets = file.readline()
            if not octets:
                raise Ended
            return octets

        def reply(verb, proper):
            action = self.hooks.get(verb, proper)
            if isinstance(action, list):
                action = action.pop(0) if action else proper
            if action is DROP:
                raise Ended
            connection.sendall(action)
            return action == proper

        reply("GREETING", b"220 here\r\n")
        while True:
            command = line().decode().rstrip("\r\n")
            self.seen.append(command)
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                words = ["here", *self.extensions]
                reply(verb, b"".join(f"250{'-' if word is not words[-1] else ' '}{word}\r\n".encode() for word in words))
            elif verb == "AUTH":
                connection.sendall(b"334 \r\n")
                login = line().decode().strip()
                reply(verb, b"235 in\r\n")
            elif verb == "RCPT":
                recipient = command.partition(":")[2]
                reply(verb, b"250 ok\r\n")
            elif verb == "DATA":
                if not reply(verb, b"354 go on\r\n"):
                    continue
                content = b""
                while (one := line()) != b".\r\n":
                    content += one[1:] if one.startswith(b".") else one
                if "LOST" in self.hooks and self.hooks["LOST"].pop(0):  # taken, and the answer is lost
                    self.messages.append((login, recipient, content))
                    raise Ended
                if reply(".", b"250 queued\r\n"):
                    self.messages.append((login, recipient, content))
            elif verb == "QUIT":
                reply(verb, b"221 bye\r\n")
                raise Ended
            else:
                reply(verb, b"250 ok\r\n")
