"""The worker: takes jobs and questions from the queue; a process of its own plans, and it keeps the result."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, assert_never

from docket import Docket, Worker
from redis.exceptions import RedisError

from dispatch import operations
from dispatch.clock import Clock
from dispatch.day_worker import DayWorker
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.errors import DispatchError
from dispatch.ids import JobId
from dispatch.jobs import (
    Job,
    JobFenced,
    JobProgress,
    JobQueue,
    JobState,
    answer_orders,
    answer_question,
    keep_day,
    plan_day,
)
from dispatch.order_worker import OrderWorker
from dispatch.plan import Plan
from dispatch.planner_process import (
    Broken,
    Gone,
    Outcome,
    Planned,
    PlannerProcess,
    PlanTask,
    Refused,
    RoadsMissing,
    network_path,
)
from dispatch.question_worker import QuestionWorker
from dispatch.server import running_server
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.workbench import Workbench

ASK_EVERY_S: Final = 0.5
"""How often a worker asks whether its job was cancelled."""

TELL_EVERY_S: Final = 1.0
"""Progress is worth an event at most so often: a board cannot show more, and streams are kept."""

CANCEL_GRACE_S: Final = 10.0
"""A cancelled search may take so long to hand over its best; then it is killed. Chosen."""

OVERHEAD_S: Final = 600.0
"""Loading roads, matrices and lines on the map may take so long on top of the search's budget."""

RETRY_S: Final = 1.0
"""Pause before a job is begun again after the server was away."""

RECORD_WITHIN_S: Final = 10.0
"""A queued job is recorded within this, or whoever asked for it died and was promised nothing."""

STARTS_MAX: Final = 5
"""A job that outlived so many workers may be what kills them. Chosen, not measured."""

_PLANS_GIVE_WAY: Final = 19
_LOOKS_GIVE_WAY: Final = 15
"""Niceness of planners: whoever sends an order waits for no search, and a question for no plan. Chosen."""

AUTHOR: Final = "worker"

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watch:
    """One job in the hands of a planner, watched until it ends."""

    job: Job
    run: str
    cancelled_at: float | None = None
    overran: bool = False


