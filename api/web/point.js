// The keeper's page: who comes when, what was handed in, and whether the point is full or closed.

import { effect, html, render, useState } from "./html.js";
import { clockTime } from "./format.js";
import { key, keyRefused } from "./http.js";
import { KeyForm } from "./key_form.js";
import { acknowledge, isCutOff, refused, waiting } from "./outbox.js";
import { me, momentOf, orders, read, readProblem, say, scan, start, view } from "./point_day.js";
import { language } from "./preferences.js";
import { t } from "./words.js";

function Top() {
  const figures = view.value?.point.figures;
  const isOffline = isCutOff.value || readProblem.value?.status === 0;
  const queued = waiting.value.length > 0 && isOffline;
  return html`
    <header class="top">
      <div class="top-line">
        <h1>${view.value?.point.name ?? t("point.title")}</h1>
        <button
          type="button"
          class="quiet"
          aria-label=${t("language.switch.label")}
          onClick=${() => (language.value = language.value === "zh" ? "en" : "zh")}
        >
          ${t("language.switch")}
        </button>
      </div>
      ${figures &&
      html`
        <p class="progress-line">
          ${t("point.figures", { standing: figures.standing_pieces, expected: figures.expected_pieces, taken: figures.taken_pieces })}
          ${figures.room_pieces !== null && html` · ${t("point.room", { count: figures.room_pieces })}`}
        </p>
        ${figures.capacity_pieces > 0 &&
        html`<progress max=${figures.capacity_pieces} value=${figures.standing_pieces} aria-label=${t("point.fullness")}></progress>`}
      `}
      <p class="signal" role="status" data-waiting=${waiting.value.length > 0}>
        ${queued ? t("courier.queued", { count: waiting.value.length }) : ""}
      </p>
    </header>
  `;
}

function Refusals() {
  return refused.value.map(
    (each) => html`
      <div class="refusal" role="alert" key=${each.event_id}>
        <p>${t("courier.refused", { detail: each.detail })}</p>
        <button type="button" onClick=${() => acknowledge(each.event_id)}>${t("courier.refused.ok")}</button>
      </div>
    `,
  );
}

/** A hand scanner types the number and presses Enter. */
function ScanForm() {
  const [typed, setTyped] = useState("");
  const enter = (event) => {
    event.preventDefault();
    if (typed.trim()) scan(typed.trim(), "scanned");
    setTyped("");
  };
  return html`
    <form class="scan card" onSubmit=${enter}>
      <input
        name="order"
        autocomplete="off"
        aria-label=${t("point.scan.label")}
        placeholder=${t("point.scan.label")}
        value=${typed}
        onInput=${(event) => setTyped(event.currentTarget.value)}
      />
      <button type="submit">${t("point.scan")}</button>
    </form>
  `;
}

/** What was said of the point and holds, in words; none: it is open. */
function saidWords() {
  const { notice } = view.value.point;
  const said = [];
  if (notice.full_since) said.push(notice.pieces_left > 0 ? t("point.full.left", { count: notice.pieces_left }) : t("point.full.now"));
  if (notice.closed_from) {
    const from = clockTime(Date.parse(notice.closed_from));
    const until = notice.closed_until && clockTime(Date.parse(notice.closed_until));
    said.push(until ? t("point.closed.span", { from, until }) : t("point.closed.from", { from }));
  }
  return said;
}

function Notice() {
  const [asking, setAsking] = useState("");
  const [told, setTold] = useState("");
  const said = saidWords();
  const begin = (word) => {
    setTold("");
    setAsking(asking === word ? "" : word);
  };
  const enter = (event) => {
    event.preventDefault();
    const body =
      asking === "full" ? { pieces_left: Number(told) || 0 } : told ? { until_at: momentOf(told) } : {};
    void say(/** @type {"full" | "closed"} */ (asking), body);
    setAsking("");
  };
  return html`
    <section class="card notice">
      ${said.map((each) => html`<p class="said" key=${each}>${each}</p>`)}
      <div class="ways">
        <button type="button" class="full" aria-expanded=${asking === "full"} onClick=${() => begin("full")}>${t("point.full")}</button>
        <button type="button" class="closed" aria-expanded=${asking === "closed"} onClick=${() => begin("closed")}>${t("point.closed")}</button>
        ${said.length > 0 && html`<button type="button" class="open" onClick=${() => say("open")}>${t("point.open")}</button>`}
      </div>
      ${asking &&
      html`
        <form class="notice-form" onSubmit=${enter}>
          <label>
            ${t(`point.${asking}.ask`)}
            <input
              type=${asking === "full" ? "number" : "time"}
              min="0"
              value=${told}
              onInput=${(event) => setTold(event.currentTarget.value)}
            />
          </label>
          <button type="submit">${t("point.say")}</button>
        </form>
      `}
    </section>
  `;
}

