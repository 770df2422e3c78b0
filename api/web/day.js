// The depot-day on the screen: what the server said last, what is selected, and how both are renewed.

import { batch, computed, signal } from "./html.js";
import { follow } from "./feed.js";
import { timeZone } from "./format.js";
import { key, keyRefused, Problem, readIfThere, request } from "./http.js";
import { viewPlan, viewProgress } from "./plan_view.js";

/** A day played fast is read again more often, but never faster than this. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How much of the day may pass before predictions are read again though nothing happened. */
const STALE_AFTER_S = 60;

/** @typedef {{kind: "route", route: number} | {kind: "stop", route: number, stop: number} | {kind: "unserved", order: string}} Selection */

export const me = signal(/** @type {any} */ (null));
export const depotId = signal("");
/** Empty: today, by the server's clock. */
export const day = signal(new URLSearchParams(location.search).get("day") ?? "");
export const board = signal(/** @type {any} */ (null));
export const plan = signal(/** @type {import("./plan_view.js").PlanView | null} */ (null));
export const progress = computed(() => viewProgress(plan.value, board.value));
export const feedState = signal(/** @type {import("./feed.js").FeedState} */ ("connecting"));
/** Since when the feed is down, by the server's clock; null while it is not. */
export const offSince = signal(/** @type {number | null} */ (null));
/** Why the page has nothing to show. */
export const loadProblem = signal(/** @type {Problem | null} */ (null));
/** Messages that wait to be read. */
export const notices = signal(/** @type {{id: number, kind: "problem" | "done", title: string, detail: string}[]} */ ([]));
export const selection = signal(/** @type {Selection | null} */ (null));
/** What the pointer is over, for the tooltip. */
export const hovered = signal(/** @type {number | null} */ (null));

export const isDispatcher = computed(() => me.value?.role === "dispatcher");
export const depot = computed(
  () => me.value?.depots.find((each) => each.depot_id === depotId.value) ?? null,
);
export const selectedRoute = computed(() =>
  selection.value === null || selection.value.kind === "unserved" ? null : selection.value.route,
);
export const selectedStop = computed(() =>
  selection.value?.kind === "stop" ? selection.value.stop : null,
);

let noticeCount = 0;

/** @param {"problem" | "done"} kind @param {string} title @param {string} detail */
export function tell(kind, title, detail = "") {
  noticeCount += 1;
  const notice = { id: noticeCount, kind, title, detail };
  notices.value = [...notices.value.slice(-2), notice];
  if (kind === "done") setTimeout(() => dismiss(notice.id), 6000);
}

/** @param {number} id */
export function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Show a failed request by its title and advice; anything else is a bug. @param {unknown} failure */
export function tellProblem(failure) {
  if (!(failure instanceof Problem)) throw failure;
  tell("problem", failure.shownTitle, failure.shownDetail);
}

// The server's clock, between two answers.

let serverNow = Date.now();
let heardAt = performance.now();
let speed = 1;

/** Now, by the server's clock, in milliseconds since 1970. */
export const now = () => serverNow + (performance.now() - heardAt) * speed;

export const clockSpeed = signal(1);
/** The server's clock, twice a second. */
export const tick = signal(now());
setInterval(() => (tick.value = now()), 500);

/** @param {string} at @param {number} [newSpeed] */
function setClock(at, newSpeed = speed) {
  serverNow = Date.parse(at);
  heardAt = performance.now();
  speed = newSpeed;
  clockSpeed.value = newSpeed;
  tick.value = serverNow;
}

// Selecting.

/** @param {number} route */
export const selectRoute = (route) => (selection.value = { kind: "route", route });

/** @param {number} stop */
export const selectStop = (stop) => {
  const view = plan.peek()?.stops[stop];
  if (view) selection.value = { kind: "stop", route: view.route, stop };
};

/** @param {string} order */
export const selectUnserved = (order) => (selection.value = { kind: "unserved", order });

/** One step back: from a stop to its route, from a route to nothing. */
export function deselect() {
  const current = selection.value;
  selection.value = current?.kind === "stop" ? { kind: "route", route: current.route } : null;
}

// Reading.

/** The query that names this depot-day. @param {Record<string, string>} [more] */
export function dayQuery(more = {}) {
  const query = new URLSearchParams(more);
  if (depotId.value) query.set("depot", depotId.value);
  const shown = day.value || board.peek()?.day.day;
  if (shown) query.set("day", shown);
  return query.toString();
}

