// Words on the screen, in the language of the moment.

import { language } from "./preferences.js";
import { en } from "./words.en.js";
import { zh } from "./words.zh.js";

/** @type {Record<string, Record<string, string>>} */
const tables = { zh, en };

/**
 * The text of `key` with {names} filled in; the key itself where nobody wrote one.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [facts]
 */
export function t(key, facts = {}) {
  const text = tables[language.value][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(facts[name] ?? whole));
}

/** Whether somebody wrote a text for `key`. @param {string} key */
export const hasWords = (key) => key in tables[language.value];
