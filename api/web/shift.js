// A courier's shift on the phone: the route as last heard, the reports made, and what comes next.

import { batch, computed, signal } from "./html.js";
import { timeZone } from "./format.js";
import { Problem, readIfThere, request } from "./http.js";
import { flush, put, reports } from "./outbox.js";
import { viewBrought, viewJoints } from "./plan_view.js";

const KEPT_AS = "cunlu.shift";
const READ_EVERY_MS = 60_000;

/**
 * @typedef {object} ShiftStop
 * @property {number} seq
 * @property {number} trip
 * @property {string} title
 * @property {string[]} orderIds
 * @property {ReturnType<typeof viewBrought>} brought
 * @property {ReturnType<typeof viewJoints>} joints
 * @property {number} pieces
 * @property {string[]} handling
 * @property {string[]} notes
 * @property {number} beginAt
 * @property {{lon: number, lat: number}} place
 * @property {{distance_m: number, duration_s: number, walk_m: number}} leg
 * @property {{name: string, phone: string} | null} contact
 */

const kept = loadKept();

/** The stored route as the server sent it; null before the first answer. */
export const stored = signal(/** @type {any} */ (kept.stored ?? null));
export const me = signal(/** @type {any} */ (kept.me ?? null));
/** When the route was last heard of, by this phone's clock. */
export const heardAt = signal(kept.heardAt ?? 0);
/** How the server says the shift stands, whichever phone told it. */
const told = signal(/** @type {any} */ (kept.told ?? null));
export const readProblem = signal(/** @type {Problem | null} */ (null));
/** Trips that were begun: the courier said that the one before is unloaded. */
export const begunTrips = signal(/** @type {string[]} */ (kept.begunTrips ?? []));
/** The stop somebody tapped in the list, in place of the next one. */
export const chosen = signal(/** @type {number | null} */ (null));

let clock = kept.clock ?? { server: Date.now(), local: Date.now(), speed: 1 };
let etag = kept.etag ?? "";

function loadKept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}");
  } catch {
    return {};
  }
}

function keep() {
  localStorage.setItem(
    KEPT_AS,
    JSON.stringify({
      stored: stored.peek(),
      told: told.peek(),
      me: me.peek(),
      heardAt: heardAt.peek(),
      begunTrips: begunTrips.peek(),
      clock,
      etag,
    }),
  );
}

/** Now, by the server's clock as it was last heard. */
export const now = () => clock.server + (Date.now() - clock.local) * clock.speed;

/** Depot and day are in the plan's id: DEPOT.2026-11-11.VERSION. */
const where = computed(() => {
  const [depot, day] = (stored.value?.plan_id ?? "").split(".");
  return { depot, day };
});

export const stops = computed(() => {
  const route = stored.value?.route;
  if (!route) return [];
  const contacts = stored.value.contacts ?? {};
  return route.trips.flatMap((trip, number) =>
    trip.stops.map((stop) => ({
      seq: stop.seq,
      trip: number,
      title: stop.title,
      orderIds: stop.order_ids,
      brought: viewBrought(stop),
      joints: viewJoints(stop),
      pieces: stop.pieces,
      handling: stop.handling,
      notes: stop.notes,
      beginAt: Date.parse(stop.begin_at),
      place: stop.place,
      leg: stop.leg,
      contact: contacts[stop.point_id] ?? contacts[stop.household_ids[0]] ?? null,
    })),
  );
});

/** @typedef {{kind: string, at: number}} Word what became of an order, and when in the world */

/** Order id → the courier's latest word, of this phone or another. */
const words = computed(() => {
  /** @type {Map<string, Word>} */
  const latest = new Map();
  const hear = (id, word) => {
    const known = latest.get(id);
    // An end is an end, however late somebody says that a courier stood there.
    if (!known || known.kind === "arrived" || (word.kind !== "arrived" && isLater(word, known))) latest.set(id, word);
  };
  for (const [id, fate] of Object.entries(told.value?.fates ?? {})) {
    if (fate.status !== "cancelled") hear(id, { kind: fate.status, at: Date.parse(fate.at) });
  }
  for (const { state, kind, order_ids: ids, at } of reports.value) {
    if (state === "refused" || state === "read") continue;
    for (const id of ids) hear(id, { kind, at: Date.parse(at) });
  }
  return latest;
});

/** At one moment, collected wins: as the server decides. @param {Word} word @param {Word} known */
const isLater = (word, known) =>
  word.at > known.at || (word.at === known.at && word.kind === "collected");

/**
 * What became of an order, by the server's rule: parcels in the vehicle are collected, whoever cancelled.
 *
 * @param {string} id
 */
