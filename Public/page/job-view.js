// One job, followed while it runs: progress, curves, log, pictures, files, and what may be done with it.
import { announce, byId, definitions, element, setOptions } from "./elements.js";
import { followEvents } from "./event-stream.js";
import { bytes, duration, moment } from "./format.js";
import { JobCurves } from "./job-curves.js";
import { progressWords, share, stateBadge } from "./job-list.js";
import { clearProblem, showingProblems, showProblem } from "./problem-box.js";
import { ask, askJSON, currentKey, download, sendJSON } from "./server.js";
import { nameOf } from "./models.js";

/** Lines of the log that are shown. */
const logLines = 200;
/** Milliseconds in which several events of one kind are answered by one request. */
const patience = 400;
/** What may be ordered in which states. */
const orders = [
  ["pause", "Pause", ["queued", "running", "interrupted"]], ["resume", "Resume", ["paused", "failed"]],
  ["cancel", "Cancel", ["queued", "running", "paused", "interrupted"]],
];
const finished = ["succeeded", "failed", "cancelled"];
/** What is filled in for a job, and what is shown only where there is something to show. */
const filled = [
  "job-facts", "job-head", "job-actions", "job-curves", "job-sheet", "job-sheet-choice", "job-files", "job-promote", "job-log",
  "job-config", "job-live", "job-fault", "job-progress-words",
];
const optional = ["job-progress", "job-files-section", "job-gallery-section", "job-sheet-section", "job-promote-section"];

export class JobView {
  identifier;
  #job = null;
  #curves = null;
  #ending = new AbortController();
  #timers = new Map();
  #sheet = null;

  constructor(identifier) {
    this.identifier = identifier;
    for (const id of filled) byId(id).replaceChildren();
    for (const id of optional) byId(id).hidden = true;
    byId("job-title").textContent = identifier;
    clearProblem(byId("job-problem"));
    this.#open();
  }

  /** Stops following. */
  close() {
    this.#ending.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    if (this.#sheet) URL.revokeObjectURL(this.#sheet.address);
  }

  async #open() {
    if (!(await showingProblems(byId("job-problem"), () => this.#readJob()))) return;
    this.#curves = new JobCurves(this.#job.config);
    byId("job-curves").replaceChildren(this.#curves.root);
    await Promise.all([this.#readMetrics(), this.#readLog(), this.#readFiles()]);
    if (this.#ending.signal.aborted) return;
    followEvents(this.#path("events"), {
      signal: this.#ending.signal, receive: (event) => this.#receive(event), report: (state, problem) => this.#report(state, problem),
    });
  }

  #path(part) {
    return part ? `/jobs/${this.identifier}/${part}` : `/jobs/${this.identifier}`;
  }

  /** What is asked for this view is not wanted any more when another takes its place. */
  get #asking() {
    return { signal: this.#ending.signal };
  }

  #read(part) {
    return askJSON(this.#path(part), this.#asking);
  }

  #receive({ type, data }) {
    const body = JSON.parse(data);
    if (type === "metrics") {
      this.#curves.add(body);
      this.#soon("curves", () => this.#curves.draw());
    } else if (type === "progress") {
      Object.assign(this.#job, { progress: body });
      this.#soon("progress", () => this.#showProgress());
    } else if (type === "state") this.#soon("job", () => this.#readJob());
    else if (type === "log") this.#soon("log", () => this.#readLog());
    else if (type === "checkpoint") this.#soon("files", () => this.#readFiles());
  }

  /** Does `work` a little later, once for all that ask for it until then. */
  #soon(name, work) {
    if (this.#timers.has(name)) return;
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name);
      this.#quietly(async () => work());
    }, patience));
  }

  #report(state, problem) {
    const isFinished = finished.includes(this.#job.state);
    const texts = { live: isFinished ? "" : "Live", lost: "The connection is lost; asking again\u2026", ended: "" };
    byId("job-live").textContent = texts[state];
    byId("job-live").dataset.state = state;
    if (state === "lost") return;
    if (problem) showProblem(byId("job-problem"), problem);
    else {
      // What happened while nobody listened, such as a restart of the server.
      this.#soon("job", () => this.#readJob());
      this.#soon("metrics", () => this.#readMetrics());
      this.#soon("files", () => this.#readFiles());
    }
  }

  async #readJob() {
    const before = this.#job?.state;
    this.#job = await this.#read("");
    if (before && before !== this.#job.state) announce(`The job is ${this.#job.state}.`);
    this.#showJob();
  }

