"""Who may come in, and by which way. Pure: what is known comes in, a sentence or nothing comes out.

Somebody who signs in elsewhere is known here by that provider's name for them (the subject), never by an address: addresses
are given anew, and change. An address counts once, when a person comes for the first time, and only from a provider that
an administrator trusts for the addresses of that domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    PASSWORD = "password"
    PASSKEY = "passkey"
    ELSEWHERE = "single sign-on"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a provider says of the person who just signed in there. `verified`: yes, no, or nothing said (None)."""

    subject: str
    address: str = ""
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came back from a provider, checked for who signed it and for whom. `signed_in_at`: seconds since 1970."""

    claim: Claim
    nonce: str = ""
    signed_in_at: float | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """For which addresses a provider may speak. `silent`: it never says that one is verified, and is believed anyway."""

    name: str
    domains: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The user who has the claimed address here, and the providers (those switched on) that this user comes from."""

    is_active: bool
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class No:
    """`code` is for the record, `sentence` for the person."""

    code: str
    sentence: str


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def first_time(claim: Claim, trust: Trust, known: Known | None) -> No | None:
    """May this subject, seen for the first time, be taken for the user who has its address? None: yes."""
    ask = "Ask an administrator of Offboard."
    if not claim.address:
        return No("no-address", f"{trust.name} did not tell your e-mail address. {ask}")
    if domain_of(claim.address) not in trust.domains:
        return No(
            "domain-not-trusted",
            f"{trust.name} may not speak for addresses of {domain_of(claim.address)} here. {ask}",
        )
    if claim.verified is False or (claim.verified is None and not trust.silent):
        return No("not-verified", f"{trust.name} does not say that {claim.address} is verified. {ask}")
    if known is None:
        return No("not-invited", f"Nobody is invited with the address {claim.address}. {ask}")
    if not known.is_active:
        return No("disabled", f"Your access to Offboard is disabled. {ask}")
    if known.providers:
        return No(
            "address-taken",
            f"Somebody else already signs in as {claim.address}, from another account. If that is you, ask an"
            " administrator of Offboard to forget the old one.",
        )
    return None


def again(is_active: bool) -> No | None:
    """May a subject that is known come in?"""
    if is_active:
        return None
    return No("disabled", "Your access to Offboard is disabled. Ask an administrator of Offboard.")


def not_vouched_for(name: str, vouched: bool, decides: bool) -> No | None:
    """Why somebody who decides does not come in at a provider that one administrator alone has entered or changed."""
    if vouched or not decides:
        return None
    return No(
        "not-confirmed",
        f"{name} was entered or changed by one administrator. Nobody who approves, watches over or administers comes in there"
        " before another administrator has confirmed it under Setup > Sign-in.",
    )


SKEW = 60.0  # seconds that the clock of a provider may be behind ours


def no_proof(same_person: bool, signed_in_at: float | None, asked_at: float, name: str) -> No | None:
    """Why a sign-in at a provider does not prove once more who is here; None if it does.

    The provider has to say when the person last gave their password there, and that has to be after we asked.
    """
    if not same_person:
        return No("somebody-else", f"That was another account at {name}. Sign in there as yourself.")
    if signed_in_at is None or signed_in_at < asked_at - SKEW:
        return No(
            "not-fresh",
            f"{name} did not ask you to sign in again, so it proves nothing. Ask an administrator.",
        )
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides by which way one user comes in. `providers` and `offered` are names as they stand on buttons."""

    providers: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    only_elsewhere: bool = False
    break_glass: bool = False
    has_factor: bool = False


def wrong_way(way: Way, standing: Standing) -> No | None:
    """Why this user does not come in by this way; None if they do.

    Who is linked to a provider comes in only there, so that locking somebody there locks them out here.
    """
    if standing.break_glass:
        return break_glass(way, standing)
    if way is Way.ELSEWHERE:
        return None
    if standing.providers:
        return No("elsewhere", f"You sign in elsewhere. Press {buttons(standing.providers)}.")
    if standing.only_elsewhere:
        return No("elsewhere", f"Everybody signs in elsewhere here. Press {buttons(standing.offered)}.")
    return None


def break_glass(way: Way, standing: Standing) -> No | None:
    if way is not Way.PASSWORD:
        return No("break-glass", "This account signs in with its password and its second factor only.")
    if standing.only_elsewhere and not standing.has_factor:
        return No(
            "break-glass",
            "This account has no second factor, so it opens nothing. docs/sign-in.md says how to give it one.",
        )
    return None


def buttons(names: Sequence[str]) -> str:
    """ "Continue with Okta" or "Continue with Entra"."""
    return " or ".join(f"“Continue with {name}”" for name in names) or "the button of your firm’s sign-in"


def wrong_domains(domains: Sequence[str]) -> str:
    """What is wrong with a list of domains, in a sentence; empty if nothing is."""
    for domain in domains:
        if "." not in domain.strip(".") or "@" in domain or any(sign.isspace() for sign in domain):
            return f"Write domains like northwind.example, one a line. {domain} is none."
    return ""
