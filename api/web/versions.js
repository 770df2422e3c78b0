// What the last versions of the plan changed: who came for whom, what households are told anew, and why.

import { effect, html, signal } from "./html.js";
import { dayQuery, plan, selectStop } from "./day.js";
import { clockTime } from "./format.js";
import { Problem, request } from "./http.js";
import { t } from "./words.js";

/** Versions shown: what a dispatcher may have missed over a coffee. Chosen, not measured. */
const SHOWN = 5;

/**
 * @typedef {object} Version
 * @property {string} planId
 * @property {number} version
 * @property {number} madeAt
 * @property {string[]} why
 * @property {any[]} changes those that somebody acts on: another courier, nobody, or another time told
 */

export const versions = signal(/** @type {Version[]} */ ([]));

/** The versions up to the one in force, the newest first, each made from the next. @param {any[]} plans */
function line(plans) {
  const byVersion = new Map(plans.map((each) => [each.version, each]));
  const found = [];
  let each = plans.find(({ published }) => published);
  while (each?.based_on && found.length < SHOWN) {
    found.push(each);
    each = byVersion.get(each.based_on);
  }
  return found;
}

async function read() {
  const where = dayQuery();
  const { plans } = await (await request(`/v1/plans?${where}`)).json();
  const known = new Map(versions.peek().map((each) => [each.planId, each]));
  const shown = await Promise.all(
    line(plans).map(async (each) => {
      if (known.has(each.plan_id)) return known.get(each.plan_id);
      const diff = await (await request(`/v1/plans/${each.plan_id}/diff`)).json();
      const retold = new Set(diff.retold);
      return {
        planId: each.plan_id,
        version: each.version,
        madeAt: Date.parse(each.made_at),
        why: each.why,
        changes: diff.changes
          .filter((change) => change.before?.courier_id !== change.after?.courier_id || retold.has(change.order_id))
          .map((change) => ({ ...change, retold: retold.has(change.order_id) })),
      };
    }),
  );
  if (where === dayQuery()) versions.value = /** @type {Version[]} */ (shown);
}

effect(() => {
  if (!plan.value?.planId) {
    versions.value = [];
    return;
  }
  read().catch((failure) => {
    // Nobody asked for this; a lost connection has its own mark, and the next version reads again.
    if (!(failure instanceof Problem)) throw failure;
  });
});

/** @param {any} pickup */
function who(pickup) {
  if (!pickup) return t("version.nobody");
  const index = plan.value?.routeOf.get(pickup.courier_id);
  return index === undefined ? pickup.courier_id : plan.value.routes[index].name;
}

const moment = (at) => clockTime(Date.parse(at));

/** @param {{version: Version}} shown */
export function VersionHead({ version }) {
  const why = version.why.map((each) => t(`why.${each}`)).join(t("remedy.and")) || t("why.asked");
  return html`<h3 class="list-heading">${t("version.head", { version: version.version, at: clockTime(version.madeAt), why })}</h3>`;
}

/** An order that somebody else comes for, or at another time than was told. @param {{change: any}} shown */
export function ChangeRow({ change }) {
  const { before, after, promise_after: told } = change;
  const from = who(before);
  const to = who(after);
  const people = before?.courier_id === after?.courier_id ? from : t("version.moved", { from, to });
  const show = () => {
    const stop = plan.value?.stops.findIndex(({ orderIds }) => orderIds.includes(change.order_id)) ?? -1;
    if (stop >= 0) selectStop(stop);
  };
  return html`
    <button type="button" class="change-row" onClick=${show}>
      <strong>${change.order_id}</strong> <span>${people}</span>
      <small>
        ${before ? moment(before.begin_at) : "–"} → ${after ? moment(after.begin_at) : "–"}
        ${change.retold && told && html` · <em>${t("version.retold", { from: moment(told.earliest_at), to: moment(told.latest_at) })}</em>`}
      </small>
    </button>
  `;
}