function fateOf(id) {
  const word = words.value.get(id)?.kind;
  const isCancelled = told.value?.fates[id]?.status === "cancelled";
  return isCancelled && word !== "collected" ? "cancelled" : word;
}

/** Stops at which some phone has arrived, by number; of another plan they say nothing. */
const arrivedSeqs = computed(() => {
  if (told.value?.plan_id !== stored.value?.plan_id) return [];
  return (told.value?.route.stops ?? []).filter((stop) => stop.state === "arrived").map((stop) => stop.seq);
});

/** The orders of a stop that nobody need collect. @param {ShiftStop} stop */
export const cancelledOf = (stop) => stop.orderIds.filter((id) => fateOf(id) === "cancelled");

/**
 * @param {ShiftStop} stop
 * @returns {"ahead" | "arrived" | "done" | "failed" | "cancelled"}
 */
export function stateOf(stop) {
  const wanted = stop.orderIds.map(fateOf).filter((fate) => fate !== "cancelled");
  if (wanted.length === 0) return "cancelled";
  if (wanted.every((fate) => fate === "collected" || fate === "failed")) {
    return wanted.includes("failed") ? "failed" : "done";
  }
  return wanted.some(Boolean) || arrivedSeqs.value.includes(stop.seq) ? "arrived" : "ahead";
}

const isAhead = (stop) => ["ahead", "arrived"].includes(stateOf(stop));
const isVisited = (stop) => ["arrived", "done", "failed"].includes(stateOf(stop));

export const ahead = computed(() => stops.value.filter(isAhead));
export const shown = computed(
  () => stops.value.find((stop) => stop.seq === chosen.value) ?? ahead.value[0] ?? null,
);

const tripName = (number) => `${where.value.day}/${number}`;

/** Whether the vehicle must be unloaded before the next stop. */
export const atDepot = computed(() => {
  const next = ahead.value[0];
  return (
    chosen.value === null &&
    next !== undefined &&
    next.trip > 0 &&
    !begunTrips.value.includes(tripName(next.trip)) &&
    stateOf(next) === "ahead" &&
    !stops.value.some((stop) => stop.trip === next.trip && isVisited(stop))
  );
});

export function beginTrip() {
  begunTrips.value = [...begunTrips.value, tripName(ahead.value[0].trip)];
  keep();
}

/**
 * @param {ShiftStop} stop
 * @param {"arrived" | "collected" | "failed"} kind
 * @param {string} [reason]
 * @param {number} [pieces] of a stop with one order, how many were scanned, where that is not what was said
 */
export function report(stop, kind, reason, pieces) {
  const cancelled = cancelledOf(stop);
  const others = stop.orderIds.filter((id) => !cancelled.includes(id));
  put({
    kind,
    courier_id: stored.value.route.courier_id,
    order_ids: others.length ? others : stop.orderIds, // all cancelled, and collected all the same
    at: new Date(now()).toISOString(),
    ...(reason ? { reason } : {}),
    ...(pieces ? { counted: [{ order_id: stop.orderIds[0], pieces }] } : {}),
    ...where.value,
  });
  if (kind !== "arrived") chosen.value = null;
}

/** Read the route; without an answer the one that is kept stays. */
export async function read() {
  try {
    const asked = Date.now();
    const identity = await readIfThere("/v1/me");
    clock = { server: Date.parse(identity.now_at), local: asked, speed: identity.clock_speed };
    const changed = identity.subject !== me.peek()?.subject;
    batch(() => {
      me.value = identity;
      if (changed) {
        stored.value = null;
        told.value = null;
        etag = "";
      }
    });
    if (identity.role === "courier") {
      await readRoute();
      told.value = await readIfThere("/v1/couriers/me/progress");
    }
    batch(() => {
      heardAt.value = Date.now();
      readProblem.value = null;
    });
    void flush();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    readProblem.value = failure;
  }
  keep(); // whatever was heard before the way broke
}

async function readRoute() {
  try {
    const headers = etag && stored.peek() ? { "If-None-Match": etag } : {};
    const response = await request("/v1/couriers/me/route", { headers });
    if (response.status === 304) return;
    etag = response.headers.get("ETag") ?? "";
    stored.value = await response.json();
  } catch (failure) {
    if (!(failure instanceof Problem) || failure.status !== 404) throw failure;
    stored.value = null;
    etag = "";
  }
}

const zone = computed(() => me.value?.depots?.[0]?.time_zone);
export function start() {
  if (zone.value) timeZone.value = zone.value;
  void flush();
  void read().then(() => {
    if (zone.value) timeZone.value = zone.value;
  });
}

setInterval(() => {
  if (!document.hidden) void read();
}, READ_EVERY_MS);
addEventListener("online", () => void read());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void read();
});
