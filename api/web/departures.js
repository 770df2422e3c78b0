// The day's departures: what leaves with each truck, and how long it would still wait for its last trip.

import { html } from "./html.js";
import { board, plan, selectRoute, tick } from "./day.js";
import { clockTime, count } from "./format.js";
import { t } from "./words.js";

/** Red where a parcel will miss a truck that it must catch, else a warning where a trip misses the planned one. */
const toneOf = (each) => (each.trips_missing ? "bad" : each.slack_s < 0 ? "late" : "");

function Slack({ departure }) {
  const { slack_s: slack, courier_id: courierId } = departure;
  if (slack === null) return html`<span class="departure-slack">${t("departure.empty")}</span>`;
  const index = plan.value?.routeOf.get(courierId);
  const name = index === undefined ? courierId : plan.value.routes[index].name;
  const words = t(slack < 0 ? "departure.missed" : "departure.slack", {
    minutes: slack < 0 ? Math.ceil(-slack / 60) : Math.floor(slack / 60),
    name,
  });
  if (index === undefined) return html`<span class="departure-slack">${words}</span>`;
  return html`<button type="button" class="link departure-slack" onClick=${() => selectRoute(index)}>${words}</button>`;
}

export function Departures() {
  const departures = board.value?.departures ?? [];
  if (!departures.length) return null;
  return html`
    <ul class="departures" aria-label=${t("departures.label")}>
      ${departures.map((each) => {
        const leavesAt = Date.parse(each.leaves_at);
        return html`
          <li key=${leavesAt} data-departure=${clockTime(leavesAt)} data-tone=${toneOf(each)} data-left=${leavesAt < tick.value}>
            <strong>${clockTime(leavesAt)}</strong>
            <span>${t("departure.load", { trips: count(each.trips), pieces: count(each.pieces) })}</span>
            <${Slack} departure=${each} />
          </li>
        `;
      })}
    </ul>
  `;
}
