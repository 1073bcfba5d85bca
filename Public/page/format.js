// Numbers and times as people read them.

/** A space that does not break. */
const gap = "\u00a0";

/** Four significant digits, with a true minus sign. */
export function figure(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) return "none";
  const size = Math.abs(number);
  const isExtreme = size !== 0 && (size < 1e-3 || size >= 1e6);
  const text = isExtreme ? Number(number.toPrecision(3)).toExponential() : String(Number(number.toPrecision(4)));
  return text.replaceAll("-", "\u2212");
}

/** With thin spaces between thousands. */
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A number of parameters or images, shortened: `1.41 M`. */
export function magnitude(number) {
  const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const unit = units.find(([size]) => number >= size);
  return unit ? `${Number((number / unit[0]).toPrecision(3))} ${unit[1]}` : String(number);
}

/** Bytes in the unit that fits. */
export function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (number >= 1000 && power < units.length - 1) [number, power] = [number / 1000, power + 1];
  return `${power === 0 ? number : Number(number.toPrecision(3))} ${units[power]}`;
}

/** Seconds as `12 s`, `4 min 05 s`, `2 h 09 min` or `3 d 4 h`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole}${gap}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${gap}min${gap}${two(whole % 60)}${gap}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}${gap}h${gap}${two(Math.floor((whole % 3600) / 60))}${gap}min`;
  return `${Math.floor(whole / 86400)}${gap}d${gap}${Math.floor((whole % 86400) / 3600)}${gap}h`;
}

/** A time of the server's in the reader's own zone. */
export function moment(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
