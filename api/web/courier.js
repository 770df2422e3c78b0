// The courier's page: the next stop with big buttons, and all stops below.

import { effect, html, render, useState } from "./html.js";
import { clockTime, distance, duration } from "./format.js";
import { key, keyRefused } from "./http.js";
import { KeyForm } from "./key_form.js";
import { acknowledge, isCutOff, refused, waiting } from "./outbox.js";
import "./own_position.js";
import { language } from "./preferences.js";
import { ahead, atDepot, beginTrip, cancelledOf, chosen, heardAt, me, read, readProblem, report, shown, start, stateOf, stops, stored } from "./shift.js";
import { hasWords, t } from "./words.js";

const REASONS = ["nobody-home", "not-ready", "refused", "wrong-address", "too-much", "damaged", "other"];
const STATE_WORDS = { ahead: "planned", arrived: "arrived", done: "done", failed: "failed", cancelled: "cancelled" };

function Top() {
  const all = stops.value;
  const done = all.length - ahead.value.length;
  const pieces = all.filter((stop) => stateOf(stop) === "done").reduce((sum, stop) => sum + stop.pieces, 0);
  return html`
    <header class="top">
      <div class="top-line">
        <h1>${stored.value?.courier?.name ?? t("courier.title")}</h1>
        <button
          type="button"
          class="quiet"
          aria-label=${t("language.switch.label")}
          onClick=${() => (language.value = language.value === "zh" ? "en" : "zh")}
        >
          ${t("language.switch")}
        </button>
      </div>
      ${all.length > 0 &&
      html`
        <p class="progress-line">${t("courier.progress", { done, total: all.length, pieces })}</p>
        <progress max=${all.length} value=${done} aria-label=${t("figure.stops")}></progress>
      `}
      <p class="signal" role="status" data-waiting=${waiting.value.length > 0}>${signalWords()}</p>
    </header>
  `;
}

