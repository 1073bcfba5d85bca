// The page: its rooms, the server's state, and the key.
import { byId } from "./elements.js";
import { openKey } from "./key.js";
import { openLook } from "./look.js";
import { openModels } from "./models.js";
import { openTrain, showJob } from "./train.js";
import { showServerState } from "./server-state.js";

const rooms = ["look", "train", "models"];

/** Shows the room that the address names; `#train/ID` is a job. */
function route() {
  const [name, detail] = decodeURIComponent(location.hash.slice(1)).split("/");
  const room = rooms.includes(name) ? name : "look";
  for (const each of rooms) {
    byId(each).hidden = each !== room;
    const link = document.querySelector(`nav a[href="#${each}"]`);
    if (each === room) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${{ look: "Look", train: "Train", models: "Models" }[room]} \u00b7 hpm`;
  showJob(room === "train" ? detail : undefined);
  document.dispatchEvent(new CustomEvent("room-shown", { detail: room }));
}

openKey();
openLook();
openModels();
openTrain();
showServerState();
window.addEventListener("hashchange", () => {
  route();
  // A reader who follows a link to a room starts at its title.
  const title = byId(rooms.find((room) => !byId(room).hidden)).querySelector("h1");
  if (!document.activeElement || document.activeElement === document.body) title.focus({ preventScroll: true });
});
route();
