// What stands in the list when there is no plan to show: what is missing, and what to do next.

import { html } from "./html.js";
import { board, depotId, isDispatcher, loadProblem, me, open } from "./day.js";
import { count } from "./format.js";
import { t } from "./words.js";

function message() {
  if (loadProblem.value) {
    const unreachable = loadProblem.value.status === 0;
    return {
      title: unreachable ? t("empty.network") : loadProblem.value.shownTitle,
      hint: unreachable ? t("empty.network.hint") : loadProblem.value.shownDetail,
      retry: true,
    };
  }
  if (me.value && !depotId.value) {
    return { title: t("empty.depot"), hint: t("empty.depot.hint"), command: "cunlu import --fleet fleet.toml" };
  }
  if (board.value === null) return { title: t("empty.loading") };
  const waiting = board.value.figures.orders_total;
  if (waiting === 0) {
    return { title: t("empty.orders"), hint: t("empty.orders.hint"), command: "cunlu import --orders orders.csv" };
  }
  return {
    title: t("empty.plan", { count: count(waiting) }),
    hint: t(isDispatcher.value ? "empty.plan.hint" : "empty.plan.reader"),
  };
}

export function EmptyDay() {
  const { title, hint, command, retry } = message();
  return html`
    <div class="empty">
      <h2>${title}</h2>
      ${hint && html`<p>${hint}</p>`} ${command && html`<code>${command}</code>`}
      ${retry && html`<button type="button" onClick=${open}>${t("retry")}</button>`}
    </div>
  `;
}
