// The key that some servers want.
import { byId, element } from "./elements.js";
import { currentKey, useKey } from "./server.js";

/** Wires the key's button and dialog; the dialog opens by itself where the server asks for a key. */
export function openKey() {
  const dialog = byId("key-dialog");
  const field = byId("key-field");
  byId("key-button").addEventListener("click", () => open(null));
  document.addEventListener("key-wanted", (event) => open(event.detail));
  byId("key-form").addEventListener("submit", () => {
    useKey(field.value.trim());
    describe();
  });
  byId("key-forget").addEventListener("click", () => {
    useKey("");
    describe();
    dialog.close();
  });
  byId("key-cancel").addEventListener("click", () => dialog.close());
  describe();

  function open(problem) {
    byId("key-reason").replaceChildren(...(problem ? [element("strong", {}, problem.title), ` ${problem.message}`] : []));
    byId("key-forget").hidden = !currentKey();
    if (dialog.open) return;
    field.value = "";
    dialog.showModal();
  }

  function describe() {
    byId("key-button").textContent = currentKey() ? "Key in use" : "Key";
  }
}
