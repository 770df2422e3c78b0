// The time chart: which hours it shows, and what pointer and keys do to it; chart_paint.js draws it.

import { effect, html, useEffect, useRef } from "./html.js";
import { AXIS, GUTTER, paint, rowHeight, spanOf } from "./chart_paint.js";
import {
  deselect,
  hovered,
  plan,
  progress,
  selectRoute,
  selectStop,
  selection,
  tick,
} from "./day.js";
import { clockTime } from "./format.js";
import { isDark, language } from "./preferences.js";
import { order } from "./route_order.js";
import { t } from "./words.js";

const MARGIN_MS = 15 * 60_000;
const SHORTEST_SPAN_MS = 20 * 60_000;

/** What the canvas shows of the day: milliseconds at its left and right edge. */
class Window {
  constructor(from, to) {
    this.whole = { from, to };
    this.from = from;
    this.to = to;
  }

  get span() {
    return this.to - this.from;
  }

  get isWhole() {
    return this.from === this.whole.from && this.to === this.whole.to;
  }

  reset() {
    this.from = this.whole.from;
    this.to = this.whole.to;
  }

  /** @param {number} factor below 1 looks closer @param {number} at moment that stays in its place */
  zoom(factor, at) {
    const whole = this.whole.to - this.whole.from;
    const span = Math.min(whole, Math.max(SHORTEST_SPAN_MS, this.span * factor));
    const left = at - ((at - this.from) / this.span) * span;
    this.#place(left, span);
  }

  /** @param {number} by milliseconds */
  pan(by) {
    this.#place(this.from + by, this.span);
  }

  #place(left, span) {
    this.from = Math.max(this.whole.from, Math.min(left, this.whole.to - span));
    this.to = this.from + span;
  }
}

/** @param {HTMLElement} scroller @param {HTMLCanvasElement} canvas @param {HTMLElement} spacer */
function startChart(scroller, canvas, spacer) {
  const context = canvas.getContext("2d");
  /** @type {Window | null} */
  let shown = null;
  let drawn = null;
  let asked = 0;

  const draw = () => {
    asked = 0;
    const view = plan.peek();
    if (!view || !shown) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      return;
    }
    paint(context, scroller, view, shown);
  };
  const ask = () => {
    asked ||= requestAnimationFrame(draw);
  };

  const stretch = () => {
    const routes = plan.peek()?.routes.length ?? 0;
    spacer.style.height = `${AXIS + rowHeight(scroller, routes) * routes}px`;
  };
  const size = () => {
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(scroller.clientWidth * ratio);
    canvas.height = Math.round(scroller.clientHeight * ratio);
    canvas.style.width = `${scroller.clientWidth}px`;
    canvas.style.height = `${scroller.clientHeight}px`;
    stretch();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    ask();
  };
  const sized = new ResizeObserver(size);
  sized.observe(scroller);

  const disposals = [
    effect(() => {
      const view = plan.value;
      if (view !== drawn) {
        drawn = view;
        shown = view && view.routes.length
          ? new Window(view.startsAt - MARGIN_MS, view.endsAt + MARGIN_MS)
          : null;
        stretch();
      }
      progress.value;
      order.value;
      tick.value;
      isDark.value;
      language.value;
      ask();
    }),
    effect(() => {
      const chosen = selection.value;
      if (chosen && chosen.kind !== "unserved") revealRow(scroller, order.peek().indexOf(chosen.route));
      ask();
    }),
  ];

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return hit(event.clientX - box.left, event.clientY - box.top, scroller, shown);
  };
  const onMove = (event) => {
    const found = at(event);
    canvas.style.cursor = found?.route === undefined ? "" : "pointer";
    hovered.value = found?.stop === undefined ? null : { x: event.clientX, y: event.clientY, stop: found.stop };
  };
  const onClick = (event) => {
    const found = at(event);
    if (found?.stop !== undefined) selectStop(found.stop);
    else if (found?.route !== undefined) selectRoute(found.route);
  };
  const onWheel = (event) => {
    if (!shown) return;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    const wide = scroller.clientWidth - GUTTER;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const x = event.clientX - canvas.getBoundingClientRect().left - GUTTER;
      shown.zoom(Math.exp(event.deltaY / 300), shown.from + (x / wide) * shown.span);
      ask();
    } else if (sideways && !shown.isWhole) {
      event.preventDefault();
      shown.pan((sideways / wide) * shown.span);
      ask();
    }
  };
  const onDouble = () => {
    shown?.reset();
    ask();
  };
  const leave = () => (hovered.value = null);
  scroller.addEventListener("scroll", ask, { passive: true });
  canvas.addEventListener("mousemove", onMove);
  canvas.addEventListener("mouseleave", leave);
  canvas.addEventListener("click", onClick);
  canvas.addEventListener("dblclick", onDouble);
  canvas.addEventListener("wheel", onWheel, { passive: false });
  return () => {
    sized.disconnect();
    cancelAnimationFrame(asked);
    scroller.removeEventListener("scroll", ask);
    for (const dispose of disposals) dispose();
  };
}

