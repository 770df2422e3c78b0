// The list beside the map: routes, unserved orders, what a search found, or one route in detail.

import { computed, html, signal, useEffect, useLayoutEffect, useRef } from "./html.js";
import {
  board,
  plan,
  progress,
  selectRoute,
  selectStop,
  selectedRoute,
  selection,
} from "./day.js";
import { isAsked, nameOf, questions } from "./addresses.js";
import { AddressRow, heightOf } from "./address_row.js";
import { EmptyDay } from "./empty.js";
import { clockTime, count } from "./format.js";
import { order, sorting } from "./route_order.js";
import { RouteDetail, StopRow } from "./route_detail.js";
import { UnservedRow, heightOf as heightOfUnserved } from "./unserved_row.js";
import { ChangeRow, VersionHead, versions } from "./versions.js";
import { Verdict } from "./verdict.js";
import { VirtualList } from "./virtual_list.js";
import { t } from "./words.js";

const MOST_FOUND = 200;

const chosenTab = signal(/** @type {"routes" | "unserved" | "addresses" | "changes"} */ ("routes"));
/** Nothing is asked, or no version has changed anything: then there is no such tab. */
const tab = computed(() => {
  if (chosenTab.value === "addresses" && !questions.value.length) return "routes";
  if (chosenTab.value === "changes" && !versions.value.length) return "routes";
  return chosenTab.value;
});
const searched = signal("");

/** What can be found, folded once for each plan. */
const haystack = computed(() => {
  const view = plan.value;
  if (!view) return { routes: [], stops: [], unserved: [] };
  return {
    routes: view.routes.map((route) => `${route.name}\n${route.courierId}`.toLowerCase()),
    stops: view.stops.map((stop) =>
      [stop.title, stop.village, ...stop.orderIds].join("\n").toLowerCase(),
    ),
    unserved: view.unserved.map((each) => each.orderId.toLowerCase()),
  };
});

const asked = computed(() => questions.value.map((question) => question.text.toLowerCase()));

/** @param {string[]} texts @param {string} wanted */
function found(texts, wanted) {
  /** @type {number[]} */
  const indices = [];
  for (let index = 0; index < texts.length && indices.length < MOST_FOUND; index += 1) {
    if (texts[index].includes(wanted)) indices.push(index);
  }
  return indices;
}

function RouteRow({ index }) {
  const route = plan.value.routes[index];
  const now = progress.value?.routes[index];
  const total = now?.stopsTotal ?? route.end - route.first;
  const done = now?.stopsDone ?? 0;
  return html`
    <button type="button" class="route-row" data-late=${now?.late ?? false} onClick=${() => selectRoute(index)}>
      <span class="route-name">
        <strong>${route.name}</strong>
        <small>${route.courierId}</small>
      </span>
      <span class="route-verdict"><${Verdict} now=${now} /></span>
      <progress max=${total} value=${done} aria-hidden="true"></progress>
      <span class="route-facts">
        <span>${t("route.stops", { done, total })}</span>
        <span>${now ? t(`route.state.${now.state}`) : ""}</span>
        <span>${clockTime(now?.backAt ?? route.trips.at(-1).backAt)}</span>
      </span>
    </button>
  `;
}

const heading = (key, text) => ({ key, height: 34, text });
const routeRow = (index) => ({ key: `r${index}`, height: 68, route: index });
const stopRow = (index) => ({ key: `s${index}`, height: 46, stop: index });
const unservedRow = (index) => ({
  key: `u${index}`,
  height: heightOfUnserved(plan.value.unserved[index]),
  unserved: index,
});
const versionRows = (version) => [
  { key: `v${version.version}`, height: 34, version },
  ...version.changes.map((change) => ({ key: `v${version.version}-${change.order_id}`, height: 50, change })),
];
const addressRow = (question) => ({ key: nameOf(question), height: heightOf(question), question });

function renderRow(row) {
  if (row.text) return html`<h3 class="list-heading">${row.text}</h3>`;
  if (row.route !== undefined) return html`<${RouteRow} index=${row.route} />`;
  if (row.stop !== undefined) {
    return html`<${StopRow} index=${row.stop} named onClick=${() => selectStop(row.stop)} />`;
  }
  if (row.version) return html`<${VersionHead} version=${row.version} />`;
  if (row.change) return html`<${ChangeRow} change=${row.change} />`;
  if (row.question) return html`<${AddressRow} question=${row.question} />`;
  return html`<${UnservedRow} index=${row.unserved} />`;
}

