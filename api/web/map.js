// The map: routes, stops, unserved orders and the depot over our own roads.

import { effect, html, untracked, useEffect, useRef, useState } from "./html.js";
import {
  depot,
  hovered,
  me,
  plan,
  progress,
  selectRoute,
  selectStop,
  selectUnserved,
  selection,
} from "./day.js";
import { placing } from "./addresses.js";
import { closureFeatures, closures } from "./closures.js";
import { PinBanner, startPin } from "./map_pin.js";
import { mapStyle } from "./map_style.js";
import { isAhead, LATE_AFTER_S } from "./plan_view.js";
import { decodePolyline } from "./polyline.js";
import { positionFeatures, positions } from "./positions.js";
import { isDark } from "./preferences.js";
import { t } from "./words.js";
import { Map as MapLibre } from "./vendor/maplibre-gl.mjs";

const FIT = { padding: { top: 48, right: 48, bottom: 48, left: 48 }, maxZoom: 15 };
/** Pixels around the pointer within which a stop is hit: a finger is not a needle. */
const REACH_PX = 5;

const point = (lon, lat) => ({ type: "Point", coordinates: [lon, lat] });

/** @param {import("./plan_view.js").PlanView} view */
function stopFeatures(view) {
  return view.stops.map((stop) => ({
    type: "Feature",
    id: stop.index,
    geometry: point(stop.lon, stop.lat),
    properties: { stop: stop.index },
  }));
}

/** @typedef {any} MapOfDay MapLibre GL's map: its minified module carries no types */

/** One line per trip. @param {import("./plan_view.js").PlanView} view */
function tripFeatures(view) {
  return view.routes.flatMap((route) =>
    route.trips.map((trip, number) => ({
      type: "Feature",
      id: route.index * 100 + number, // no shift has a hundred trips
      properties: { route: route.index },
      geometry: {
        type: "LineString",
        coordinates: [...view.stops.slice(trip.first, trip.end).map((stop) => stop.leg), trip.home]
          .flatMap((leg) => decodePolyline(leg.polyline6)),
      },
    })),
  );
}

/** @param {import("./plan_view.js").PlanView} view */
function unservedFeatures(view) {
  return view.unserved
    .filter((order) => order.lon !== null)
    .map((order) => ({
      type: "Feature",
      properties: { order: order.orderId },
      geometry: point(order.lon, order.lat),
    }));
}

/** A name in the middle of each village's stops. @param {import("./plan_view.js").PlanView} view */
function villageFeatures(view) {
  /** @type {Map<string, {lon: number, lat: number, stops: number}>} */
  const sums = new Map();
  for (const { village, lon, lat } of view.stops) {
    if (!village) continue;
    const sum = sums.get(village) ?? { lon: 0, lat: 0, stops: 0 };
    sums.set(village, { lon: sum.lon + lon, lat: sum.lat + lat, stops: sum.stops + 1 });
  }
  return [...sums].map(([name, { lon, lat, stops }]) => ({
    type: "Feature",
    properties: { name, stops },
    geometry: point(lon / stops, lat / stops),
  }));
}

/** @param {any[]} features */
const collection = (features) => ({ type: "FeatureCollection", features });

/** West, south, east and north of some points, a little apart. @param {number[][]} points */
function boundsOf(points) {
  const lons = points.map((each) => each[0]);
  const lats = points.map((each) => each[1]);
  return [
    [Math.min(...lons) - 1e-4, Math.min(...lats) - 1e-4],
    [Math.max(...lons) + 1e-4, Math.max(...lats) + 1e-4],
  ];
}

/** Feature states as they were told to the map, so that only differences are told again. */
class StateKeeper {
  /** @param {MapOfDay} map @param {string} source */
  constructor(map, source) {
    this.map = map;
    this.source = source;
    /** @type {Map<number | string, string>} */
    this.told = new Map();
  }

  /** @param {number | string} id @param {string} flags words with spaces between */
  set(id, flags) {
    if ((this.told.get(id) ?? "") === flags) return;
    const state = {};
    for (const name of ["selected", "late", "done", "failed", "dim"]) {
      state[name] = flags.includes(name);
    }
    this.map.setFeatureState({ source: this.source, id }, state);
    this.told.set(id, flags);
  }

  forget() {
    this.map.removeFeatureState({ source: this.source });
    this.told.clear();
  }
}

/** Where tiles come from: our own roads, or the address the company set. */
function baseOf(version) {
  const own = `${location.origin}/tiles/{z}/{x}/{y}.mvt?v=${encodeURIComponent(version)}`;
  const external = me.peek()?.tile_url;
  return { tiles: external || own, raster: Boolean(external) };
}

