// Where this phone is: told while the route has something to do, and never kept.

import { effect } from "./html.js";
import { Problem, request } from "./http.js";
import { ahead, me, now, stored } from "./shift.js";

/** A three-wheeler drives 50 m meanwhile; more often would cost battery and tell nothing. Chosen. */
const TELL_EVERY_MS = 10_000;

let toldAt = 0;

/** @param {GeolocationPosition} found */
async function tell(found) {
  if (Date.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = Date.now();
  const [depot, day] = stored.peek().plan_id.split(".");
  const position = {
    courier_id: me.peek().subject,
    lon: found.coords.longitude,
    lat: found.coords.latitude,
    at: new Date(now()).toISOString(),
    accuracy_m: Math.min(100_000, Math.round(found.coords.accuracy)),
  };
  try {
    const where = new URLSearchParams({ depot, day });
    await request(`/v1/positions?${where}`, { method: "POST", body: { positions: [position] } });
  } catch (failure) {
    // The next one says more than this one would by then.
    if (!(failure instanceof Problem)) throw failure;
  }
}

/** @type {number | null} */
let watch = null;
effect(() => {
  const isOut = me.value?.role === "courier" && stored.value !== null && ahead.value.length > 0;
  if (isOut && watch === null && "geolocation" in navigator) {
    // A courier who says no to the browser's question works on without.
    watch = navigator.geolocation.watchPosition(tell, () => {}, { enableHighAccuracy: true, maximumAge: 5000 });
  } else if (!isOut && watch !== null) {
    navigator.geolocation.clearWatch(watch);
    watch = null;
  }
});
