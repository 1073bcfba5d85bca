// A place in the page where what went wrong is said in the server's words.
import { element } from "./elements.js";

/** Shows a problem in `place`, an element with `role="alert"`; `again`, if given, is offered where asking again may help. */
export function showProblem(place, problem, again) {
  if (problem.name === "AbortError") return;
  const choices = problem.allowed?.length ? element("p", { class: "allowed" }, "Possible: ", problem.allowed.join(", ")) : null;
  const advice = problem.type?.startsWith("/problems/")
    ? element("a", { href: problem.type, target: "_blank", rel: "noopener" }, "What to do about it")
    : null;
  const mayHelp = again && [0, 429, 503, 504].includes(problem.status);
  const wait = problem.retryAfter ? ` (the server suggests to wait ${problem.retryAfter} s)` : "";
  place.replaceChildren(
    element("p", {}, element("strong", {}, problem.title ?? "This page failed"), element("span", {}, ` ${problem.message}${wait}`)),
    ...[choices, advice, mayHelp && element("button", { type: "button", onclick: again }, "Ask again")].filter(Boolean),
  );
  if (!problem.title) console.error(problem);
}

/** Nothing is wrong any more. */
export function clearProblem(place) {
  place.replaceChildren();
}

/** Does `work`; what it throws is shown in `place`. Returns whether it went well. */
export async function showingProblems(place, work) {
  clearProblem(place);
  try {
    await work();
    return true;
  } catch (problem) {
    showProblem(place, problem, () => showingProblems(place, work));
    return false;
  }
}
