// Requests to servers that may be dead, frozen or without their store: whatever goes wrong is no answer.

/** A frozen server never answers; others may be slow on a machine that has too much to do. */
const ANSWER_MS = 10_000;
/** A sender's patience: what takes longer, it repeats. */
const POST_MS = 2000;

export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

export async function request(url: string, init: RequestInit = {}, ms: number = ANSWER_MS): Promise<Answer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ms);
  try {
    const response = await fetch(url, { ...init, signal: abort.signal });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get("retry-after") };
  } catch (error) {
    return { status: 0, text: String(error), retryAfter: null };
  } finally {
    clearTimeout(timer);
  }
}

/** Posts to a server or an agent. */
export function post(url: string, body: BodyInit): Promise<Answer> {
  return request(`${url}/post`, { method: "POST", body }, POST_MS);
}
