// A dispatcher's decisions: ask for a plan, stop the search, publish a draft or leave it.

import { effect, html, signal, useEffect, useRef, useState } from "./html.js";
import { board, dayQuery, depotId, isDispatcher, onEvent, refresh, tell, tellProblem } from "./day.js";
import { change, difference, kilometres, yuan } from "./format.js";
import { Problem, readIfThere, request } from "./http.js";
import { t } from "./words.js";

const BUDGETS = [
  { seconds: 10, name: "plan.budget.quick" },
  { seconds: 30, name: "plan.budget.usual" },
  { seconds: 120, name: "plan.budget.thorough" },
];

/** @typedef {{jobId: string, budgetS: number | null, seconds: number | null, costFen: number, unserved: number, cancelling: boolean}} Search */

/** The search that runs now, whoever asked for it. */
export const search = signal(/** @type {Search | null} */ (null));

/** The newest draft that could be published. */
export const draft = signal(/** @type {any} */ (null));

const dialogOpen = signal(false);
/** Drafts that somebody put aside in this tab. @type {Set<string>} */
const putAside = new Set();

onEvent(({ kind, data }) => {
  if (kind === "plan-requested") {
    search.value = { jobId: data.job_id, budgetS: data.budget_s, seconds: null, costFen: 0, unserved: 0, cancelling: false };
  } else if (kind === "search-progressed") {
    hearProgress(data);
  } else if (kind === "planning-failed") {
    search.value = null;
    if (data.code !== "cancelled") tell("problem", t("plan.failed"), data.message);
  } else if (kind === "plan-drafted") {
    search.value = null;
    void findDraft();
  } else if (kind === "plan-published") {
    void findDraft();
  }
});

/** @param {any} data */
function hearProgress(data) {
  const known = search.value?.jobId === data.job_id ? search.value : null;
  search.value = {
    jobId: data.job_id,
    budgetS: known?.budgetS ?? null,
    cancelling: known?.cancelling ?? false,
    seconds: data.seconds,
    costFen: data.cost_fen,
    unserved: data.unserved,
  };
  if (known === null) void learnBudget(data.job_id); // the page was opened in the middle of a search
}

/** @param {string} jobId */
async function learnBudget(jobId) {
  const job = await readIfThere(`/v1/jobs/${jobId}`).catch(() => null);
  if (job && search.value?.jobId === jobId) search.value = { ...search.value, budgetS: job.budget_s };
}

/** Look for a draft made on the plan that is published now, newest first. */
async function findDraft() {
  if (!isDispatcher.peek()) return;
  try {
    const { plans } = await readIfThere(`/v1/plans?${dayQuery()}`);
    const published = plans.find((each) => each.published) ?? null;
    const base = published?.version ?? 0;
    const open = plans
      .filter((each) => each.version > base && each.based_on === base && !putAside.has(each.plan_id))
      .sort((a, b) => b.version - a.version);
    draft.value = open.length ? { ...open[0], against: published } : null;
  } catch (failure) {
    // Nobody asked for this: a lost connection is told by its own mark.
    if (!(failure instanceof Problem && failure.status === 0)) tellProblem(failure);
  }
}

/** A day that is opened may have a draft waiting. */
let shownDay = "";
effect(() => {
  if (board.value && isDispatcher.value && depotId.value && shownDay !== dayQuery()) {
    shownDay = dayQuery();
    search.value = null;
    draft.value = null;
    void findDraft();
  }
});

/** @param {number} budgetS */
async function ask(budgetS) {
  try {
    await request(`/v1/plans?${dayQuery()}`, {
      method: "POST",
      body: { budget_s: budgetS },
      headers: { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) },
    });
  } catch (failure) {
    tellProblem(failure);
  }
}

export async function cancelSearch() {
  const current = search.value;
  if (!current) return;
  search.value = { ...current, cancelling: true };
  try {
    const answer = await request(`/v1/jobs/${current.jobId}/cancel`, { method: "POST" });
    const job = await answer.json();
    if (job.state !== "queued" && job.state !== "running") search.value = null; // it never started
  } catch (failure) {
    search.value = { ...current, cancelling: false };
    tellProblem(failure);
  }
}

