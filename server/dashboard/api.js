// The server's answers, as far as the pages show them. Untrusted like all JSON: read here into what the pages know.
// @ts-check
/// <reference lib="dom" />

import { forgetWith, noteHeard, noteTrouble, UNANSWERED } from "./connection.js";

const TIMEOUT_MS = 30_000;
const DETAILED = "application/json-detailed";
/** The end of a detailed answer that is. */
export const WHOLE = '"complete":true,"missing":[]}\n';

/** @typedef {Readonly<Record<string, unknown>>} Fields */

/** The server answered, and refuses: what was asked for is wrong. */
export class Refused extends Error {}

/** No answer, or one that promises another later. */
export class Trouble extends Error {}

/**
 * @param {string} path
 * @param {{ accept?: string, signal: AbortSignal, lackOf?: (answer: unknown) => string | undefined }} options
 *   `lackOf`: what an answer tells of trouble that it was given in spite of
 * @returns {Promise<unknown>}
 * @throws {Refused | Trouble} or the reason of `signal`
 */
export function get(path, { accept = "application/json", signal, lackOf }) {
  return ask(path, { accept, signal, lackOf, read: (response) => response.json() });
}

/**
 * An answer with its quality, as it came.
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export function getDetailedText(path, signal) {
  const lackOf = (/** @type {string} */ text) => text.endsWith(WHOLE) ? undefined : missingOf(JSON.parse(text));
  return ask(path, { accept: DETAILED, signal, lackOf, read: (response) => response.text() });
}

/**
 * @template Answer
 * @param {string} path
 * @param {{ accept: string, signal: AbortSignal, read: (response: Response) => Promise<Answer>,
 *   lackOf?: ((answer: Answer) => string | undefined) | undefined }} options
 * @returns {Promise<Answer>}
 */
async function ask(path, { accept, signal, read, lackOf }) {
  const source = path.split("?")[0];
  forgetWith(signal, source);
  try {
    const response = await fetch(path, {
      headers: { accept },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) throw await problemOf(response);
    const answer = await read(response);
    const lack = lackOf?.(answer);
    if (lack === undefined) noteHeard(source);
    else noteTrouble(source, lack);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refused) {
      noteHeard(source);
      throw error;
    }
    const trouble = error instanceof Trouble ? error : new Trouble(UNANSWERED);
    noteTrouble(source, trouble.message);
    throw trouble;
  }
}

/** @param {Response} response */
async function problemOf(response) {
  const message = textOf(fields(await response.json()).error) ?? String(response.status);
  const isOurs = response.status < 500 && response.status !== 429;
  return isOurs ? new Refused(message) : new Trouble(`The server ${message}. Trying again …`);
}

/** @typedef {{ type: string, value: unknown, detail: unknown, relativeError?: number, lateDropped?: number }} Detailed */

/**
 * @param {readonly string[]} names
 * @param {AbortSignal} signal
 * @returns {Promise<{ asOf: number, rows: ReadonlyMap<string, Detailed> }>}
 */
export async function getDetailed(names, signal) {
  const answer = await get(`/tabs?name=${nameParameter(names)}`, { accept: DETAILED, signal, lackOf: missingOf });
  const { asOf, rows } = fields(answer);
  return {
    asOf: numberOf(asOf) ?? 0,
    rows: new Map(Object.entries(fields(rows)).map(([name, row]) => [name, readRow(row)])),
  };
}

/**
 * Why an answer is not whole.
 * @param {unknown} answer
 */
export function missingOf(answer) {
  const { missing } = fields(answer);
  if (!Array.isArray(missing) || missing.length === 0) return undefined;
  return `What these shards hold can't be read: ${missing.join(", ")}.`;
}

/**
 * @param {unknown} row
 * @returns {Detailed}
 */
function readRow(row) {
  const { type, value, detail, relativeError, lateDropped, error } = fields(row);
  return {
    type: textOf(type) ?? "",
    value: error === undefined ? value : { error },
    detail,
    ...typeof relativeError === "number" ? { relativeError } : {},
    ...typeof lateDropped === "number" ? { lateDropped } : {},
  };
}

/**
 * What each client of a tab shows.
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<ReadonlyMap<string, unknown>>}
 */
export async function getClients(name, signal) {
  const answer = fields(await get(`/projection?name=${nameParameter([name])}`, { signal }));
  return new Map(Object.entries(fields(Object.hasOwn(answer, name) ? answer[name] : {})));
}

/** Servers take 65,534 in an address. */
const NAMES_CHARACTERS_MAX = 60_000;

/**
 * The names from the first on that one question has room for.
 * @param {readonly string[]} names
 */
export function askable(names) {
  let room = NAMES_CHARACTERS_MAX;
  return names.filter((name) => (room -= encodeURIComponent(name).length + 1) >= 0);
}

/** @param {readonly string[]} names as many as are askable */
export function nameParameter(names) {
  return names.map(encodeURIComponent).join(",");
}

/**
 * @param {unknown} value
 * @returns {Fields}
 */
export function fields(value) {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** @param {unknown} value */
export function numberOf(value) {
  return typeof value === "number" ? value : undefined;
}

/** @param {unknown} value */
export function textOf(value) {
  return typeof value === "string" ? value : undefined;
}
