// The address queue on the map: a candidate that is looked at, and the place that a dispatcher picks.

import { effect, html, useEffect, useRef } from "./html.js";
import { answering, confirmPin, nameOf, pin, placing, pointed, stopPlacing } from "./addresses.js";
import { t } from "./words.js";

/** A click is exact to some metres, and a village still fits. Chosen, not measured. */
const CLOSE_ZOOM = 14;

/** Metres do not need more digits. @param {number} degrees */
const rounded = (degrees) => Math.round(degrees * 1e6) / 1e6;

/** @param {{lng: number, lat: number}} at */
function putPin(at) {
  pin.value = { lon: rounded(at.lng), lat: rounded(at.lat) };
}

/**
 * Show candidates and the pin on `map`, and take clicks and the Enter key while a place is asked for.
 *
 * @param {import("./map.js").MapOfDay} map
 * @returns {(() => void)[]} to stop
 */
export function startPin(map) {
  map.on("click", ({ lngLat }) => {
    if (placing.peek()) putPin(lngLat.wrap());
  });
  const canvas = map.getCanvas();
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !placing.peek()) return;
    event.preventDefault();
    putPin(map.getCenter().wrap());
  });
  return [
    effect(() => {
      const place = pin.value ?? pointed.value?.place;
      const title = pin.value ? "" : (pointed.value?.title ?? "");
      map.getSource("pin").setData({
        type: "FeatureCollection",
        features: place
          ? [{ type: "Feature", properties: { title }, geometry: { type: "Point", coordinates: [place.lon, place.lat] } }]
          : [],
      });
      if (place && !map.getBounds().contains([place.lon, place.lat])) {
        map.easeTo({ center: [place.lon, place.lat], duration: 400 });
      }
    }),
    effect(() => {
      canvas.style.cursor = placing.value ? "crosshair" : "";
      if (!placing.value) return;
      canvas.focus();
      comeCloser(map, placing.value);
    }),
  ];
}

/** What is meant lies mostly near what it may mean. */
function comeCloser(map, { candidates }) {
  const places = candidates.map((each) => each.place).filter((place) => place !== null);
  if (!places.length) return;
  const mean = (name) => places.reduce((sum, place) => sum + place[name], 0) / places.length;
  map.easeTo({ center: [mean("lon"), mean("lat")], zoom: Math.max(map.getZoom(), CLOSE_ZOOM), duration: 500 });
}

/** Over the map while a place is asked for: what for, and yes or no. */
export function PinBanner() {
  const yes = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const question = placing.value;
  useEffect(() => {
    if (pin.value) yes.current?.focus();
  }, [pin.value]);
  if (!question) return null;
  return html`
    <div class="crosshair" aria-hidden="true"></div>
    <div class="pin-banner" role="status">
      <p>
        <strong>${question.text}</strong>
        ${t(pin.value ? "address.pin.sure" : "address.pin.ask")}
      </p>
      <button type="button" onClick=${stopPlacing}>${t("address.pin.cancel")}</button>
      ${pin.value &&
      html`
        <button ref=${yes} type="button" class="primary" disabled=${answering.value === nameOf(question)} onClick=${confirmPin}>
          ${t("address.pin.confirm")}
        </button>
      `}
    </div>
  `;
}
