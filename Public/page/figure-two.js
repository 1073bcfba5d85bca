// The paper's Figure 2 for the picture: what the model really reconstructs badly, beside what it predicted.
import { announce, byId, definitions, element } from "./elements.js";
import { figure } from "./format.js";
import { reconstruct } from "./inference.js";
import { showingProblems } from "./problem-box.js";

/** Between the panels of the server's strip, in its pixels. */
const panelGap = 4;

/** Wires the figure's form to the room. */
export function offerFigureTwo(room) {
  const form = byId("figure-two");
  const ask = async () => {
    const { picture, panes, settings } = room;
    const { reader, description } = panes[0];
    const draws = Number(byId("figure-draws").value);
    const ratio = Number(byId("figure-ratio").value);
    const work = reconstruct(picture, { ...settings, draws, ratio }, reader, description);
    byId("figure-strip").replaceChildren(...panels(await work.strip(), description?.loss_predictor !== false, draws));
    byId("figure-numbers").replaceChildren(element("p", { class: "quiet" }, "Asking for the numbers\u2026"));
    announce("The strip is there.");
    byId("figure-numbers").replaceChildren(words(await work.numbers()));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("figure-ask").disabled = true;
    form.setAttribute("aria-busy", "true");
    await showingProblems(byId("figure-problem"), ask);
    form.removeAttribute("aria-busy");
    byId("figure-ask").disabled = !room.picture;
  });
  let shown = null;
  document.addEventListener("look-changed", () => {
    byId("figure-ask").disabled = !room.picture || form.hasAttribute("aria-busy");
    if (shown === room.picture) return;
    shown = room.picture;
    byId("figure-strip").replaceChildren();
    byId("figure-numbers").replaceChildren();
  });
}

/** The strip cut into its panels, so that each has its title and they wrap where the page is narrow. */
function panels(strip, hasPredictor, draws) {
  const titles = [
    "The model\u2019s input", `True loss, mean of ${draws} masks`, ...(hasPredictor ? ["Predicted loss"] : []), "One of the masks",
    "Its reconstruction",
  ];
  const width = (strip.width - panelGap * (titles.length - 1)) / titles.length;
  return titles.map((title, index) => {
    const canvas = element("canvas", { width, height: strip.height, role: "img", "aria-label": title });
    canvas.getContext("2d").drawImage(strip, -index * (width + panelGap), 0);
    return element("figure", {}, canvas, element("figcaption", {}, title));
  });
}

/** How well each prediction ranks the patches by their true loss. */
function words(answer) {
  const { full_visible: fullVisible, masked_average: maskedAverage, patch_variance: variance } = answer.spearman;
  const correlation = (value) => (value === null || value === undefined ? null : figure(value));
  return element("div", {},
    element("p", { class: "quiet" }, "Rank correlation (Spearman) with the true loss:"),
    definitions([
      ["Full visible", correlation(fullVisible)], ["Masked average", correlation(maskedAverage)],
      ["Patch variance, no model", correlation(variance)],
      ["True loss, mean over the patches", figure(answer.stats.mean)], ["Masks", `${answer.draws} at ratio ${answer.ratio}`],
    ]));
}
