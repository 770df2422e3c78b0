// The day's departures: what leaves with each truck, and how long it would still wait for its last trip.

import { html } from "./html.js";
import { board, plan, selectRoute, tick } from "./day.js";
import { clockTime, count } from "./format.js";
import { t } from "./words.js";

/** "12:30 → 12:05" of a truck that leaves otherwise today. */
function Moment({ departure }) {
  const leavesAt = clockTime(Date.parse(departure.leaves_at));
  const plannedAt = clockTime(Date.parse(departure.planned_at));
  if (departure.is_cancelled) return html`<strong><s>${leavesAt}</s> ${t("departure.cancelled")}</strong>`;
  if (plannedAt === leavesAt) return html`<strong>${leavesAt}</strong>`;
  return html`<strong><s>${plannedAt}</s> ${leavesAt}</strong>`;
}

/** What was said of this truck and not taken back. */
const risksOf = ({ leaves_at: leavesAt }) =>
  (board.value?.at_risk ?? []).filter((each) => Date.parse(each.leaves_at) === Date.parse(leavesAt));

/** Whose parcels will miss this truck. */
function AtRisk({ departure }) {
  const risks = risksOf(departure);
  if (!risks.length) return null;
  const orders = risks.reduce((sum, each) => sum + each.order_ids.length, 0);
  const names = risks.map((each) => {
    const index = plan.value?.routeOf.get(each.courier_id);
    return index === undefined ? each.courier_id : plan.value.routes[index].name;
  });
  const said = { orders: count(orders), names: names.join(t("remedy.and")) };
  return html`<span class="departure-risk" role="alert">${t("departure.at-risk", said)}</span>`;
}

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
            <${Moment} departure=${each} />
            <span>${t("departure.load", { trips: count(each.trips), pieces: count(each.pieces) })}</span>
            ${each.is_cancelled || html`<${Slack} departure=${each} />`}
            <${AtRisk} departure=${each} />
          </li>
        `;
      })}
    </ul>
  `;
}
