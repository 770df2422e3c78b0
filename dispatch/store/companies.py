"""What belongs to a company and to none of its depots: keys and kept answers."""

from __future__ import annotations

from dispatch.access import KeyId, key_id_of
from dispatch.days import CompanyId
from dispatch.store import keys
from dispatch.store.client import Commands
from dispatch.store.scripts import Scripts


class Companies:
    """Each record is one key, so that every change is one step wherever a cluster keeps it."""

    def __init__(self, client: Commands, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    async def keep_identity(self, digest: str, company_id: CompanyId, body: bytes) -> None:
        fields = ("digest", digest, "company", company_id, "body", body)
        await self._scripts.write(("HSET", keys.identity(key_id_of(digest)), *fields))

    async def identity(self, digest: str) -> bytes | None:
        name = keys.identity(key_id_of(digest))
        stored, body = await self._client.hmget(name, ["digest", "body"])
        return body if stored == digest.encode() else None

    async def revoke_identity(self, company_id: CompanyId, key_id: KeyId) -> bool:
        name = keys.identity(key_id)
        return bool(await self._scripts.change("revoke_identity", [name], [company_id]))

    async def reserve_answer(
        self, company_id: CompanyId, key: str, claim: bytes, *, kept_s: int
    ) -> bytes | None:
        """Return what is there for `key`; None: it holds `claim` from now on."""
        found: bytes | None = await self._scripts.change(
            "reserve_answer", [keys.answer(company_id, key)], [claim, kept_s]
        )
        return found

    async def answer(self, company_id: CompanyId, key: str) -> bytes | None:
        return await self._client.get(keys.answer(company_id, key))

    async def keep_answer(
        self, company_id: CompanyId, key: str, body: bytes, *, kept_s: int
    ) -> None:
        await self._scripts.write(("SET", keys.answer(company_id, key), body, "EX", kept_s))

    async def drop_answer(self, company_id: CompanyId, key: str) -> None:
        await self._client.delete(keys.answer(company_id, key))
