"""Entity tags of answers (RFC 9110 §8.8.3, §13.1.2). Pure."""

import hashlib
import re

TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def entity_tag(body: bytes) -> str:
    """Give a strong tag for exactly this body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Tell whether the client already holds the tagged body: If-None-Match, by the weak comparison it asks for."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in TAG.findall(if_none_match)
