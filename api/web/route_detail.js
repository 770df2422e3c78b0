// One route: how it stands, its trips and stops, and the chosen stop in full.

import { html, useMemo } from "./html.js";
import { deselect, plan, progress, selectStop, selectedStop, selection } from "./day.js";
import { RouteHand, StopHand } from "./hand.js";
import { rangeOf } from "./etas.js";
import { clockTime, distance, duration, hours, kilograms, kilometres, minutes, yuan } from "./format.js";
import { isAhead, LATE_AFTER_S } from "./plan_view.js";
import { Verdict } from "./verdict.js";
import { VirtualList } from "./virtual_list.js";
import { hasWords, t } from "./words.js";

/**
 * @param {object} wanted
 * @param {number} wanted.index
 * @param {boolean} [wanted.named] say whose stop it is
 * @param {() => void} wanted.onClick
 */
export function StopRow({ index, named = false, onClick }) {
  const stop = plan.value.stops[index];
  const now = progress.value;
  const state = now?.states[index] ?? "planned";
  const late = now ? now.lateS[index] : 0;
  const isLate = isAhead(state) && late > LATE_AFTER_S;
  const who = named ? `${plan.value.routes[stop.route].name} · ` : "";
  return html`
    <button
      type="button"
      class="stop-row"
      data-state=${state}
      data-late=${isLate}
      aria-pressed=${selectedStop.value === index}
      onClick=${onClick}
    >
      <span class="stop-number" aria-hidden="true">${stop.seq}</span>
      <span class="stop-title">${stop.title}</span>
      <span class="stop-facts">
        ${who}${t("stop.pieces.count", { count: stop.pieces })} · ${t(`stop.state.${state}`)}
      </span>
      <span class="stop-times">
        <span>${clockTime(now ? now.etaAt[index] : stop.beginAt)}</span>
        ${isLate && html`<small>+${minutes(late)}</small>`}
      </span>
    </button>
  `;
}

/** Words of a handling code. @param {string} word */
export const handlingWord = (word) => (hasWords(`handling.${word}`) ? t(`handling.${word}`) : word);

/** Who brings an order to a point, and how far; the household has to be told. */
function BroughtBy({ brought }) {
  return html` <small>${t("stop.brought", { household: brought.householdId ?? "–", metres: brought.walkM })}</small>`;
}

/** Which departure an order asked for, where it takes a later one. */
function LateBy({ late }) {
  return html` <small>${t("stop.late.order", { time: clockTime(late.cutOffAt) })}</small>`;
}

/** Where and when a battery is changed or charged on the way. */
function SwapRow({ swap }) {
  const [from, to] = [clockTime(Date.parse(swap.arrive_at)), clockTime(Date.parse(swap.depart_at))];
  return html`<p class="break-row swap-row">${t("route.swap", { title: swap.title, from, to })}</p>`;
}

/** By how much an order is picked up outside its window, and which. */
function MissedBy({ missed }) {
  return html` <small>${t(missed.words, { minutes: missed.minutes, from: clockTime(missed.from), until: clockTime(missed.until) })}</small>`;
}

function StopCard({ index }) {
  const stop = plan.value.stops[index];
  const now = progress.value;
  const state = now?.states[index] ?? "planned";
  const eta = now ? now.etaAt[index] : stop.beginAt;
  const late = now ? now.lateS[index] : 0;
  const range = isAhead(state) ? rangeOf(stop.orderIds) : null;
  return html`
    <section class="stop-card" aria-label=${t("stop.number", { seq: stop.seq })}>
      <header>
        <div>
          <h3>${stop.title}</h3>
          <p>
            ${t("stop.number", { seq: stop.seq })} · ${t(`kind.${stop.kind}`)} · ${" "}
            <span class="state" data-state=${state}>${t(`stop.state.${state}`)}</span>
            ${stop.orderIds.some((each) => plan.value.held.has(each)) && ` · ${t("stop.held")}`}
          </p>
        </div>
        <button type="button" class="icon" aria-label=${t("stop.close")} onClick=${deselect}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8M12 4l-8 8" /></svg>
        </button>
      </header>
      <dl class="facts">
        <div><dt>${t("stop.planned")}</dt><dd>${clockTime(stop.beginAt)}</dd></div>
        <div><dt>${t(isAhead(state) ? "stop.eta" : "stop.actual")}</dt><dd>${clockTime(eta)}</dd></div>
        ${range &&
        html`<div data-late=${range.atRisk} data-fact="range">
          <dt>${t(range.atRisk ? "stop.range.at_risk" : "stop.range")}</dt>
          <dd>${clockTime(range.p10At)}–${clockTime(range.p90At)}</dd>
        </div>`}
        <div data-late=${late > LATE_AFTER_S}>
          <dt>${t("stop.late")}</dt><dd>${late >= 60 ? `+${minutes(late)} min` : "–"}</dd>
        </div>
        <div><dt>${t("stop.pieces")}</dt><dd>${stop.pieces}</dd></div>
        <div><dt>${t("stop.weight")}</dt><dd>${stop.weightG ? kilograms(stop.weightG) : "–"}</dd></div>
      </dl>
      <p class="stop-leg">
        ${t("stop.leg", { distance: distance(stop.leg.distance_m), duration: duration(stop.leg.duration_s) })}
        ${stop.leg.walk_m > 20 && ` · ${t("stop.walk", { metres: stop.leg.walk_m })}`}
      </p>
      <div class="stop-orders">
        <h4>${t("stop.orders")} <span class="number">${stop.orderIds.length}</span></h4>
        <ul>
          ${stop.orderIds.map((id) => html`<li key=${id}>${id}${stop.brought.has(id) && html`<${BroughtBy} brought=${stop.brought.get(id)} />`}${stop.late.has(id) && html`<${LateBy} late=${stop.late.get(id)} />`}${stop.missed.has(id) && html`<${MissedBy} missed=${stop.missed.get(id)} />`}</li>`)}
        </ul>
      </div>
      ${stop.joints.map((each) => html`<p class="note joint" key=${each.joint}>${t(each.words, each)}</p>`)}
      ${stop.handling.length > 0 &&
      html`<p class="tags">${stop.handling.map((word) => html`<span class="tag" key=${word}>${handlingWord(word)}</span>`)}</p>`}
      ${stop.notes.map((note) => html`<p class="note" key=${note}>${note}</p>`)}
      ${isAhead(state) && html`<${StopHand} index=${index} />`}
    </section>
  `;
}

