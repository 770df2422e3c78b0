// Numbers and moments as people read them; always in the depot's zone.

import { computed, signal } from "./html.js";
import { language } from "./preferences.js";
import { t } from "./words.js";

/** The depot's zone; set once the page knows its depot. */
export const timeZone = signal("Asia/Shanghai");

const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en-GB"));
const hourMinute = computed(
  () =>
    new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: timeZone.value,
    }),
);
const hourMinuteSecond = computed(
  () =>
    new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: timeZone.value,
    }),
);
const wholeDay = computed(
  () =>
    new Intl.DateTimeFormat(locale.value, {
      month: "long",
      day: "numeric",
      weekday: "short",
      timeZone: "UTC",
    }),
);
const dayAndMinute = computed(
  () =>
    new Intl.DateTimeFormat(locale.value, {
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: timeZone.value,
    }),
);
const whole = computed(() => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 0 }));
const tenths = computed(
  () =>
    new Intl.NumberFormat(locale.value, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);

/** 14:05. @param {number} at milliseconds since 1970 */
export const clockTime = (at) => hourMinute.value.format(at);

/** 14:05:09. @param {number} at */
export const clockSecond = (at) => hourMinuteSecond.value.format(at);

/** 11月11日 14:05, where the day is not that of everything around. @param {number} at */
export const dayTime = (at) => dayAndMinute.value.format(at);

/** 11月11日周三. @param {string} day 2026-11-11 */
export const dayName = (day) => wholeDay.value.format(Date.parse(`${day}T00:00:00Z`));

/** @param {number} count */
export const count = (count) => whole.value.format(count);

/** Kilometres without their unit: one decimal below a hundred. @param {number} metres */
export const kilometres = (metres) =>
  metres < 99_950 ? tenths.value.format(metres / 1000) : whole.value.format(metres / 1000);

/** 3.2 km or 450 m. @param {number} metres */
export const distance = (metres) =>
  metres < 1000
    ? `${whole.value.format(metres)} m`
    : `${kilometres(metres)} ${t("unit.km")}`;

/** ¥1,367. @param {number} fen */
export const yuan = (fen) => `¥${whole.value.format(fen / 100)}`;

/** 12.5 kg. @param {number} grams */
export const kilograms = (grams) => `${tenths.value.format(grams / 1000)} kg`;

/** 2:05 for two hours and five minutes, 0:45, −0:10. @param {number} seconds */
export function hours(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const sign = seconds < 0 && minutes > 0 ? "−" : "";
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** 8 min, 1 h 20. @param {number} seconds */
export function duration(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60));
  const zh = language.value === "zh";
  if (minutes < 60) return zh ? `${minutes} 分钟` : `${minutes} min`;
  const rest = String(minutes % 60).padStart(2, "0");
  return zh ? `${Math.floor(minutes / 60)} 小时 ${rest} 分` : `${Math.floor(minutes / 60)} h ${rest}`;
}

/** Whole minutes, rounded down as a watch shows them. @param {number} seconds */
export const minutes = (seconds) => Math.floor(seconds / 60);

/** −4.8 %, +2.0 %; "same" below a twentieth of a percent. @param {number} before @param {number} after */
export function change(before, after) {
  if (before === 0) return after === 0 ? t("draft.same") : `+${whole.value.format(after)}`;
  const percent = (100 * (after - before)) / before;
  if (Math.abs(percent) < 0.05) return t("draft.same");
  return `${percent < 0 ? "−" : "+"}${tenths.value.format(Math.abs(percent))}%`;
}

/** −3, +2; "same" for none. @param {number} before @param {number} after */
export function difference(before, after) {
  const more = after - before;
  if (more === 0) return t("draft.same");
  return `${more < 0 ? "−" : "+"}${whole.value.format(Math.abs(more))}`;
}
