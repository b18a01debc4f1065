"""What clients, administrators and other servers were told, and when: at which position of the recorded disks. And from that, what
must be there after a cut at any position."""
import dataclasses
import threading


@dataclasses.dataclass
class Event:
    """Something asked for at a position and acknowledged at another one, or never."""

    asked: int
    acknowledged: int | None = None

    def is_certain(self, cut):
        return self.acknowledged is not None and self.acknowledged <= cut

    def is_possible(self, cut):
        return self.asked <= cut


class Mail:
    """Deliveries and deletions, keyed by (user, token)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.digest = {}           # token to SHA-256 of the content
        self.delivered = {}
        self.deleted = {}
        self.deliveries = []       # (event, places): all of them or none
        self.deletions = []
        self.tokens = {}           # (user, unique-id) to token

    def begin(self, into, groups, places, position):
        event = Event(position)
        with self.lock:
            into.update((place, event) for place in places)
            groups.append((event, places))
        return event

    def begin_delivery(self, places, position):
        return self.begin(self.delivered, self.deliveries, places, position)

    def begin_deletion(self, places, position):
        return self.begin(self.deleted, self.deletions, places, position)

    def judge(self, cut, found):
        """What is wrong with `found`, a list of (user, unique-id, token), after a cut."""
        wrong = []
        places = [(user, token) for user, _, token in found]
        there = set(places)
        wrong += [f"{places.count(place)} times there: {place}" for place in there if places.count(place) > 1]
        for user, unique_id, token in found:
            meant = self.tokens.get((user, unique_id), token)
            if meant != token:
                wrong.append(f"unique-id {unique_id} of {user} meant {meant} and now {token}")
        for place in there:
            if place not in self.delivered or not self.delivered[place].is_possible(cut):
                wrong.append(f"never delivered: {place}")
        for place, delivered in self.delivered.items():
            deleted = self.deleted.get(place)
            if place in there and deleted and deleted.is_certain(cut):
                wrong.append(f"an acknowledged deletion is undone: {place}")
            touched = deleted and deleted.is_possible(cut)
            if place not in there and delivered.is_certain(cut) and not touched:
                wrong.append(f"an acknowledged message is lost: {place}")
        return wrong + self.judge_groups(cut, there)

    def judge_groups(self, cut, there):
        wrong = []
        for event, places in self.deliveries:
            untouched = [place for place in places if not (place in self.deleted and self.deleted[place].is_possible(cut))]
            if event.is_possible(cut) and 0 < sum(place in there for place in untouched) < len(untouched):
                wrong.append(f"half a delivery is there: {places}")
        for event, places in self.deletions:
            alone = [place for place in places if self.delivered[place].is_certain(cut)]
            if event.is_possible(cut) and 0 < sum(place in there for place in alone) < len(alone):
                wrong.append(f"half a deletion was done: {places}")
        return wrong

    def settle(self, found):
        """What was open to doubt is certain now; positions begin anew."""
        gone = self.delivered.keys() - {(user, token) for user, _, token in found}
        self.delivered = {place: Event(0, 0) for place in self.delivered}
        self.deleted = {place: Event(0, 0) for place in gone}
        self.deliveries, self.deletions = [], []
        self.tokens.update({(user, unique_id): token for user, unique_id, token in found})


class Versions:
    """A file that is replaced as a whole, one change after the other. At first it is not there, or empty."""

    def __init__(self, name):
        self.name, self.versions = name, [(b"", Event(0, 0))]

    def add(self, octets, event):
        self.versions.append((octets, event))

    def judge(self, cut, octets):
        last = max(n for n, (_, event) in enumerate(self.versions) if event.is_certain(cut))
        possible = [text for text, event in self.versions[last:] if event.is_possible(cut)]
        if octets in possible:
            return []
        known = next((n for n, (text, _) in enumerate(self.versions) if text == octets), None)
        what = "no version that ever was" if known is None else f"version {known}"
        return [f"the {self.name} is {what} ({len(octets)} octets); version {last} was acknowledged"]

    def settle(self, octets):
        self.versions = [(octets, Event(0, 0))]


class Source:
    """What another server holds for an account that is fetched: a message from when it came to when it was deleted."""

    def __init__(self):
        self.messages = {}  # unique-id to content, in their order
        self.came, self.went = {}, {}
        self.fetched = {}   # when the run that fetched it had ended well

    def at(self, cut):
        return [(uid, content) for uid, content in self.messages.items()
                if self.came[uid] <= cut and self.went.get(uid, cut + 1) > cut]

    def contents_until(self, cut):
        """All that should be in the target, once this was fetched."""
        return sorted(content for uid, content in self.messages.items() if self.came[uid] <= cut)

    def note_fetched(self, position):
        self.fetched.update({uid: position for uid in self.messages if uid not in self.fetched})

    def fetched_again_max(self, cut):
        """How many of what is left there may be fetched by a run after the cut."""
        return sum(self.fetched.get(uid, cut + 1) > cut for uid, _ in self.at(cut))

    def settle(self, cut):
        self.fetched = {uid: 0 for uid, position in self.fetched.items() if position <= cut}
        self.messages = {uid: content for uid, content in self.messages.items() if self.came[uid] <= cut}
        self.went = {uid: 0 for uid, position in self.went.items() if position <= cut}
        self.came = dict.fromkeys(self.messages, 0)
