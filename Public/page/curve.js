// One number of a training run over its steps, drawn on a canvas.
import { element } from "./elements.js";
import { figure } from "./format.js";

/** In CSS pixels. */
const height = 150;
const margin = { left: 56, right: 10, top: 10, bottom: 22 };
/** Points that are drawn at most, each the mean of its neighbours. */
const mostPoints = 600;
/** Points from which on a running mean is drawn over them; it takes this share of them together. */
const fewestToSmooth = 60;
const smoothedShare = 1 / 30;

export class Curve {
  root;
  #title;
  #marks;
  #isMeasured;
  #points = new Map();
  #canvas;
  #latest;
  #step = null;

  /** `marks` are `[value, text]`, lines that the curve is compared with; through what `isMeasured` a running mean is drawn. */
  constructor(title, { marks = [], isMeasured = true }) {
    this.#title = title;
    this.#marks = marks;
    this.#isMeasured = isMeasured;
    this.#canvas = element("canvas", { role: "img", tabIndex: 0, "aria-label": `${title}: no values yet` });
    this.#latest = element("span", { class: "latest" });
    this.root = element("figure", { class: "curve" }, this.#caption(), this.#canvas);
    new ResizeObserver(() => this.draw()).observe(this.root);
    this.#canvas.addEventListener("pointermove", (event) => this.#readAt(event.offsetX));
    this.#canvas.addEventListener("pointerleave", () => this.#read(null));
    this.#canvas.addEventListener("blur", () => this.#read(null));
    this.#canvas.addEventListener("keydown", (event) => this.#stepBy({ ArrowLeft: -1, ArrowRight: 1 }[event.key], event));
  }

  #caption() {
    const marks = this.#marks.map(([, text]) => element("span", { class: "mark" }, text));
    return element("figcaption", {}, element("span", {}, this.#title), marks, this.#latest);
  }

  /** Adds a value, or corrects the one of the same step. */
  add(step, value) {
    if (Number.isFinite(step) && Number.isFinite(value)) this.#points.set(step, value);
  }

  /** Whether there is nothing to see. */
  get isEmpty() {
    return this.#points.size === 0;
  }

  /** Draws everything anew. */
  draw() {
    const width = this.root.clientWidth;
    if (width === 0 || this.isEmpty) return;
    const density = window.devicePixelRatio || 1;
    [this.#canvas.width, this.#canvas.height] = [Math.round(width * density), Math.round(height * density)];
    [this.#canvas.style.width, this.#canvas.style.height] = [`${width}px`, `${height}px`];
    const context = this.#canvas.getContext("2d");
    context.scale(density, density);
    const colours = getComputedStyle(this.root);
    const frame = this.#frame(width);
    drawGrid(context, frame, colours);
    const points = thinned(this.#sorted);
    const accent = colours.getPropertyValue("--accent");
    const isNoisy = this.#isMeasured && points.length > fewestToSmooth;
    drawLine(context, frame, points, accent, isNoisy ? 0.35 : 1);
    if (isNoisy) drawLine(context, frame, smoothed(points), accent, 1);
    for (const [value] of this.#marks) drawMark(context, frame, value, colours);
    this.#describe(context, frame, colours);
  }

  get #sorted() {
    return [...this.#points].sort(([a], [b]) => a - b);
  }

  /** Where values lie on the canvas. */
  #frame(width) {
    const [firstStep, lastStep] = range([...this.#points.keys()]);
    const [lowest, highest] = range([...this.#points.values(), ...this.#marks.map(([value]) => value)]);
    const slack = (highest - lowest || Math.abs(highest) || 1) * 0.08;
    const [bottom, top] = [lowest - slack, highest + slack];
    const across = width - margin.left - margin.right;
    const down = height - margin.top - margin.bottom;
    return {
      firstStep, lastStep, bottom, top, right: width - margin.right,
      x: (step) => margin.left + (lastStep > firstStep ? ((step - firstStep) / (lastStep - firstStep)) * across : across / 2),
      y: (value) => margin.top + (1 - (value - bottom) / (top - bottom)) * down,
    };
  }

  #describe(context, frame, colours) {
    const sorted = this.#sorted;
    const [lastStep, last] = sorted.at(-1);
    const [step, value] = this.#step === null ? [lastStep, last] : [this.#step, this.#points.get(this.#step)];
    this.#latest.textContent = this.#step === null ? figure(value) : `${figure(value)} at step ${step}`;
    const marks = this.#marks.map(([mark, text]) => `, ${text} is ${figure(mark)}`).join("");
    this.#canvas.setAttribute(
      "aria-label", `${this.#title}: ${figure(value)} at step ${step}, ${figure(sorted[0][1])} at step ${sorted[0][0]}${marks}`);
    context.fillStyle = colours.getPropertyValue("--accent");
    context.beginPath();
    context.arc(frame.x(step), frame.y(value), 3.5, 0, 2 * Math.PI);
    context.fill();
  }

  #read(step) {
    if (this.#step === step) return;
    this.#step = step;
    this.draw();
  }

  #readAt(offset) {
    if (this.isEmpty) return;
    const frame = this.#frame(this.root.clientWidth);
    const distance = (step) => Math.abs(frame.x(step) - offset);
    this.#read([...this.#points.keys()].reduce((best, step) => (distance(step) < distance(best) ? step : best)));
  }

  #stepBy(way, event) {
    if (!way || this.isEmpty) return;
    event.preventDefault();
    const steps = this.#sorted.map(([step]) => step);
    const from = this.#step === null ? steps.length - 1 : steps.indexOf(this.#step);
    this.#read(steps[Math.min(steps.length - 1, Math.max(0, from + way))]);
  }
}

/** The least and the greatest of numbers, of which there may be more than a call takes arguments. */
function range(numbers) {
  return numbers.reduce(([least, greatest], number) => [Math.min(least, number), Math.max(greatest, number)], [Infinity, -Infinity]);
}

/** At most ``mostPoints`` points, each the mean of those it stands for. */
function thinned(points) {
  const size = Math.ceil(points.length / mostPoints);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    const mean = (place) => part.reduce((sum, point) => sum + point[place], 0) / part.length;
    return [mean(0), mean(1)];
  });
}

/** The mean of each point and its neighbours. */
function smoothed(points) {
  const reach = Math.max(1, Math.round((points.length * smoothedShare) / 2));
  return points.map(([step], index) => {
    const part = points.slice(Math.max(0, index - reach), index + reach + 1);
    return [step, part.reduce((sum, [, value]) => sum + value, 0) / part.length];
  });
}

/** Values of one, two or five times a power of ten, about `wanted` of them. */
function ticks(bottom, top, wanted) {
  const rough = (top - bottom) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(bottom / step);
  return Array.from({ length: Math.floor(top / step) - first + 1 }, (_, index) => (first + index) * step);
}

function drawGrid(context, frame, colours) {
  context.font = `11px ${colours.fontFamily}`;
  context.fillStyle = colours.getPropertyValue("--quiet");
  context.strokeStyle = colours.getPropertyValue("--line");
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticks(frame.bottom, frame.top, 4)) {
    const y = Math.round(frame.y(value)) + 0.5;
    context.beginPath();
    context.moveTo(margin.left, y);
    context.lineTo(frame.right, y);
    context.stroke();
    context.fillText(figure(value), margin.left - 7, y);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText(`step ${frame.firstStep}`, margin.left, height - 6);
  context.textAlign = "right";
  if (frame.lastStep > frame.firstStep) context.fillText(String(frame.lastStep), frame.right, height - 6);
}

/** A dashed line; the words for it stand in the caption, where no curve runs through them. */
function drawMark(context, frame, value, colours) {
  const y = Math.round(frame.y(value)) + 0.5;
  context.strokeStyle = colours.getPropertyValue("--ink");
  context.lineWidth = 1;
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(margin.left, y);
  context.lineTo(frame.right, y);
  context.stroke();
  context.setLineDash([]);
}

function drawLine(context, frame, points, colour, opacity) {
  context.globalAlpha = opacity;
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  context.beginPath();
  points.forEach(([step, value], index) => {
    if (index === 0) context.moveTo(frame.x(step), frame.y(value));
    else context.lineTo(frame.x(step), frame.y(value));
  });
  context.stroke();
  context.globalAlpha = 1;
}
