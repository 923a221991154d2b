"""What a log line may say of an exception: its type and its place. Its text is that of a handler, which may quote its input or forge lines."""
from __future__ import annotations

import os
import traceback

from tutti import scrub


def described(error: BaseException, messages: bool = False) -> str:
    """`ValueError at hotels.py:12`; with `messages` also its text, scrubbed, on the same line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " at %s:%s" % (os.path.basename(frames[-1].filename), frames[-1].lineno) if frames else ""
    return type(error).__name__ + place + (": " + scrub.scrubbed(str(error)) if messages else "")
