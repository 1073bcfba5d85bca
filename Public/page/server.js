// Every request of the page goes through here: with the key, and with the server's own words where it refuses.

const storedKey = "hpm-key";

/** The key that requests carry, until the tab closes; empty without one. */
export function currentKey() {
  return sessionStorage.getItem(storedKey) ?? "";
}

/** Takes another key, and has every room ask again with it. */
export function useKey(key) {
  if (key) sessionStorage.setItem(storedKey, key);
  else sessionStorage.removeItem(storedKey);
  document.dispatchEvent(new CustomEvent("key-changed"));
}

/** The fields that carry the key. */
function keyFields() {
  return currentKey() ? { Authorization: `Bearer ${currentKey()}` } : {};
}

/** An error as the server tells it (RFC 9457), or that there was no answer at all. */
export class Problem extends Error {
  constructor({ status = 0, title, detail, type, parameter, allowed, retryAfter }) {
    super(detail);
    Object.assign(this, { status, title, type, parameter, allowed, retryAfter });
  }

  /** What a body says that an answer of this status came with. */
  static of(status, retryAfter, text) {
    let body = {};
    try {
      body = JSON.parse(text);
    } catch {
      // A proxy before the server answers in its own way.
    }
    const problem = new Problem({
      status, title: body.title ?? `Status ${status}`, type: body.type, parameter: body.parameter, allowed: body.allowed,
      detail: body.detail ?? (text.trim().slice(0, 500) || `The answer has status ${status} and no words.`), retryAfter,
    });
    if (status === 401 || status === 403) document.dispatchEvent(new CustomEvent("key-wanted", { detail: problem }));
    return problem;
  }

  /** What is said where nothing came back. */
  static silence() {
    return new Problem({ title: "No answer", detail: `${location.origin} does not answer. Is the server running, and the network up?` });
  }

  /** Whether an earlier upload is not kept any more. */
  get isUnknownImage() {
    return this.status === 404 && this.type === "/problems/unknown-image";
  }
}

/** The answer to one request; every answer that is no success is thrown as a ``Problem``. */
export async function ask(path, { method = "GET", body, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(path, { method, body, signal, headers: { ...keyFields(), ...headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : Problem.silence();
  }
  if (!response.ok) throw Problem.of(response.status, response.headers.get("Retry-After"), await response.text());
  return response;
}

/** The JSON of one answer. */
export async function askJSON(path, options = {}) {
  const response = await ask(path, { ...options, headers: { Accept: "application/json", ...options.headers } });
  return response.json();
}

/** A `POST` or `PUT` of JSON. */
export function sendJSON(path, value, { method = "POST", headers = {} } = {}) {
  return ask(path, { method, body: JSON.stringify(value), headers: { "Content-Type": "application/json", ...headers } });
}

/** Every entry of a list that comes in pages, at most `most` of them. */
export async function askAll(path, most = 500) {
  const entries = [];
  let after = null;
  do {
    const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
    const page = await askJSON(path + query);
    entries.push(...page.data);
    after = page.next;
  } while (after !== null && after !== undefined && entries.length < most);
  return entries;
}

/** A path with a query of those pairs that have a value. */
export function target(path, pairs) {
  const query = Object.entries(pairs)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%40", "@")}`)
    .join("&");
  return query ? `${path}?${query}` : path;
}

/** Sends a file; `progress` hears the share that is sent, which `fetch` would not tell. */
export function sendFile(path, file, { method = "PUT", headers = {}, progress = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries({ ...keyFields(), ...headers })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(request.responseText ? JSON.parse(request.responseText) : null);
      else reject(Problem.of(request.status, request.getResponseHeader("Retry-After"), request.responseText));
    });
    request.addEventListener("error", () => reject(Problem.silence()));
    request.send(file);
  });
}

/** Hands a file to the reader, with the key where there is one. */
export async function download(path, name, options = {}) {
  const response = await ask(path, options);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