/** What has not reached the server yet, or how old the route is. */
function signalWords() {
  const isOffline = isCutOff.value || readProblem.value?.status === 0;
  if (waiting.value.length > 0 && isOffline) return t("courier.queued", { count: waiting.value.length });
  if (readProblem.value?.status === 0 && heardAt.value) return t("courier.old", { time: clockTime(heardAt.value) });
  return "";
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

/** Why a pickup failed: one tap. */
function Reasons({ stop, onBack }) {
  return html`
    <div class="reasons" role="group" aria-label=${t("courier.reason")}>
      <h3>${t("courier.reason")}</h3>
      ${REASONS.map(
        (reason) => html`
          <button
            type="button"
            key=${reason}
            data-reason=${reason}
            onClick=${() => {
              onBack();
              report(stop, "failed", reason);
            }}
          >
            ${t(`courier.reason.${reason}`)}
          </button>
        `,
      )}
      <button type="button" class="quiet" onClick=${onBack}>${t("courier.reason.back")}</button>
    </div>
  `;
}

/** How many orders households bring to the point, and which households. */
function broughtWords(stop) {
  const households = [...stop.brought.values()].map((each) => each.householdId).filter(Boolean);
  return { count: stop.brought.size, total: stop.orderIds.length, households: [...new Set(households)].join(", ") };
}

/** Where to change or charge the battery on the way. */
function SwapNote({ swap }) {
  const at = `${swap.place.lat},${swap.place.lon}`;
  const [from, to] = [clockTime(Date.parse(swap.arrive_at)), clockTime(Date.parse(swap.depart_at))];
  return html`
    <p class="note swap">
      ${t("courier.swap", { title: swap.title, from, to })} <a href=${`geo:${at}?q=${at}(${encodeURIComponent(swap.title)})`}>${t("courier.navigate")}</a>
    </p>
  `;
}

function StopCard({ stop }) {
  const [asking, setAsking] = useState(false);
  const state = stateOf(stop);
  const cancelled = cancelledOf(stop);
  const isNext = ahead.value[0]?.seq === stop.seq;
  // Of several orders nobody could say of which there are more.
  const isCounted = stop.orderIds.length === 1 && state !== "cancelled";
  const [counted, setCounted] = useState(String(stop.pieces));
  const collect = () => {
    const pieces = Number(counted);
    const isOther = isCounted && Number.isInteger(pieces) && pieces > 0 && pieces !== stop.pieces;
    report(stop, "collected", undefined, isOther ? pieces : undefined);
  };
  const at = `${stop.place.lat},${stop.place.lon}`;
  return html`
    <section class="card" data-state=${state} data-seq=${stop.seq}>
      <p class="card-kind">
        ${isNext ? t("courier.next") : t("stop.number", { seq: stop.seq })}
        <span>${t("courier.planned", { time: clockTime(stop.beginAt) })}</span>
      </p>
      <h2>${stop.title}</h2>
      <p class="card-facts">
        <strong>${t("stop.pieces.count", { count: stop.pieces })}</strong>
        <span>${distance(stop.leg.distance_m)} · ${duration(stop.leg.duration_s)}</span>
        ${state !== "ahead" && html`<span class="state" data-state=${state}>${t(`stop.state.${STATE_WORDS[state]}`)}</span>`}
      </p>
      ${stop.leg.swap && html`<${SwapNote} swap=${stop.leg.swap} />`}
      ${stop.leg.walk_m > 20 && html`<p class="hint">${t("stop.walk", { metres: stop.leg.walk_m })}</p>`}
      ${stop.handling.length > 0 &&
      html`<p class="tags">${stop.handling.map((word) => html`<span class="tag" key=${word}>${hasWords(`handling.${word}`) ? t(`handling.${word}`) : word}</span>`)}</p>`}
      ${cancelled.length > 0 &&
      state !== "cancelled" &&
      html`<p class="note cancelled">${t("courier.cancelled.some", { orders: cancelled.join(", ") })}</p>`}
      ${stop.brought.size > 0 && html`<p class="note brought">${t("courier.brought", broughtWords(stop))}</p>`}
      ${stop.joints.map((each) => html`<p class="note joint" key=${each.joint}>${t(each.words, each)}</p>`)}
      ${stop.notes.map((note) => html`<p class="note" key=${note}>${note}</p>`)}
      ${isCounted &&
      html`
        <label class="counted">
          <span>${t("courier.counted")}</span>
          <input type="number" inputmode="numeric" min="1" max="9999" value=${counted} onInput=${(event) => setCounted(event.currentTarget.value)} />
        </label>
      `}
      <div class="ways">
        ${stop.contact?.phone &&
        html`<a class="button" href=${`tel:${stop.contact.phone}`}>${t("courier.call", { name: stop.contact.name })}</a>`}
        <a class="button" href=${`geo:${at}?q=${at}(${encodeURIComponent(stop.title)})`}>${t("courier.navigate")}</a>
      </div>
      ${asking
        ? html`<${Reasons} stop=${stop} onBack=${() => setAsking(false)} />`
        : html`
            <div class="actions">
              ${state === "ahead" &&
              html`<button type="button" class="arrived" onClick=${() => report(stop, "arrived")}>${t("courier.arrived")}</button>`}
              <button type="button" class="collected" onClick=${collect}>
                ${t(state === "failed" || state === "cancelled" ? "courier.undo" : "courier.collected")}
              </button>
              ${state !== "cancelled" &&
              html`<button type="button" class="failed" onClick=${() => setAsking(true)}>${t("courier.failed")}</button>`}
            </div>
          `}
    </section>
  `;
}

function DepotCard() {
  const next = ahead.value[0];
  const trip = stored.value.route.trips[next.trip - 1];
  const { name } = stored.value.depot;
  const swaps = [trip.home.swap, next.leg.swap].filter(Boolean);
  return html`
    <section class="card">
      <h2>${t("courier.to.depot", { depot: name })}</h2>
      ${swaps.map((swap) => html`<${SwapNote} key=${swap.arrive_at} swap=${swap} />`)}
      <p class="card-facts">
        ${t("courier.to.depot.hint", { time: clockTime(Date.parse(trip.cut_off_at)) })}
        ${trip.dock_wait_s > 0 && ` · ${t("courier.to.depot.dock", { time: clockTime(Date.parse(trip.back_at) + 1000 * trip.dock_wait_s) })}`}
      </p>
      <div class="actions"><button type="button" class="collected" onClick=${beginTrip}>${t("courier.to.depot.on")}</button></div>
    </section>
  `;
}

function AllDone() {
  const last = stored.value.route.trips.at(-1);
  return html`
    <section class="card" data-state="done">
      <h2>${t("courier.all.done")}</h2>
      <p class="card-facts">
        ${t("courier.all.done.hint", { time: clockTime(Date.parse(last.cut_off_at)), depot: stored.value.depot.name })}
      </p>
      ${last.home.swap && html`<${SwapNote} swap=${last.home.swap} />`}
    </section>
  `;
}

function Stops() {
  return html`
    <h2 class="stops-title">${t("courier.stops")}</h2>
    <ol class="stops">
      ${stops.value.map((stop) => {
        const state = stateOf(stop);
        return html`
          <li key=${stop.seq}>
            <button
              type="button"
              data-state=${state}
              aria-current=${shown.value?.seq === stop.seq}
              onClick=${() => {
                chosen.value = stop.seq;
                scrollTo({ top: 0, behavior: "smooth" });
              }}
            >
              <span class="seq">${stop.seq}</span>
              <span class="title">${stop.title}</span>
              <span class="when">${clockTime(stop.beginAt)}</span>
              <small>${t("stop.pieces.count", { count: stop.pieces })} · ${t(`stop.state.${STATE_WORDS[state]}`)}</small>
            </button>
          </li>
        `;
      })}
    </ol>
  `;
}

function Nothing() {
  const [title, hint] =
    me.value && me.value.role !== "courier"
      ? ["courier.wrong.role", "courier.wrong.role.hint"]
      : readProblem.value?.status === 0
        ? ["empty.network", "empty.network.hint"]
        : me.value
          ? ["courier.none", "courier.none.hint"]
          : ["empty.loading", ""];
  const other = readProblem.value && readProblem.value.status !== 0 ? readProblem.value : null;
  return html`
    <div class="empty">
      <h2>${other ? other.shownTitle : t(title)}</h2>
      <p>${other ? other.shownDetail : hint && t(hint)}</p>
      <button type="button" onClick=${read}>${t("retry")}</button>
    </div>
  `;
}

function Courier() {
  if (key.value === "" || keyRefused.value) return html`<${KeyForm} title=${t("courier.title")} />`;
  return html`
    <div class="courier">
      <${Top} />
      <main>
        <${Refusals} />
        ${!stored.value
          ? html`<${Nothing} />`
          : html`
              ${atDepot.value
                ? html`<${DepotCard} />`
                : shown.value
                  ? html`<${StopCard} key=${shown.value.seq} stop=${shown.value} />`
                  : html`<${AllDone} />`}
              <${Stops} />
            `}
      </main>
      <footer>${stored.value?.attribution}</footer>
    </div>
  `;
}

effect(() => {
  document.title = `${t("app.name")} · ${t("courier.title")}`;
});

effect(() => {
  if (key.value && !keyRefused.value) start();
});

render(html`<${Courier} />`, document.getElementById("app"));