@dataclass(frozen=True, slots=True)
class PlanningWorker:
    """Runs jobs one at a time: planning is work for the processor, and more workers are cheap."""

    store: Store
    clock: Clock
    bench: Workbench
    roads: Path | None

    async def run_job(self, company_id: str, depot_id: str, day: str, job_id: str) -> None:
        """
        Run a job to its end, through outages of the server; a job that is over is left alone.

        Raises
        ------
        asyncio.CancelledError
            This worker is stopping: the queue gives the job to another.
        """
        where = DepotDay(CompanyId(company_id), DepotId(depot_id), date.fromisoformat(day))
        now_s = asyncio.get_running_loop().time
        unrecorded_until_s = now_s() + RECORD_WITHIN_S
        while True:
            try:
                await self._attempt(where, JobId(job_id))
            except operations.JobUnknown as error:
                if now_s() > unrecorded_until_s:
                    _log(logging.WARNING, "never recorded: dropped", job_id, error)
                    return
                await asyncio.sleep(ASK_EVERY_S / 5)
            except RedisError as error:
                _log(logging.WARNING, "the server was away: the job begins again", job_id, error)
                if self.bench.stopping.is_set():
                    raise asyncio.CancelledError from error
                await asyncio.sleep(RETRY_S)
            except JobFenced as error:
                _log(logging.WARNING, "another worker has the job: dropped", job_id, error)
                return
            else:
                return

    async def _attempt(self, day: DepotDay, job_id: JobId) -> None:
        run = secrets.token_hex(8)
        job = await operations.start_job(self.store, day, job_id, run=run)
        if job is None:
            return
        _log(logging.INFO, "job begins", job_id)
        watch = _Watch(job, run)
        if job.starts > STARTS_MAX:
            message = f"{STARTS_MAX} workers began this job and none ended it: see their logs"
            await self._end(watch, JobState.FAILED, "job-given-up", message)
            return
        try:
            outcome = await self._plan(watch)
        except (RedisError, JobFenced):
            raise
        except DispatchError as error:
            outcome = Refused(code=error.code, message=str(error))
        await self._keep(watch, outcome)

    async def _plan(self, watch: _Watch) -> Outcome:
        job = watch.job
        if self.roads is None or not self.roads.exists():
            raise RoadsMissing(self.roads)
        now = self.clock.now()
        running = await operations.read_running(self.store, job.day, at=now)
        inputs, plan = running.inputs, running.plan
        if job.scope is not None:
            plan, inputs, now = await operations.to_reoptimise(self.store, job, running, at=now)
        task = PlanTask(
            job_id=job.job_id,
            inputs=inputs,
            roads=network_path(self.roads),
            budget_s=job.budget_s,
            seed=job.seed,
            based_on=job.based_on,
            made_at=now,
            in_force=plan,
            facts=running.facts,
            scope=job.scope,
            promises_moved_max=job.promises_moved_max,
        )
        planner = await self.bench.prepare()
        return await self.bench.watched(planner, planner.plan(task), self._watch(watch, planner))

    async def _watch(self, watch: _Watch, planner: PlannerProcess) -> None:
        """
        Tell how far the search is, pass a cancellation on, and end a planner that hangs.

        Raises
        ------
        JobFenced
            The job is no longer ours.
        """
        now_s = asyncio.get_running_loop().time
        deadline_s = now_s() + watch.job.budget_s + OVERHEAD_S
        told: JobProgress | None = None
        told_at_s = now_s() - TELL_EVERY_S
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            latest = planner.latest
            is_news = latest is not told and now_s() - told_at_s >= TELL_EVERY_S
            try:
                cancelling = await operations.report_progress(
                    self.store,
                    watch.job.day,
                    watch.job.job_id,
                    run=watch.run,
                    progress=latest if is_news else None,
                    by=AUTHOR,
                    at=self.clock.now(),
                )
            except RedisError as error:
                _log(logging.WARNING, "progress was not told", watch.job.job_id, error)
                continue
            if is_news:
                told, told_at_s = latest, now_s()
            if cancelling and watch.cancelled_at is None:
                watch.cancelled_at = now_s()
                await planner.cancel(watch.job.job_id)
            if watch.cancelled_at is not None and now_s() - watch.cancelled_at > CANCEL_GRACE_S:
                await planner.kill()
            if now_s() > deadline_s:
                watch.overran = True
                await planner.kill()

    async def _keep(self, watch: _Watch, outcome: Outcome) -> None:
        """Store what came of the job."""
        job_id = watch.job.job_id
        match outcome:
            case Planned(plan=plan):
                over = JobState.SUCCEEDED if watch.cancelled_at is None else JobState.CANCELLED
                draft = await operations.draft_plan(
                    self.store,
                    plan,
                    job_id=job_id,
                    run=watch.run,
                    state=over,
                    by=AUTHOR,
                    at=self.clock.now(),
                )
                _log(logging.INFO, f"job ends with plan {draft.plan_id}", job_id)
                if watch.job.scope is not None and watch.job.draft_id is None:
                    await self._put_in_force(draft)
            case Refused(code=code, message=message):
                await self._end(watch, JobState.FAILED, code, message)
            case Broken(trace=trace):
                _logger.error("planning broke: %s", trace, extra={"job_id": job_id})
                message = f"planning broke: the worker's log says where, under job {job_id}"
                await self._end(watch, JobState.FAILED, "internal", message)
            case Gone() if watch.overran:
                message = f"planning took more than {OVERHEAD_S:.0f} s beyond its budget"
                await self._end(watch, JobState.FAILED, "planning-overran", message)
            case Gone() if watch.cancelled_at is not None:
                message = f"nothing was found within {CANCEL_GRACE_S:.0f} s of the cancellation"
                await self._end(watch, JobState.CANCELLED, "cancelled", message)
            case Gone(exit_code=exit_code):
                message = f"the planning process ended ({exit_code}): is there enough memory?"
                await self._end(watch, JobState.FAILED, "planner-died", message)
            case _:
                assert_never(outcome)

    async def _put_in_force(self, draft: Plan) -> None:
        """A running day's next version needs nobody's approval; where another came first it stays a draft."""
        try:
            await operations.publish_plan(
                self.store,
                draft.day.company_id,
                draft.plan_id,
                expected_etags={"*"},
                by=AUTHOR,
                at=self.clock.now(),
            )
        except operations.PlanStale as stale:
            _log(logging.INFO, f"{stale.winner} came first: {draft.plan_id} stays a draft", "")

    async def _end(self, watch: _Watch, state: JobState, code: str, message: str) -> None:
        await operations.end_job(
            self.store,
            watch.job.day,
            watch.job.job_id,
            run=watch.run,
            state=state,
            code=code,
            message=message,
            by=AUTHOR,
            at=self.clock.now(),
        )
        _log(logging.INFO, f"job ends {state}: {code}", watch.job.job_id)


