// How the map looks: quiet roads underneath, the day on top; every colour comes from theme.css.

/** Text is drawn with the system's own fonts; no glyph is ever fetched. */
const FONT = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];

/** Width in pixels at zooms 9, 12, 14 and 17. @type {Record<string, number[]>} */
const ROAD_WIDTHS = {
  motorway: [1.4, 2.6, 4.5, 14],
  trunk: [1.2, 2.4, 4, 13],
  primary: [0.9, 2.1, 3.6, 12],
  secondary: [0.6, 1.7, 3, 10],
  tertiary: [0.4, 1.3, 2.5, 9],
  unclassified: [0.2, 0.7, 1.8, 7],
  residential: [0.2, 0.6, 1.6, 7],
};
const MINOR = ["track", "path", "footway", "cycleway", "steps", "bridleway", "pedestrian", "service"];

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {number} stop index into ROAD_WIDTHS's zooms @param {number} more */
const widthAt = (stop, more) => [
  "match",
  ["get", "class"],
  ...Object.entries(ROAD_WIDTHS).flatMap(([name, widths]) => [
    stop < 2 || name === "unclassified" || name === "residential" ? name : [name, `${name}_link`],
    widths[stop] + more,
  ]),
  [0.15, 0.4, 1.2, 5][stop] + more,
];

/** @param {number} more pixels on top, for casings */
const roadWidth = (more) => [
  "interpolate",
  ["exponential", 1.4],
  ["zoom"],
  ...[9, 12, 14, 17].flatMap((zoom, stop) => [zoom, widthAt(stop, more)]),
];

/** Seen where it matters, at every zoom. @param {number} more pixels on top, for the casing */
const closureWidth = (more) => ["interpolate", ["linear"], ["zoom"], 9, 2 + more, 14, 4 + more, 17, 7 + more];

const state = (name) => ["boolean", ["feature-state", name], false];
const dimmed = ["case", state("dim"), 0.18, 1];

const EMPTY = { type: "FeatureCollection", features: [] };

/**
 * The whole style for the theme of the moment.
 *
 * @param {{tiles: string, raster: boolean}} base
 */
