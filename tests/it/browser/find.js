// Finds what a person would find: by the name that is shown or said aloud, and only what is shown.
// Arguments: the kind ("press" or "field"), the name, and the part of the page (empty: all of it).
const [kind, name, part] = arguments;
const flat = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const shown = (one) => one.getClientRects().length > 0 && one.checkVisibility({ visibilityProperty: true });
const texts = (ids) => ids.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
const called = (one) => flat(one.getAttribute("aria-label")
  ?? (one.hasAttribute("aria-labelledby") ? texts(one.getAttribute("aria-labelledby")) : null)
  ?? one.caption?.textContent
  ?? (one.labels?.length ? one.labels[0].textContent : one.textContent));
const isPart = (one) => called(one) === part || one.matches("tr, li") && flat(one.textContent).includes(part);
const parts = part
  ? [...document.querySelectorAll("section, form, aside, nav, fieldset, dialog, tr, li, table")].filter((one) => shown(one) && isPart(one))
  : [document];
const wanted = kind === "press" ? "a[href], button, summary" : "input:not([type=hidden]), select, textarea";
const found = parts.flatMap((one) => [...one.querySelectorAll(wanted)]).filter(shown);
return found.find((one) => called(one) === name)
  ?? (kind === "field" ? found.find((one) => called(one).startsWith(name)) : null)
  ?? null;
