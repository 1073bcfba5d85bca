// The list of jobs, newest first.
import { byId, element } from "./elements.js";
import { duration, moment } from "./format.js";
import { showingProblems } from "./problem-box.js";
import { askJSON, target } from "./server.js";

/** Milliseconds between two looks at the list while it is shown. */
const pause = 3000;
const pageLength = 20;

/** How far a job is, in words, such as `epoch 3 of 12, 81 images/s, 4 min left`. */
export function progressWords(job) {
  const { epoch, epochs, step, steps, images_per_second: rate, eta_seconds: left } = job.progress ?? {};
  const parts = [];
  // A mining job goes once through its images, so that its steps are they.
  const isMining = job.kind === "mine";
  if (!step && job.state === "queued") return epochs && !isMining ? `${epochs} epochs, not begun` : "not begun";
  if (epochs && !isMining) parts.push(`epoch ${Math.min(epochs, Math.floor(epoch ?? 0) + (job.state === "succeeded" ? 0 : 1))} of ${epochs}`);
  const word = isMining ? "image" : "step";
  if (step) parts.push(steps ? `${word} ${step} of ${steps}` : `${word} ${step}`);
  if (job.state === "running" && rate) parts.push(`${Math.round(rate)} images/s`);
  if (job.state === "running" && left) parts.push(`${duration(left)} left`);
  return parts.join(", ");
}

/** The share that is done, 0 to 1; `null` where it cannot be told. */
export function share(job) {
  if (job.state === "succeeded") return 1;
  const { epoch, epochs, step, steps } = job.progress ?? {};
  if (steps) return step / steps;
  return epochs ? (epoch ?? 0) / epochs : null;
}

/** A job's state, and the order that it has not obeyed yet. */
export function stateBadge(job) {
  const text = job.requested ? `${job.state}, will ${job.requested}` : job.state;
  return element("span", { class: "badge", "data-state": job.state }, text);
}

export class JobList {
  #timer = null;
  #isFollowing = false;
  #cursors = [""];

  constructor() {
    byId("job-filter").addEventListener("change", () => this.#from([""]));
    byId("jobs-older").addEventListener("click", () => this.#from([...this.#cursors, byId("jobs-older").dataset.next]));
    byId("jobs-newer").addEventListener("click", () => this.#from(this.#cursors.slice(0, -1)));
  }

  /** Looks again and again, or no longer. */
  follow(isWanted) {
    clearTimeout(this.#timer);
    this.#isFollowing = isWanted;
    if (isWanted) this.#look();
  }

  /** Looks once; returns whether looking again may help. */
  async refresh() {
    let mayHelp = true;
    await showingProblems(byId("jobs-problem"), () => this.#ask().catch((problem) => {
      // A server that is away comes back; a refusal stays one until the room is opened again or the key changes.
      mayHelp = !(problem.status >= 400 && problem.status < 500);
      throw problem;
    }));
    return mayHelp;
  }

  async #ask() {
    const page = await askJSON(target("/jobs", { state: byId("job-filter").value, limit: pageLength, after: this.#cursors.at(-1) }));
    this.#show(page.data);
    byId("jobs-older").hidden = !page.next;
    byId("jobs-older").dataset.next = page.next ?? "";
    byId("jobs-newer").hidden = this.#cursors.length < 2;
  }

  #from(cursors) {
    this.#cursors = cursors;
    this.refresh();
  }

  async #look() {
    const mayHelp = document.visibilityState !== "visible" || (await this.refresh());
    if (mayHelp && this.#isFollowing) this.#timer = setTimeout(() => this.#look(), pause);
  }

  #show(jobs) {
    const focused = document.activeElement?.getAttribute("href");
    byId("job-list").replaceChildren(...jobs.map(row));
    byId("jobs-empty").hidden = jobs.length > 0;
    if (focused?.startsWith("#train/")) byId("job-list").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

function row(job) {
  const done = share(job);
  return element("li", { class: "job-row" },
    element("a", { href: `#train/${job.id}` }, job.name || job.id),
    element("span", { class: "quiet" }, `${job.kind} on ${job.dataset}`),
    stateBadge(job),
    done === null ? element("span") : element("progress", { value: done, "aria-label": "done" }),
    element("span", { class: "quiet" }, progressWords(job) || moment(job.created_at)));
}