  async #readMetrics() {
    await this.#quietly(async () => {
      const { data } = await this.#read("metrics");
      for (const record of data) this.#curves.add(record);
      this.#curves.draw();
    });
  }

  async #readLog() {
    await this.#quietly(async () => {
      const log = byId("job-log");
      const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
      log.textContent = await (await ask(`${this.#path("log")}?tail=${logLines}`, this.#asking)).text();
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    });
  }

  async #readFiles() {
    await this.#quietly(async () => {
      const { data: files } = await this.#read("files");
      this.#showFiles(files);
      this.#showGallery(files.some(({ path }) => path === "gallery.html"));
      await this.#showSheets(files.map(({ path }) => path).filter((path) => /^contact-sheet.*\.png$/.test(path)).sort());
      this.#showPromote(files.map(({ path }) => path).filter((path) => /^checkpoints\/.*\.(pth|safetensors)$/.test(path)));
    });
  }

  /** A part that is not there yet, of a job that has not begun, is no problem, and of a server that is away the stream tells. */
  async #quietly(work) {
    try {
      await work();
    } catch (problem) {
      if (problem.status !== 404 && problem.status !== 0) showProblem(byId("job-problem"), problem);
    }
  }

  #showJob() {
    const job = this.#job;
    byId("job-title").textContent = job.name || job.id;
    byId("job-head").replaceChildren(stateBadge(job));
    this.#showProgress();
    // A job that was paused or resumed keeps the reason of its last stop, which is no fault.
    byId("job-fault").textContent = ["failed", "interrupted"].includes(job.state) ? job.error?.reason ?? "" : "";
    byId("job-facts").replaceChildren(definitions([
      ["Job", job.id], ["Kind", job.kind], ["Data set", job.dataset], ["Submitted", job.created_at && moment(job.created_at)],
      ["Started", job.started_at && moment(job.started_at)], ["Ended", job.ended_at && moment(job.ended_at)], ["Took", took(job)],
      ["Attempt", job.attempt > 1 ? String(job.attempt) : null], ["Priority", job.priority ? String(job.priority) : null],
    ]));
    byId("job-config").textContent = JSON.stringify(job.config, null, 2);
    this.#showActions();
  }

  #showActions() {
    const { state, requested } = this.#job;
    const possible = orders.filter(([, , states]) => states.includes(state) && !requested);
    const buttons = possible.map(([verb, text]) => element("button", { type: "button", onclick: () => this.#order(verb) }, text));
    if (finished.includes(state)) {
      buttons.push(element("button", { type: "button", class: "danger", onclick: () => this.#remove() }, "Delete\u2026"));
    }
    byId("job-actions").replaceChildren(...buttons);
  }

  #showProgress() {
    const done = share(this.#job);
    byId("job-progress").hidden = done === null;
    byId("job-progress").value = done ?? 0;
    byId("job-progress-words").textContent = progressWords(this.#job);
  }

  #showFiles(files) {
    byId("job-files").replaceChildren(...files.map((file) => element("li", {},
      element("button", { type: "button", class: "link", onclick: () => this.#download(file.path) }, file.path),
      element("span", { class: "quiet" }, ` ${bytes(file.bytes)}`))));
    byId("job-files-section").hidden = files.length === 0;
  }

  /** The page of a mining job: opened as it stands, but downloaded where a link would come without the key. */
  #showGallery(isThere) {
    byId("job-gallery-section").hidden = !isThere;
    const link = byId("job-gallery");
    link.href = this.#path("files/gallery.html");
    link.onclick = (event) => {
      if (!currentKey()) return;
      event.preventDefault();
      this.#download("gallery.html");
    };
  }

  /** One contact sheet, fetched with the key: the newest, unless an earlier one was chosen. */
  async #showSheets(paths) {
    byId("job-sheet-section").hidden = paths.length === 0;
    if (paths.length === 0) return;
    const choice = byId("job-sheet-choice");
    const isNewest = choice.selectedIndex === choice.options.length - 1;
    setOptions(choice, paths.map((path) => [path, path.replace(/^contact-sheet-|\.png$/g, "")]), isNewest ? paths.at(-1) : choice.value);
    choice.onchange = () => this.#quietly(() => this.#showSheet(choice.value));
    await this.#showSheet(choice.value);
  }

  async #showSheet(path) {
    if (path === this.#sheet?.path) return;
    const address = URL.createObjectURL(await (await ask(this.#path(`files/${path}`), this.#asking)).blob());
    if (this.#sheet) URL.revokeObjectURL(this.#sheet.address);
    this.#sheet = { path, address };
    byId("job-sheet").replaceChildren(element("img", { src: address, alt: `Contact sheet ${path}` }));
  }

  #showPromote(checkpoints) {
    byId("job-promote-section").hidden = checkpoints.length === 0;
    if (checkpoints.length === 0 || byId("job-promote").contains(document.activeElement)) return;
    const files = checkpoints.map((path) => path.replace("checkpoints/", "")).sort();
    const choice = element("select", {}, ...files.map((file) => element("option", { selected: file === files.at(-1) }, file)));
    const name = element("input", {
      required: true, pattern: "[a-z0-9][a-z0-9._\\-]{0,63}", value: nameOf(this.#job.name || this.#job.id), autocomplete: "off",
    });
    const problem = element("div", { class: "problem", role: "alert" });
    const result = element("p", { class: "quiet" });
    const submit = async (event) => {
      event.preventDefault();
      result.textContent = "";
      await showingProblems(problem, async () => {
        await sendJSON(this.#path("promote"), { checkpoint: choice.value, model: name.value });
        result.replaceChildren(`${name.value} is there: `, element("a", { href: "#models" }, "see the models"), ".");
        announce(`${name.value} is there.`);
        document.dispatchEvent(new CustomEvent("models-changed"));
      });
    };
    byId("job-promote").replaceChildren(
      element("form", { class: "row", onsubmit: submit }, element("label", {}, "Checkpoint", choice),
        element("label", {}, "Model\u2019s name", name), element("button", {}, "Promote")),
      problem, result);
  }

  async #order(verb) {
    await showingProblems(byId("job-problem"), async () => {
      this.#job = await (await ask(this.#path(verb), { method: "POST" })).json();
      this.#showJob();
      byId("job-title").focus({ preventScroll: true });
      announce(`Asked to ${verb}; the job is ${this.#job.state}.`);
    });
  }

  #download(path) {
    showingProblems(byId("job-problem"), () => download(this.#path(`files/${path}`), path.split("/").at(-1)));
  }

  async #remove() {
    if (!confirm("Delete the job and its files?")) return;
    if (await showingProblems(byId("job-problem"), () => ask(this.#path(), { method: "DELETE" }))) location.hash = "#train";
  }
}

function took(job) {
  if (!job.started_at || !job.ended_at) return null;
  return duration((new Date(job.ended_at) - new Date(job.started_at)) / 1000);
}
