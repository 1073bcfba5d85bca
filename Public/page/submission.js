// Sending a job from a form, once.
import { announce } from "./elements.js";
import { showingProblems } from "./problem-box.js";
import { sendJSON } from "./server.js";

/**
 * Wires a form that submits jobs: `order` makes the job of what it holds when it is sent, problems are shown in `problem`, an element.
 *
 * One key stands for one intention: a submission that is sent again after a lost answer starts no second job.
 */
export function submitting(form, problem, order) {
  let key = newKey();
  const button = form.querySelector("button:not([type=button])");
  form.addEventListener("input", () => {
    key = newKey();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    await showingProblems(problem, async () => {
      const job = await (await sendJSON("/jobs", order(), { headers: { "Idempotency-Key": key } })).json();
      key = newKey();
      announce(`The job ${job.name || job.id} is ${job.state}.`);
      location.hash = `#train/${job.id}`;
    });
    button.disabled = false;
  });
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
