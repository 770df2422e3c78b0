// The address queue: what nobody could place, and a dispatcher's answers.

import { batch, computed, effect, signal } from "./html.js";
import { board, dayQuery, depotId, depotQuery, isDispatcher, onEvent, tell, tellProblem } from "./day.js";
import { Problem, request } from "./http.js";
import { t } from "./words.js";

/** An import tells of its orders batch by batch; one look after them is enough. Chosen, not measured. */
const PAUSE_MS = 500;
/** After these the queue may be another. */
const TELLING = ["orders-created", "order-placed", "order-cancelled", "registry-changed"];

/**
 * @typedef {{lon: number, lat: number}} Place
 *
 * @typedef {object} Candidate of the registry (with its id) or of a geocoder (without)
 * @property {string} title
 * @property {string | null} household_id
 * @property {string | null} point_id
 * @property {Place | null} place
 *
 * @typedef {object} Question of an order, or of a household without coordinates
 * @property {string} text
 * @property {string} reason
 * @property {string} detail
 * @property {Candidate[]} candidates
 * @property {string | null} order_id
 * @property {string | null} household_id
 */

export const questions = signal(/** @type {Question[]} */ ([]));
/** The candidate under the pointer or the focus. */
export const pointed = signal(/** @type {Candidate | null} */ (null));
/** The question whose place is being looked for on the map. */
export const placing = signal(/** @type {Question | null} */ (null));
/** Where on the map it has been put, until that is confirmed. */
export const pin = signal(/** @type {Place | null} */ (null));
/** The question that is being answered: one at a time. */
export const answering = signal("");

/** A name that lasts from one reading to the next. @param {Pick<Question, "order_id" | "household_id">} question */
export const nameOf = (question) =>
  question.order_id === null ? `household:${question.household_id}` : `order:${question.order_id}`;

/** The questions that orders wait for. */
const asked = computed(() => new Set(questions.value.map((question) => question.order_id)));

/** Whether an unserved order waits for an answer. @param {string} orderId */
export const isAsked = (orderId) => asked.value.has(orderId);

/** @param {Question[]} now */
function show(now) {
  const names = now.map(nameOf);
  batch(() => {
    questions.value = now;
    pointed.value = null;
    if (placing.peek() && !names.includes(nameOf(placing.peek()))) stopPlacing();
  });
}

async function read() {
  const where = dayQuery();
  try {
    const answer = await (await request(`/v1/addresses?${where}`)).json();
    if (where === dayQuery()) show(answer.questions);
  } catch (failure) {
    // Nobody asked for this: a lost connection is told by its own mark.
    if (!(failure instanceof Problem && failure.status === 0)) tellProblem(failure);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let planned;

onEvent(({ kind }) => {
  if (!isDispatcher.peek() || !TELLING.includes(kind)) return;
  planned ??= setTimeout(() => {
    planned = undefined;
    void read();
  }, PAUSE_MS);
});

/** Another day has other questions, and another key may have none. */
let shownDay = "";
effect(() => {
  const where = board.value && isDispatcher.value && depotId.value ? dayQuery() : "";
  if (where === shownDay) return;
  shownDay = where;
  show([]);
  if (where) void read();
});

/** @param {Question} question */
export function startPlacing(question) {
  batch(() => {
    placing.value = question;
    pin.value = null;
  });
}

export function stopPlacing() {
  batch(() => {
    placing.value = null;
    pin.value = null;
  });
}

/** @param {Question} question @param {Candidate} candidate */
export const choose = (question, { household_id, point_id, place }) =>
  answer(question, household_id ? { household_id } : point_id ? { point_id } : { place });

/** Answer with the place on the map. */
export const confirmPin = () => answer(placing.peek(), { place: pin.peek() });

/**
 * Tell the server; the question goes once the server has said yes.
 *
 * @param {Question} question
 * @param {{household_id?: string, point_id?: string, place?: Place}} where
 */
async function answer(question, where) {
  const path =
    question.order_id === null
      ? `/v1/households/${encodeURIComponent(question.household_id)}/place?${depotQuery()}`
      : `/v1/orders/${encodeURIComponent(question.order_id)}/place?${dayQuery()}`;
  const name = nameOf(question);
  answering.value = name;
  try {
    await request(path, { method: "PUT", body: where });
    show(questions.peek().filter((each) => nameOf(each) !== name));
    tell("done", t("address.answered", { text: question.text }));
  } catch (failure) {
    tellProblem(failure);
  } finally {
    answering.value = "";
  }
}
