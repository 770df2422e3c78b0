// A collection point's day in the browser: as it was last heard, with scans that the server has not told back yet.

import { batch, computed, effect, signal } from "./html.js";
import { timeZone } from "./format.js";
import { Problem, readIfThere, request } from "./http.js";
import { flush, put, reports, waiting } from "./outbox.js";

const READ_EVERY_MS = 30_000;

/** @typedef {{order_id: string, household_id: string | null, pieces: number, whereabouts: string, eta_at: string | null}} PointOrder */

export const me = signal(/** @type {any} */ (null));
/** What `GET /v1/points/me/arrivals` answered last. */
export const view = signal(/** @type {any} */ (null));
export const readProblem = signal(/** @type {Problem | null} */ (null));

let clock = { server: Date.now(), local: Date.now(), speed: 1 };

/** Now, by the server's clock as it was last heard. */
const now = () => clock.server + (Date.now() - clock.local) * clock.speed;

/** The day in the depot's zone, as the API writes it. */
const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: timeZone.peek() }).format(now());

const SCANNED = { scanned: "standing", "given-back": "expected" };

export const orders = computed(/** @returns {PointOrder[]} */ () => {
  if (!view.value) return [];
  const heardAt = Date.parse(view.value.point.now_at);
  const latest = new Map();
  for (const each of reports.value) {
    const isNews = each.state === "waiting" || (each.state === "sent" && Date.parse(each.at) > heardAt);
    if (each.point_id === view.value.point.point_id && isNews) for (const id of each.order_ids) latest.set(id, each.kind);
  }
  return view.value.point.orders.map((order) => {
    const isOpen = order.whereabouts === "expected" || order.whereabouts === "standing";
    const said = isOpen ? SCANNED[latest.get(order.order_id)] : undefined;
    return said ? { ...order, whereabouts: said } : order;
  });
});

/** @param {string} orderId @param {"scanned" | "given-back"} kind */
export function scan(orderId, kind) {
  put({
    kind,
    point_id: view.value.point.point_id,
    order_ids: [orderId],
    at: new Date(now()).toISOString(),
    day: today(),
    depot: me.value.depots[0].depot_id,
  });
}

/** @param {"full" | "closed" | "open"} word @param {object} [told] */
export async function say(word, told) {
  try {
    await request(`/v1/points/me/${word}`, { method: "POST", body: told });
    await read();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    readProblem.value = failure;
  }
}

/** The moment of today at a wall-clock time of the depot. @param {string} time 14:30 */
export function momentOf(time) {
  const [hours, minutes] = time.split(":").map(Number);
  const parts = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: timeZone.peek(),
  }).formatToParts(now());
  const part = (type) => Number(parts.find((each) => each.type === type)?.value);
  const later = (hours - part("hour")) * 60 + minutes - part("minute");
  return new Date(Math.floor(now() / 60_000) * 60_000 + later * 60_000).toISOString();
}

/** Read how the point stands; without an answer what was heard last stays. */
export async function read() {
  try {
    const asked = Date.now();
    const identity = await readIfThere("/v1/me");
    clock = { server: Date.parse(identity.now_at), local: asked, speed: identity.clock_speed };
    const found = identity.role === "point" ? await readIfThere("/v1/points/me/arrivals") : null;
    batch(() => {
      me.value = identity;
      view.value = found;
      readProblem.value = null;
      if (identity.depots[0]) timeZone.value = identity.depots[0].time_zone;
    });
    void flush();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    readProblem.value = failure;
  }
}

let isStarted = false;

export function start() {
  void read();
  if (isStarted) return;
  isStarted = true;
  let before = waiting.peek().length;
  effect(() => {
    const left = waiting.value.length;
    if (left < before) void read(); // what was sent comes back with its consequences
    before = left;
  });
  setInterval(() => {
    if (!document.hidden) void read();
  }, READ_EVERY_MS);
  addEventListener("online", () => void read());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void read();
  });
}
