// The board: map above the time chart, the list beside them, the figures on top.

import { effect, html, render, useLayoutEffect, useRef, useState } from "./html.js";
import { placing, stopPlacing } from "./addresses.js";
import { ChartPane } from "./chart.js";
import { closureLines } from "./closures.js";
import { board, deselect, dismiss, hasKey, hovered, notices, open, plan, progress } from "./day.js";
import { Departures } from "./departures.js";
import { Figures } from "./figures.js";
import { clockTime, minutes } from "./format.js";
import { keyRefused, key } from "./http.js";
import { BetterDialog, HandDialog } from "./hand.js";
import { KeyForm } from "./key_form.js";
import { MapPane } from "./map.js";
import { Panel } from "./panel.js";
import { isAhead, LATE_AFTER_S } from "./plan_view.js";
import { DraftBanner, PlanDialog } from "./planning.js";
import { positionLines } from "./positions.js";
import { Topbar } from "./topbar.js";
import { reasonWords } from "./unserved_row.js";
import { t } from "./words.js";

/** Least and greatest share of the height that the chart takes. */
const CHART_SHARE = { least: 0.12, usual: 0.34, most: 0.75 };

function Notices() {
  return html`
    <div class="notices">
      ${notices.value.map(
        (notice) => html`
          <div class="notice" data-kind=${notice.kind} role=${notice.kind === "problem" ? "alert" : "status"} key=${notice.id}>
            <div><strong>${notice.title}</strong>${notice.detail && html`<p>${notice.detail}</p>`}</div>
            <button type="button" class="icon" aria-label=${t("problem.close")} onClick=${() => dismiss(notice.id)}>
              <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8M12 4l-8 8" /></svg>
            </button>
          </div>
        `,
      )}
    </div>
  `;
}

/** What the pointer is over, in two lines. */
function tooltipLines({ stop, route, order, closure, courier }) {
  if (courier !== undefined) return positionLines(courier);
  if (closure !== undefined) return closureLines(closure);
  const view = plan.value;
  if (view === null) return null;
  if (stop !== undefined) {
    const at = view.stops[stop];
    const now = progress.value;
    const state = now?.states[stop] ?? "planned";
    const late = now?.lateS[stop] ?? 0;
    const when = clockTime(now ? now.etaAt[stop] : at.beginAt);
    const delay = isAhead(state) && late > LATE_AFTER_S ? ` · ${t("route.late", { minutes: minutes(late) })}` : "";
    return [
      `${at.seq} · ${at.title}`,
      `${view.routes[at.route].name} · ${when} · ${t(`stop.state.${state}`)}${delay}`,
    ];
  }
  if (order !== undefined) {
    const each = view.unserved.find(({ orderId }) => orderId === order);
    return each ? [each.orderId, reasonWords(each.reason)] : null;
  }
  const now = progress.value?.routes[route];
  const name = view.routes[route].name;
  return [name, now ? t("route.stops", { done: now.stopsDone, total: now.stopsTotal }) : ""];
}

function Tooltip() {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const over = hovered.value;
  const lines = over && tooltipLines(over);
  useLayoutEffect(() => {
    if (!lines || !box.current) return;
    const { width, height } = box.current.getBoundingClientRect();
    const left = Math.min(over.x + 14, innerWidth - width - 8);
    const top = over.y + 18 + height > innerHeight ? over.y - height - 10 : over.y + 18;
    box.current.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  });
  if (!lines) return null;
  return html`<div class="tooltip" ref=${box} aria-hidden="true"><strong>${lines[0]}</strong><span>${lines[1]}</span></div>`;
}

/** The bar between map and chart: drag it, or use the arrow keys. */
function Splitter({ share, onShare }) {
  const bounded = (wanted) => onShare(Math.min(CHART_SHARE.most, Math.max(CHART_SHARE.least, wanted)));
  const onPointerDown = (event) => {
    const bar = event.currentTarget;
    const box = bar.parentElement.getBoundingClientRect();
    bar.setPointerCapture(event.pointerId);
    bar.onpointermove = (moved) => bounded((box.bottom - moved.clientY) / box.height);
    bar.onpointerup = () => (bar.onpointermove = null);
  };
  const onKeyDown = (event) => {
    const step = { ArrowUp: 0.04, ArrowDown: -0.04 }[event.key];
    if (!step) return;
    event.preventDefault();
    bounded(share + step);
  };
  return html`
    <div
      class="splitter"
      role="separator"
      tabindex="0"
      aria-orientation="horizontal"
      aria-label=${t("chart.resize")}
      aria-valuenow=${Math.round(share * 100)}
      aria-valuemin=${CHART_SHARE.least * 100}
      aria-valuemax=${CHART_SHARE.most * 100}
      onPointerDown=${onPointerDown}
      onKeyDown=${onKeyDown}
      onDblClick=${() => onShare(CHART_SHARE.usual)}
    ></div>
  `;
}

/** One step back from whatever was begun last. @param {KeyboardEvent} event */
function onEscape(event) {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (placing.value) stopPlacing();
  else deselect();
}

function Board() {
  const [share, setShare] = useState(CHART_SHARE.usual);
  if (!hasKey.value) return html`<${KeyForm} title=${t("app.board")} />`;
  return html`
    <div class="board" onKeyDown=${onEscape}>
      <${Topbar} />
      <${Figures} />
      <${Departures} />
      <${DraftBanner} />
      <main class="day">
        <div class="day-left" style=${{ gridTemplateRows: `minmax(0, 1fr) 7px ${(share * 100).toFixed(1)}%` }}>
          ${board.value ? html`<${MapPane} />` : html`<section class="map-pane"></section>`}
          <${Splitter} share=${share} onShare=${setShare} />
          <${ChartPane} />
        </div>
        <${Panel} />
      </main>
      <${PlanDialog} />
      <${HandDialog} />
      <${BetterDialog} />
      <${Notices} />
      <${Tooltip} />
    </div>
  `;
}

effect(() => {
  document.title = `${t("app.name")} · ${t("app.board")}`;
});

effect(() => {
  if (key.value && !keyRefused.value) void open();
});

render(html`<${Board} />`, document.getElementById("app"));
