// What has the focus, by the name that is said aloud, and whether one sees that it has.
const one = document.activeElement;
const flat = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const called = flat(one.getAttribute("aria-label")
  ?? (one.labels?.length ? one.labels[0].textContent : one.textContent));
const box = one.getBoundingClientRect();
const ring = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
const within = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
const seen = within && one.matches(":focus-visible")
  && (ring(getComputedStyle(one)) || ring(getComputedStyle(one, "::after")));
return { called: called.slice(0, 80), seen };