/** @param {HTMLElement} container @returns {() => void} */
function startMap(container) {
  const centre = untracked(() => depot.value);
  const version = me.peek().network;
  /** @type {MapOfDay} */
  const map = new MapLibre({
    container,
    style: mapStyle(baseOf(version)),
    center: centre ? [centre.lon, centre.lat] : [105, 35],
    zoom: centre ? 11 : 3.5,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 150,
    canvasContextAttributes: { preserveDrawingBuffer: false },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  Object.assign(container, { mapOfBoard: map }); // for the browser tests, and for anyone who debugs
  const disposals = [];
  map.on("error", ({ error }) => console.warn("map:", error?.message));
  map.once("load", () => {
    const stops = new StateKeeper(map, "stops");
    const trips = new StateKeeper(map, "trips");
    const unserved = new StateKeeper(map, "unserved");

    disposals.push(
      effect(() => {
        const view = plan.value;
        for (const keeper of [stops, trips, unserved]) keeper.forget();
        map.getSource("stops").setData(collection(view ? stopFeatures(view) : []));
        map.getSource("trips").setData(collection(view ? tripFeatures(view) : []));
        map.getSource("unserved").setData(collection(view ? unservedFeatures(view) : []));
        map.getSource("villages").setData(collection(view ? villageFeatures(view) : []));
        const home = view?.depot ?? depot.value;
        map
          .getSource("depot")
          .setData(
            collection(
              home
                ? [{ type: "Feature", properties: { name: home.name }, geometry: point(home.lon, home.lat) }]
                : [],
            ),
          );
        if (view) fit(map, view, { animate: false });
      }),
      effect(() => {
        const view = plan.value;
        if (view) markStops(view, stops);
      }),
      effect(() => {
        const view = plan.value;
        if (view) markTrips(view, trips);
      }),
      effect(() => showSelection(map, unserved)),
      effect(() => map.getSource("closures").setData(collection(closureFeatures(closures.value)))),
      effect(() => map.getSource("couriers").setData(collection(positionFeatures(positions.value)))),
      ...startPin(map),
      effect(() => {
        isDark.value;
        repaint(map, version);
      }),
    );
    listen(map);
    container.dataset.ready = "true";
  });
  const grown = new ResizeObserver(() => map.resize());
  grown.observe(container);
  return () => {
    grown.disconnect();
    for (const dispose of disposals) dispose();
    map.remove();
  };
}

/** @param {import("./plan_view.js").PlanView} view @param {StateKeeper} keeper */
function markStops(view, keeper) {
  const now = progress.value;
  const chosen = selection.value;
  const route = chosen && chosen.kind !== "unserved" ? chosen.route : null;
  for (const stop of view.stops) {
    const state = now?.states[stop.index] ?? "planned";
    let flags = "";
    if (route !== null) flags = stop.route === route ? "selected" : "dim";
    if (state === "failed") flags += " failed";
    else if (!isAhead(state)) flags += " done";
    else if (now && now.lateS[stop.index] > LATE_AFTER_S) flags += " late";
    if (flags === "selected done") flags = "done"; // what is behind stays quiet on a chosen route too
    keeper.set(stop.index, flags);
  }
}

/** @param {import("./plan_view.js").PlanView} view @param {StateKeeper} keeper */
function markTrips(view, keeper) {
  const now = progress.value;
  const chosen = selection.value;
  const route = chosen && chosen.kind !== "unserved" ? chosen.route : null;
  for (const each of view.routes) {
    const isLate = now?.routes[each.index]?.late ?? false;
    for (const [number, trip] of each.trips.entries()) {
      const states = now?.states.slice(trip.first, trip.end);
      const isBehind = states !== undefined && !states.some(isAhead);
      let flags = isBehind ? "dim" : isLate ? "late" : "";
      if (route !== null) flags = each.index === route ? "selected" : "dim";
      keeper.set(each.index * 100 + number, flags);
    }
  }
}

/** Numbers on the chosen route, a ring on the chosen stop, and the chosen unserved order. */
function showSelection(map, unserved) {
  const view = plan.value;
  const chosen = selection.value;
  if (!view) return;
  const route = chosen && chosen.kind !== "unserved" ? view.routes[chosen.route] : null;
  const stops = route ? view.stops.slice(route.first, route.end) : [];
  map.getSource("numbers").setData(
    collection(
      stops.map((stop) => ({
        type: "Feature",
        properties: {
          text: String(stop.seq),
          focus: chosen?.kind === "stop" && chosen.stop === stop.index,
        },
        geometry: point(stop.lon, stop.lat),
      })),
    ),
  );
  for (const order of view.unserved) {
    if (order.lon === null) continue;
    const isChosen = chosen?.kind === "unserved" && chosen.order === order.orderId;
    unserved.set(order.orderId, isChosen ? "selected" : "");
  }
  bringIntoView(map, view, chosen);
}

/** Move the map only as far as the chosen thing needs. */
function bringIntoView(map, view, chosen) {
  if (!chosen) return;
  if (chosen.kind === "route") {
    const route = view.routes[chosen.route];
    const points = view.stops.slice(route.first, route.end).map((stop) => [stop.lon, stop.lat]);
    map.fitBounds(boundsOf([...points, [view.depot.lon, view.depot.lat]]), { ...FIT, duration: 500 });
    return;
  }
  const at =
    chosen.kind === "stop"
      ? view.stops[chosen.stop]
      : view.unserved.find((order) => order.orderId === chosen.order);
  if (!at || at.lon === null) return;
  map.easeTo({ center: [at.lon, at.lat], zoom: Math.max(map.getZoom(), 13.5), duration: 500 });
}

/** @param {MapOfDay} map @param {import("./plan_view.js").PlanView} view */
function fit(map, view, options = {}) {
  const points = view.stops.map((stop) => [stop.lon, stop.lat]);
  map.fitBounds(boundsOf([...points, [view.depot.lon, view.depot.lat]]), { ...FIT, ...options });
}

/** Give every layer the colours of the theme; sources and their data stay. */
function repaint(map, version) {
  for (const layer of mapStyle(baseOf(version)).layers) {
    for (const [name, value] of Object.entries(layer.paint ?? {})) {
      if (/color/.test(name)) map.setPaintProperty(layer.id, name, value);
    }
  }
}

/** @param {string} courierId whose route is chosen, if the plan has one */
function selectCourier(courierId) {
  const route = plan.peek()?.routeOf.get(courierId);
  if (route !== undefined) selectRoute(route);
}

/** @param {MapOfDay} map */
function listen(map) {
  const hit = ({ x, y }) => {
    const reach = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ];
    const layers = ["couriers", "unserved", "stops", "closures", "trips"];
    const found = map.queryRenderedFeatures(reach, { layers });
    for (const layer of layers) {
      const first = found.find((feature) => feature.layer.id === layer);
      if (first) return { layer, ...first.properties };
    }
    return null;
  };
  map.on("click", ({ point: at }) => {
    if (placing.peek()) return;
    const found = hit(at);
    if (found === null || found.layer === "closures") selection.value = null;
    else if (found.layer === "stops") selectStop(found.stop);
    else if (found.layer === "couriers") selectCourier(found.courier);
    else if (found.layer === "trips") selectRoute(found.route);
    else selectUnserved(found.order);
  });
  map.on("mousemove", ({ point: at, originalEvent }) => {
    if (placing.peek()) return;
    const found = hit(at);
    map.getCanvas().style.cursor = found ? "pointer" : "";
    hovered.value = found
      ? { x: originalEvent.clientX, y: originalEvent.clientY, ...found }
      : null;
  });
  map.on("mouseout", () => (hovered.value = null));
}

export function MapPane() {
  const container = useRef(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    try {
      return startMap(container.current);
    } catch (failure) {
      console.warn("map:", failure);
      setBroken(true);
    }
  }, []);
  const attribution = plan.value?.attribution || me.value?.attribution || "© OpenStreetMap contributors";
  const map = () => container.current?.mapOfBoard;
  return html`
    <section class="map-pane" aria-label=${t("map.label")}>
      <div class="map" ref=${container}></div>
      ${broken && html`<p class="map-broken">${t("map.broken")}</p>`}
      <div class="map-buttons">
        <button type="button" aria-label=${t("map.zoom.in")} title=${t("map.zoom.in")} onClick=${() => map()?.zoomIn()}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 3v10M3 8h10" /></svg>
        </button>
        <button type="button" aria-label=${t("map.zoom.out")} title=${t("map.zoom.out")} onClick=${() => map()?.zoomOut()}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8h10" /></svg>
        </button>
        <button
          type="button"
          aria-label=${t("map.fit")}
          title=${t("map.fit")}
          onClick=${() => plan.value && map() && fit(map(), plan.value)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" /></svg>
        </button>
      </div>
      <${PinBanner} />
      <p class="attribution">${attribution}</p>
    </section>
  `;
}
