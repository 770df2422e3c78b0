// The live feed: server-sent events through fetch, one connection for all tabs of a browser.
//
// EventSource can send no Authorization header, and a browser opens six connections to a host at most,
// so: fetch, and one tab leads (Web Locks) and tells the others (BroadcastChannel). When it closes, the
// lock passes on and the next tab resumes after the last id that anybody heard.

import { key, keyRefused } from "./http.js";

/** Silence after which a connection counts as dead; the server says something at least every 15 s. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * @typedef {{id: string, kind: string, data: any}} FeedEvent
 * @typedef {"connecting" | "live" | "off"} FeedState
 */

/** Whether stream id `a` comes after `b`: ids are pairs of numbers. @param {string} a @param {string} b */
export function isAfter(a, b) {
  const [aMs, aSeq] = a.split("-").map(Number);
  const [bMs, bSeq] = b.split("-").map(Number);
  return aMs > bMs || (aMs === bMs && (aSeq || 0) > (bSeq || 0));
}

/**
 * Follow a stream until the returned function is called.
 *
 * @param {object} wanted
 * @param {string} wanted.name the same in all tabs that may share the connection
 * @param {string} wanted.url
 * @param {string} wanted.after the last id that is known already
 * @param {(event: FeedEvent) => void} wanted.onEvent
 * @param {(state: FeedState) => void} wanted.onState
 */
export function follow({ name, url, after, onEvent, onState }) {
  const stop = new AbortController();
  const channel = new BroadcastChannel(name);
  let last = after;
  /** @type {FeedState} */
  let state = "connecting";
  let leads = false;

  /** @param {FeedEvent} event */
  const hear = (event) => {
    if (!isAfter(event.id, last)) return;
    last = event.id;
    onEvent(event);
  };
  /** @param {FeedState} next */
  const enter = (next) => {
    if (next === state) return;
    state = next;
    onState(next);
  };

  channel.onmessage = ({ data }) => {
    if (data.ask && leads) channel.postMessage({ state });
    if (data.state && !leads) enter(data.state);
    if (data.event && !leads) hear(data.event);
  };
  channel.postMessage({ ask: true });

  const lead = async () => {
    leads = true;
    await stream({
      url,
      stop: stop.signal,
      lastId: () => last,
      onEvent: (event) => {
        hear(event);
        channel.postMessage({ event });
      },
      onState: (next) => {
        enter(next);
        channel.postMessage({ state: next });
      },
    });
  };
  // Over plain HTTP from another machine there are no locks: then every tab connects for itself.
  const leading = navigator.locks
    ? navigator.locks.request(name, { signal: stop.signal }, lead)
    : lead();
  leading.catch((failure) => {
    if (!stop.signal.aborted) throw failure;
  });

  return () => {
    stop.abort();
    channel.close();
  };
}

/**
 * Connect, and connect again with growing pauses, until stopped.
 *
 * @param {object} wanted
 * @param {string} wanted.url
 * @param {AbortSignal} wanted.stop
 * @param {() => string} wanted.lastId
 * @param {(event: FeedEvent) => void} wanted.onEvent
 * @param {(state: FeedState) => void} wanted.onState
 */
async function stream({ url, stop, lastId, onEvent, onState }) {
  let pause = FIRST_PAUSE_MS;
  while (!stop.aborted && !keyRefused.peek()) {
    onState("connecting");
    try {
      await connect(url, stop, lastId(), onEvent, () => {
        pause = FIRST_PAUSE_MS;
        onState("live");
      });
    } catch {
      // Whatever broke the connection, the answer is the same: wait, and resume by id.
    }
    if (stop.aborted) return;
    onState("off");
    await waitOrOnline(pause * (0.75 + Math.random() / 2), stop);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} stop
 * @param {string} lastId
 * @param {(event: FeedEvent) => void} onEvent
 * @param {() => void} onOpen
 */
async function connect(url, stop, lastId, onEvent, onOpen) {
  const dead = new AbortController();
  let watchdog = setTimeout(() => dead.abort(), SILENCE_MS);
  const giveUp = () => dead.abort();
  stop.addEventListener("abort", giveUp);
  addEventListener("offline", giveUp); // the browser knows sooner than any silence tells
  try {
    const response = await fetch(url, {
      headers: {
        Accept: "text/event-stream",
        Authorization: `Bearer ${key.peek()}`,
        "Last-Event-ID": lastId,
      },
      cache: "no-store",
      signal: dead.signal,
    });
    if (response.status === 401) keyRefused.value = true;
    if (!response.ok || response.body === null) throw new Error(`feed: HTTP ${response.status}`);
    onOpen();
    const parse = parser(onEvent);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => dead.abort(), SILENCE_MS);
      parse(value);
    }
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener("abort", giveUp);
    removeEventListener("offline", giveUp);
  }
}

/**
 * Cut text into events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * @param {(event: FeedEvent) => void} onEvent
 * @returns {(text: string) => void}
 */
export function parser(onEvent) {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = { id: "", kind: "message", data: "" };
      for (const line of block.split(/\r?\n/)) {
        const colon = line.indexOf(":");
        if (colon <= 0) continue; // a comment keeps the line alive
        const value = line.slice(colon + 1).replace(/^ /, "");
        const field = line.slice(0, colon);
        if (field === "id") event.id = value;
        if (field === "event") event.kind = value;
        if (field === "data") event.data += value;
      }
      if (event.id && event.data) onEvent({ ...event, data: JSON.parse(event.data) });
    }
  };
}

/** @param {number} milliseconds @param {AbortSignal} stop */
function waitOrOnline(milliseconds, stop) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      stop.removeEventListener("abort", done);
      resolve(undefined);
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    stop.addEventListener("abort", done);
  });
}