/** Scroll just far enough that a row is seen. */
function revealRow(scroller, row) {
  if (row < 0) return;
  const tall = rowHeight(scroller, order.peek().length);
  const top = row * tall;
  const height = scroller.clientHeight - AXIS;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + tall > scroller.scrollTop + height) scroller.scrollTop = top + tall - height;
}

/** The route under a point of the canvas, and its nearest stop within reach. */
function hit(x, y, scroller, shown) {
  const view = plan.peek();
  if (!view || !shown || y < AXIS) return null;
  const route = order.peek()[
    Math.floor((y - AXIS + scroller.scrollTop) / rowHeight(scroller, order.peek().length))
  ];
  if (route === undefined) return null;
  if (x < GUTTER) return { route };
  const perPixel = shown.span / (scroller.clientWidth - GUTTER);
  const at = shown.from + (x - GUTTER) * perPixel;
  const { first, end } = view.routes[route];
  const times = progress.peek();
  let best;
  let least = 6 * perPixel;
  for (let stop = first; stop < end; stop += 1) {
    const [begins, ends] = spanOf(view.stops[stop], times);
    const away = Math.max(begins - at, at - ends, 0);
    if (away < least) {
      least = away;
      best = stop;
    }
  }
  return { route, stop: best };
}

/** Arrow keys walk through routes and stops. @param {KeyboardEvent} event */
function walk(event) {
  const view = plan.peek();
  if (!view || !view.routes.length) return;
  const rows = order.peek();
  const chosen = selection.peek();
  const row = chosen && chosen.kind !== "unserved" ? rows.indexOf(chosen.route) : -1;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const along = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    selectRoute(rows[Math.max(0, Math.min(rows.length - 1, row + step))]);
  } else if (along && row >= 0) {
    const { first, end } = view.routes[rows[row]];
    const before = chosen.kind === "stop" ? chosen.stop : along > 0 ? first - 1 : end;
    selectStop(Math.max(first, Math.min(end - 1, before + along)));
  } else if (event.key === "Escape") {
    deselect();
  } else {
    return;
  }
  event.preventDefault();
}

export function ChartPane() {
  const scroller = useRef(null);
  const canvas = useRef(null);
  const spacer = useRef(null);
  useEffect(() => startChart(scroller.current, canvas.current, spacer.current), []);
  const view = plan.value;
  const label = view?.routes.length
    ? t("chart.label", {
        routes: view.routes.length,
        from: clockTime(view.startsAt),
        to: clockTime(view.endsAt),
      })
    : t("figure.plan.none");
  return html`
    <section class="chart-pane">
      <div class="chart" ref=${scroller} tabindex="0" role="application" aria-label=${label} onKeyDown=${walk}>
        <canvas ref=${canvas}></canvas>
        <div class="chart-spacer" ref=${spacer}></div>
      </div>
    </section>
  `;
}
