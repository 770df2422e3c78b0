// Language and theme: what a person chose, kept in this browser.

import { effect, signal } from "./html.js";

/** @param {string} name @param {string} fallback @param {string[]} allowed */
function kept(name, fallback, allowed) {
  let initial = fallback;
  try {
    const stored = localStorage.getItem(name);
    if (stored !== null && allowed.includes(stored)) initial = stored;
  } catch {
    // A browser that forbids storage still shows the page; the choice lasts as long as the tab.
  }
  const choice = signal(initial);
  effect(() => {
    try {
      localStorage.setItem(name, choice.value);
    } catch {
      // as above
    }
  });
  return choice;
}

export const language = kept("cunlu.language", "zh", ["zh", "en"]);

/** "auto" follows the system. */
export const theme = kept("cunlu.theme", "auto", ["auto", "light", "dark"]);

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(systemIsDark.matches);
systemIsDark.addEventListener("change", () => (systemDark.value = systemIsDark.matches));

/** Whether the page is dark now. */
export const isDark = signal(false);

effect(() => {
  const dark = theme.value === "dark" || (theme.value === "auto" && systemDark.value);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  isDark.value = dark;
});

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
