// A dispatcher's hand on the plan in force: what a move would cost and break is seen before it is made.

import { html, signal, useEffect, useRef, useState } from "./html.js";
import { isDispatcher, plan, refresh, tell, tellProblem } from "./day.js";
import { clockTime, difference, distance, yuan } from "./format.js";
import { request } from "./http.js";
import { hasWords, t } from "./words.js";

/** A route is searched so long: a dispatcher waits for it. Chosen. */
const REOPTIMISE_S = 5;

/**
 * @typedef {object} Wish
 * @property {string} title
 * @property {any[]} commands as `POST /v1/plans/{id}/moves` takes them
 * @property {string[]} accept what was agreed with people
 * @property {any} answer of the look; null while it is on its way
 */

/** What is being looked at, before it is made. */
export const wish = signal(/** @type {Wish | null} */ (null));

/** The route that is asked to be made better. */
const better = signal(/** @type {number | null} */ (null));

/** @param {Wish} wanted @param {boolean} dryRun */
async function send({ commands, accept }, dryRun) {
  const body = { commands, accept, dry_run: dryRun };
  return (await request(`/v1/plans/${plan.peek().planId}/moves`, { method: "POST", body })).json();
}

/** Look what the commands would do; of two looks the last one counts. @param {string} title @param {any[]} commands @param {string[]} [accept] */
async function look(title, commands, accept = []) {
  const asked = { title, commands, accept, answer: null };
  wish.value = asked;
  try {
    const answer = await send(asked, true);
    if (wish.peek() === asked) wish.value = { ...asked, answer };
  } catch (failure) {
    if (wish.peek() === asked) wish.value = null;
    tellProblem(failure);
  }
}

/** @param {Wish} wanted */
async function make(wanted) {
  try {
    const made = await send(wanted, false);
    wish.value = null;
    await refresh();
    tell("done", t("hand.made", { version: made.version }));
  } catch (failure) {
    tellProblem(failure);
  }
}

/** @param {number} route @param {string} level */
async function reoptimise(route, level) {
  const view = plan.peek();
  const body = { level, couriers: [view.routes[route].courierId], budget_s: REOPTIMISE_S };
  try {
    await request(`/v1/plans/${view.planId}/reoptimise`, { method: "POST", body });
  } catch (failure) {
    tellProblem(failure);
  }
}

/** @param {string} courierId */
const nameOf = (courierId) => plan.value?.couriers.find((each) => each.courierId === courierId)?.name ?? courierId;

/** Move, lock or take out what is picked up at a stop. @param {{index: number}} wanted */
export function StopHand({ index }) {
  const view = plan.value;
  const stop = view.stops[index];
  const own = view.routes[stop.route].courierId;
  const others = view.couriers.filter(({ courierId }) => courierId !== own);
  const [target, setTarget] = useState(others[0]?.courierId ?? "");
  if (!isDispatcher.value) return null;
  const named = { order_ids: stop.orderIds };
  const locked = stop.orderIds.some((each) => view.held.has(each));
  const move = (event) => {
    event.preventDefault();
    void look(t("hand.move.title", { stop: stop.title, name: nameOf(target) }), [{ do: "move", courier_id: target, ...named }]);
  };
  const command = (/** @type {string} */ word) => () => look(t(`hand.${word}.title`, { stop: stop.title }), [{ do: word, ...named }]);
  return html`
    <form class="hand" aria-label=${t("hand.label")} onSubmit=${move}>
      ${others.length > 0 &&
      html`
        <select aria-label=${t("hand.courier")} value=${target} onChange=${(event) => setTarget(event.currentTarget.value)}>
          ${others.map(({ courierId, name }) => html`<option key=${courierId} value=${courierId}>${name}</option>`)}
        </select>
        <button type="submit">${t("hand.move")}</button>
      `}
      <button type="button" aria-pressed=${locked} onClick=${command(locked ? "unlock" : "lock")}>${t(locked ? "hand.unlock" : "hand.lock")}</button>
      <button type="button" onClick=${command("unassign")}>${t("hand.unassign")}</button>
    </form>
  `;
}

/** Take the last move back, make it again, and have a route made better. @param {{route: number}} wanted */
export function RouteHand({ route }) {
  if (!isDispatcher.value) return null;
  const again = (/** @type {string} */ word) => () => look(t(`hand.${word}`), [{ do: word }]);
  return html`
    <div class="hand" role="group" aria-label=${t("hand.label")}>
      <button type="button" onClick=${() => (better.value = route)}>${t("hand.better")}</button>
      <button type="button" onClick=${again("undo")}>${t("hand.undo")}</button>
      <button type="button" onClick=${again("redo")}>${t("hand.redo")}</button>
    </div>
  `;
}

/** The words for a rule that is broken, or for the reason why an order is nowhere. @param {string} rule */
const ruleWords = (rule) => {
  const known = [`rule.${rule}`, `reason.${rule}`].find(hasWords);
  return known ? t(known) : rule;
};

/** @param {any} change */
const costOf = (change) => `${change.cost_fen < 0 ? "−" : "+"}${yuan(Math.abs(change.cost_fen))}`;