const rows = computed(() => {
  const view = plan.value;
  const wanted = searched.value.trim().toLowerCase();
  if (!wanted && tab.value === "addresses") return questions.value.map(addressRow);
  if (!view) return [];
  if (!wanted) {
    if (tab.value === "unserved") return view.unserved.map((_, index) => unservedRow(index));
    if (tab.value === "changes") return versions.value.flatMap(versionRows);
    return order.value.map(routeRow);
  }
  /** @type {[string, any[]][]} */
  const parts = [
    ["search.routes", found(haystack.value.routes, wanted).map(routeRow)],
    ["search.unserved", found(haystack.value.unserved, wanted).map(unservedRow)],
    ["search.addresses", found(asked.value, wanted).map((index) => addressRow(questions.value[index]))],
    ["search.stops", found(haystack.value.stops, wanted).map(stopRow)],
  ];
  return parts.flatMap(([title, some]) => {
    if (!some.length) return [];
    const more = some.length === MOST_FOUND ? ` · ${t("search.more", { count: MOST_FOUND })}` : "";
    return [heading(title, `${t(title)} ${some.length}${more}`), ...some];
  });
});

function Tabs() {
  const view = plan.value;
  const unserved = board.value?.figures.orders_unserved ?? view?.unserved.length ?? 0;
  const button = (name, number) => html`
    <button
      type="button"
      role="tab"
      aria-selected=${tab.value === name}
      onClick=${() => (chosenTab.value = name)}
    >
      ${t(`tab.${name}`)} <span class="number" data-bad=${name !== "routes" && name !== "changes" && number > 0}>${count(number)}</span>
    </button>
  `;
  return html`
    <div class="tabs" role="tablist" aria-label=${t("list.label")}>
      ${button("routes", view?.routes.length ?? 0)} ${view && button("unserved", unserved)}
      ${questions.value.length > 0 && button("addresses", questions.value.length)}
      ${versions.value.length > 0 && button("changes", versions.value.reduce((sum, each) => sum + each.changes.length, 0))}
    </div>
  `;
}

function Sorting() {
  return html`
    <select
      aria-label=${t("sort.label")}
      value=${sorting.value}
      onChange=${(event) => (sorting.value = event.currentTarget.value)}
    >
      <option value="attention">${t("sort.attention")}</option>
      <option value="name">${t("sort.name")}</option>
    </select>
  `;
}

function Search() {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    const focus = (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return html`
    <label class="search">
      <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.2" /><path d="m10.2 10.2 3 3" /></svg>
      <input
        ref=${field}
        id="search"
        type="search"
        autocomplete="off"
        spellcheck="false"
        placeholder=${t("search.hint")}
        aria-label=${t("search.label")}
        value=${searched.value}
        onInput=${(event) => {
          searched.value = event.currentTarget.value;
          selection.value = null;
        }}
        onKeyDown=${(event) => {
          if (event.key === "Escape") searched.value = "";
        }}
      />
      <kbd>/</kbd>
    </label>
  `;
}

/** What the list shows, or why it shows nothing. @param {{reveal: string | null}} wanted */
function Rows({ reveal }) {
  const wanted = searched.value.trim();
  if (!plan.value && tab.value !== "addresses") return html`<${EmptyDay} />`;
  if (rows.value.length) {
    return html`
      <${VirtualList}
        key=${wanted ? "found" : tab.value}
        rows=${rows.value}
        render=${renderRow}
        reveal=${reveal}
        label=${t(wanted ? "search.label" : `tab.${tab.value}`)}
      />
    `;
  }
  return html`
    <div class="empty">
      <h2>${wanted ? t("search.none", { text: wanted }) : t("unserved.none")}</h2>
      <p>${t(wanted ? "search.none.hint" : "unserved.none.hint")}</p>
    </div>
  `;
}

/** The row of the chosen unserved order: its question, where it waits for an answer. */
function chosenRow() {
  const chosen = selection.value;
  if (chosen?.kind !== "unserved") return null;
  if (tab.value === "addresses") return nameOf({ order_id: chosen.order, household_id: null });
  return `u${plan.value.unserved.findIndex((each) => each.orderId === chosen.order)}`;
}

export function Panel() {
  const chosen = selection.value;
  useEffect(() => {
    if (chosen?.kind !== "unserved" || searched.peek()) return;
    chosenTab.value = isAsked(chosen.order) ? "addresses" : "unserved";
  }, [chosen]);
  if (selectedRoute.value !== null) {
    return html`
      <aside class="panel" id="list" aria-label=${t("list.label")}>
        <${RouteDetail} key=${selectedRoute.value} route=${selectedRoute.value} />
      </aside>
    `;
  }
  const isSearching = searched.value.trim() !== "";
  const isSomethingThere = plan.value !== null || questions.value.length > 0;
  return html`
    <aside class="panel" id="list" aria-label=${t("list.label")}>
      ${plan.value &&
      html`
        <div class="finding">
          <${Search} />
          ${!isSearching && tab.value === "routes" && html`<${Sorting} />`}
        </div>
      `}
      ${isSomethingThere && !isSearching && html`<${Tabs} />`}
      <${Rows} reveal=${chosenRow()} />
    </aside>
  `;
}