export function mapStyle({ tiles, raster }) {
  const color = {
    land: token("--map-land"),
    road: token("--map-road"),
    casing: token("--map-casing"),
    minor: token("--map-minor"),
    label: token("--map-label"),
    place: token("--map-place"),
    halo: token("--map-land"),
    route: token("--route"),
    accent: token("--accent"),
    late: token("--late"),
    bad: token("--bad"),
    done: token("--done"),
    panel: token("--panel"),
    ink: token("--ink"),
  };
  const stopColor = [
    "case",
    state("selected"),
    color.accent,
    state("failed"),
    color.bad,
    state("done"),
    color.done,
    state("late"),
    color.late,
    color.route,
  ];
  const under = raster
    ? [{ id: "base", type: "raster", source: "base", paint: { "raster-saturation": -0.6 } }]
    : [
        {
          id: "minor",
          type: "line",
          source: "base",
          "source-layer": "roads",
          minzoom: 13,
          filter: ["in", ["get", "class"], ["literal", MINOR]],
          paint: { "line-color": color.minor, "line-width": roadWidth(0) },
        },
        {
          id: "casing",
          type: "line",
          source: "base",
          "source-layer": "roads",
          minzoom: 11,
          filter: ["!", ["in", ["get", "class"], ["literal", MINOR]]],
          layout: { "line-cap": "round", "line-join": "round" },
          paint: { "line-color": color.casing, "line-width": roadWidth(1.6) },
        },
        {
          id: "roads",
          type: "line",
          source: "base",
          "source-layer": "roads",
          filter: ["!", ["in", ["get", "class"], ["literal", MINOR]]],
          layout: { "line-cap": "round", "line-join": "round" },
          paint: { "line-color": color.road, "line-width": roadWidth(0.3) },
        },
        {
          id: "road-names",
          type: "symbol",
          source: "base",
          "source-layer": "road_names",
          minzoom: 13,
          layout: {
            "symbol-placement": "line",
            "symbol-spacing": 400,
            "text-field": ["get", "name"],
            "text-font": FONT,
            "text-size": 11,
            "text-letter-spacing": 0.1,
            "text-max-angle": 30,
          },
          paint: {
            "text-color": color.label,
            "text-halo-color": color.halo,
            "text-halo-width": 1.4,
          },
        },
      ];
  /** @param {string} id @param {string} name @param {string} shade @param {number} wide */
  const tripsOver = (id, name, shade, wide) => ({
    id,
    type: "line",
    source: "trips",
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": shade,
      "line-width": ["interpolate", ["linear"], ["zoom"], 9, wide, 14, wide * 1.8, 17, wide * 2.6],
      "line-opacity": ["case", state(name), 1, 0],
    },
  });
  return {
    version: 8,
    sources: {
      base: raster
        ? { type: "raster", tiles: [tiles], tileSize: 256 }
        : { type: "vector", tiles: [tiles], minzoom: 4, maxzoom: 14 },
      closures: { type: "geojson", data: EMPTY },
      trips: { type: "geojson", data: EMPTY },
      stops: { type: "geojson", data: EMPTY },
      unserved: { type: "geojson", data: EMPTY, promoteId: "order" },
      numbers: { type: "geojson", data: EMPTY },
      villages: { type: "geojson", data: EMPTY },
      depot: { type: "geojson", data: EMPTY },
      couriers: { type: "geojson", data: EMPTY },
      pin: { type: "geojson", data: EMPTY },
    },
    layers: [
      { id: "land", type: "background", paint: { "background-color": color.land } },
      ...under,
      {
        id: "trips",
        type: "line",
        source: "trips",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": color.route,
          "line-width": ["interpolate", ["linear"], ["zoom"], 9, 1, 14, 2.2, 17, 4],
          "line-opacity": ["case", state("dim"), 0.25, 0.75],
        },
      },
      tripsOver("trips-late", "late", color.late, 1.8),
      tripsOver("trips-selected-case", "selected", color.land, 4),
      tripsOver("trips-selected", "selected", color.accent, 2.4),
      {
        id: "closures-case",
        type: "line",
        source: "closures",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": color.land, "line-width": closureWidth(3) },
      },
      {
        id: "closures",
        type: "line",
        source: "closures",
        layout: { "line-join": "round" },
        paint: {
          "line-color": ["match", ["get", "state"], "slow", color.late, color.bad],
          "line-width": closureWidth(0),
          "line-opacity": ["match", ["get", "state"], "to-come", 0.5, 1],
          "line-dasharray": [1.6, 1],
        },
      },
      {
        id: "stops",
        type: "circle",
        source: "stops",
        paint: {
          "circle-radius": [
            "interpolate",
            ["exponential", 1.5],
            ["zoom"],
            9,
            ["case", state("selected"), 3.2, 2],
            11,
            ["case", state("selected"), 4.5, 3.2],
            13.5,
            ["case", state("selected"), 6.5, 5],
            17,
            ["case", state("selected"), 12, 10],
          ],
          "circle-color": stopColor,
          "circle-opacity": dimmed,
          "circle-stroke-color": color.land,
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, 0.4, 13, 1.2],
          "circle-stroke-opacity": dimmed,
        },
      },
      {
        id: "stop-focus",
        type: "circle",
        source: "numbers",
        filter: ["==", ["get", "focus"], true],
        paint: {
          "circle-radius": 13,
          "circle-color": color.accent,
          "circle-opacity": 0.16,
          "circle-stroke-color": color.accent,
          "circle-stroke-width": 2,
        },
      },
      {
        id: "unserved",
        type: "circle",
        source: "unserved",
        paint: {
          "circle-radius": ["case", state("selected"), 9, 6],
          "circle-color": color.panel,
          "circle-stroke-color": color.bad,
          "circle-stroke-width": ["case", state("selected"), 4, 2.5],
        },
      },
      {
        id: "villages",
        type: "symbol",
        source: "villages",
        minzoom: 8.5,
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": ["interpolate", ["linear"], ["zoom"], 9, 11, 14, 14],
          "text-variable-anchor": ["top", "bottom", "left", "right"],
          "text-radial-offset": 0.9,
          "text-padding": 4,
          "symbol-sort-key": ["-", 0, ["get", "stops"]],
        },
        paint: {
          "text-color": color.place,
          "text-halo-color": color.halo,
          "text-halo-width": 1.6,
        },
      },
      {
        id: "stop-numbers",
        type: "symbol",
        source: "numbers",
        minzoom: 10.5,
        layout: {
          "text-field": ["get", "text"],
          "text-font": FONT,
          "text-size": 11,
          "text-offset": [0, -1.1],
          "text-padding": 1,
        },
        paint: {
          "text-color": color.accent,
          "text-halo-color": color.halo,
          "text-halo-width": 1.8,
        },
      },
      {
        id: "depot",
        type: "circle",
        source: "depot",
        paint: {
          "circle-radius": 7,
          "circle-color": color.ink,
          "circle-stroke-color": color.panel,
          "circle-stroke-width": 2.5,
        },
      },
      {
        id: "depot-name",
        type: "symbol",
        source: "depot",
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": 13,
          "text-offset": [0, 1.2],
          "text-anchor": "top",
        },
        paint: {
          "text-color": color.ink,
          "text-halo-color": color.halo,
          "text-halo-width": 2,
        },
      },
      {
        id: "couriers",
        type: "circle",
        source: "couriers",
        paint: {
          "circle-radius": 8,
          "circle-color": color.accent,
          "circle-opacity": ["case", ["get", "old"], 0.35, 1],
          "circle-stroke-color": color.panel,
          "circle-stroke-width": 2.5,
        },
      },
      {
        id: "courier-names",
        type: "symbol",
        source: "couriers",
        minzoom: 11,
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": 12,
          "text-offset": [0, -1.3],
          "text-anchor": "bottom",
          "text-optional": true,
        },
        paint: {
          "text-color": color.accent,
          "text-halo-color": color.halo,
          "text-halo-width": 2,
        },
      },
      {
        id: "pin",
        type: "circle",
        source: "pin",
        paint: {
          "circle-radius": 9,
          "circle-color": color.accent,
          "circle-stroke-color": color.panel,
          "circle-stroke-width": 3,
        },
      },
      {
        id: "pin-name",
        type: "symbol",
        source: "pin",
        layout: {
          "text-field": ["get", "title"],
          "text-font": FONT,
          "text-size": 13,
          "text-offset": [0, 1.2],
          "text-anchor": "top",
          "text-allow-overlap": true,
        },
        paint: {
          "text-color": color.accent,
          "text-halo-color": color.halo,
          "text-halo-width": 2,
        },
      },
    ],
  };
}