/** @param {{change: any}} shown */
function Figures({ change }) {
  const metres = `${change.distance_m < 0 ? "−" : "+"}${distance(Math.abs(change.distance_m))}`;
  return html`
    <dl class="facts">
      <div><dt>${t("draft.cost")}</dt><dd data-figure="cost">${costOf(change)}</dd></div>
      <div><dt>${t("draft.distance")}</dt><dd>${metres}</dd></div>
      <div><dt>${t("hand.minutes")}</dt><dd>${difference(0, Math.round(change.duration_s / 60))}</dd></div>
    </dl>
  `;
}

/** The households that are to be told another time. @param {{changes: any[]}} shown */
function Retold({ changes }) {
  const retold = changes.filter(
    ({ promise_before: before, promise_after: after }) => before && after && before.latest_at !== after.latest_at,
  );
  if (!retold.length) return null;
  const moment = (at) => clockTime(Date.parse(at));
  return html`
    <p>${t("hand.retold")}</p>
    <ul class="hand-list">
      ${retold.map(
        ({ order_id: id, promise_after: told }) =>
          html`<li key=${id}>${id} · ${t("version.retold", { from: moment(told.earliest_at), to: moment(told.latest_at) })}</li>`,
      )}
    </ul>
  `;
}

/** @param {{violations: any[]}} shown */
function Violations({ violations }) {
  if (!violations.length) return null;
  return html`
    <ul class="hand-list" aria-label=${t("hand.violations")}>
      ${violations.map(
        ({ broken, accepted }, number) => html`
          <li key=${number} data-accepted=${accepted}>
            <span class="tag bad">${ruleWords(broken.rule)}</span>
            ${broken.courier_id && nameOf(broken.courier_id)} <small>${broken.detail}</small>
          </li>
        `,
      )}
    </ul>
  `;
}

/** What the commands would do, and whether they shall. */
export function HandDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [busy, setBusy] = useState(false);
  const wanted = wish.value;
  useEffect(() => {
    if (wanted && !dialog.current.open) dialog.current.showModal();
    if (!wanted && dialog.current.open) dialog.current.close();
  }, [wanted]);
  const answer = wanted?.answer;
  const offered = [...new Set((answer?.violations ?? []).map(({ acceptable }) => acceptable).filter(Boolean))];
  const toggle = (word) => {
    const accept = wanted.accept.includes(word) ? wanted.accept.filter((each) => each !== word) : [...wanted.accept, word];
    void look(wanted.title, wanted.commands, accept);
  };
  const act = async (event) => {
    event.preventDefault();
    setBusy(true);
    await make(wanted);
    setBusy(false);
  };
  return html`
    <dialog
      ref=${dialog}
      class="dialog"
      aria-labelledby="hand-title"
      onClose=${() => (wish.value = null)}
      onKeyDown=${(event) => event.key === "Escape" && event.stopPropagation()}
    >
      ${wanted &&
      html`
        <form onSubmit=${act} aria-busy=${answer === null}>
          <h2 id="hand-title">${wanted.title}</h2>
          ${answer === null && html`<p role="status">${t("hand.looking")}</p>`}
          ${answer &&
          html`
            <${Figures} change=${answer.change} />
            <${Violations} violations=${answer.violations} />
            ${offered.map(
              (word) => html`
                <label class="hand-accept" key=${word}>
                  <input type="checkbox" checked=${wanted.accept.includes(word)} onChange=${() => toggle(word)} />
                  ${t(`hand.accept.${word}`)}
                </label>
              `,
            )}
            <${Retold} changes=${answer.changes} />
            ${!answer.fits && html`<p role="status" class="hand-no">${t(offered.length ? "hand.accept.first" : "hand.no")}</p>`}
          `}
          <footer>
            <button type="button" onClick=${() => (wish.value = null)}>${t("plan.close")}</button>
            <button type="submit" class="primary" disabled=${!answer?.fits || busy}>${t("hand.do")}</button>
          </footer>
        </form>
      `}
    </dialog>
  `;
}

/** How freely a route may be made better. */
export function BetterDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [level, setLevel] = useState("sequence");
  const route = better.value;
  useEffect(() => {
    if (route !== null && !dialog.current.open) dialog.current.showModal();
    if (route === null && dialog.current.open) dialog.current.close();
  }, [route]);
  const start = (event) => {
    event.preventDefault();
    better.value = null;
    void reoptimise(route, level);
  };
  return html`
    <dialog
      ref=${dialog}
      class="dialog"
      aria-labelledby="better-title"
      onClose=${() => (better.value = null)}
      onKeyDown=${(event) => event.key === "Escape" && event.stopPropagation()}
    >
      <form onSubmit=${start}>
        <h2 id="better-title">${t("hand.better.title", { name: plan.value?.routes[route ?? 0]?.name ?? "" })}</h2>
        <p>${t("hand.better.explain")}</p>
        <fieldset>
          <legend>${t("hand.better.level")}</legend>
          <div class="choices">
            ${["none", "sequence", "all"].map(
              (each) => html`
                <label key=${each}>
                  <input type="radio" name="level" checked=${level === each} onChange=${() => setLevel(each)} />
                  <span><strong>${t(`hand.level.${each}`)}</strong></span>
                </label>
              `,
            )}
          </div>
        </fieldset>
        <footer>
          <button type="button" onClick=${() => (better.value = null)}>${t("plan.close")}</button>
          <button type="submit" class="primary">${t("hand.better.do")}</button>
        </footer>
      </form>
    </dialog>
  `;
}
