// What a courier or a keeper reported, kept in this browser until the server has it: a tap is never lost.

import { computed, signal } from "./html.js";
import { Problem, request } from "./http.js";

const KEPT_AS = "cunlu.outbox";
const MOST_AT_ONCE = 50;
const FIRST_PAUSE_MS = 1000;
/** Outcomes that say that the server has a report. */
const HEARD = ["recorded", "duplicate"];
const LONGEST_PAUSE_MS = 60_000;

/**
 * @typedef {object} Report
 * @property {string} event_id made here, so that sending twice is once
 * @property {"arrived" | "collected" | "failed" | "scanned" | "given-back"} kind
 * @property {string} [courier_id]
 * @property {string} [point_id] a scan's
 * @property {string[]} order_ids
 * @property {string} at
 * @property {string} [reason]
 * @property {string} day the depot-day it belongs to
 * @property {string} depot
 * @property {"waiting" | "sent" | "refused" | "read"} state
 * @property {string} [detail] why it was refused
 */

export const reports = signal(/** @type {Report[]} */ (load()));
export const waiting = computed(() => reports.value.filter((report) => report.state === "waiting"));
export const refused = computed(() => reports.value.filter((report) => report.state === "refused"));
/** Whether the last try to send did not get through. */
export const isCutOff = signal(false);

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
  } catch {
    return [];
  }
}

/** Another tab may have written meanwhile, so every change starts from what is kept. */
function change(decide) {
  const next = decide(load());
  localStorage.setItem(KEPT_AS, JSON.stringify(next));
  reports.value = next;
}

addEventListener("storage", (event) => {
  if (event.key === KEPT_AS) reports.value = load();
});

/** Random, also where the page came over plain HTTP and `randomUUID` is missing. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Keep a report and send it as soon as that works.
 *
 * @param {Omit<Report, "event_id" | "state">} report
 */
export function put(report) {
  change((kept) => [
    // Days that are over and told are of no use to anybody.
    ...kept.filter((each) => each.state === "waiting" || each.day === report.day),
    { ...report, event_id: newId(), state: "waiting" },
  ]);
  void flush();
}

/** Somebody has read why a report was refused. @param {string} eventId */
export function acknowledge(eventId) {
  change((kept) =>
    kept.map((each) => (each.event_id === eventId ? { ...each, state: "read" } : each)),
  );
}

let flushing = false;
let pause = FIRST_PAUSE_MS;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;

/** Send what waits, oldest first; one request at a time. */
export async function flush() {
  clearTimeout(later);
  if (flushing || waiting.peek().length === 0) return;
  flushing = true;
  try {
    while (waiting.peek().length > 0) await sendBatch();
    pause = FIRST_PAUSE_MS;
    isCutOff.value = false;
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    isCutOff.value = true;
    if (failure.status !== 401) {
      later = setTimeout(flush, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  } finally {
    flushing = false;
  }
}

async function sendBatch() {
  const [first] = waiting.peek();
  const batch = waiting
    .peek()
    .filter((report) => ["day", "depot", "point_id"].every((name) => report[name] === first[name]))
    .slice(0, MOST_AT_ONCE);
  const query = new URLSearchParams({ depot: first.depot, day: first.day });
  const events = batch.map(({ day, depot, state, detail, point_id, ...event }) => event);
  const [path, body] = first.point_id
    ? [`/v1/points/${encodeURIComponent(first.point_id)}/scans`, { scans: events }]
    : ["/v1/events", { events }];
  const response = await request(`${path}?${query}`, { method: "POST", body });
  const { results } = await response.json();
  /** @type {Map<string, any>} */
  const answers = new Map(results.map((each) => [each.id, each]));
  change((kept) =>
    kept.map((report) => {
      const answer = answers.get(report.event_id);
      if (!answer) return report;
      if (HEARD.includes(answer.outcome)) return { ...report, state: "sent" };
      return { ...report, state: "refused", detail: answer.detail || answer.code };
    }),
  );
}

addEventListener("online", () => void flush());
document.addEventListener("visibilitychange", () => void flush());
