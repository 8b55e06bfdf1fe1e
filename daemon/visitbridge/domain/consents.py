"""A patient's consent as an object that is given, renewed, revoked and runs out (L06, Y07, beyond #18)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from visitbridge.domain.id_numbers import id_kind
from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import FieldInvalid

LONGEST_DAYS: Final = 366
"""A consent ends a year after its signature at the latest. No published rule names a limit; this one is ours."""


class ConsentAct(enum.StrEnum):
    GIVEN = "given"
    RENEWED = "renewed"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Signer(enum.StrEnum):
    """Whose name stands under the paper."""

    PATIENT = "patient"
    FAMILY = "family"


class Person(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """The insured person whose record it is. ``id_no`` as on the card, 10 characters."""

    id_no: Annotated[str, Meta(min_length=10, max_length=10)]
    name: Annotated[str, Meta(min_length=1, max_length=40)]
    birth_date: dt.date


class ConsentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the paper says: which tables, who signed it and when, and until the end of which day in Taipei."""

    kinds: Annotated[tuple[RecordKind, ...], Meta(min_length=1, max_length=len(RecordKind))]
    signer: Signer
    signed_on: dt.date
    until: dt.date

    @property
    def ends_at(self) -> dt.datetime:
        """First moment at which it no longer counts, aware UTC."""
        following = self.until + dt.timedelta(days=1)
        return dt.datetime.combine(following, dt.time(), TAIPEI).astimezone(dt.UTC)


class ConsentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger: an act with all that it was about, so that no line needs another to be read.

    ``who``: staff id, ``box`` when time ran out, or ``phone`` when nobody was signed in. ``why``: the reason of a
    revocation, in the person's words.
    """

    at: dt.datetime
    consent_id: str
    act: ConsentAct
    who: str
    person: Person
    terms: ConsentTerms
    phone_id: str = ""
    why: str = ""

    @property
    def is_over(self) -> bool:
        return self.act in {ConsentAct.REVOKED, ConsentAct.EXPIRED}

    def counts_at(self, now: dt.datetime) -> bool:
        """Whether the consent, of which this is the latest line, holds at a moment."""
        return not self.is_over and now < self.terms.ends_at


def check_person(person: Person) -> None:
    """Raises FieldInvalid. A check digit refuses nobody: test patients fail theirs on purpose (nhi-domain §8.1)."""
    if id_kind(person.id_no) is None:
        raise FieldInvalid("neither a national nor a resident's id number", field="person.id_no")
    if not person.name.strip():
        raise FieldInvalid("a person has a name", field="person.name")


def check_terms(terms: ConsentTerms, today: dt.date) -> None:
    """Raises FieldInvalid: signed in the future, over already, longer than a year, a table named twice."""
    if terms.signed_on > today:
        raise FieldInvalid("signed in the future", field="terms.signed_on")
    if terms.until < today:
        raise FieldInvalid("over already", field="terms.until")
    if terms.until > terms.signed_on + dt.timedelta(days=LONGEST_DAYS):
        raise FieldInvalid(f"longer than {LONGEST_DAYS} days after the signature", field="terms.until")
    if len(set(terms.kinds)) != len(terms.kinds):
        raise FieldInvalid("a table is named twice", field="terms.kinds")


def latest(entries: Iterable[ConsentEntry]) -> dict[str, ConsentEntry]:
    """The last line of each consent, by its id; ``entries`` in order of the ledger."""
    return {entry.consent_id: entry for entry in entries}
