"""Hide secrets before anything is kept.

One place decides what a secret is, for log lines, rows, evidence and packets alike. Three ways lead to a
mask:

* the *name* of a field, header or query parameter says so (`password`, `writeKeys`, `Authorization`);
* the *look* of a text says so (`sgp_...`, `Bearer ...`, a PEM block, a JSON web token);
* the caller *knows* the value and passes it as one of `secrets`: then it goes in every writing that a
  server may echo it in (plain, percent, base64, hex, JSON-escaped, HTML).

All functions are pure. What they return can be stored as JSON and as UTF-8: NUL and lone surrogates are
replaced.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit, urlunsplit

Json = Any
Fingerprint = Callable[[str], str]

DOTS = "••••"
TAIL = 3  # characters of our own token that stay readable, to tell one token from the next
DEEPEST = 60  # levels of nesting; deeper answers are not answers of ours
LONGEST_TEXT = 100_000  # characters of one text that are kept
# Masked beside what is kept and then dropped, so that a secret cut in two never shows its first half.
MARGIN = 8_000
SHORTEST_KNOWN = 4  # shorter known values are hidden by field name only: they would tear up ordinary words

_KEY_KINDS = (
    "api|private|access|secret|signing|encryption|shared|account|license|service|write|auth|master|session|"
    "client|admin|tracking|project|consumer"
)
_NAMES = (
    rf"password|passwd|pwd|passphrase|passcode|secret|token|(?:{_KEY_KINDS})[_\-\s]?key|authori[sz]ation|"
    r"cookie|connection[_\-]?string|dsn|signature|assertion|jwt|credentials[_\-]?json"
)
_SECRET_NAME = re.compile(rf"(?:{_NAMES})s?$", re.IGNORECASE)
_SECRET_INSIDE = re.compile(r"password|passphrase|secret|private[_\-]?key", re.IGNORECASE)
_HARMLESS_END = re.compile(
    r"(?:count|type|id|name|enabled|required|at|length|policy|hint|less|status|state|changed|arn|url|version)$",
    re.IGNORECASE,
)
_SECRET_SETTING = re.compile(r"(?:^|[a-z_\-])(?:keys?|auth|credentials?|sas|pass)$", re.IGNORECASE)
_WRITE_KEYS = re.compile(r"^write_?keys?$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9_\-]{8,}")
_OWN = "authorization"  # the header that carries our token

_QUOTE = r"\\*(?:[\"']|%22|&quot;|&#34;)?"
_VALUE = (
    r"(?:\[[^\]]*\]?"
    r"|\"(?:[^\"\\]|\\.)*\"?"
    r"|\\+\".*?(?:\\+\"(?=\s*(?:[,}\]:\\]|$))|\Z)"
    r"|'[^']*'?"
    r"|%5B.*?(?:%5D|$)|%22.*?(?:%22|$)|&quot;.*?(?:&quot;|$)"
    r"|[^\s\"'&,;<>{}\[\]\\]+)"
)
_SCHEME = r"\b(bearer|basic|ssws)((?:\s|%20|\+|:){1,8})"
_CREDENTIAL = r"(?:[a-z0-9._~+/=\-]{16,}|(?=[a-z._~+/=\-]{0,16}\d)[a-z0-9._~+/=\-]{4,})"
_NAMED = ("pass", "pwd", "secret", "token", "key", "auth", "cookie", "connection", "dsn", "signature")
# Words in lower case, the look itself, what stands there instead. A text without any of the words is not
# looked at further, and most texts (names, ids, addresses) have none.
_LOOKS = tuple(
    (words, re.compile(look, re.IGNORECASE | re.DOTALL), instead)
    for words, look, instead in (
        (("-----begin",), r"-----BEGIN[a-z0-9 +%]*-----.*?(?:-----END[a-z0-9 +%]*-----|\Z)", f"{DOTS} (PEM)"),
        (("sgp",), r"sgp(?:_|%5f|\\u005f)[a-z0-9_\-]{4,}", f"sgp_{DOTS}"),
        (("bearer", "basic", "ssws"), _SCHEME + _CREDENTIAL, rf"\1\2{DOTS}"),
        (("eyj",), r"(?<![a-z0-9_\-])eyJ[a-z0-9_\-]{8,}\.[a-z0-9_\-]{4,}(?:\.[a-z0-9_\-]*)?", DOTS),
        # Our own links that open a packet: whoever reads the log must not hold one.
        (("/share/",), r"(/share/)[a-z0-9_\-]{20,}", rf"\1{DOTS}"),
        (("://",), r"(://)[^/\s@\"'<>]{1,2000}@", rf"\1{DOTS}@"),
        (
            ("value=",),
            rf"(<[^<>]{{0,300}}(?:{_NAMES})s?[\"'][^<>]{{0,300}}\bvalue=)(?:\"[^\"]*\"?|'[^']*'?|[^\s>]+)",
            rf"\1{DOTS}",
        ),
        (("</",), rf"(<[\w:.\-]{{0,80}}(?:{_NAMES})s?>)[^<]*", rf"\1{DOTS}"),
        (
            (*_NAMED, "assertion", "jwt", "credentials"),
            rf"((?:{_NAMES})s?{_QUOTE}\s*(?:=>|=|:|%3A|%3D)\s*)(?!\s*(?:bearer|basic|ssws)\b){_VALUE}",
            rf"\1{DOTS}",
        ),
    )
)
_WORDS = tuple({word: None for words, _, _ in _LOOKS for word in words})


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """True when a field, header or parameter of this name carries a secret: `apiKey`, `client_secret`."""
    if _SECRET_NAME.search(name):
        return True
    return bool(_SECRET_INSIDE.search(name)) and not _HARMLESS_END.search(name)


class Known:
    """Secrets that the caller knows, with all their writings worked out once: take one for many texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = tuple(dict.fromkeys(secret for secret in secrets if len(secret) >= SHORTEST_KNOWN))
        self.writings = tuple(writing for secret in self.secrets for writing in _writings(secret))

    @classmethod
    def of(cls, secrets: "Secrets") -> "Known":
        return secrets if isinstance(secrets, Known) else cls(secrets)

    def out_of(self, text: str, writings: Sequence[str] | None = None) -> str:
        """The text without them; blank when it holds one in a writing that we cannot point at.

        `writings`: the only ones that can be in the text, where the caller knows that.
        """
        possible = self.writings if writings is None else writings
        if any(map(text.__contains__, possible)):
            for writing in possible:
                text = text.replace(writing, DOTS)
        hidden = any(secret in plain for plain in _decoded(text) for secret in self.secrets)
        return DOTS if hidden else text


