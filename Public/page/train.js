// The room of training: data sets, forms for new jobs, the list of jobs, and one job looked at.
import { byId } from "./elements.js";
import { openDatasets } from "./datasets.js";
import { openJobForm } from "./job-form.js";
import { JobList } from "./job-list.js";
import { JobView } from "./job-view.js";
import { openMineForm } from "./mine-form.js";

let list = null;
let view = null;

/** Opens the room. */
export function openTrain() {
  list = new JobList();
  openDatasets();
  openJobForm();
  openMineForm();
  document.addEventListener("room-shown", refresh);
  document.addEventListener("key-changed", refresh);
  document.addEventListener("jobs-changed", () => list.refresh());
}

/** Looks at this job, or at none. */
export function showJob(identifier) {
  byId("job").hidden = !identifier;
  byId("train-overview").hidden = Boolean(identifier);
  if (view?.identifier === identifier) return;
  view?.close();
  view = identifier ? new JobView(identifier) : null;
}

function refresh() {
  const isShown = !byId("train").hidden;
  list.follow(isShown && !view);
  if (isShown) document.dispatchEvent(new CustomEvent("train-shown"));
}
