// The room where a picture is looked at: what all its parts share, and the controls.
import { byId, element } from "./elements.js";
import { askAll } from "./server.js";
import { showsMask, standard, usesLoss } from "./inference.js";
import { LookPane } from "./look-pane.js";
import { offerExport } from "./look-export.js";
import { offerFigureTwo } from "./figure-two.js";
import { takePictures } from "./picture.js";
import { clearProblem, showingProblems, showProblem } from "./problem-box.js";

/** What the panes, the export and the figure share. */
const room = {
  picture: null,
  /** As the server lists them. */
  models: [],
  settings: { ...standard, view: "overlay", outline: true },
  panes: [],
  /** Marks a patch in every pane that has the same grid. */
  pick(origin, cell, byKeyboard) {
    for (const pane of room.panes) {
      const isSame = pane === origin || pane.grid?.join() === origin.grid?.join();
      pane.read(isSame ? cell : null, byKeyboard && pane === origin);
    }
  },
  /** Something changed that commands and files are made of. */
  changed() {
    document.dispatchEvent(new CustomEvent("look-changed"));
  },
};

/** Opens the room. */
export function openLook() {
  addPane("left");
  takePictures(choose, (problem) => showProblem(byId("look-problem"), problem));
  wireControls();
  byId("compare").addEventListener("change", (event) => compare(event.target.checked));
  offerExport(room);
  offerFigureTwo(room);
  document.addEventListener("key-changed", refresh);
  document.addEventListener("models-changed", offerModels);
  offerModels();
}

function addPane(name) {
  const pane = new LookPane(room, name);
  room.panes.push(pane);
  byId("panes").append(pane.root);
  return pane;
}

async function offerModels() {
  await showingProblems(byId("look-problem"), async () => {
    room.models = await askAll("/models");
    const preferred = room.models.find((model) => model.default)?.name;
    for (const pane of room.panes) pane.offer(room.models, preferred);
    showLoneModel();
    room.changed();
  });
}

/** A page that was opened before the key was typed knows no models yet. */
async function refresh() {
  await offerModels();
  for (const pane of room.panes) pane.refresh();
}

async function choose(picture) {
  clearProblem(byId("look-problem"));
  // A picture may be pasted in any room.
  if (byId("look").hidden) location.hash = "#look";
  room.picture = picture;
  byId("look").classList.add("has-picture");
  byId("picture-name").textContent = picture.name;
  for (const pane of room.panes) pane.reset();
  room.changed();
  // The first pane's answer has the id; the second may then have the picture's map from the same upload.
  for (const pane of room.panes) await pane.refresh();
  room.changed();
}

/** One pane more, or one less: another model, or the same one read in the other mode where there is no other. */
function compare(isOn) {
  byId("panes").classList.toggle("two", isOn);
  if (!isOn) {
    room.panes.pop().root.remove();
    room.panes[0].draw();
  } else {
    const pane = addPane("right");
    const other = room.models.find((model) => model.state === "ready" && model.name !== room.panes[0].reader.model);
    pane.offer(room.models, other?.name ?? room.panes[0].reader.model);
    if (!other) pane.chooseOtherMode();
    if (room.picture) {
      pane.reset();
      pane.refresh();
    }
    room.panes[0].draw();
  }
  room.changed();
}

/** Names the controls in `settings`, and what a change of each asks for: drawing only, another mask, or another map. */
const controls = [
  ["colormap", "draw"], ["opacity", "draw"], ["interpolation", "draw"], ["outline", "draw"],
  ["ratio", "mask"], ["strategy", "mask"], ["alpha", "mask"], ["reveal", "mask"], ["seed", "mask"],
  ["fit", "map"], ["maxSide", "map"],
];

/** Patches along the longer side of a whole picture, where nothing else is chosen. */
const mostNativePatches = 32;

function wireControls() {
  for (const [name, effect] of controls) {
    const input = byId(`setting-${name}`);
    const isContinuous = input.type === "range";
    input.addEventListener(isContinuous ? "input" : "change", () => {
      if (!input.reportValidity()) return;
      room.settings[name] = valueOf(input);
      if (name === "fit") suggestSide();
      settle(effect);
    });
  }
  for (const radio of document.querySelectorAll("input[name=view]")) {
    radio.addEventListener("change", () => {
      room.settings.view = radio.value;
      settle("draw");
    });
  }
  byId("look-controls").addEventListener("submit", (event) => event.preventDefault());
  byId("seed-next").addEventListener("click", () => {
    byId("setting-seed").value = room.settings.seed + 1;
    byId("setting-seed").dispatchEvent(new Event("change"));
  });
  describe();
}

/** A model of small patches would see a whole picture in very many of them, and take minutes. */
function suggestSide() {
  const patch = room.panes[0].description?.patch_size;
  if (room.settings.fit !== "native" || !patch || room.settings.maxSide !== standard.maxSide) return;
  room.settings.maxSide = Math.min(standard.maxSide, patch * mostNativePatches);
  byId("setting-maxSide").value = room.settings.maxSide;
}

function valueOf(input) {
  if (input.type === "checkbox") return input.checked;
  return input.type === "range" || input.type === "number" ? Number(input.value) : input.value;
}

function settle(effect) {
  describe();
  for (const pane of room.panes) {
    if (effect === "draw") pane.draw();
    else if (effect === "mask") pane.refreshMask();
    else pane.refresh();
  }
  room.changed();
}

/** Shows values beside their sliders, and only the controls that have an effect. */
function describe() {
  const { settings } = room;
  for (const name of ["opacity", "ratio", "alpha", "reveal"]) byId(`value-${name}`).textContent = settings[name].toFixed(2);
  const isColoured = settings.view === "overlay" || settings.view === "heatmap";
  byId("field-opacity").hidden = settings.view !== "overlay";
  byId("field-colormap").hidden = !isColoured;
  byId("field-interpolation").hidden = !isColoured;
  byId("field-outline").hidden = showsMask(settings.view);
  byId("field-alpha").hidden = !usesLoss(settings.strategy);
  byId("field-reveal").hidden = settings.strategy !== "attention";
  byId("field-maxSide").hidden = settings.fit !== "native";
}

/** Says why a comparison is of modes rather than of models. */
function showLoneModel() {
  const ready = room.models.filter((model) => model.state === "ready");
  byId("compare-hint").replaceChildren(
    ready.length > 1 ? "Two models side by side" : "The model\u2019s two modes side by side; ",
    ...(ready.length > 1 ? [] : [element("a", { href: "#models" }, "other models")]));
}