async def run_worker(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """
    Take jobs until `stop` is set or the process is asked to end (SIGTERM, SIGINT).

    A job in progress at that moment goes back to the queue and is given to the next worker when
    its lease has run out.

    Raises
    ------
    ServerFailed
        The embedded server cannot be started.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        with running_server(settings.redis_url, settings.data_dir) as url:
            await work(settings, url=url, clock=settings.clock(), stop=stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def work(settings: Settings, *, url: str, clock: Clock, stop: asyncio.Event) -> None:
    """Take jobs from the server at `url` until `stop` is set, on whatever clock the app there runs on."""
    async with (
        Store.open(url, waitaof_replicas=settings.waitaof_replicas) as store,
        JobQueue.open(url) as queue,
    ):
        await _serve(settings, store, queue, clock, stop)


async def _serve(
    settings: Settings, store: Store, queue: JobQueue, clock: Clock, stop: asyncio.Event
) -> None:
    bench, quick, desk = Workbench(_PLANS_GIVE_WAY), Workbench(_LOOKS_GIVE_WAY), Workbench()
    planning = PlanningWorker(store, clock, bench, settings.roads)
    answering = QuestionWorker(store, bench, settings.roads)
    at_once = QuestionWorker(store, quick, settings.roads)
    keeping = DayWorker(store, clock, quick, settings.roads, jobs=queue)
    queue.docket.register(planning.run_job, names=[plan_day.__name__])
    queue.docket.register(answering.run_question, names=[answer_question.__name__])
    queue.quick.register(at_once.run_question, names=[answer_question.__name__])
    queue.quick.register(keeping.run_keeping, names=[keep_day.__name__])
    ordering = OrderWorker(store, clock, desk, settings.roads)
    queue.at_once.register(ordering.run_orders, names=[answer_orders.__name__])
    await asyncio.gather(bench.prepare(), quick.prepare(), desk.prepare())
    async with (
        _taking(queue.docket, settings) as slow,
        _taking(queue.quick, settings) as fast,
        _taking(queue.at_once, settings) as at_desk,
    ):
        takers = [asyncio.create_task(each.run_forever()) for each in (slow, fast, at_desk)]
        stopping = asyncio.create_task(stop.wait(), name="waiting for the end")
        await asyncio.wait({*takers, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for each in (stopping, *takers):
            each.cancel()
        for used in (bench, quick, desk):
            used.stopping.set()
        await asyncio.gather(*takers, stopping, return_exceptions=True)
        await asyncio.gather(bench.close(), quick.close(), desk.close())
    if not stop.is_set():
        for each in takers:
            if each.done() and not each.cancelled():
                each.result()


def _taking(docket: Docket, settings: Settings) -> Worker:
    return Worker(
        docket,
        concurrency=1,
        redelivery_timeout=timedelta(seconds=settings.lease_s),
        reconnection_delay=timedelta(seconds=RETRY_S),
        minimum_check_interval=timedelta(milliseconds=100),
    )


def _log(level: int, message: str, job_id: str, error: Exception | None = None) -> None:
    extra = {"job_id": job_id} | ({} if error is None else {"error": type(error).__name__})
    _logger.log(level, message, extra=extra)
