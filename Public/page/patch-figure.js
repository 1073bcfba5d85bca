// A picture with its map and mask over it, and a cursor that reads single patches.
import { heatPicture } from "./map-rendering.js";
import { showsMask } from "./inference.js";

/** How strongly the part of the picture shows that the grid does not cover. */
const outsideOpacity = 0.22;
/** Masked patches in the view `masked`, as the server draws them. */
const maskedGrey = "rgb(128, 128, 128)";
/** Of the figure, in CSS pixels. */
const greatestHeight = 620;

export class PatchFigure {
  /** `{width, height, drawing}`: the picture's sides as the server counts them, and how to draw it, if the browser can. */
  source = null;
  /** The part that the grid covers, in the picture's pixels. */
  region = null;
  map = null;
  mask = null;
  /** `{row, column}` of the patch that is read. */
  cell = null;
  settings = {};
  #canvas;
  #pick;
  #heat = null;

  /** `pick(cell, byKeyboard)` hears which patch is to be read; `null` when none. */
  constructor(canvas, pick) {
    this.#canvas = canvas;
    this.#pick = pick;
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    canvas.addEventListener("pointermove", (event) => pick(this.#cellAt(event), false));
    canvas.addEventListener("pointerdown", (event) => pick(this.#cellAt(event), false));
    canvas.addEventListener("pointerleave", () => pick(null, false));
    canvas.addEventListener("blur", () => pick(null, false));
    canvas.addEventListener("keydown", (event) => this.#steer(event));
  }

  /** Draws everything anew. */
  draw() {
    if (!this.source) return;
    const scale = this.#fit();
    const context = this.#canvas.getContext("2d");
    const region = this.region ?? { x: 0, y: 0, width: this.source.width, height: this.source.height };
    const place = { x: region.x * scale, y: region.y * scale, width: region.width * scale, height: region.height * scale };
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#drawPicture(context, this.region ? outsideOpacity : 1);
    if (!this.map) return;
    context.save();
    context.beginPath();
    context.rect(place.x, place.y, place.width, place.height);
    context.clip();
    context.clearRect(place.x, place.y, place.width, place.height);
    this.#drawRegion(context, place);
    context.restore();
    if (this.cell) this.#drawCell(context, place);
  }

  /** Sets the canvas to its place's width; returns how many of its pixels one of the picture's is. */
  #fit() {
    const density = window.devicePixelRatio || 1;
    const room = this.#canvas.parentElement.clientWidth;
    const { width, height } = this.source;
    const scale = Math.min(room / width, greatestHeight / height);
    const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
    const [columns, rows] = [Math.round(across * density), Math.round(down * density)];
    if (this.#canvas.width !== columns || this.#canvas.height !== rows) {
      [this.#canvas.width, this.#canvas.height] = [columns, rows];
      [this.#canvas.style.width, this.#canvas.style.height] = [`${across}px`, `${down}px`];
    }
    return columns / width;
  }

  #drawPicture(context, opacity) {
    if (!this.source.drawing) return;
    context.globalAlpha = opacity;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.source.drawing, 0, 0, this.#canvas.width, this.#canvas.height);
    context.globalAlpha = 1;
  }

  #drawRegion(context, place) {
    const { view, opacity, outline } = this.settings;
    if (view !== "heatmap" && view !== "mask") this.#drawPicture(context, 1);
    if (view === "heatmap" || view === "overlay") {
      context.globalAlpha = view === "overlay" ? opacity : 1;
      context.imageSmoothingEnabled = this.settings.interpolation !== "nearest";
      context.drawImage(this.#heatPicture(place), place.x, place.y, place.width, place.height);
      context.globalAlpha = 1;
      context.imageSmoothingEnabled = true;
    }
    if (!this.mask) return;
    if (view === "mask") {
      context.fillStyle = "black";
      context.fillRect(place.x, place.y, place.width, place.height);
    }
    if (showsMask(view)) this.#fillMask(context, place, view === "mask" ? "white" : maskedGrey);
    else if (outline) this.#outlineMask(context, place);
  }

  /** The map's colours, made again only where something about them changed. */
  #heatPicture(place) {
    const { colormap, interpolation } = this.settings;
    const [width, height] = [Math.max(1, Math.round(place.width)), Math.max(1, Math.round(place.height))];
    const size = interpolation === "nearest" ? "" : `${width}x${height}`;
    const name = `${colormap} ${interpolation} ${size}`;
    if (this.#heat?.name !== name || this.#heat.map !== this.map) {
      this.#heat = { name, map: this.map, picture: heatPicture(this.map, this.settings, width, height) };
    }
    return this.#heat.picture;
  }

  #box(place, row, column) {
    const { rows, columns } = this.map;
    const [left, top] = [Math.round(place.x + (column * place.width) / columns), Math.round(place.y + (row * place.height) / rows)];
    const [right, bottom] = [
      Math.round(place.x + ((column + 1) * place.width) / columns), Math.round(place.y + ((row + 1) * place.height) / rows),
    ];
    return [left, top, right - left, bottom - top];
  }

  #fillMask(context, place, colour) {
    context.fillStyle = colour;
    this.mask.forEach((values, row) => {
      values.forEach((isMasked, column) => {
        if (isMasked) context.fillRect(...this.#box(place, row, column));
      });
    });
  }

  /** A line around what is hidden: dark under light, so that it shows on every colour. */
  #outlineMask(context, place) {
    const edges = new Path2D();
    const isMasked = (row, column) => this.mask[row]?.[column] === 1;
    for (let row = 0; row <= this.map.rows; row += 1) {
      for (let column = 0; column <= this.map.columns; column += 1) {
        const [left, top] = this.#box(place, row, column);
        const [right, bottom] = this.#box(place, row + 1, column + 1);
        if (isMasked(row, column) !== isMasked(row - 1, column)) edges.addPath(line(left, top, right, top));
        if (isMasked(row, column) !== isMasked(row, column - 1)) edges.addPath(line(left, top, left, bottom));
      }
    }
    const density = window.devicePixelRatio || 1;
    for (const [colour, width] of [["rgb(0 0 0 / 0.7)", 4], ["white", 1.75]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * density;
      context.lineCap = "square";
      context.stroke(edges);
    }
  }

  #drawCell(context, place) {
    const [left, top, width, height] = this.#box(place, this.cell.row, this.cell.column);
    const density = window.devicePixelRatio || 1;
    for (const [colour, thickness] of [["black", 5], ["white", 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = thickness * density;
      context.strokeRect(left, top, width, height);
    }
  }

  #cellAt(event) {
    if (!this.map) return null;
    const scale = this.#canvas.width / this.source.width;
    const density = this.#canvas.width / this.#canvas.clientWidth;
    const column = Math.floor((((event.offsetX * density) / scale - this.region.x) / this.region.width) * this.map.columns);
    const row = Math.floor((((event.offsetY * density) / scale - this.region.y) / this.region.height) * this.map.rows);
    return row >= 0 && row < this.map.rows && column >= 0 && column < this.map.columns ? { row, column } : null;
  }

  /** Arrow keys go from patch to patch, Home to the hardest one, Escape leaves. */
  #steer(event) {
    if (!this.map) return;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const { rows, columns, values } = this.map;
    let cell = null;
    if (steps[event.key]) {
      const [down, right] = this.cell ? steps[event.key] : [0, 0];
      const from = this.cell ?? { row: Math.floor(rows / 2), column: Math.floor(columns / 2) };
      cell = { row: Math.min(rows - 1, Math.max(0, from.row + down)), column: Math.min(columns - 1, Math.max(0, from.column + right)) };
    } else if (event.key === "Home") {
      const hardest = values.indexOf(Math.max(...values));
      cell = { row: Math.floor(hardest / columns), column: hardest % columns };
    } else if (event.key !== "Escape") return;
    event.preventDefault();
    this.#pick(cell, true);
  }
}

function line(fromX, fromY, toX, toY) {
  const path = new Path2D();
  path.moveTo(fromX, fromY);
  path.lineTo(toX, toY);
  return path;
}
