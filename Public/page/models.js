// The room of the models: what each is, and what may be done with it.
import { announce, byId, definitions, element } from "./elements.js";
import { count, figure, magnitude } from "./format.js";
import { clearProblem, showingProblems } from "./problem-box.js";
import { ask, askAll, askJSON, sendFile } from "./server.js";

/** Milliseconds between two looks while a model is loading. */
const pause = 1000;

/** What a checkpoint's file may be called. */
const fileEnding = /\.(pth|pt|bin|safetensors)$/i;

/** Opens the room. */
export function openModels() {
  document.addEventListener("room-shown", (event) => {
    if (event.detail === "models") list();
  });
  document.addEventListener("key-changed", () => {
    if (!byId("models").hidden) list();
  });
  const file = byId("model-file");
  file.addEventListener("change", () => {
    if (file.files.length > 0 && !byId("model-name").value) byId("model-name").value = nameOf(file.files[0].name);
  });
  byId("model-upload").addEventListener("submit", (event) => {
    event.preventDefault();
    upload(file.files[0], byId("model-name").value);
  });
}

/** A name that the server takes, made of a file's. */
export function nameOf(fileName) {
  return fileName.replace(fileEnding, "").replace(/\.(tar\.gz|tgz|tar|zip)$/i, "").toLowerCase().replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "").slice(0, 64);
}

async function list() {
  await showingProblems(byId("models-problem"), async () => {
    const models = await askAll("/models");
    const open = new Set([...document.querySelectorAll("#model-list details[open]")].map((details) => details.dataset.model));
    byId("model-list").replaceChildren(...models.map((model) => card(model, open.has(model.name))));
    byId("models-empty").hidden = models.length > 0;
    if (models.some((model) => model.state === "loading")) setTimeout(list, pause);
  });
}

async function upload(file, name) {
  const bar = byId("model-progress");
  const headers = byId("model-new").checked ? { "If-None-Match": "*" } : {};
  bar.hidden = false;
  byId("model-send").disabled = true;
  byId("model-upload-result").textContent = "";
  const isWell = await showingProblems(byId("model-upload-problem"), async () => {
    const model = await sendFile(`/models/${name}`, file, { headers, progress: (share) => { bar.value = share; } });
    const sentence = `${name}, version ${model.version}, is there${model.state === "ready" ? "" : "; load it to serve it"}.`;
    byId("model-upload-result").textContent = sentence;
    announce(sentence);
  });
  if (isWell) byId("model-upload").reset();
  bar.hidden = true;
  byId("model-send").disabled = false;
  changed();
}

function changed() {
  list();
  document.dispatchEvent(new CustomEvent("models-changed"));
}

/** One model with its actions. */
function card(model, isOpen) {
  const problem = element("div", { class: "problem", role: "alert" });
  const act = (verb, text) => element("button", { type: "button", onclick: () => order(problem, model.name, verb) }, text);
  const isReady = model.state === "ready";
  return element("li", { class: "card" },
    element("div", { class: "card-head" },
      element("h3", {}, model.name),
      element("span", { class: "badge", "data-state": model.state }, model.state),
      model.default && element("span", { class: "badge", "data-state": "default" }, "default")),
    model.reason && element("p", { class: "reason" }, model.reason),
    isReady && facts(model),
    element("details", { open: isOpen, "data-model": model.name }, element("summary", {}, "What the checkpoint holds"), holdings(model)),
    element("div", { class: "actions" },
      isReady && !model.default && act("default", "Make default"),
      act("load", isReady ? "Load again" : "Load"),
      isReady && act("unload", "Unload"),
      !model.default && element("button", { type: "button", class: "danger", onclick: () => remove(problem, model.name) }, "Delete\u2026")),
    problem);
}

function facts(model) {
  const [rows, columns] = model.grid;
  return definitions([
    ["Architecture", model.architecture], ["Parameters", magnitude(model.parameters)],
    ["Image", `${model.image_size[1]} × ${model.image_size[0]} px`], ["Grid", `${rows} × ${columns} patches of ${model.patch_size} px`],
    ["Default mode", model.default_mode.replace("_", " ")], ["Precision", model.precision],
  ]);
}

function holdings(model) {
  const metadata = Object.entries(model.metadata ?? {});
  return element("div", {},
    definitions([
      ["Version", model.versions?.length > 1 ? `${model.version} of ${model.versions.join(", ")}` : model.version],
      ["Weights", model.weights], ["Parameters", model.parameters && count(model.parameters)],
      ["Loss predictor", yes(model.loss_predictor)], ["Pixel decoder", yes(model.reconstructor)],
      ["Training mask ratio", model.training_mask_ratio && figure(model.training_mask_ratio)],
      ["Losses compare across pictures", yes(model.comparable_across_images)],
      ["SHA-256", model.sha256 && element("code", {}, model.sha256)],
    ]),
    metadata.length > 0 && element("h4", {}, "Its metadata"),
    metadata.length > 0 && definitions(metadata));
}

function yes(isSo) {
  return isSo === undefined ? null : isSo ? "yes" : "no";
}

async function order(place, name, verb) {
  // Loading takes a while; the model that serves meanwhile goes on serving.
  const actions = place.parentElement.querySelector(".actions");
  actions.inert = true;
  place.parentElement.setAttribute("aria-busy", "true");
  announce(`Asked to ${verb === "default" ? "make" : verb} ${name}${verb === "default" ? " the default" : ""}.`);
  const isWell = await showingProblems(place, async () => {
    await ask(`/models/${name}/${verb}`, { method: "POST" });
    const model = await askJSON(`/models/${name}`);
    announce(`${name}: ${model.state}${model.default ? ", default" : ""}.`);
  });
  actions.inert = false;
  place.parentElement.removeAttribute("aria-busy");
  if (isWell) changed();
}

async function remove(place, name) {
  clearProblem(place);
  if (!confirm(`Delete the model ${name} and its files?`)) return;
  const isWell = await showingProblems(place, () => ask(`/models/${name}`, { method: "DELETE" }));
  if (isWell) changed();
}
