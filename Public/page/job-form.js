// The form that submits a pre-training job.
import { byId } from "./elements.js";
import { Problem } from "./server.js";
import { submitting } from "./submission.js";

/** Names the fields, and the option that each sets where it is not empty. */
const options = [
  ["job-epochs", "schedule", "epochs"], ["job-batch", "optimizer", "batch_size"], ["job-ratio", "mask", "ratio"],
  ["job-strategy", "mask", "strategy"],
];

/** Wires the form. */
export function openJobForm() {
  submitting(byId("job-form"), byId("job-form-problem"), () => {
    const name = byId("job-name").value.trim();
    return { kind: "pretrain", dataset: byId("job-dataset").value, config: configuration(), ...(name ? { name } : {}) };
  });
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
