// What every component needs: templates, hooks and signals, from one place.

import htm from "./vendor/htm.mjs";
import { Fragment, h, render } from "./vendor/preact.mjs";

export const html = htm.bind(h);
export { Fragment, render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.mjs";
export { batch, computed, effect, signal, untracked, useComputed, useSignal } from "./vendor/signals.mjs";
