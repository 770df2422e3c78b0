// One question of the address queue in the list: the words, why they are unclear, what they may mean.

import { html } from "./html.js";
import { answering, choose, nameOf, placing, pointed, startPlacing, stopPlacing } from "./addresses.js";
import { t } from "./words.js";

/** Heights in pixels, as addresses.css makes them. */
const HEAD_PX = 58;
const ANSWERS_PX = 52;
const FOOT_PX = 46;

/** Two answers lie side by side. @param {import("./addresses.js").Question} question */
export const heightOf = (question) =>
  HEAD_PX + ANSWERS_PX * Math.ceil(question.candidates.length / 2) + FOOT_PX;

/** Answer; a keyboard goes on with the question that takes this one's place in the list. */
async function answerAndGoOn(event, question, candidate) {
  const row = event.currentTarget.closest(".list-row");
  const list = row.parentElement;
  const place = row.getAttribute("aria-posinset");
  const isKeyboard = event.detail === 0;
  await choose(question, candidate);
  if (!isKeyboard) return;
  requestAnimationFrame(() => list.querySelector(`[aria-posinset="${place}"] button`)?.focus());
}

/** One thing the words may mean; while it is looked at, the map shows where it lies. */
function Answer({ question, candidate, busy }) {
  const look = () => (pointed.value = candidate);
  const lookAway = () => (pointed.value = null);
  return html`
    <button
      type="button"
      title=${candidate.title}
      disabled=${busy}
      onClick=${(event) => answerAndGoOn(event, question, candidate)}
      onPointerEnter=${look}
      onPointerLeave=${lookAway}
      onFocus=${look}
      onBlur=${lookAway}
    >
      <span>${candidate.title}</span>
      <small>${candidate.household_id ?? candidate.point_id ?? t("address.geocoded")}</small>
    </button>
  `;
}

/** @param {{question: import("./addresses.js").Question}} wanted */
export function AddressRow({ question }) {
  const busy = answering.value === nameOf(question);
  const isPlaced = placing.value !== null && nameOf(placing.value) === nameOf(question);
  const whose =
    question.order_id === null
      ? t("address.household", { id: question.household_id })
      : t("address.order", { id: question.order_id });
  return html`
    <section class="address-row" aria-label=${question.text} aria-busy=${busy}>
      <h3 title=${question.text}>${question.text}</h3>
      <span class="tag late">${t(`address.reason.${question.reason}`)}</span>
      <p title=${question.detail}>${[whose, question.detail].filter(Boolean).join(" · ")}</p>
      ${question.candidates.length > 0 &&
      html`
        <div class="address-answers">
          ${question.candidates.map(
            (candidate, index) => html`<${Answer} key=${index} question=${question} candidate=${candidate} busy=${busy} />`,
          )}
        </div>
      `}
      <button
        type="button"
        class="address-elsewhere"
        aria-pressed=${isPlaced}
        disabled=${busy}
        onClick=${() => (isPlaced ? stopPlacing() : startPlacing(question))}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 14.5S3.5 9.8 3.5 6.3a4.5 4.5 0 0 1 9 0C12.5 9.8 8 14.5 8 14.5Z" />
          <circle cx="8" cy="6.3" r="1.5" />
        </svg>
        ${t("address.elsewhere")}
      </button>
    </section>
  `;
}
