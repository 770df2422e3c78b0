// How a route stands, in two words.

import { html } from "./html.js";
import { clockTime, minutes } from "./format.js";
import { t } from "./words.js";

/** @param {{now: import("./plan_view.js").RouteNow | undefined}} wanted */
export function Verdict({ now }) {
  if (!now) return null;
  if (now.state === "back") return html`<span class="tag">${t("route.state.back")}</span>`;
  if (now.slackS < 0) {
    return html`<span class="tag bad">${t("route.miss", { time: clockTime(now.cutOffAt) })}</span>`;
  }
  if (now.late) {
    return html`<span class="tag late">${t("route.late", { minutes: minutes(now.lateS) })}</span>`;
  }
  return html`<span class="tag">${t("route.on_time")}</span>`;
}

