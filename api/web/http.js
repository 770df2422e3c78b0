// Asking our server, with the key of this tab.

import { batch, signal } from "./html.js";
import { hasWords, t } from "./words.js";

const KEPT_AS = "cunlu.key";

/** The secret key; empty while nobody has given one. */
export const key = signal(takeKey());

/** Whether the server has refused the key. */
export const keyRefused = signal(false);

/**
 * The key from the address's fragment, which browsers never send, else from this tab's storage.
 *
 * It is taken out of the address at once, so that no screenshot and no history entry shows it.
 */
function takeKey() {
  const found = new URLSearchParams(location.hash.slice(1)).get("key");
  if (found) {
    history.replaceState(null, "", location.pathname + location.search);
    keepKey(found);
    return found;
  }
  try {
    return sessionStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} secret */
function keepKey(secret) {
  try {
    if (secret) sessionStorage.setItem(KEPT_AS, secret);
    else sessionStorage.removeItem(KEPT_AS);
  } catch {
    // Without storage the key lasts as long as the page.
  }
}

/** @param {string} secret empty to leave */
export function useKey(secret) {
  keepKey(secret);
  batch(() => {
    keyRefused.value = false;
    key.value = secret;
  });
}

/** What the server, or the way to it, answered in place of what was asked for. */
export class Problem extends Error {
  /**
   * @param {number} status 0: no answer came at all
   * @param {string} code lasting name of the problem
   * @param {string} title
   * @param {string} detail what to do next
   * @param {Record<string, unknown>} facts
   */
  constructor(status, code, title, detail, facts = {}) {
    super(`${title}: ${detail}`);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.facts = facts;
  }

  /** In the reader's language where somebody wrote it, else as the server says it. */
  get shownTitle() {
    const word = `problem.${this.code}`;
    return hasWords(word) ? t(word) : this.title;
  }

  get shownDetail() {
    const word = `problem.${this.code}.detail`;
    return hasWords(word) ? t(word) : this.detail;
  }
}

/** @param {Response} response */
export async function problemOf(response) {
  const text = await response.text();
  try {
    const body = JSON.parse(text);
    return new Problem(
      response.status,
      body.code ?? "unknown",
      body.title ?? response.statusText,
      [body.detail, body.advice].filter(Boolean).join(" "),
      body,
    );
  } catch {
    return new Problem(response.status, "unknown", `HTTP ${response.status}`, text.slice(0, 200));
  }
}

/**
 * Send a request; anything but a success is thrown as a Problem.
 *
 * @param {string} path
 * @param {{method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 */
export async function request(path, { method = "GET", body, headers = {}, signal } = {}) {
  /** @type {Record<string, string>} */
  const sent = { Authorization: `Bearer ${key.peek()}`, ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (failure) {
    if (signal?.aborted) throw failure;
    throw new Problem(0, "network", "The request did not arrive", "Check the network.");
  }
  if (response.status === 401) keyRefused.value = true;
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  return response;
}

/**
 * The JSON at `path`, null where the server says there is none.
 *
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function readIfThere(path) {
  try {
    const response = await request(path);
    return await response.json();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}