function Arrivals() {
  const { arrivals } = view.value;
  return html`
    <h2 class="stops-title">${t("point.arrivals")}</h2>
    ${arrivals.length === 0 && html`<p class="hint">${t("point.arrivals.none")}</p>`}
    <ol class="arrivals">
      ${arrivals.map(
        (each) => html`
          <li key=${`${each.courier_id}-${each.seq}`} data-state=${each.state}>
            <span>${each.courier_name || each.courier_id}</span>
            <strong>${clockTime(Date.parse(each.eta_at))}</strong>
            <small>
              ${t("point.hand.over", { scanned: each.hand_over.scanned.length, total: each.order_ids.length })} ·
              ${t(`stop.state.${each.state}`)}
            </small>
            ${each.state !== "planned" &&
            each.hand_over.missing.length > 0 &&
            html`<p class="missing">${t("point.missing", { orders: each.hand_over.missing.join(", ") })}</p>`}
            ${each.hand_over.left_behind.length > 0 &&
            html`<p class="missing">${t("point.left.behind", { orders: each.hand_over.left_behind.join(", ") })}</p>`}
            ${each.hand_over.taken_unscanned.length > 0 &&
            html`<p class="missing">${t("point.unscanned", { orders: each.hand_over.taken_unscanned.join(", ") })}</p>`}
          </li>
        `,
      )}
    </ol>
  `;
}

function Parcels() {
  return html`
    <h2 class="stops-title">${t("point.parcels")}</h2>
    <ol class="parcels">
      ${orders.value.map(
        (order) => html`
          <li key=${order.order_id} data-order=${order.order_id} data-where=${order.whereabouts}>
            <span class="order">${order.order_id}${order.household_id ? ` · ${order.household_id}` : ""}</span>
            <small>
              ${t("stop.pieces.count", { count: order.pieces })} · ${t(`point.where.${order.whereabouts}`)}
              ${order.eta_at && html` · ${clockTime(Date.parse(order.eta_at))}`}
            </small>
            ${order.whereabouts === "expected" &&
            html`<button type="button" onClick=${() => scan(order.order_id, "scanned")}>${t("point.scan")}</button>`}
            ${order.whereabouts === "standing" &&
            html`<button type="button" class="quiet" onClick=${() => scan(order.order_id, "given-back")}>${t("point.give.back")}</button>`}
          </li>
        `,
      )}
    </ol>
  `;
}

function Nothing() {
  const problem = readProblem.value;
  const isWrong = me.value && me.value.role !== "point";
  const title = problem ? problem.shownTitle : t(isWrong ? "point.wrong.role" : me.value ? "problem.point-unknown" : "empty.loading");
  return html`
    <div class="empty">
      <h2>${title}</h2>
      <p>${problem ? problem.shownDetail : isWrong ? t("courier.wrong.role.hint") : ""}</p>
      <button type="button" onClick=${read}>${t("retry")}</button>
    </div>
  `;
}

/** A word that the server did not take, while the page stands. */
function Trouble() {
  const problem = readProblem.value;
  if (!problem || problem.status === 0) return null;
  return html`<p class="refusal" role="alert">${problem.shownTitle} ${problem.shownDetail}</p>`;
}

function Point() {
  if (key.value === "" || keyRefused.value) return html`<${KeyForm} title=${t("point.title")} />`;
  return html`
    <div class="courier">
      <${Top} />
      <main>
        <${Refusals} />
        ${!view.value
          ? html`<${Nothing} />`
          : html`
              <${Trouble} />
              <${ScanForm} />
              <${Notice} />
              <${Arrivals} />
              <${Parcels} />
            `}
      </main>
    </div>
  `;
}

effect(() => {
  document.title = `${t("app.name")} · ${t("point.title")}`;
});

effect(() => {
  if (key.value && !keyRefused.value) start();
});

render(html`<${Point} />`, document.getElementById("app"));