Secrets = Iterable[str] | Known


def mask_text(text: str, *, secrets: Secrets = (), longest: int = LONGEST_TEXT) -> str:
    """The text without the known `secrets`, in any writing, and without what looks like a secret.

    Of a text beyond `longest` characters only the beginning is kept.
    """
    return _masked(text, Known.of(secrets), longest)


def mask_token(token: str) -> str:
    """`••••4c2`: enough to tell two tokens of a workspace apart, never enough to use one."""
    return DOTS + token[-TAIL:] if len(token) >= 4 * TAIL else DOTS


def mask_headers(headers: Mapping[str, str], *, secrets: Secrets = ()) -> dict[str, str]:
    """Headers as they may be kept. Of a bearer token the last three characters stay, else nothing."""
    known = Known.of(secrets)
    shown = {name: _mask_header(name, value, known) for name, value in headers.items()}
    # Most have nothing else to hide, which one look over all of them finds out.
    others = [name for name in shown if name.lower() != _OWN]
    texts = [*others, *(headers[name] for name, instead in shown.items() if instead is None)]
    if _Sieve(_Sweep(texts), known).clean:
        return {name: headers[name] if instead is None else instead for name, instead in shown.items()}
    return {
        _masked(name, known): _masked(headers[name], known) if instead is None else instead
        for name, instead in shown.items()
    }


