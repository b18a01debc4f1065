"""Fermo itself."""
import corpus
from fermo_process import Fermo as Process
from fermo_process import without_trace_fields
from servers.server import Server


class Fermo(Server):
    @classmethod
    def missing(cls):
        return None

    def start(self):
        self.process = Process(self.folder)
        self.process.add_user(self.user, self.password)
        self.process.start()
        self.ports = self.process.ports

    @property
    def certificate(self):
        return self.process.certificate

    def said(self):
        return self.process.tail()

    def fill(self, messages):
        self.process.run("drop", "empty", self.user, "--yes")
        self.add(messages)

    def add(self, messages):
        corpus.deliver(self.process, self.user, [self.sends(message) for message in messages])

    def same(self, sent, message):
        return without_trace_fields(sent) == self.sends(message)

    def __exit__(self, *unused):
        self.process.stop()
        super().__exit__(*unused)
