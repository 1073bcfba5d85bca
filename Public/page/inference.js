// What the page asks of the inference routes. A parameter that has no effect on an answer is refused, so each is sent only where it has
// one.
import { ask, askJSON, target } from "./server.js";

/** How a picture is read and hidden; the values are those the server takes where none is given. */
export const standard = Object.freeze({
  fit: "crop", maxSide: 512, draws: 8, ratio: 0.75, strategy: "hard", alpha: 1, reveal: 0, seed: 0, colormap: "jet", opacity: 0.5,
  interpolation: "nearest",
});

/** Whether a strategy chooses by predicted loss. */
export const usesLoss = (strategy) => strategy === "hard" || strategy === "easy";

/** Whether a view shows a mask. */
export const showsMask = (view) => view === "mask" || view === "masked";

const unlessStandard = (name, value) => (value === standard[name] ? undefined : value);

/** How the picture is brought to the model's size. */
function framing({ fit, maxSide }) {
  return { fit: unlessStandard("fit", fit), max_side: fit === "native" ? maxSide : undefined };
}

/** Which of a model's two answers is read; `reader` is `{model, mode, draws}`, and `description` what the server says of the model. */
function reading(reader, description) {
  const mode = reader.mode || description?.default_mode;
  return {
    mode: reader.mode || undefined,
    draws: mode === "masked_average" ? unlessStandard("draws", reader.draws) : undefined,
  };
}

/** Which patches are hidden. */
function drawing({ ratio, strategy, alpha, reveal, seed }) {
  return {
    ratio, strategy,
    alpha: usesLoss(strategy) ? unlessStandard("alpha", alpha) : undefined,
    reveal: strategy === "attention" ? unlessStandard("reveal", reveal) : undefined,
    seed: unlessStandard("seed", seed),
  };
}

/** The colours of a map. */
function colours(view, { colormap, opacity, interpolation }) {
  if (view !== "overlay" && view !== "heatmap") return {};
  return {
    colormap: unlessStandard("colormap", colormap),
    opacity: view === "overlay" ? unlessStandard("opacity", opacity) : undefined,
    interpolation: unlessStandard("interpolation", interpolation),
  };
}

function modelOf(reader, description) {
  return { model: reader.model && !description?.default ? reader.model : undefined };
}

function maskPairs(settings, reader, description) {
  return {
    ...modelOf(reader, description), ...framing(settings), ...(usesLoss(settings.strategy) ? reading(reader, description) : {}),
    ...drawing(settings),
  };
}

/** The path that answers a picture's map alone, as JSON. */
function mapTarget(settings, reader, description) {
  return target("/predict-loss", { ...modelOf(reader, description), ...framing(settings), ...reading(reader, description) });
}

/** The path that answers what is on show, as `format`, and the name of the file made of it. */
export function exportTarget(format, settings, reader, description) {
  const { view } = settings;
  const common = { ...modelOf(reader, description), format, ...framing(settings) };
  if (format === "npy" && showsMask(view)) {
    return { path: target("/mask", { ...maskPairs(settings, reader, description), format }), suffix: "mask.npy" };
  }
  const readsLoss = format !== "png" || (view !== "input" && !(showsMask(view) && !usesLoss(settings.strategy)));
  const pairs = { ...common, ...(readsLoss ? reading(reader, description) : {}) };
  if (format === "npy") return { path: target("/predict-loss", pairs), suffix: "loss.npy" };
  if (format === "json") return { path: target("/predict-loss", { ...pairs, ...drawing(settings) }), suffix: "loss.json" };
  const shown = { ...pairs, view, ...(showsMask(view) ? drawing(settings) : {}), ...colours(view, settings) };
  return { path: target("/predict-loss", shown), suffix: `${view}.png` };
}

/** The picture's map, `{id, region, grid, predicted_loss, …}`; `times` is what the server says it took. */
export async function predictLoss(picture, settings, reader, description) {
  const response = await ask(mapTarget(settings, reader, description), {
    method: "POST", body: picture.blob, headers: { Accept: "application/json" },
  });
  const answer = await response.json();
  picture.id = answer.id;
  return { ...answer, times: serverTimes(response.headers.get("Server-Timing")) };
}

/** The picture's mask, by the id of the upload; where that is not kept any more the picture is sent again without a word. */
export async function drawMask(picture, settings, reader, description) {
  const pairs = maskPairs(settings, reader, description);
  if (picture.id) {
    try {
      return await askJSON(target("/mask", { image: picture.id, ...pairs }));
    } catch (problem) {
      if (!problem.isUnknownImage) throw problem;
    }
  }
  return askJSON(target("/mask", pairs), { method: "POST", body: picture.blob });
}

/** The strip of the paper's Figure 2 as a picture, and what it is made of as JSON; two requests. */
export function reconstruct(picture, { fit, maxSide, draws, ratio }, reader, description) {
  const pairs = { ...modelOf(reader, description), ...framing({ fit, maxSide }), draws, ratio };
  const send = (format) => ask(target("/reconstruct", { ...pairs, format }), { method: "POST", body: picture.blob });
  return {
    async strip() {
      return createImageBitmap(await (await send("png")).blob());
    },
    async numbers() {
      return (await send("json")).json();
    },
  };
}

/** Milliseconds by stage (Server Timing §3). */
function serverTimes(field) {
  return Object.fromEntries([...(field ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, time]) => [name, Number(time)]));
}
