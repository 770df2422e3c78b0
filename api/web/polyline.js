// Lines on the road, as the plan holds them: polyline with precision 1e-6, (lat, lon) pairs.

/**
 * @param {string} encoded
 * @returns {[number, number][]} (lon, lat) pairs
 */
export function decodePolyline(encoded) {
  /** @type {[number, number][]} */
  const line = [];
  let lat = 0;
  let lon = 0;
  let at = 0;
  const next = () => {
    let value = 0;
    let shift = 0;
    let chunk;
    do {
      chunk = encoded.charCodeAt(at++) - 63;
      value += (chunk & 31) * 2 ** shift;
      shift += 5;
    } while (chunk >= 32);
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  while (at < encoded.length) {
    lat += next();
    lon += next();
    line.push([lon / 1e6, lat / 1e6]);
  }
  return line;
}
