// In which order routes are listed, in the list and in the chart alike.

import { computed, signal } from "./html.js";
import { plan, progress } from "./day.js";

/** "attention": those that need a look come first; "name": as people are called. */
export const sorting = signal(/** @type {"attention" | "name"} */ ("attention"));

/** Few steps, so that rows do not change places with every minute of delay: late, or worse. */
function urgency(now) {
  if (!now?.late) return 0;
  return now.slackS < 0 ? 2 : 1;
}

/** Route indices as they are listed. */
export const order = computed(() => {
  const view = plan.value;
  if (!view) return [];
  const now = progress.value;
  const collator = new Intl.Collator("zh-CN", { numeric: true });
  const routes = view.routes.map((route) => route.index);
  return routes.sort((a, b) => {
    if (sorting.value === "attention") {
      const more = urgency(now?.routes[b]) - urgency(now?.routes[a]);
      if (more) return more;
    }
    return (
      collator.compare(view.routes[a].name, view.routes[b].name) ||
      collator.compare(view.routes[a].courierId, view.routes[b].courierId)
    );
  });
});
