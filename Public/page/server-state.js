// Whether the server is ready, in a few words at the top of the page.
import { byId } from "./elements.js";

/** Milliseconds between two looks. */
const pause = 10_000;
const words = { loading: "loading a model", draining: "shutting down", no_model: "no model" };

/** Looks now and then, while the page is looked at. */
export async function showServerState() {
  if (document.visibilityState === "visible") {
    const [state, text] = await look();
    byId("server-state").dataset.state = state;
    byId("server-words").textContent = text;
  }
  setTimeout(showServerState, pause);
}

async function look() {
  try {
    const response = await fetch("/health/ready");
    const body = await response.json();
    if (response.ok) return ["ready", "ready"];
    const reasons = (body.reasons ?? []).map((reason) => words[reason] ?? reason);
    return ["waiting", reasons.join(", ") || body.detail || `status ${response.status}`];
  } catch {
    return ["silent", "no answer"];
  }
}
