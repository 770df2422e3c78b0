// A list that draws only what is seen, so that ten thousand rows scroll like ten.

import { html, useLayoutEffect, useMemo, useRef, useState } from "./html.js";

/** Pixels drawn beyond what is seen, so that a fast scroll shows no gaps. */
const AHEAD_PX = 300;

/**
 * @param {object} wanted
 * @param {{key: string, height: number}[]} wanted.rows
 * @param {(row: any) => any} wanted.render
 * @param {string} wanted.label
 * @param {string | null} [wanted.reveal] key of a row to bring into view when it changes
 */
export function VirtualList({ rows, render, label, reveal = null }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [seen, setSeen] = useState({ top: 0, height: 800 });
  const tops = useMemo(() => {
    const sums = new Float64Array(rows.length + 1);
    rows.forEach((row, index) => (sums[index + 1] = sums[index] + row.height));
    return sums;
  }, [rows]);

  useLayoutEffect(() => {
    const element = box.current;
    const measure = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);

  useLayoutEffect(() => {
    const at = reveal === null ? -1 : rows.findIndex((row) => row.key === reveal);
    if (at < 0) return;
    const element = box.current;
    const [top, bottom] = [tops[at], tops[at + 1]];
    if (top < element.scrollTop || bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = top - (element.clientHeight - (bottom - top)) / 2;
    }
  }, [reveal, rows.length]);

  const first = lastAtOrBefore(tops, seen.top - AHEAD_PX);
  const end = Math.min(rows.length, lastAtOrBefore(tops, seen.top + seen.height + AHEAD_PX) + 1);
  return html`
    <div class="list" ref=${box} role="list" aria-label=${label} onKeyDown=${moveFocus}>
      <div class="list-all" style=${{ height: `${tops[rows.length]}px` }}>
        ${rows.slice(first, end).map(
          (row, index) => html`
            <div
              class="list-row"
              role="listitem"
              key=${row.key}
              aria-setsize=${rows.length}
              aria-posinset=${first + index + 1}
              style=${{ top: `${tops[first + index]}px`, height: `${row.height}px` }}
            >
              ${render(row)}
            </div>
          `,
        )}
      </div>
    </div>
  `;
}

/** Index of the last row whose top is at or before `y`. */
function lastAtOrBefore(tops, y) {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Up and down move from row to row. @param {KeyboardEvent} event */
function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const buttons = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(".list-row button"))];
  const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = buttons[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
