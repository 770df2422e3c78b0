// The time chart's picture: a row for each route, its stops and breaks over the hours, on one canvas.

import { now, progress, selection } from "./day.js";
import { clockTime } from "./format.js";
import { isAhead, LATE_AFTER_S } from "./plan_view.js";
import { order } from "./route_order.js";
import { t } from "./words.js";

/** Pixels of the axis above the rows, and of the names left of them. */
export const AXIS = 28;
export const GUTTER = 112;
/** Least and greatest height of a row: few routes share the room, many scroll. */
const ROW = { least: 26, most: 38 };
const AXIS_CLEAR_PX = 52;
/** From the line of "now" to where another label may begin. */
const NOW_CLEAR_PX = 26;
const FONT = '12px system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';

/** Grid steps in minutes, the first that leaves 56 px between lines is taken. */
const STEPS = [5, 10, 15, 30, 60, 120, 240];

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["panel", "line", "line-soft", "ink", "ink-2", "ink-3", "route", "accent", "accent-soft", "late", "bad", "done", "trip", "row-hover"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** @param {HTMLElement} scroller @param {number} routes */
export function rowHeight(scroller, routes) {
  const room = (scroller.clientHeight - AXIS - 6) / Math.max(1, routes);
  return Math.floor(Math.min(ROW.most, Math.max(ROW.least, room)));
}

/** When a courier is busy at a stop, parking included, as far as anybody knows. */
export function spanOf(stop, times) {
  const begins = times ? times.etaAt[stop.index] : stop.beginAt;
  return [begins - stop.setupMs, begins + stop.departAt - stop.beginAt];
}

export function paint(context, scroller, view, shown) {
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
  const cutOffs = cutOffMarks(context, view, x, wide);
  const marks = [...cutOffs.map((each) => each.start + each.size / 2), x(now())];
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
  paintCutOffs(context, colors, cutOffs, wide, high);
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

/** The lines of the cut-offs, their labels left of them; beside "now" where that stands in the way. */
function cutOffMarks(context, view, x, wide) {
  const nowAt = x(now());
  return view.cutOffs.map((at) => {
    const line = Math.round(x(at)) + 0.5;
    const label = `${t("chart.cut_off")} ${clockTime(at)}`;
    const size = context.measureText(label).width + 10;
    let start = line - size;
    if (nowAt + NOW_CLEAR_PX > start && nowAt - NOW_CLEAR_PX < line) {
      const right = Math.max(line, nowAt + NOW_CLEAR_PX);
      start = right + size <= wide && nowAt < line ? right : nowAt - NOW_CLEAR_PX - size;
    }
    return { line, label, start, size };
  });
}

function paintCutOffs(context, colors, cutOffs, wide, high) {
  context.setLineDash([4, 3]);
  context.lineWidth = 1;
  context.textAlign = "center";
  for (const { line, label, start, size } of cutOffs) {
    if (line < GUTTER || line > wide) continue;
    context.strokeStyle = colors["ink-2"];
    context.beginPath();
    context.moveTo(line, AXIS);
    context.lineTo(line, high);
    context.stroke();
    context.fillStyle = colors.panel;
    context.fillRect(start, 4, size, AXIS - 8);
    context.fillStyle = colors.ink;
    context.fillText(label, start + size / 2, AXIS / 2);
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
