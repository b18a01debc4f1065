"""POP3 servers of other people, as Debian packages them, each over a folder of its own on free loopback ports."""
