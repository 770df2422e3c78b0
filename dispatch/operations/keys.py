"""Keys: made, recognised, revoked. The secret is shown once and never stored."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from dispatch.access import Identity, KeyId, Role, digest_of, key_id_of, new_secret
from dispatch.days import CompanyId, DepotId
from dispatch.errors import DispatchError
from dispatch.ids import checked_depot_id
from dispatch.store import Store


class KeyIncomplete(DispatchError):
    """A key that would open more than the one it is made for."""

    code: ClassVar[str] = "key-incomplete"

    def __init__(self, role: Role) -> None:
        self.role = role
        super().__init__(f"a {role} key belongs to one {role} of one depot: name both")


async def create_key(
    store: Store,
    *,
    company_id: CompanyId,
    role: Role,
    depot_id: DepotId | None = None,
    subject: str | None = None,
    note: str = "",
) -> str:
    """
    Make a key and return its secret, which nobody can read again.

    `subject` is the courier or collection point that it belongs to.

    Raises
    ------
    IdMalformed
        The company or depot id cannot be one.
    KeyIncomplete
        A courier's or point's key without depot and subject.
    """
    checked_depot_id(company_id)
    if role in (Role.COURIER, Role.POINT) and (depot_id is None or not subject):
        raise KeyIncomplete(role)
    if depot_id is not None:
        checked_depot_id(depot_id)
    secret = new_secret()
    digest = digest_of(secret)
    identity = Identity(
        key_id=key_id_of(digest),
        company_id=company_id,
        role=role,
        depot_id=depot_id,
        subject=subject,
        note=note,
    )
    await store.companies.keep_identity(digest, company_id, msgspec.json.encode(identity))
    return secret


async def identify(store: Store, secret: str) -> Identity | None:
    """Whom `secret` speaks for; None: it is unknown or revoked."""
    body = await store.companies.identity(digest_of(secret))
    return None if body is None else msgspec.json.decode(body, type=Identity)


async def revoke_key(store: Store, company_id: CompanyId, key_id: KeyId) -> bool:
    """Make the key useless from now on; False: the company has no such key."""
    return await store.companies.revoke_identity(company_id, key_id)
