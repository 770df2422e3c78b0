// The strip of figures: the day in one line.

import { html } from "./html.js";
import { board, plan, progress, tick } from "./day.js";
import { clockTime, count, hours, kilometres, yuan } from "./format.js";
import { cancelSearch, search } from "./planning.js";
import { t } from "./words.js";

/** From here the time to the cut-off is shown in the colour of a warning. */
const CUT_OFF_NEAR_S = 30 * 60;

function Figure({ name, value, of = "", unit = "", detail = "", tone = "", children = null }) {
  return html`
    <div class="figure" data-figure=${name} data-tone=${tone}>
      <dt>${t(`figure.${name}`)}</dt>
      <dd>
        <span class="value">${value}${of !== "" && html`<small>/${of}</small>`}${unit && html`<small> ${unit}</small>`}</span>
        ${children ?? html`<span class="detail">${detail}</span>`}
      </dd>
    </div>
  `;
}

function Solver() {
  const now = search.value;
  if (!now) {
    const version = board.value?.version;
    return html`<${Figure}
      name="solver"
      value=${t("figure.solver.idle")}
      detail=${version ? t("figure.plan.version", { version }) : t("figure.plan.none")}
    />`;
  }
  const queued = now.seconds === null;
  return html`
    <${Figure}
      name="solver"
      tone="busy"
      value=${queued
        ? t("figure.solver.queued")
        : t("figure.solver.running", { seconds: Math.floor(now.seconds), budget: now.budgetS ?? "?" })}
    >
      <span class="solver-line">
        <progress max=${now.budgetS ?? 1} value=${queued ? undefined : now.seconds} aria-label=${t("figure.solver")}></progress>
        <span class="detail">
          ${queued ? "" : t("figure.solver.detail", { cost: yuan(now.costFen), unserved: now.unserved })}
        </span>
        <button type="button" class="link" disabled=${now.cancelling} onClick=${cancelSearch}>
          ${t(now.cancelling ? "plan.cancelling" : "plan.cancel")}
        </button>
      </span>
    <//>
  `;
}

export function Figures() {
  const figures = board.value?.figures;
  if (!figures) return html`<dl class="figures" aria-busy="true"></dl>`;
  const cutOffAt = figures.next_cut_off_at ? Date.parse(figures.next_cut_off_at) : null;
  const left = cutOffAt === null ? null : (cutOffAt - tick.value) / 1000;
  const share = figures.stops_total ? figures.stops_done / figures.stops_total : 0;
  const out = progress.value?.routes.filter((route) => route?.state !== "waiting" && route?.state !== "back").length;
  return html`
    <dl class="figures" aria-live="off">
      <${Figure} name="routes" value=${count(figures.routes)} detail=${out ? t("figure.routes.out", { count: out }) : ""} />
      <${Figure} name="stops" value=${count(figures.stops_done)} of=${count(figures.stops_total)}>
        <progress max="1" value=${share} aria-label=${t("figure.stops")}></progress>
      <//>
      <${Figure}
        name="unserved"
        value=${count(figures.orders_unserved)}
        tone=${figures.orders_unserved > 0 ? "bad" : ""}
        detail=${t("figure.orders", { done: count(figures.orders_collected), total: count(figures.orders_total) })}
      />
      <${Figure}
        name="late"
        value=${count(figures.late_routes)}
        tone=${figures.late_routes > 0 ? "late" : ""}
        detail=${figures.orders_failed ? t("figure.failed", { count: count(figures.orders_failed) }) : ""}
      />
      <${Figure} name="distance" value=${kilometres(figures.distance_m)} unit=${t("unit.km")} detail=${perStop(figures)} />
      <${Figure} name="cost" value=${yuan(figures.cost_fen)} detail=${perOrder(figures)} />
      <${Figure}
        name="cut_off"
        value=${left === null ? "–" : hours(left)}
        tone=${left !== null && left < CUT_OFF_NEAR_S ? "late" : ""}
        detail=${cutOffAt === null
          ? plan.value
            ? t("figure.cut_off.none")
            : ""
          : t("figure.cut_off.at", { time: clockTime(cutOffAt) })}
      />
      <${Solver} />
    </dl>
  `;
}

const perStop = ({ distance_m, stops_total }) =>
  stops_total ? t("figure.per.stop", { distance: kilometres(distance_m / stops_total) }) : "";

const perOrder = ({ cost_fen, orders_total, orders_unserved }) =>
  cost_fen && orders_total > orders_unserved
    ? t("figure.per.order", { cost: (cost_fen / 100 / (orders_total - orders_unserved)).toFixed(2) })
    : "";
