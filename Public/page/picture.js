// The picture that is looked at, and the ways to choose one.
import { byId, element } from "./elements.js";

/** Pictures that come with the page, and what they are called. */
const samples = [["flower.webp", "Flower"], ["rose.webp", "Rose"], ["spray.webp", "Spray"], ["card.png", "Test card"]];

/** A chosen picture: its bytes, which are what the server gets, and how the browser draws them. */
export class Picture {
  /** What the server calls it, once it has it: the hash of its bytes. */
  id = null;

  constructor(blob, name, drawing) {
    Object.assign(this, { blob, name, drawing });
  }

  /** A picture that this browser cannot draw is sent all the same: the server says what is wrong with it, or knows better. */
  static async of(blob, name) {
    return new Picture(blob, name, await createImageBitmap(blob).catch(() => null));
  }

  /** The name without its ending, for the files made of it. */
  get stem() {
    return this.name.replace(/\.[^.]*$/, "") || "picture";
  }
}

/**
 * Calls `choose(picture)` for each picture that is opened, dropped, pasted or taken from the samples; `fail(error)` where it cannot be
 * read.
 */
export function takePictures(choose, fail) {
  const take = (blob, name) => Picture.of(blob, name).then(choose, fail);
  const file = byId("picture-file");
  file.addEventListener("change", () => {
    if (file.files.length > 0) take(file.files[0], file.files[0].name);
    file.value = "";
  });
  takeDrops(take);
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((entry) => entry.type.startsWith("image/"));
    if (pasted) take(pasted, pasted.name || "pasted.png");
  });
  byId("samples").replaceChildren(...samples.map(([name, title]) => element("li", {}, sampleButton(name, title, take, fail))));
}

/** Pictures may be dropped anywhere in their room; elsewhere a file that misses its field must not take the page's place. */
function takeDrops(take) {
  const isOurs = (event) => event.dataTransfer?.types.includes("Files") && event.target.type !== "file";
  const isShown = () => !byId("look").hidden;
  document.addEventListener("dragover", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", isShown());
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    const dropped = event.dataTransfer.files[0];
    if (dropped && isShown()) take(dropped, dropped.name);
  });
}

function sampleButton(name, title, take, fail) {
  const address = `/page/samples/${name}`;
  const choose = () => fetch(address).then((response) => response.blob()).then((blob) => take(blob, name), fail);
  return element(
    "button", { type: "button", class: "sample", onclick: choose },
    element("img", { src: address, alt: "", width: 56, height: 56 }), element("span", {}, title));
}
