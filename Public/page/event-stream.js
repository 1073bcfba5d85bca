// Server-sent events read with `fetch`, since `EventSource` cannot send a key (WHATWG HTML §9.2).
import { ask } from "./server.js";

/** Milliseconds before a connection that ended is made again: first, and at most. */
const firstPause = 500;
const longestPause = 15_000;
/** Milliseconds of silence after which a connection counts as lost; the server says something every 15 seconds. */
const longestSilence = 45_000;

/**
 * Follows a stream until `signal` is aborted or the server says that nothing more comes: `receive({type, data, id})` hears each event, and
 * `report(state, problem)` hears `live`, `lost` and `ended`. A connection that is lost is made again from the last event on.
 */
export async function followEvents(path, { receive, report, signal }) {
  let lastIdentifier = null;
  let pause = firstPause;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(lastIdentifier === null ? {} : { "Last-Event-ID": lastIdentifier }) };
      const response = await ask(path, { headers, signal });
      if (response.status === 204) return report("ended");
      report("live");
      for await (const event of events(response.body, signal)) {
        pause = firstPause;
        if (event.id) lastIdentifier = event.id;
        receive(event);
      }
    } catch (problem) {
      if (signal.aborted) return undefined;
      // A refusal does not turn into consent by being asked again; a server that is away may come back.
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return report("ended", problem);
      report("lost", problem);
    }
    await sleep(pause, signal);
    pause = Math.min(longestPause, pause * 2);
  }
  return undefined;
}

/** The events of one connection. */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { type: "message", data: [], id: null };
  try {
    while (!signal.aborted) {
      const { value, done } = await readWithin(reader, longestSilence);
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line !== "") take(line, event);
        else {
          if (event.data.length > 0) yield { ...event, data: event.data.join("\n") };
          event = { type: "message", data: [], id: event.id };
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** One line of an event: `field: value`; a line that begins with a colon is a comment. */
function take(line, event) {
  const colon = line.indexOf(":");
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "event") event.type = value;
  else if (field === "data") event.data.push(value);
  else if (field === "id" && !value.includes("\0")) event.id = value;
}

function readWithin(reader, milliseconds) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The stream fell silent.")), milliseconds);
  });
  return Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
