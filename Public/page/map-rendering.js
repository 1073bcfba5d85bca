// From predicted losses to colours, as the server's pictures have them.
import { colorTables } from "./color-tables.js";

/** One number a patch. */
export class PatchMap {
  constructor(rows) {
    this.rows = rows.length;
    this.columns = rows[0].length;
    this.values = Float32Array.from(rows.flat());
  }

  /** Lowest to 0, highest to 1; a constant map is all 0.5. */
  get shades() {
    const lowest = this.values.reduce((a, b) => Math.min(a, b));
    const highest = this.values.reduce((a, b) => Math.max(a, b));
    return this.values.map((value) => (highest > lowest ? (value - lowest) / (highest - lowest) : 0.5));
  }
}

/** The map as a picture on a canvas of its own: one pixel a patch where it is `nearest`, else of this size. */
export function heatPicture(map, { colormap, interpolation }, width, height) {
  if (interpolation === "nearest") return painted(map.shades, map.columns, map.rows, colormap);
  return painted(interpolated(map, width, height), width, height, colormap);
}

/** A colour map from its low end to its high end, one pixel high. */
export function legendPicture(colormap) {
  return painted(Float32Array.from({ length: 256 }, (_, index) => index / 255), 256, 1, colormap);
}

function painted(shades, width, height, colormap) {
  const table = colorTables[colormap];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  shades.forEach((shade, index) => {
    const entry = 3 * Math.floor(Math.min(255, Math.max(0, shade * 256)));
    image.data.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * index);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Shades at every pixel, by cubic convolution (a = −1/2) with the border repeated. */
function interpolated(map, width, height) {
  const shades = map.shades;
  const across = Array.from({ length: width }, (_, x) => taps(x, width, map.columns));
  const lines = Array.from({ length: map.rows }, (_, row) =>
    across.map((tap) => tap.reduce((sum, [cell, weight]) => sum + weight * shades[row * map.columns + cell], 0)));
  const result = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const down = taps(y, height, map.rows);
    for (let x = 0; x < width; x += 1) {
      let shade = 0;
      for (const [cell, weight] of down) shade += weight * lines[cell][x];
      result[y * width + x] = shade;
    }
  }
  return result;
}

/** The four patches along one side that the pixel at `position` mixes, each with its weight. */
function taps(position, length, count) {
  const place = ((position + 0.5) * count) / length - 0.5;
  const first = Math.floor(place);
  const t = place - first;
  const weights = [
    -0.5 * t + t ** 2 - 0.5 * t ** 3, 1 - 2.5 * t ** 2 + 1.5 * t ** 3, 0.5 * t + 2 * t ** 2 - 1.5 * t ** 3, -0.5 * t ** 2 + 0.5 * t ** 3,
  ];
  return weights.map((weight, index) => [Math.min(count - 1, Math.max(0, first - 1 + index)), weight]);
}
