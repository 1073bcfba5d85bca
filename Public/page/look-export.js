// What is on show, as a file and as the command that makes the same file.
import { announce, byId, setOptions } from "./elements.js";
import { exportTarget } from "./inference.js";
import { showingProblems } from "./problem-box.js";
import { currentKey, download } from "./server.js";

/** Wires the export's form to the room. */
export function offerExport(room) {
  const format = () => document.querySelector("input[name=format]:checked").value;
  const pane = () => room.panes[byId("export-pane").selectedIndex] ?? room.panes[0];
  const wanted = () => {
    const { path, suffix } = exportTarget(format(), room.settings, pane().reader, pane().description);
    return { path, name: `${room.picture?.stem ?? "picture"}-${suffix}` };
  };
  const describe = () => {
    const choices = room.panes.map((each, index) => [String(index), `${index === 0 ? "left" : "right"}: ${each.reader.model}`]);
    setOptions(byId("export-pane"), choices);
    byId("field-export-pane").hidden = room.panes.length < 2;
    byId("export-download").disabled = !room.picture;
    const { path, name } = wanted();
    byId("curl").textContent = command(path, room.picture?.name ?? "picture.jpg", name);
  };
  document.addEventListener("look-changed", describe);
  document.addEventListener("key-changed", describe);
  byId("export").addEventListener("change", describe);
  byId("export").addEventListener("submit", (event) => {
    event.preventDefault();
    const { path, name } = wanted();
    showingProblems(byId("export-problem"), () => download(path, name, { method: "POST", body: room.picture.blob }));
  });
  byId("curl-copy").addEventListener("click", copy);
  describe();
}

/** The same request for a shell; the key stays out of it. */
function command(path, picture, name) {
  const key = currentKey() ? ' -H "Authorization: Bearer $HPM_KEY"' : "";
  return `curl -s --fail-with-body${key} --data-binary @${quoted(picture)} ${quoted(location.origin + path)} -o ${quoted(name)}`;
}

/** A word of the shell. */
function quoted(text) {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The clipboard is the browser's to give, and only to pages that came safely; else the command is selected, to be copied by hand. */
async function copy() {
  const place = byId("curl");
  try {
    await navigator.clipboard.writeText(place.textContent);
    byId("curl-copied").textContent = "Copied";
    announce("The command is copied.");
  } catch {
    getSelection().selectAllChildren(place);
    byId("curl-copied").textContent = "Selected: press Ctrl+C";
    announce("The command is selected; copy it with Control and C.");
  }
  setTimeout(() => {
    byId("curl-copied").textContent = "";
  }, 4000);
}
