// Asks for the access key where the address brought none, or a wrong one.

import { html, useState } from "./html.js";
import { keyRefused, useKey } from "./http.js";
import { t } from "./words.js";

/** @param {{title: string}} wanted */
export function KeyForm({ title }) {
  const [typed, setTyped] = useState("");
  const enter = (event) => {
    event.preventDefault();
    if (typed.trim()) useKey(typed.trim());
  };
  return html`
    <main class="key-page">
      <form class="key-form" onSubmit=${enter}>
        <p class="brand-name">${t("app.name")} · ${title}</p>
        <h1>${t("key.title")}</h1>
        <p>${t("key.explain")}</p>
        <label>
          <span>${t("key.label")}</span>
          <input
            type="password"
            name="key"
            autocomplete="off"
            autofocus
            value=${typed}
            aria-invalid=${keyRefused.value}
            aria-describedby="key-problem"
            onInput=${(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <p id="key-problem" class="problem-line" role="alert">${keyRefused.value ? t("key.refused") : ""}</p>
        <button type="submit" class="primary">${t("key.enter")}</button>
      </form>
    </main>
  `;
}