function TripHeading({ number, trip }) {
  return html`
    <h3 class="list-heading trip-heading">
      <span>${t("route.trip", { number })}</span>
      <small>
        ${t("route.trip.detail", {
          leave: clockTime(trip.leaveAt),
          back: clockTime(trip.backAt),
          pieces: trip.pieces,
          cut_off: clockTime(trip.cutOffAt),
        })}
        ${trip.dockWaitS > 0 && ` · ${t("route.trip.dock", { minutes: minutes(trip.dockWaitS) })}`}
        ${trip.truckAt !== null && ` · ${t("route.trip.truck", { time: clockTime(trip.truckAt) })}`}
      </small>
    </h3>
  `;
}

/** @param {{route: number}} wanted */
export function RouteDetail({ route: index }) {
  const view = plan.value;
  const route = view.routes[index];
  const now = progress.value?.routes[index];
  const rows = useMemo(
    () =>
      route.trips.flatMap((trip, number) => {
        const stops = view.stops.slice(trip.first, trip.end);
        const rests = route.breaks.filter((rest) => rest.startsAt >= trip.leaveAt && rest.startsAt < trip.backAt);
        const listed = stops.map((stop) => ({ key: `s${stop.index}`, height: 46, stop: stop.index, at: stop.beginAt }));
        const paused = rests.map((rest) => ({ key: `b${rest.startsAt}`, height: 30, rest, at: rest.startsAt }));
        const swaps = [...stops, trip].map((to) => (to.leg ?? to.home).swap).filter(Boolean);
        const swapped = swaps.map((swap) => ({ key: `w${swap.arrive_at}`, height: 30, swap, at: Date.parse(swap.arrive_at) }));
        return [
          { key: `t${number}`, height: 38, number: number + 1, trip },
          ...[...listed, ...paused, ...swapped].sort((a, b) => a.at - b.at),
        ];
      }),
    [route],
  );
  const render = (row) => {
    if (row.trip) return html`<${TripHeading} number=${row.number} trip=${row.trip} />`;
    if (row.swap) return html`<${SwapRow} swap=${row.swap} />`;
    if (row.rest) {
      const [from, to] = [clockTime(row.rest.startsAt), clockTime(row.rest.endsAt)];
      return html`<p class="break-row">${t("route.break", { from, to })}</p>`;
    }
    return html`<${StopRow} index=${row.stop} onClick=${() => selectStop(row.stop)} />`;
  };
  const done = now?.stopsDone ?? 0;
  const total = now?.stopsTotal ?? route.end - route.first;
  const chosen = selectedStop.value;
  const next = now?.nextSeq ? `s${route.first + now.nextSeq - 1}` : null;
  return html`
    <header class="route-head">
      <button type="button" class="icon" aria-label=${t("route.close")} title=${t("route.close")} onClick=${() => (selection.value = null)}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M10 3 5 8l5 5" /></svg>
      </button>
      <div class="route-who">
        <h2>${route.name}</h2>
        <p>${route.modelName}${route.phone && ` · ${route.phone}`}</p>
      </div>
      <${Verdict} now=${now} />
      <dl class="facts">
        <div><dt>${t("figure.stops")}</dt><dd>${done}<small>/${total}</small></dd></div>
        <div>
          <dt>${t("stop.pieces")}</dt>
          <dd>${now?.piecesCollected ?? 0}<small>/${now?.piecesTotal ?? ""}</small></dd>
        </div>
        <div><dt>${t("unit.km")}</dt><dd>${kilometres(route.distanceM)}</dd></div>
        <div><dt>${t("figure.cost")}</dt><dd>${yuan(route.costFen)}</dd></div>
        <div data-late=${now ? now.slackS < 0 : false}>
          <dt>${t("route.slack.title")}</dt><dd>${now ? hours(now.slackS) : "–"}</dd>
        </div>
      </dl>
      <${RouteHand} route=${index} />
    </header>
    <${VirtualList}
      rows=${rows}
      render=${render}
      label=${route.name}
      reveal=${chosen === null ? next : `s${chosen}`}
    />
    ${chosen !== null && html`<${StopCard} key=${chosen} index=${chosen} />`}
  `;
}
