"""Debian packages as an ordinary user: fetched by apt, unpacked in a folder of the user's cache, installed nowhere."""