/** Publish the draft as it was looked at: its ETag goes with the request. @param {any} wanted */
async function publish(wanted) {
  try {
    const looked = await request(`/v1/plans/${wanted.plan_id}`);
    await request(`/v1/plans/${wanted.plan_id}/publish`, {
      method: "POST",
      headers: { "If-Match": looked.headers.get("ETag") ?? "" },
    });
    draft.value = null;
    await refresh();
    tell("done", t("published", { version: wanted.version }));
  } catch (failure) {
    tellProblem(failure);
    await findDraft();
  }
}

export function PlanButton() {
  if (!isDispatcher.value || !board.value) return null;
  return html`
    <button type="button" class="primary" disabled=${search.value !== null} onClick=${() => (dialogOpen.value = true)}>
      ${t("plan.button")}
    </button>
  `;
}

export function PlanDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [budgetS, setBudget] = useState(30);
  useEffect(() => {
    if (dialogOpen.value) dialog.current.showModal();
    else dialog.current.close();
  }, [dialogOpen.value]);
  const start = (event) => {
    event.preventDefault();
    dialogOpen.value = false;
    void ask(budgetS);
  };
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby="plan-title" onClose=${() => (dialogOpen.value = false)}>
      <form onSubmit=${start}>
        <h2 id="plan-title">${t("plan.title")}</h2>
        <p>${t("plan.explain")}</p>
        <fieldset>
          <legend>${t("plan.budget")}</legend>
          <div class="choices">
            ${BUDGETS.map(
              ({ seconds, name }) => html`
                <label key=${seconds}>
                  <input type="radio" name="budget" checked=${budgetS === seconds} onChange=${() => setBudget(seconds)} />
                  <span><strong>${t("plan.seconds", { count: seconds })}</strong><small>${t(name)}</small></span>
                </label>
              `,
            )}
          </div>
        </fieldset>
        <footer>
          <button type="button" onClick=${() => (dialogOpen.value = false)}>${t("plan.close")}</button>
          <button type="submit" class="primary">${t("plan.start")}</button>
        </footer>
      </form>
    </dialog>
  `;
}

/** A figure of the draft beside that of the published plan; of all of them less is better. */
function Compared({ name, before, after, value, delta }) {
  const tone = before === undefined || after === before ? "" : after < before ? "good" : "bad";
  return html`
    <span class="compared">
      <span>${t(`draft.${name}`)}</span> <strong>${value}</strong>
      ${before !== undefined && html`<em data-tone=${tone}>${delta(before, after)}</em>`}
    </span>
  `;
}

export function DraftBanner() {
  const [busy, setBusy] = useState(false);
  const waiting = draft.value;
  if (!waiting || search.value) return null;
  const { figures, against } = waiting;
  const before = against?.figures;
  const unserved = figures.orders - figures.served;
  const act = async () => {
    setBusy(true);
    await publish(waiting);
    setBusy(false);
  };
  const leave = () => {
    putAside.add(waiting.plan_id);
    draft.value = null;
  };
  return html`
    <section class="draft" role="status">
      <div class="draft-title">
        <strong>${t("draft.ready", { version: waiting.version })}</strong>
        <small>${against ? t("draft.against", { version: against.version }) : t("draft.first")}</small>
      </div>
      <${Compared} name="unserved" value=${unserved} before=${before && before.orders - before.served} after=${unserved} delta=${difference} />
      <${Compared} name="couriers" value=${figures.couriers} before=${before?.couriers} after=${figures.couriers} delta=${difference} />
      <${Compared} name="cost" value=${yuan(figures.cost_fen)} before=${before?.cost_fen} after=${figures.cost_fen} delta=${change} />
      <${Compared} name="distance" value=${`${kilometres(figures.distance_m)} ${t("unit.km")}`} before=${before?.distance_m} after=${figures.distance_m} delta=${change} />
      ${typeof figures.overlap_percent === "number" &&
      html`<${Compared} name="overlap" value=${`${figures.overlap_percent} %`} before=${before?.overlap_percent ?? undefined} after=${figures.overlap_percent} delta=${difference} />`}
      ${figures.expected > 0 && html`<small class="draft-expected">${t("draft.expected", { count: figures.expected })}</small>`}
      ${figures.dropped > 0 && html`<small class="draft-drops">${t("draft.drops", { count: figures.dropped })}</small>`}
      <span class="draft-actions">
        <button type="button" onClick=${leave}>${t("draft.later")}</button>
        <button type="button" class="primary" disabled=${busy || figures.dropped > 0} onClick=${act}>${t(busy ? "draft.publishing" : "draft.publish")}</button>
      </span>
    </section>
  `;
}
