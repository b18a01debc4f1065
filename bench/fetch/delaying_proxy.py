"""A TCP proxy that stands for a distant server: it delays every octet by half a round trip, and lets no more through than a line
of some bandwidth would. It counts octets, and the round trips that a client waited for.

The handshake of TCP takes its round trip too. What is not imitated is slow start: the window is open from the beginning.
"""
import asyncio
import collections
import json
import sys

QUEUED_OCTETS_MAX = 16 << 20
PIECE_OCTETS = 16 << 10


class Counts:
    def __init__(self):
        self.connections = self.round_trips = self.up = self.down = 0


class Direction:
    """One way of one connection: octets that are on the line, and when each of them arrives."""

    def __init__(self, loop, delay, octets_per_second):
        self.loop, self.delay, self.octets_per_second = loop, delay, octets_per_second
        self.queue, self.queued = collections.deque(), 0
        self.line_free = self.not_before = 0.0
        self.timer = self.source = self.target = None
        self.ended = self.paused = False

    def send(self, octets):
        for at in range(0, len(octets), PIECE_OCTETS):
            self.send_piece(octets[at:at + PIECE_OCTETS])

    def send_piece(self, octets):
        now = max(self.loop.time(), self.not_before, self.line_free)
        self.line_free = now + (len(octets) / self.octets_per_second if self.octets_per_second else 0)
        self.queue.append((self.line_free + self.delay, octets))
        self.queued += len(octets)
        if self.queued > QUEUED_OCTETS_MAX and not self.paused:
            self.paused = True
            self.source.pause_reading()
        self.arm()

    def end(self):
        self.ended = True
        self.arm()

    def arm(self):
        if self.timer is None and self.target is not None:
            at = self.queue[0][0] if self.queue else max(self.loop.time(), self.line_free) + self.delay
            self.timer = self.loop.call_at(at, self.arrive)

    def arrive(self):
        self.timer = None
        while self.queue and self.queue[0][0] <= self.loop.time() + 1e-4:
            octets = self.queue.popleft()[1]
            self.queued -= len(octets)
            self.target.write(octets)
        if self.paused and self.queued < QUEUED_OCTETS_MAX // 2:
            self.paused = False
            self.source.resume_reading()
        if self.queue:
            self.arm()
        elif self.ended and not self.target.is_closing():
            self.target.close()


class ServerSide(asyncio.Protocol):
    def __init__(self, client_side):
        self.client_side = client_side

    def connection_made(self, transport):
        self.client_side.reached(transport)

    def data_received(self, octets):
        self.client_side.counts.down += len(octets)
        self.client_side.answered = True
        self.client_side.down.send(octets)

    def connection_lost(self, _):
        self.client_side.down.end()


class ClientSide(asyncio.Protocol):
    def __init__(self, loop, server, delay, octets_per_second, counts):
        self.loop, self.server, self.counts = loop, server, counts
        self.up = Direction(loop, delay, octets_per_second)
        self.down = Direction(loop, delay, octets_per_second)
        self.answered = True

    def connection_made(self, transport):
        self.counts.connections += 1
        self.counts.round_trips += 1
        self.up.source = self.down.target = transport
        established = self.loop.time() + 2 * self.up.delay
        self.up.not_before = self.down.not_before = established
        self.loop.call_at(established, lambda: self.loop.create_task(self.reach()))

    async def reach(self):
        await self.loop.create_connection(lambda: ServerSide(self), *self.server)

    def reached(self, transport):
        self.up.target = self.down.source = transport
        self.up.arm()

    def data_received(self, octets):
        self.counts.up += len(octets)
        # The client has got all that was on its way before it sent this: it was waiting.
        if self.answered and not self.down.queue:
            self.counts.round_trips += 1
            self.answered = False
        self.up.send(octets)

    def connection_lost(self, _):
        self.up.end()


async def serve(server_port, delay, octets_per_second, port):
    """Prints its port; then, for every line that it reads, what it has counted since the last."""
    loop = asyncio.get_running_loop()
    counts = Counts()
    listener = await loop.create_server(
        lambda: ClientSide(loop, ("127.0.0.1", server_port), delay, octets_per_second, counts), "127.0.0.1", port)
    print(listener.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(json.dumps(vars(counts)), flush=True)
        counts.__init__()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 2000, float(sys.argv[3]) * 1e6 / 8, int(sys.argv[4])))
