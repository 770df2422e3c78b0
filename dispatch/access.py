"""Who may ask: a secret key belongs to one company and plays one role in it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from dispatch.days import CompanyId, DepotId

KeyId = NewType("KeyId", str)

KEY_PREFIX: Final = "cl_"
"""Lets scanners of leaked secrets, and people, recognise one of ours."""


class Role(StrEnum):
    DISPATCHER = "dispatcher"
    COURIER = "courier"
    POINT = "point"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    What a key stands for.

    `depot_id` None: every depot of the company. `subject` is the courier or the collection point
    that the key belongs to, None for the other roles. `note` says whom it was handed to.
    """

    key_id: KeyId
    company_id: CompanyId
    role: Role
    depot_id: DepotId | None = None
    subject: str | None = None
    note: str = ""

    @property
    def sees_phones(self) -> bool:
        """A dispatcher and the courier at the door need to call; screens on walls do not."""
        return self.role in (Role.DISPATCHER, Role.COURIER)

    @property
    def author(self) -> str:
        """What events say of who spoke: never a person's name."""
        return f"{self.role}:{self.key_id}"


def new_secret() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """
    What is stored in place of the secret.

    A plain hash is enough: the secret has 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def key_id_of(digest: str) -> KeyId:
    """The name under which a key is revoked and written into events: 64 bits of its digest."""
    return KeyId(digest[:16])
