// One model's view of the picture: its map, its mask, and the words under them.
import { announce, definitions, element, setOptions } from "./elements.js";
import { figure } from "./format.js";
import { drawMask, predictLoss, standard } from "./inference.js";
import { legendPicture, PatchMap } from "./map-rendering.js";
import { PatchFigure } from "./patch-figure.js";
import { showingProblems } from "./problem-box.js";
import { coalesced } from "./coalesced.js";

/** How a loss may be read, and what that is called. */
const modes = [["", "own"], ["full_visible", "full visible"], ["masked_average", "masked average"]];

export class LookPane {
  /** The pane's place in the page. */
  root;
  /** What the server said last: of `/predict-loss`, and of `/mask`. */
  answer = null;
  mask = null;
  #room;
  #figure;
  #model;
  #mode;
  #draws;
  #parts;

  /** `room` is `{picture, settings, models, pick(pane, cell, byKeyboard), changed()}`, what all panes share. */
  constructor(room, name) {
    this.#room = room;
    this.#build(name);
    this.#figure = new PatchFigure(this.#parts.canvas, (cell, byKeyboard) => room.pick(this, cell, byKeyboard));
    this.refreshMask = coalesced(() => this.#askMask());
    this.refresh = coalesced(() => this.#askMap());
  }

  /** The model and the mode that are chosen: what queries are made of. */
  get reader() {
    return { model: this.#model.value, mode: this.#mode.value, draws: Number(this.#draws.value) || standard.draws };
  }

  /** What the server says of the chosen model. */
  get description() {
    return this.#room.models.find((model) => model.name === this.#model.value);
  }

  /** Fills in the models that can be chosen; `preferred` is chosen where none was. */
  offer(models, preferred) {
    const ready = models.filter((model) => model.state === "ready");
    const isThere = ready.some((model) => model.name === this.#model.value);
    const chosen = isThere ? this.#model.value : preferred;
    setOptions(this.#model, ready.map((model) => [model.name, model.default ? `${model.name} (default)` : model.name]), chosen);
    this.#describeMode();
  }

  /** Chooses another mode than the model's own, for a comparison of one model with itself. */
  chooseOtherMode() {
    this.#mode.value = this.description?.default_mode === "masked_average" ? "full_visible" : "masked_average";
    this.#describeMode();
  }

  /** Forgets what was asked about another picture. */
  reset() {
    [this.answer, this.mask] = [null, null];
    Object.assign(this.#figure, { map: null, mask: null, region: null, cell: null });
    this.#figure.source = this.#room.picture.drawing
      ? { width: this.#room.picture.drawing.width, height: this.#room.picture.drawing.height, drawing: this.#room.picture.drawing }
      : null;
    this.#showCanvas(Boolean(this.#figure.source), "This browser cannot draw the picture.");
    this.#parts.words.replaceChildren();
    this.#parts.readout.textContent = "";
    this.#parts.numbers.hidden = true;
    this.draw();
  }

  /** Draws with the settings as they are; asks the server nothing. */
  draw() {
    this.#figure.settings = this.#room.settings;
    this.#figure.draw();
    const showsColours = this.answer && ["overlay", "heatmap"].includes(this.#room.settings.view);
    this.#parts.legend.hidden = !showsColours;
    if (showsColours) this.#drawLegend();
    this.#parts.canvas.setAttribute("aria-label", this.#title());
  }

  /** Marks the patch that another pane's pointer is on, and says what is known of it. */
  read(cell, byKeyboard) {
    this.#figure.cell = cell;
    this.#figure.draw();
    const text = cell && this.answer ? this.#sentence(cell) : "";
    this.#parts.readout.textContent = text || "Point at a patch, or step with the arrow keys.";
    if (byKeyboard && text) announce(text);
  }

  get grid() {
    return this.answer?.grid;
  }

  #build(name) {
    const canvas = element("canvas", {
      class: "figure", tabIndex: 0, role: "application", "aria-roledescription": "patch map", width: 1, height: 1, hidden: true,
    });
    const again = () => this.#choose();
    this.#model = element("select", { "aria-label": `Model, ${name}`, onchange: again });
    this.#mode = element("select", { "aria-label": `Mode, ${name}`, onchange: again });
    setOptions(this.#mode, modes);
    this.#draws = element("input", { type: "number", min: 2, max: 64, value: standard.draws, onchange: again });
    const draws = element("label", { class: "inline", title: "masks that the average is taken over" }, "over", this.#draws, "draws");
    const low = element("span");
    const high = element("span");
    const bar = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    this.#parts = {
      canvas, draws, low, high, bar,
      hint: element("p", { class: "empty" }, "Drop a picture here. PNG, JPEG or WebP; it goes to this server only."),
      legend: element("div", { class: "legend", hidden: true }, low, bar, high),
      readout: element("p", { class: "readout" }),
      words: element("div"), table: element("div"),
      problem: element("div", { class: "problem", role: "alert" }),
    };
    this.#parts.numbers = element(
      "details", { class: "numbers", hidden: true, ontoggle: () => this.#fillNumbers() }, element("summary", {}, "The numbers"),
      this.#parts.table);
    this.root = element(
      "section", { class: "pane", "aria-label": name },
      element("div", { class: "pane-head" }, element("label", { class: "inline" }, "Model", this.#model),
        element("label", { class: "inline" }, "Mode", this.#mode), draws),
      this.#parts.problem, element("div", { class: "stage" }, this.#parts.hint, canvas),
      this.#parts.legend, this.#parts.readout, this.#parts.words,
      this.#parts.numbers);
  }

  #choose() {
    this.#describeMode();
    this.#room.changed();
    this.refresh();
  }

  #describeMode() {
    const own = this.description?.default_mode;
    this.#mode.options[0].textContent = own ? `own: ${own.replace("_", " ")}` : "own";
    this.#parts.draws.hidden = (this.#mode.value || own) !== "masked_average";
  }

  async #askMap() {
    const { picture, settings } = this.#room;
    if (!picture) return;
    this.root.setAttribute("aria-busy", "true");
    const isWell = await showingProblems(this.#parts.problem, async () => {
      const answer = await predictLoss(picture, settings, this.reader, this.description);
      if (picture !== this.#room.picture) return;
      this.#take(answer);
      await this.#askMask();
    });
    if (!isWell && picture === this.#room.picture) this.reset();
    this.root.removeAttribute("aria-busy");
  }

  #take(answer) {
    this.answer = answer;
    const { width, height } = answer.image;
    Object.assign(this.#figure, {
      source: { width, height, drawing: this.#room.picture.drawing }, region: answer.region, map: new PatchMap(answer.predicted_loss),
      mask: null, cell: null,
    });
    this.#showCanvas(true);
    this.#parts.numbers.hidden = false;
    this.#parts.numbers.open = false;
    this.#describe();
    this.read(null, false);
    this.draw();
    announce(`${this.#title()}. ${answer.grid[0]} by ${answer.grid[1]} patches.`);
  }

  async #askMask() {
    const { picture, settings } = this.#room;
    if (!picture || !this.answer) return;
    const isWell = await showingProblems(this.#parts.problem, async () => {
      const mask = await drawMask(picture, settings, this.reader, this.description);
      if (picture !== this.#room.picture || mask.grid.join() !== this.grid.join()) return;
      this.#takeMask(mask);
    });
    if (!isWell && picture === this.#room.picture) this.#takeMask(null);
  }

  #takeMask(mask) {
    this.mask = mask;
    this.#figure.mask = mask?.masks[0] ?? null;
    this.#describe();
    this.draw();
  }

  #showCanvas(isShown, hint = "") {
    this.#parts.canvas.hidden = !isShown;
    this.#parts.hint.hidden = isShown;
    this.#parts.hint.textContent = hint;
  }

  #title() {
    const { picture, settings } = this.#room;
    const titles = { overlay: "Heat map over", heatmap: "Heat map of", input: "Picture", masked: "Masked picture", mask: "Mask of" };
    return `${titles[settings.view]} ${picture?.name ?? ""}, model ${this.reader.model}`;
  }

  /** What is known of one patch. */
  #sentence({ row, column }) {
    const index = row * this.grid[1] + column;
    const rank = this.answer.ranking.indexOf(index) + 1;
    const hidden = this.mask ? (this.mask.masks[0][row][column] ? ", hidden" : ", visible") : "";
    return `Row ${row}, column ${column}: predicted loss ${figure(this.answer.predicted_loss[row][column])}, `
      + `rank ${rank} of ${this.answer.ranking.length}${hidden}`;
  }

  #describe() {
    const { answer, mask } = this;
    const { min, max, mean, std } = answer.stats;
    const time = answer.times.compute === undefined ? null : `${figure(answer.times.compute)} ms`;
    this.#parts.words.replaceChildren(definitions([
      ["Grid", `${answer.grid[0]} × ${answer.grid[1]} patches of ${answer.patch_size} px`],
      ["Mode", answer.draws ? `${answer.mode.replace("_", " ")}, ${answer.draws} draws` : answer.mode.replace("_", " ")],
      ["Range", `${figure(min)} to ${figure(max)}`],
      // A centred map's mean is zero but for rounding.
      ["Mean ± deviation", `${figure(Math.abs(mean) < std * 1e-6 ? 0 : mean)} ± ${figure(std)}`],
      ["Hidden", mask && `${mask.masked} of ${mask.masked + mask.visible}`],
      ["Computed in", time],
      ["Precision", answer.model.precision],
      ["Across pictures", answer.comparable_across_images ? "values compare" : "values rank patches of this picture alone"],
    ]));
  }

  #drawLegend() {
    const context = this.#parts.bar.getContext("2d");
    context.drawImage(legendPicture(this.#room.settings.colormap), 0, 0);
    this.#parts.low.textContent = `${figure(this.answer.stats.min)} easy`;
    this.#parts.high.textContent = `hard ${figure(this.answer.stats.max)}`;
  }

  /** The numbers as a table, made only when somebody looks. */
  #fillNumbers() {
    const { numbers, table } = this.#parts;
    const rows = numbers.open && this.answer
      ? element("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Predicted losses" }, element("table", {},
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "row"),
          this.answer.predicted_loss[0].map((_, column) => element("th", { scope: "col" }, String(column))))),
        element("tbody", {}, this.answer.predicted_loss.map((values, row) => element("tr", {}, element("th", { scope: "row" }, String(row)),
          values.map((value) => element("td", {}, figure(value))))))))
      : null;
    table.replaceChildren(...(rows ? [rows] : []));
  }
}
