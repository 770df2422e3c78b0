// One question of the address queue in the list: the words, why they are unclear, what they may mean.

import { html } from "./html.js";
import { answering, choose, nameOf, placing, pointed, startPlacing, stopPlacing } from "./addresses.js";
import { t } from "./words.js";

const HEAD_PX = 74;
const ANSWERS_PX = 52;
const FOOT_PX = 50;

/** Two answers lie side by side. @param {import("./addresses.js").Question} question */
export const heightOf = (question) =>
  HEAD_PX + ANSWERS_PX * Math.ceil(question.candidates.length / 2) + FOOT_PX;

/** The list moves up when a question goes: the keyboard goes on with the one that takes its place. */
async function answerAndGoOn(event, question, candidate) {
  const list = event.currentTarget.closest(".list");
  await choose(question, candidate);
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) list.querySelector("button")?.focus();
  });
}

/** @param {{question: import("./addresses.js").Question}} wanted */
export function AddressRow({ question }) {
  const busy = answering.value === nameOf(question);
  const isPlaced = placing.value !== null && nameOf(placing.value) === nameOf(question);
  const lookAway = () => (pointed.value = null);
  return html`
    <section class="address-row" aria-label=${question.text} aria-busy=${busy}>
      <h3 title=${question.text}>${question.text}</h3>
      <span class="tag late">${t(`address.reason.${question.reason}`)}</span>
      <p title=${question.detail}>
        ${question.order_id === null
          ? t("address.household", { id: question.household_id })
          : t("address.order", { id: question.order_id })}
        ${question.detail && ` · ${question.detail}`}
      </p>
      <div class="address-answers">
        ${question.candidates.map((candidate) => {
          const look = () => (pointed.value = candidate);
          return html`
            <button
              type="button"
              key=${candidate.household_id ?? candidate.point_id ?? candidate.title}
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
        })}
      </div>
      <button
        type="button"
        class="address-elsewhere"
        aria-pressed=${isPlaced}
        disabled=${busy}
        onClick=${() => (isPlaced ? stopPlacing() : startPlacing(question))}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 14.5S3.5 9.8 3.5 6.3a4.5 4.5 0 0 1 9 0C12.5 9.8 8 14.5 8 14.5Z" /><circle cx="8" cy="6.3" r="1.5" /></svg>
        ${t("address.elsewhere")}
      </button>
    </section>
  `;
}
