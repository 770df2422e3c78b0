"""Questions: one key each, which is forgotten by itself."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.days import CompanyId
from dispatch.ids import QuestionId
from dispatch.store import keys
from dispatch.store.client import Commands
from dispatch.store.scripts import Scripts


class Questions:
    """What is asked and what came of it; whoever answers first has answered."""

    def __init__(self, client: Commands, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    async def ask(
        self, company_id: CompanyId, question_id: QuestionId, asked: bytes, *, kept_s: int
    ) -> None:
        await self._scripts.change(
            "ask_question", [keys.question(company_id, question_id)], [asked, kept_s]
        )

    async def start(
        self, company_id: CompanyId, question_id: QuestionId
    ) -> tuple[bytes, int] | None:
        """What is asked, and how often a worker has begun it now; None: nothing is to be done."""
        started = await self._scripts.change(
            "start_question", [keys.question(company_id, question_id)], []
        )
        return None if started is None else (started[0], int(started[1]))

    async def answer(
        self,
        company_id: CompanyId,
        question_id: QuestionId,
        verdict: str,
        body: bytes,
        *,
        kept_s: int,
    ) -> bool:
        """Return whether this is the answer now; if not, there was one, or nobody asks any more."""
        kept = await self._scripts.change(
            "answer_question", [keys.question(company_id, question_id)], [verdict, body, kept_s]
        )
        return bool(kept)

    async def standing(
        self, company_id: CompanyId, question_id: QuestionId
    ) -> tuple[int, str] | None:
        """How often it was begun, and its verdict (empty: none yet); None: there is no such question."""
        fields: Sequence[bytes | None] = await self._scripts.fetch(
            ("HMGET", keys.question(company_id, question_id), "starts", "verdict")
        )
        starts, verdict = fields
        return None if starts is None else (int(starts), (verdict or b"").decode())

    async def body(self, company_id: CompanyId, question_id: QuestionId) -> bytes | None:
        """The answer, or the objection; None: there is none any more."""
        return await self._client.hget(keys.question(company_id, question_id), "body")

    async def withdraw(self, company_id: CompanyId, question_id: QuestionId) -> None:
        await self._scripts.write(("DEL", keys.question(company_id, question_id)))
