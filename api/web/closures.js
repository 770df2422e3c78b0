// Closed and slow roads: what the map draws of them, and what it says.

import { board, depotId, depotQuery, now, onEvent, tellProblem } from "./day.js";
import { dayTime } from "./format.js";
import { Problem, request } from "./http.js";
import { effect, signal } from "./html.js";
import { decodePolyline } from "./polyline.js";
import { t } from "./words.js";

/** Closures begin and end without an event. Chosen: a map a minute late misleads nobody. */
const LOOK_EVERY_MS = 60_000;

/**
 * @typedef {object} Closure
 * @property {string} closure_id
 * @property {string} from_at
 * @property {string | null} until_at
 * @property {{ starts: string, ends: string } | null} hours
 * @property {boolean} is_in_force
 * @property {number | null} duration_factor
 * @property {string} reason
 * @property {string[]} names
 * @property {string[]} lines6
 */

export const closures = signal(/** @type {Closure[]} */ ([]));

async function read() {
  const where = depotQuery();
  try {
    const answer = await (await request(`/v1/closures?${where}`)).json();
    if (where === depotQuery()) closures.value = answer.closures;
  } catch (failure) {
    // Nobody asked for this: a lost connection has a mark of its own, and roads may be loading.
    if (!(failure instanceof Problem && [0, 503].includes(failure.status))) tellProblem(failure);
  }
}

onEvent(({ kind }) => {
  if (kind === "roads-closed" || kind === "roads-reopened") void read();
});

/** @type {ReturnType<typeof setInterval> | undefined} */
let looking;
let shown = "";
effect(() => {
  const where = board.value && depotId.value ? depotQuery() : "";
  if (where === shown) return;
  shown = where;
  closures.value = [];
  clearInterval(looking);
  if (!where) return;
  void read();
  looking = setInterval(read, LOOK_EVERY_MS);
});

/** One line per road. @param {Closure[]} all */
export const closureFeatures = (all) =>
  all.flatMap(({ closure_id, is_in_force, duration_factor, lines6 }) =>
    lines6.map((line) => ({
      type: "Feature",
      properties: { closure: closure_id, state: !is_in_force ? "to-come" : duration_factor === null ? "closed" : "slow" },
      geometry: { type: "LineString", coordinates: decodePolyline(line) },
    })),
  );

/** What happened and until when, in two lines. @param {string} id */
export function closureLines(id) {
  const closure = closures.value.find((each) => each.closure_id === id);
  if (!closure) return null;
  const factor = closure.duration_factor;
  const what = factor === null ? t("closure.closed") : t("closure.slow", { factor });
  const { starts, ends } = closure.hours ?? {};
  const hours = starts && ends ? t("closure.daily", { from: starts.slice(0, 5), until: ends.slice(0, 5) }) : "";
  const begins = Date.parse(closure.from_at);
  const from = begins > now() ? t("closure.from", { time: dayTime(begins) }) : "";
  const until =
    closure.until_at === null
      ? t("closure.open")
      : t("closure.until", { time: dayTime(Date.parse(closure.until_at)) });
  return [
    [what, closure.reason || closure.names.join(", ")].filter(Boolean).join(" · "),
    [hours, from, until].filter(Boolean).join(" · "),
  ];
}
