// The form that submits a mining job: a data set's images ranked by a model.
import { byId, setOptions } from "./elements.js";
import { showingProblems } from "./problem-box.js";
import { askAll } from "./server.js";
import { submitting } from "./submission.js";

/** Wires the form. */
export function openMineForm() {
  document.addEventListener("train-shown", listModels);
  submitting(byId("mine-form"), byId("mine-problem"), () => ({
    kind: "mine", dataset: byId("mine-dataset").value,
    config: { model: byId("mine-model").value, ratio: Number(byId("mine-ratio").value), strategy: byId("mine-strategy").value },
  }));
}

/** The default model first; of those that are not loaded nobody knows yet what they can do. */
async function listModels() {
  await showingProblems(byId("mine-problem"), async () => {
    const models = (await askAll("/models")).filter((model) => model.loss_predictor !== false && model.reconstructor !== false);
    models.sort((first, second) => Number(second.default) - Number(first.default));
    setOptions(byId("mine-model"), models.map((model) => [model.name, model.default ? `${model.name} (default)` : model.name]));
  });
}
