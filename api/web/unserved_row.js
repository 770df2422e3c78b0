// One unserved order in the list: why nobody comes, and what would have somebody come.

import { plan, selectUnserved, selection } from "./day.js";
import { clockTime, distance, yuan } from "./format.js";
import { html } from "./html.js";
import { handlingWord } from "./route_detail.js";
import { hasWords, t } from "./words.js";

/** Heights in pixels, as board.css makes them. */
const ROW_PX = 82;
const REMEDY_PX = 22;

/** @param {import("./plan_view.js").UnservedView} order */
export const heightOf = (order) => ROW_PX + REMEDY_PX * order.remedies.length;

/** The sentence for a reason code, or the code itself. @param {string} reason */
export const reasonWords = (reason) => (hasWords(`reason.${reason}`) ? t(`reason.${reason}`) : reason);

/** The sentence for a remedy; of a code that this page does not know the plan's own. @param {import("./plan_view.js").RemedyView} remedy */
function remedyWords(remedy) {
  if (!hasWords(`remedy.${remedy.code}`)) return remedy.detail;
  return t(`remedy.${remedy.code}`, {
    who: remedy.courierName,
    at: clockTime(remedy.at),
    minutes: remedy.minutes,
    distance: distance(remedy.distanceM),
    model: remedy.modelName,
    skills: remedy.skills.map(handlingWord).join(t("remedy.and")),
  });
}

/** @param {{index: number}} row */
export function UnservedRow({ index }) {
  const each = plan.value.unserved[index];
  const chosen = selection.value;
  const isChosen = chosen?.kind === "unserved" && chosen.order === each.orderId;
  return html`
    <button
      type="button"
      class="unserved-row"
      aria-pressed=${isChosen}
      onClick=${() => selectUnserved(each.orderId)}
    >
      <strong>${each.orderId}</strong>
      <span class="tag bad">${reasonWords(each.reason)}</span>
      <small title=${each.detail}>${each.detail}${each.lon === null ? ` · ${t("unserved.no_place")}` : ""}</small>
      ${each.remedies.map((remedy) => {
        const words = remedyWords(remedy);
        return html`
          <span class="remedy" key=${remedy.code} title=${words}>${words}</span>
          <span class="remedy-price">${remedy.costFen < 0 ? "" : "+"}${yuan(remedy.costFen)}</span>
        `;
      })}
    </button>
  `;
}