def mask_url(url: str, *, secrets: Secrets = (), fingerprint: Fingerprint | None = None) -> str:
    """An address as it may be kept: no write key in the path, no secret in the query, no name and password.

    A write key becomes `key:<fingerprint>`, so that the record still says which key was meant.
    """
    known = Known.of(secrets)
    try:
        scheme, host, path, query, fragment = urlsplit(url)
    except ValueError:
        return _masked(url, known)
    host = f"{DOTS}@{host.rpartition('@')[2]}" if "@" in host else host
    path = _masked(_mask_path(path, fingerprint), known)
    query = "&".join(_mask_parameter(pair, known) for pair in query.split("&"))
    return urlunsplit((scheme, _masked(host, known), path, query, _masked(fragment, known)))


def mask_body(value: Json, *, secrets: Secrets = (), fingerprint: Fingerprint | None = None) -> Json:
    """A JSON value, or plain text, as it may be kept.

    Values of `writeKeys` become `key:<fingerprint>` (dots without a `fingerprint`), other secret fields
    become dots, code of functions becomes `code:<start of its SHA-256>`. A value hidden in one field is
    hidden wherever else the same body repeats it. Names of fields are cleaned like texts. A body without anything
    to hide comes back itself, not copied.
    """
    known, sweep = Known.of(secrets), _Sweep(value)
    sieve = _Sieve(sweep, known)
    if sweep.whole and sieve.clean:
        return value
    return _Walk(known, sweep, fingerprint, sieve).body(value, "", 0)


def secrets_in(value: Json) -> frozenset[str]:
    """The plain values that `mask_body` hides because of their field names, to pass as `secrets`."""
    return frozenset(_Sweep(value).secrets)


