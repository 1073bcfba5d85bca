// Elements of the page: found, made, and spoken aloud.

/** The element of this id; a misspelt one is a fault of the page, and said at once. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}.`);
  return found;
}

/**
 * A new element: properties that begin with `on` are listeners, names with a hyphen and `role` attributes, `class` its classes, all others
 * are set as they are. Children are elements or text; `null`, `undefined` and `false` are left out.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Options of a `select`, each a text or `[value, text]`; `chosen` is selected where it is among them. */
export function setOptions(select, options, chosen = select.value) {
  select.replaceChildren(
    ...options.map((option) => {
      const [value, text] = Array.isArray(option) ? option : [option, option];
      return element("option", { value, textContent: text, selected: value === chosen });
    }),
  );
}

/** A list of terms and what they are; entries whose value is missing are left out. */
export function definitions(entries) {
  return element(
    "dl",
    { class: "facts" },
    entries
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
  );
}

/** Has a screen reader say the text when it has a moment. */
export function announce(text) {
  byId("announcement").textContent = text;
}
