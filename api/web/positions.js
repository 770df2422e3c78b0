// Where couriers are: what the map draws of them, and what it says.

import { board, dayQuery, depotId, now, plan, tellProblem } from "./day.js";
import { minutes } from "./format.js";
import { Problem, request } from "./http.js";
import { effect, signal } from "./html.js";
import { t } from "./words.js";

/** Phones say it every ten seconds; a board that asks as often is one report behind at most. */
const LOOK_EVERY_MS = 10_000;

/** @typedef {{courier_id: string, place: {lon: number, lat: number}, at: string, is_old: boolean}} CourierSeen */

export const positions = signal(/** @type {CourierSeen[]} */ ([]));

async function read() {
  if (document.hidden) return;
  const where = dayQuery();
  try {
    const answer = await (await request(`/v1/positions?${where}`)).json();
    if (where === dayQuery()) positions.value = answer.positions;
  } catch (failure) {
    // Nobody asked for this: a lost connection has a mark of its own.
    if (!(failure instanceof Problem && [0, 503].includes(failure.status))) tellProblem(failure);
  }
}

/** @type {ReturnType<typeof setInterval> | undefined} */
let looking;
let shown = "";
effect(() => {
  const where = board.value && depotId.value ? dayQuery() : "";
  if (where === shown) return;
  shown = where;
  positions.value = [];
  clearInterval(looking);
  if (!where) return;
  void read();
  looking = setInterval(read, LOOK_EVERY_MS);
});

/** @param {string} courierId */
function nameOf(courierId) {
  const view = plan.value;
  const index = view?.routeOf.get(courierId);
  return view && index !== undefined ? view.routes[index].name : courierId;
}

/** @param {CourierSeen[]} all */
export const positionFeatures = (all) =>
  all.map(({ courier_id, place, is_old }) => ({
    type: "Feature",
    properties: { courier: courier_id, name: nameOf(courier_id), old: is_old },
    geometry: { type: "Point", coordinates: [place.lon, place.lat] },
  }));

/** Who it is and how long ago, in two lines. @param {string} courierId */
export function positionLines(courierId) {
  const position = positions.value.find((each) => each.courier_id === courierId);
  if (!position) return null;
  const age = Math.max(0, (now() - Date.parse(position.at)) / 1000);
  const when = age < 60 ? t("position.now") : t("position.ago", { minutes: minutes(age) });
  return [nameOf(courierId), position.is_old ? `${when} · ${t("position.old")}` : when];
}
