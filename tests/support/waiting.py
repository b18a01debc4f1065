"""Waiting for what must come true by itself."""
import time

SECONDS_MAX = 60  # a guard: nothing takes as long


def until(condition, what):
    """What `condition` returns once it holds."""
    end = time.monotonic() + SECONDS_MAX
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {SECONDS_MAX} s: {what}"
        time.sleep(0.01)
    return found
