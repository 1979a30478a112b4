"""Sends one run and prints the Content-Encoding that was on the wire.

usage: compression.py SLUG [default|off]
"""

import contextlib
import http.client
import io
import re
import sys

import sentry_sdk
from sentry_sdk.crons import monitor

slug, compression = sys.argv[1], sys.argv[2]
sentry_sdk.init(_experiments={"transport_compression_level": 0} if compression == "off" else {})

http.client.HTTPConnection.debuglevel = 1  # prints each request's head
with contextlib.redirect_stdout(io.StringIO()) as wire:
    with monitor(monitor_slug=slug, monitor_config={"schedule": {"type": "interval", "value": 30, "unit": "minute"}}):
        pass
    sentry_sdk.flush(10)

heads = re.findall(r"send: b'POST .*", wire.getvalue())
encodings = {found[1] if (found := re.search(r"Content-Encoding: (\w+)", head)) else "identity" for head in heads}
print(*encodings)
