// The time chart: a row for each route, its stops and breaks over the hours of the day, on one canvas.

import { effect, html, useEffect, useRef } from "./html.js";
import {
  deselect,
  hovered,
  now,
  plan,
  progress,
  selectRoute,
  selectStop,
  selection,
  tick,
} from "./day.js";
import { clockTime } from "./format.js";
import { isAhead, LATE_AFTER_S } from "./plan_view.js";
import { isDark, language } from "./preferences.js";
import { order } from "./route_order.js";
import { t } from "./words.js";

/** Least and greatest height of a row: few routes share the room, many scroll. */
const ROW = { least: 26, most: 38 };
const AXIS = 28;
const GUTTER = 112;
const MARGIN_MS = 15 * 60_000;
const AXIS_CLEAR_PX = 52;
const SHORTEST_SPAN_MS = 20 * 60_000;
const FONT = '12px system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';

/** Grid steps in minutes, the first that leaves 56 px between lines is taken. */
const STEPS = [5, 10, 15, 30, 60, 120, 240];

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

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["panel", "line", "line-soft", "ink", "ink-2", "ink-3", "route", "accent", "accent-soft", "late", "bad", "done", "trip", "row-hover"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
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

/** @param {HTMLElement} scroller @param {number} routes */
function rowHeight(scroller, routes) {
  const room = (scroller.clientHeight - AXIS - 6) / Math.max(1, routes);
  return Math.floor(Math.min(ROW.most, Math.max(ROW.least, room)));
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

/** When a stop is served, as far as anybody knows. */
function spanOf(stop, times) {
  const begins = times ? times.etaAt[stop.index] : stop.beginAt;
  return [begins, begins + stop.departAt - stop.beginAt];
}

function paint(context, scroller, view, shown) {
  const colors = palette();
  const wide = scroller.clientWidth;
  const high = scroller.clientHeight;
  const perMs = (wide - GUTTER) / shown.span;
  const x = (at) => GUTTER + (at - shown.from) * perMs;
  const rows = order.peek();
  const top = scroller.scrollTop;
  context.clearRect(0, 0, wide, high);
  context.font = FONT;
  context.textBaseline = "middle";

  // Labels of the axis keep clear of the marks that are painted over it.
  const marks = [...view.cutOffs.map((at) => x(at) - 40), x(now())];
  const isClear = (left) => marks.every((mark) => Math.abs(mark - left) > AXIS_CLEAR_PX);
  paintGrid(context, colors, shown, x, { wide, high, isClear });
  const tall = rowHeight(scroller, rows.length);
  const from = Math.max(0, Math.floor(top / tall));
  const to = Math.min(rows.length, Math.ceil((top + high - AXIS) / tall));
  context.save();
  context.beginPath();
  context.rect(0, AXIS, wide, high - AXIS);
  context.clip();
  for (let row = from; row < to; row += 1) {
    const place = { top: AXIS + row * tall - top, tall, wide };
    paintRow(context, colors, view, view.routes[rows[row]], place, x);
  }
  context.restore();
  paintCutOffs(context, colors, view, x, wide, high);
  paintNow(context, colors, x, wide, high);
}

function paintGrid(context, colors, shown, x, { wide, high, isClear }) {
  const minute = 60_000;
  const step = (STEPS.find((each) => each * minute * ((wide - GUTTER) / shown.span) >= 56) ?? 240) * minute;
  context.textAlign = "center";
  context.lineWidth = 1;
  // Hours are counted in the depot's zone, which may be off UTC by a fraction of an hour.
  const local = clockTime(shown.from).split(":").map(Number);
  const midnight = shown.from - (local[0] * 60 + local[1]) * minute - (shown.from % minute);
  for (let at = midnight; at < shown.to; at += step) {
    if (at < shown.from) continue;
    const left = Math.round(x(at)) + 0.5;
    context.strokeStyle = colors["line-soft"];
    context.beginPath();
    context.moveTo(left, AXIS);
    context.lineTo(left, high);
    context.stroke();
    if (left > GUTTER + 16 && left < wide - 16 && isClear(left)) {
      context.fillStyle = colors["ink-3"];
      context.fillText(clockTime(at), left, AXIS / 2);
    }
  }
  context.strokeStyle = colors.line;
  context.beginPath();
  context.moveTo(0, AXIS - 0.5);
  context.lineTo(wide, AXIS - 0.5);
  context.stroke();
}

function paintRow(context, colors, view, route, { top, tall, wide }, x) {
  const times = progress.peek();
  const chosen = selection.peek();
  const isChosen = chosen !== null && chosen.kind !== "unserved" && chosen.route === route.index;
  const late = times?.routes[route.index]?.late ?? false;
  const middle = top + tall / 2;
  if (isChosen) {
    context.fillStyle = colors["accent-soft"];
    context.fillRect(0, top, wide, tall);
  }

  context.save();
  context.beginPath();
  context.rect(GUTTER, top, wide - GUTTER, tall);
  context.clip();
  for (const rest of route.breaks) {
    context.fillStyle = colors.line;
    context.fillRect(x(rest.startsAt), middle - 4, Math.max(2, x(rest.endsAt) - x(rest.startsAt)), 8);
  }
  const tone = isChosen ? colors.accent : late ? colors.late : colors.route;
  for (const trip of route.trips) {
    const span = tripSpan(view, trip, times);
    context.fillStyle = isChosen ? colors.accent : colors.trip;
    context.globalAlpha = isChosen ? 0.35 : 1;
    context.fillRect(x(span.from), middle - 1, Math.max(1, x(span.to) - x(span.from)), 2);
    context.globalAlpha = 1;
    context.fillStyle = tone;
    context.fillRect(Math.round(x(span.from)), middle - 5, 1.5, 10);
    context.fillRect(Math.round(x(span.to)), middle - 5, 1.5, 10);
    for (let index = trip.first; index < trip.end; index += 1) {
      const state = times?.states[index] ?? "planned";
      const [begins, ends] = spanOf(view.stops[index], times);
      const left = x(begins);
      if (left > wide || x(ends) < GUTTER) continue;
      const isLate = times !== null && times.lateS[index] > LATE_AFTER_S;
      const blockWide = Math.max(2.5, x(ends) - left - 0.75);
      context.fillStyle =
        state === "failed"
          ? colors.bad
          : !isAhead(state)
            ? colors.done
            : isLate
              ? colors.late
              : isChosen
                ? colors.accent
                : colors.route;
      const high = state === "arrived" ? 16 : 12;
      context.fillRect(left, middle - high / 2, blockWide, high);
      if (chosen?.kind === "stop" && chosen.stop === index) {
        context.strokeStyle = colors.ink;
        context.lineWidth = 1.5;
        context.strokeRect(left - 2, middle - 9, blockWide + 4, 18);
      }
    }
  }
  context.restore();

  context.textAlign = "left";
  context.fillStyle = isChosen ? colors.accent : colors.ink;
  context.fillText(fitted(context, route.name, GUTTER - 34), 16, middle);
  if (late) {
    context.fillStyle = colors.late;
    context.beginPath();
    context.arc(GUTTER - 12, middle, 3, 0, 2 * Math.PI);
    context.fill();
  }
}

/** From leaving to being back, as the stops are expected now. */
function tripSpan(view, trip, times) {
  if (times === null || trip.first === trip.end) return { from: trip.leaveAt, to: trip.backAt };
  const [firstStop, lastStop] = [view.stops[trip.first], view.stops[trip.end - 1]];
  const from = Math.min(trip.leaveAt, times.etaAt[trip.first] - firstStop.leg.duration_s * 1000);
  const later = times.etaAt[trip.end - 1] - lastStop.beginAt;
  return { from, to: trip.backAt + Math.max(0, later) };
}

/** `text`, cut with an ellipsis to `most` pixels. */
function fitted(context, text, most) {
  if (context.measureText(text).width <= most) return text;
  let cut = text;
  while (cut && context.measureText(`${cut}…`).width > most) cut = cut.slice(0, -1);
  return `${cut}…`;
}

function paintCutOffs(context, colors, view, x, wide, high) {
  context.setLineDash([4, 3]);
  context.lineWidth = 1;
  context.textAlign = "right";
  for (const at of view.cutOffs) {
    const left = Math.round(x(at)) + 0.5;
    if (left < GUTTER || left > wide) continue;
    context.strokeStyle = colors["ink-2"];
    context.beginPath();
    context.moveTo(left, AXIS);
    context.lineTo(left, high);
    context.stroke();
    const label = `${t("chart.cut_off")} ${clockTime(at)}`;
    const labelWide = context.measureText(label).width + 10;
    context.fillStyle = colors.panel;
    context.fillRect(left - labelWide, 4, labelWide + 2, AXIS - 8);
    context.fillStyle = colors.ink;
    context.fillText(label, left - 4, AXIS / 2);
  }
  context.setLineDash([]);
}

function paintNow(context, colors, x, wide, high) {
  const left = Math.round(x(now())) + 0.5;
  if (left < GUTTER || left > wide) return;
  context.strokeStyle = colors.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(left, AXIS);
  context.lineTo(left, high);
  context.stroke();
  const label = clockTime(now());
  const labelWide = context.measureText(label).width + 12;
  context.fillStyle = colors.accent;
  context.beginPath();
  context.roundRect(left - labelWide / 2, 5, labelWide, AXIS - 10, 4);
  context.fill();
  context.fillStyle = colors.panel;
  context.textAlign = "center";
  context.fillText(label, left, AXIS / 2);
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
