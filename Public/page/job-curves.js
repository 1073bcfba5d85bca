// The curves of one job.
import { element } from "./elements.js";
import { Curve } from "./curve.js";

/** What is drawn: the metric, its title, and what it is compared with; a schedule is no measurement, so that no mean is drawn of it. */
const drawn = [
  ["reconstruction_loss", "Reconstruction loss", {}],
  ["predicting_loss", "Predicting loss", { marks: [[Math.LN2, "chance (ln 2)"]] }],
  ["pair_accuracy", "Pair accuracy", { marks: [[0.5, "chance"]] }],
  ["learning_rate", "Learning rate", { isMeasured: false }],
  ["alpha", "\u03b1, guided share", { isMeasured: false }],
  ["images_per_second", "Images a second", {}],
];

export class JobCurves {
  root = element("div", { class: "curves" });
  #curves;

  /** `config` is the job's: only the relative loss is to be compared with ln 2. */
  constructor(config) {
    const isRelative = (config?.loss?.predicting ?? "relative") === "relative";
    const kindOf = (name, kind) => (name === "predicting_loss" && !isRelative ? {} : kind);
    this.#curves = new Map(drawn.map(([name, title, kind]) => [name, new Curve(title, kindOf(name, kind))]));
  }

  /** Adds one record of the run's metrics, `{step, phase, reconstruction_loss, …}`; of held-back images nothing is drawn. */
  add(record) {
    if (record.phase === "evaluation") return;
    for (const [name, curve] of this.#curves) {
      if (typeof record[name] === "number") curve.add(record.step, record[name]);
    }
  }

  /** Draws those that have values. */
  draw() {
    const shown = [...this.#curves.values()].filter((curve) => !curve.isEmpty);
    const roots = shown.map((curve) => curve.root);
    if (roots.some((root) => !root.isConnected)) this.root.replaceChildren(...roots);
    for (const curve of shown) curve.draw();
  }
}