def storable(text: str) -> str:
    """The text as every database takes it: no NUL, no lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{SYMBOL FOR NULL}")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class _Sweep:
    """One walk over a body before anything is hidden: the texts and names that are shown, the secrets, and what can stay.

    What can stay is plain JSON in which no field hides anything and nothing is nested too deep.
    """

    def __init__(self, value: Json) -> None:
        self.texts: list[str] = []
        self.names: set[str] = set()
        self.secrets: set[str] = set()
        self.stays: set[int] = set()  # by identity, the objects that can
        self.changes: set[int] = set()
        self.whole = self.over(value, "", 0)
        self.stays -= self.changes

    def over(self, value: Json, parent: str, depth: int) -> bool:
        """Whether it can stay."""
        kind = type(value)
        if depth > DEEPEST:
            return False
        if kind is str:
            self.texts.append(value)
            return True
        if kind is dict:
            return self.fields(value, parent, depth)
        if kind is list:
            stays = True
            for each in value:
                stays = self.over(each, parent, depth + 1) and stays
            return self.noted(value, stays)
        return value is None or kind in (bool, int, float) or self.other(value, parent, depth)

    def other(self, value: Json, parent: str, depth: int) -> bool:
        if isinstance(value, Mapping):
            self.fields(value, parent, depth)
        elif isinstance(value, list | tuple):
            for each in value:
                self.over(each, parent, depth + 1)
        elif isinstance(value, str):
            self.texts.append(value)
        return False

    def fields(self, fields: Mapping[Any, Any], parent: str, depth: int) -> bool:
        stays = True
        for name, value in fields.items():
            if type(name) is not str:
                stays, name = False, str(name)
            self.names.add(name)
            if _verdict(name, fields, parent):
                stays = False
                self.covered(value, depth)
            elif not self.over(value, _inside(name, parent), depth + 1):
                stays = False
        return self.noted(fields, stays)

    def noted(self, value: Json, stays: bool) -> bool:
        """What can stay in one place and not in another is the same object, so it cannot."""
        (self.stays if stays else self.changes).add(id(value))
        return stays

    def covered(self, value: Json, depth: int) -> None:
        """Of a secret only the names in it are shown."""
        if depth > DEEPEST:
            return
        if isinstance(value, Mapping):
            self.names.update(map(str, value))
        if isinstance(value, Mapping | list | tuple):
            for each in value.values() if isinstance(value, Mapping) else value:
                self.covered(each, depth + 1)
        elif isinstance(value, str) and value:
            self.secrets.add(value)


class _Sieve:
    """What there can be to hide in any text of one body, looked for once in all of them.

    Most bodies are thousands of short texts with next to none of the words: one long text is gone through at once, each
    short one by itself takes a hundred times as long.
    """

    def __init__(self, sweep: _Sweep, known: Known) -> None:
        texts = "\n".join((*sweep.texts, *sweep.names))
        self.repeats = frozenset(secret for secret in sweep.secrets if secret in texts)
        small = "\n".join((*sweep.texts, *(name for name in sweep.names if _shows(name)))).lower()
        self.looks = tuple(each for each in _LOOKS if any(map(small.__contains__, each[0])))
        self.words = tuple(word for words, _, _ in self.looks for word in words if word in small)
        self.writings = tuple(writing for writing in known.writings if writing in texts)
        packed = bool(known.secrets) and any(sign in texts for sign in "%&\\")
        odd = "\x00" in texts or not (texts.isascii() or _is_utf8(texts))
        long = any(len(text) > LONGEST_TEXT + MARGIN for text in sweep.texts)
        self.clean = not (self.words or self.writings or packed or odd or long)


@lru_cache(maxsize=4096)
def _shows(name: str) -> bool:
    """A name of a field says where a secret is; it looks like one itself only if something follows the word."""
    small = name.lower()
    return any(any(map(small.__contains__, words)) and look.search(name) for words, look, _ in _LOOKS)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _masked(text: str, known: Known, longest: int = LONGEST_TEXT, sieve: _Sieve | None = None) -> str:
    whole = len(text)
    text = known.out_of(storable(text[: longest + MARGIN]), sieve.writings if sieve else None)
    small = text.lower()
    if any(map(small.__contains__, sieve.words if sieve else _WORDS)):
        for words, look, instead in sieve.looks if sieve else _LOOKS:
            text = look.sub(instead, text) if any(map(small.__contains__, words)) else text
    if whole <= longest + MARGIN:
        return text
    return f"{text[: max(0, min(longest, len(text) - MARGIN))]} … ({whole} characters in all)"


class _Walk:
    """One walk over one body, which copies only what cannot stay."""

    def __init__(self, known: Known, sweep: _Sweep, fingerprint: Fingerprint | None, sieve: _Sieve) -> None:
        self.known, self.fingerprint, self.sieve = known, fingerprint, sieve
        self.names: dict[str, str] = {}
        # Secrets of the body that it shows elsewhere, too.
        self.repeats = frozenset(word for word in sieve.repeats if _WORD.fullmatch(word))
        self.odd = tuple(word for word in sieve.repeats - self.repeats if len(word) >= SHORTEST_KNOWN)
        self.stays = sweep.stays if sieve.clean and not sieve.repeats else frozenset[int]()

    def body(self, value: Json, parent: str, depth: int) -> Json:
        if id(value) in self.stays:
            return value
        if depth > DEEPEST:
            return f"{DOTS} (nested too deep)"
        if isinstance(value, Mapping):
            return self.fields(value, parent, depth)
        if isinstance(value, list | tuple):
            return [self.body(each, parent, depth + 1) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def fields(self, fields: Mapping[Any, Any], parent: str, depth: int) -> dict[str, Json]:
        done: dict[str, Json] = {}
        for name, value in fields.items():
            verdict = _verdict(str(name), fields, parent)
            shown = (
                self.hidden(value, verdict, depth + 1)
                if verdict
                else self.body(value, _inside(str(name), parent), depth + 1)
            )
            done[_free(self.name(str(name)), done)] = shown
        return done

    def hidden(self, value: Json, verdict: str, depth: int) -> Json:
        if depth > DEEPEST:
            return DOTS
        if isinstance(value, Mapping):
            done: dict[str, Json] = {}
            for name, each in value.items():
                done[_free(self.name(str(name)), done)] = self.hidden(each, verdict, depth + 1)
            return done
        if isinstance(value, list | tuple):
            return [self.hidden(each, verdict, depth + 1) for each in value]
        if value is None or value == "" or isinstance(value, bool):
            return value
        return self.instead(str(value), verdict)

    def instead(self, value: str, verdict: str) -> str:
        if verdict == "key":
            return f"key:{self.fingerprint(value)}" if self.fingerprint else DOTS
        if verdict == "code":
            return "code:" + sha256(value.encode("utf-8", "replace")).hexdigest()[:16]
        return DOTS

    def name(self, name: str) -> str:
        if name not in self.names:
            self.names[name] = self.text(name)
        return self.names[name]

    def text(self, text: str) -> str:
        if not self.sieve.clean:
            text = _masked(text, self.known, sieve=self.sieve)
        for odd in self.odd:
            text = text.replace(odd, DOTS)
        if not self.repeats:
            return text
        return _WORD.sub(lambda word: DOTS if word[0] in self.repeats else word[0], text)


def _verdict(name: str, fields: Mapping[Any, Any], parent: str) -> str:
    """Why the field is a secret: `key`, `code`, `secret`, or nothing."""
    if name == "code" and "message" in fields:  # beside a message it is the code of an error
        return ""
    if verdict := _verdict_of_name(name, parent):
        return verdict
    label = fields.get("name", fields.get("key")) if name == "value" else None
    return "secret" if isinstance(label, str) and is_secret_name(label) else ""


@lru_cache(maxsize=4096)
def _verdict_of_name(name: str, parent: str) -> str:
    if _WRITE_KEYS.match(name):
        return "key"
    if name == "code":
        return "code"
    if is_secret_name(name) or parent == "encryptedSettings":
        return "secret"
    return "secret" if parent == "settings" and (name == "value" or _SECRET_SETTING.search(name)) else ""


def _inside(name: str, parent: str) -> str:
    """Settings stay settings on every level below."""
    if name in ("settings", "encryptedSettings"):
        return name
    return parent if parent in ("settings", "encryptedSettings") else name


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Two names that became equal by masking both stay."""
    number = 2
    wanted = name
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name


