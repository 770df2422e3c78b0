// Ranges in which the chosen courier's pickups will begin, read anew whenever the board is.

import { board, dayQuery, plan, selectedRoute, tellProblem } from "./day.js";
import { effect, signal } from "./html.js";
import { Problem, request } from "./http.js";

/**
 * @typedef {object} Range
 * @property {number} p10At
 * @property {number} p90At
 * @property {boolean} atRisk
 */

/** By order id; of the chosen courier only. */
export const ranges = signal(/** @type {Map<string, Range>} */ (new Map()));

/** @param {string} courier */
async function read(courier) {
  try {
    const answer = await (await request(`/v1/etas?${dayQuery({ courier })}`)).json();
    const chosen = selectedRoute.peek();
    if (chosen === null || plan.peek()?.routes[chosen]?.courierId !== courier) return;
    ranges.value = new Map(
      answer.etas.map((each) => [
        each.order_id,
        { p10At: Date.parse(each.p10_at), p90At: Date.parse(each.p90_at), atRisk: each.at_risk },
      ]),
    );
  } catch (failure) {
    // Nobody asked for this, and a lost connection has a mark of its own.
    if (!(failure instanceof Problem && [0, 503].includes(failure.status))) tellProblem(failure);
  }
}

let shown = "";
effect(() => {
  const chosen = selectedRoute.value;
  const courier = chosen === null ? "" : (plan.value?.routes[chosen]?.courierId ?? "");
  if (courier !== shown) ranges.value = new Map();
  shown = courier;
  if (board.value && courier) void read(courier);
});

/** The stop's range, over its open orders; null: none is open, or not read yet. @param {string[]} orderIds */
export function rangeOf(orderIds) {
  const known = orderIds.map((id) => ranges.value.get(id)).filter((each) => each !== undefined);
  if (known.length === 0) return null;
  return { ...known[0], atRisk: known.some((each) => each.atRisk) };
}