/** The query that names this depot, for what belongs to no day. */
export const depotQuery = () => new URLSearchParams(depotId.value ? { depot: depotId.value } : {}).toString();

/** Names of couriers and vehicles; null: to be read, undefined: there is none yet. @type {any} */
let fleet = null;
let unfollow = () => {};
/** @type {((event: import("./feed.js").FeedEvent) => void)[]} */
const listeners = [];

/** Hear every event of the day. @param {(event: import("./feed.js").FeedEvent) => void} listener */
export const onEvent = (listener) => listeners.push(listener);

/** Read everything from the beginning: at the start, with another key, for another depot or day. */
export async function open() {
  unfollow();
  loadProblem.value = null;
  try {
    const answer = await readIfThere("/v1/me");
    const wanted = new URLSearchParams(location.search).get("depot");
    batch(() => {
      me.value = answer;
      setClock(answer.now_at, answer.clock_speed);
      const known = answer.depots.map((each) => each.depot_id);
      const chosen = [depotId.peek(), wanted, answer.depot_id, known[0]];
      depotId.value = chosen.find((each) => each && known.includes(each)) ?? "";
    });
    if (!depotId.value) return;
    if (depot.value?.time_zone) timeZone.value = depot.value.time_zone;
    fleet = null;
    board.value = null;
    plan.value = null;
    await refresh();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    loadProblem.value = failure;
    if (failure.status !== 401) setTimeout(open, 3000);
    return;
  }
  startFeed();
}

function startFeed() {
  const { company_id: company, role } = me.value;
  const shown = board.value.day.day;
  unfollow = follow({
    name: ["cunlu", company, depotId.value, shown, role].join(":"),
    url: `/v1/events/stream?${dayQuery()}`,
    after: board.value.as_of,
    onState: (state) => {
      const recovered = state === "live" && feedState.peek() !== "live";
      feedState.value = state;
      if (state === "off") offSince.value ??= now();
      if (state === "live") offSince.value = null;
      if (recovered) refreshSoon();
    },
    onEvent: (event) => {
      for (const listener of listeners) listener(event);
      if (event.kind === "fleet-changed") fleet = null;
      if (event.kind !== "search-progressed") refreshSoon();
    },
  });
}

/** @type {Promise<void> | null} */
let reading = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let planned;
let tookMs = 0;
let readAt = 0;

/** Read the board again, and the plan if another has been published. */
export async function refresh() {
  if (reading) return reading;
  reading = read().finally(() => (reading = null));
  return reading;
}

async function read() {
  const began = performance.now();
  const answer = await (await request(`/v1/status?${dayQuery()}`)).json();
  let shown = plan.peek();
  if (fleet === null) {
    fleet = (await readIfThere(`/v1/fleet?${depotQuery()}`)) ?? undefined;
    shown = null;
  }
  if (answer.plan_id !== (shown?.planId ?? null)) {
    const body = answer.plan_id && (await readIfThere(`/v1/plans/${answer.plan_id}`));
    shown = body ? viewPlan(body, fleet) : null;
  }
  batch(() => {
    setClock(answer.now_at);
    board.value = answer;
    if (shown !== plan.peek()) {
      plan.value = shown;
      selection.value = null;
    }
  });
  readAt = performance.now();
  tookMs = readAt - began;
}

/** Read again after a pause that keeps a busy day from keeping the browser busy. */
function refreshSoon() {
  if (planned !== undefined) return;
  const pause = Math.max(SHORTEST_PAUSE_MS, 5 * tookMs) - (performance.now() - readAt);
  planned = setTimeout(async () => {
    planned = undefined;
    try {
      // What is being read may have been asked for before the news.
      await reading?.catch(() => {});
      await refresh();
    } catch (failure) {
      // The mark "offline since" tells a reader; the next event or the next minute tries again.
      if (!(failure instanceof Problem)) throw failure;
    }
  }, Math.max(0, pause));
}

// Predictions move with the clock though nothing happens.
setInterval(() => {
  if (document.hidden || board.peek() === null || keyRefused.peek()) return;
  const pause = (STALE_AFTER_S * 1000) / speed;
  const bounded = Math.min(LONGEST_PAUSE_MS, Math.max(2 * SHORTEST_PAUSE_MS, pause));
  if (performance.now() - readAt > bounded) refreshSoon();
}, SHORTEST_PAUSE_MS);

/** Whether there is a key to ask with. */
export const hasKey = computed(() => key.value !== "" && !keyRefused.value);