def _mask_header(name: str, value: str, known: Known) -> str | None:
    """None for a header that is like any text."""
    if name.lower() == _OWN and value[:7].lower() == "bearer ":
        return "Bearer " + mask_token(value[7:].strip())
    if is_secret_name(name):
        return DOTS
    if name.lower() in ("location", "content-location", "referer"):
        return mask_url(value, secrets=known)
    return None


def _mask_path(path: str, fingerprint: Fingerprint | None) -> str:
    parts = path.split("/")
    for at in range(1, len(parts)):
        if _WRITE_KEYS.match(parts[at - 1]) and parts[at]:
            parts[at] = f"key:{fingerprint(unquote(parts[at]))}" if fingerprint else DOTS
    return "/".join(parts)


def _mask_parameter(pair: str, known: Known) -> str:
    name, equals, _ = pair.partition("=")
    plain = re.sub(r"(?:\.\d+|\[\d*\])$", "", unquote_plus(name))
    if equals and is_secret_name(plain):
        return f"{_masked(name, known)}={DOTS}"
    return _masked(pair, known)


def _writings(secret: str) -> list[str]:
    """The usual writings of a secret, the longest first."""
    raw = secret.encode("utf-8", "replace")
    percent = quote(secret, safe="", errors="replace")
    small = re.sub("%..", lambda found: found[0].lower(), percent)
    escaped = json.dumps(secret)[1:-1]
    writings = {secret, percent, small, quote_plus(secret, errors="replace"), quote(percent, safe="")}
    writings |= {escaped, escaped.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1]}
    writings |= {html.escape(secret), raw.hex(), raw.hex().upper()}
    if len(raw) >= 6:
        writings |= set(_in_base64(raw))
    return sorted(writings, key=len, reverse=True)


def _in_base64(raw: bytes) -> Iterable[str]:
    """What of the secret shows in base64, wherever it begins: only those characters that it alone decides."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).decode()
        sure = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from {sure, sure.replace("+", "-").replace("/", "_")}


def _decoded(text: str) -> Iterable[str]:
    if "%" in text:
        yield unquote(text)
        yield unquote_plus(unquote(text))
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
