// The bar on top: where and when, whether the page is live, and the choices of language and theme.

import { html } from "./html.js";
import {
  board,
  clockSpeed,
  day,
  depotId,
  feedState,
  me,
  offSince,
  open,
  tick,
} from "./day.js";
import { clockSecond, clockTime, dayName } from "./format.js";
import { useKey } from "./http.js";
import { PlanButton } from "./planning.js";
import { language, theme } from "./preferences.js";
import { t } from "./words.js";

const THEMES = ["auto", "light", "dark"];

function Live() {
  if (offSince.value !== null) {
    return html`
      <span class="live" data-state="off" role="status" title=${t("live.off.hint")}>
        ${t("live.off", { time: clockTime(offSince.value) })}
      </span>
    `;
  }
  const on = feedState.value === "live";
  return html`<span class="live" data-state=${on ? "live" : "connecting"} role="status">${t(on ? "live.on" : "live.connecting")}</span>`;
}

function Where() {
  const depots = me.value?.depots ?? [];
  const chosen = depots.find((each) => each.depot_id === depotId.value);
  const shownDay = day.value || board.value?.day.day || "";
  const choose = (signal) => (event) => {
    signal.value = event.currentTarget.value;
    void open();
  };
  return html`
    <div class="where">
      ${depots.length > 1
        ? html`
            <select aria-label=${t("depot.choose")} value=${depotId.value} onChange=${choose(depotId)}>
              ${depots.map((each) => html`<option key=${each.depot_id} value=${each.depot_id}>${each.name}</option>`)}
            </select>
          `
        : html`<strong>${chosen?.name ?? ""}</strong>`}
      ${shownDay &&
      html`
        <label class="date">
          <span>${dayName(shownDay)}</span>
          <input type="date" aria-label=${t("day.choose")} value=${shownDay} onChange=${choose(day)} />
        </label>
      `}
    </div>
  `;
}

export function Topbar() {
  const nextTheme = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  return html`
    <header class="topbar">
      <a class="skip" href="#list">${t("skip.to.list")}</a>
      <h1 class="brand">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 20C4 12 20 14 20 4" /><circle cx="4" cy="20" r="2.2" /><circle cx="20" cy="4" r="2.2" />
        </svg>
        ${t("app.name")}
      </h1>
      <${Where} />
      <span class="spring"></span>
      <${Live} />
      <time class="clock">
        ${clockSecond(tick.value)}
        ${clockSpeed.value !== 1 && html`<small>${t("clock.speed", { speed: clockSpeed.value })}</small>`}
      </time>
      <button
        type="button"
        class="icon"
        aria-label=${t("theme.label", { theme: t(`theme.${theme.value}`) })}
        title=${t(`theme.${theme.value}`)}
        onClick=${() => (theme.value = nextTheme)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true" data-theme-icon=${theme.value}>
          ${theme.value === "light" &&
          html`<circle cx="8" cy="8" r="3" /><path d="M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1" />`}
          ${theme.value === "dark" && html`<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z" />`}
          ${theme.value === "auto" && html`<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5v11A5.5 5.5 0 0 0 8 2.5Z" fill="currentColor" />`}
        </svg>
      </button>
      <button
        type="button"
        class="quiet"
        lang=${language.value === "zh" ? "en" : "zh-CN"}
        aria-label=${t("language.switch.label")}
        onClick=${() => (language.value = language.value === "zh" ? "en" : "zh")}
      >
        ${t("language.switch")}
      </button>
      <button type="button" class="quiet" onClick=${() => useKey("")}>${t("key.leave")}</button>
      <${PlanButton} />
    </header>
  `;
}
