// The form that submits a pre-training job.
import { announce, byId } from "./elements.js";
import { showingProblems } from "./problem-box.js";
import { Problem, sendJSON } from "./server.js";

/** Names the fields, and the option that each sets where it is not empty. */
const options = [
  ["job-epochs", "schedule", "epochs"], ["job-batch", "optimizer", "batch_size"], ["job-ratio", "mask", "ratio"],
  ["job-strategy", "mask", "strategy"],
];

/** One key for one intention: a submission that is sent again after a lost answer starts no second job. */
let idempotencyKey = newKey();

/** Wires the form. */
export function openJobForm() {
  const form = byId("job-form");
  form.addEventListener("input", () => {
    idempotencyKey = newKey();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("job-submit").disabled = true;
    await showingProblems(byId("job-form-problem"), submit);
    byId("job-submit").disabled = false;
  });
}

async function submit() {
  const name = byId("job-name").value.trim();
  const submission = { kind: "pretrain", dataset: byId("job-dataset").value, config: configuration(), ...(name ? { name } : {}) };
  const response = await sendJSON("/jobs", submission, { headers: { "Idempotency-Key": idempotencyKey } });
  const job = await response.json();
  idempotencyKey = newKey();
  announce(`The job ${name || job.id} is ${job.state}.`);
  location.hash = `#train/${job.id}`;
}

/** The preset, and over it what the fields and the free text say. */
function configuration() {
  const config = { preset: byId("job-preset").value, ...written(byId("job-options").value) };
  for (const [id, group, key] of options) {
    const input = byId(id);
    if (input.value !== "") config[group] = { ...config[group], [key]: input.type === "number" ? Number(input.value) : input.value };
  }
  return config;
}

function written(text) {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem({
      title: "Further options are not JSON",
      detail: `Write an object of groups, such as {"optimizer": {"learning_rate": 0.001}}. ${error.message}.`,
    });
  }
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
