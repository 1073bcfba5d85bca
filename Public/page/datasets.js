// The data sets: sent, listed, looked at, deleted.
import { announce, byId, element, setOptions } from "./elements.js";
import { bytes, count } from "./format.js";
import { nameOf } from "./models.js";
import { clearProblem, showingProblems } from "./problem-box.js";
import { ask, askAll, sendFile } from "./server.js";

/** Wires the data sets' list and form. */
export function openDatasets() {
  document.addEventListener("train-shown", list);
  const file = byId("dataset-file");
  file.addEventListener("change", () => {
    if (file.files.length > 0 && !byId("dataset-name").value) byId("dataset-name").value = nameOf(file.files[0].name);
  });
  byId("dataset-upload").addEventListener("submit", (event) => {
    event.preventDefault();
    upload(file.files[0], byId("dataset-name").value);
  });
}

async function list() {
  await showingProblems(byId("datasets-problem"), async () => {
    const datasets = await askAll("/datasets");
    byId("dataset-list").replaceChildren(...datasets.map(entry));
    byId("datasets-empty").hidden = datasets.length > 0;
    for (const id of ["job-dataset", "mine-dataset"]) {
      setOptions(byId(id), datasets.map((dataset) => [dataset.name, `${dataset.name} (${words(dataset)})`]));
    }
  });
}

function words(dataset) {
  const classes = dataset.classes > 0 ? `, ${count(dataset.classes)} classes` : "";
  return `${count(dataset.images)} images${classes}`;
}

function entry(dataset) {
  const size = dataset.bytes ? `, ${bytes(dataset.bytes)}` : "";
  const duplicates = dataset.duplicates > 0 ? `, ${count(dataset.duplicates)} of them duplicates` : "";
  return element("li", {},
    element("span", {}, element("strong", {}, dataset.name), ` ${words(dataset)}${duplicates}${size}`),
    element("button", {
      type: "button", class: "small danger", "aria-label": `Delete the data set ${dataset.name}`, onclick: () => remove(dataset.name),
    }, "Delete\u2026"),
    element("details", { ontoggle: (event) => showImages(event.currentTarget, dataset.name) },
      element("summary", { "aria-label": `Some images of ${dataset.name}` }, "Some images")));
}

/** A picture of some of the images, fetched with the key when it is first asked for. */
async function showImages(details, name) {
  if (!details.open || details.querySelector("img")) return;
  await showingProblems(byId("datasets-problem"), async () => {
    const response = await ask(`/datasets/${name}/thumbnails`);
    const address = URL.createObjectURL(await response.blob());
    details.append(element("img", { src: address, alt: `Some images of ${name}`, onload: () => URL.revokeObjectURL(address) }));
  });
}

async function upload(file, name) {
  const bar = byId("dataset-progress");
  bar.hidden = false;
  byId("dataset-send").disabled = true;
  const isWell = await showingProblems(byId("datasets-problem"), async () => {
    const dataset = await sendFile(`/datasets/${name}`, file, { progress: (share) => { bar.value = share; } });
    announce(`${name}: ${words(dataset)}.`);
  });
  bar.hidden = true;
  byId("dataset-send").disabled = false;
  if (!isWell) return;
  byId("dataset-upload").reset();
  await list();
  for (const id of ["job-dataset", "mine-dataset"]) byId(id).value = name;
}

async function remove(name) {
  clearProblem(byId("datasets-problem"));
  if (!confirm(`Delete the data set ${name}?`)) return;
  if (await showingProblems(byId("datasets-problem"), () => ask(`/datasets/${name}`, { method: "DELETE" }))) list();
}
