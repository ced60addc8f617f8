// The dashboard's one script. Every page works without it; it adds copying, local times, live
// regions, select-all and shortcuts. It stores nothing and talks to nobody but this server.
const root = document.documentElement;
root.classList.add("js");
const each = (selector, work, within = document) => within.querySelectorAll(selector).forEach(work);
const find = (selector) => document.querySelector(selector);
const said = find("#said");
const say = (text) => { if (said) said.textContent = text; };

// Copying. A button names the element whose text it copies, or holds the text itself.
addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = button.dataset.copy || button.parentElement.querySelector("pre, code, .json").textContent;
  try {
    await navigator.clipboard.writeText(source);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: source });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("done");
  say(said?.dataset.copied ?? "Copied");
  setTimeout(() => button.classList.remove("done"), 1500);
});

// Times: the reader's zone, language, UTC on hover.
const pad = (n) => String(n).padStart(2, "0");
const lang = root.lang, own = lang === "en";
const day = (at, year) => at.toLocaleDateString(own ? "en-GB" : lang, { day: "numeric", month: "short", year });
function local(at, now) {
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return clock;
  return `${day(at, at.getFullYear() === now.getFullYear() ? undefined : "numeric")} ${clock}`;
}
const units = [[86400, "d", "day"], [3600, "h", "hour"], [60, "min", "minute"], [1, "s", "second"]];
function span(ms, as = (count, short) => `${count} ${short}`) {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const [size, ...names] = units.find(([size]) => seconds >= size) ?? units[3];
  return as(Math.floor(seconds / size), ...names);
}
function distance(ms) {
  const soon = ms >= 0 && ms < 2000;
  if (!own) return span(soon ? 0 : ms, (count, _, name) => new Intl.RelativeTimeFormat(lang,
    { numeric: count ? "always" : "auto" }).format(ms < 0 ? count : -count, name));
  return soon ? "just now" : ms < 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
}
function shown(time, at, now) {
  const { tick, ago, due, lasts } = time.dataset;
  if (tick === "day") return day(at);
  if (tick) return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  if (lasts !== undefined) return `${local(at, now)} (${span(now - at)})`;
  if (due !== undefined && at <= now) return own ? "now" : distance(0);
  return ago === undefined ? local(at, now) : distance(now - at);
}
function times(within) {
  const now = new Date();
  each("time[datetime]", (time) => {
    const text = shown(time, new Date(time.dateTime), now);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
  }, within);
}
times(document);
setInterval(() => { if (!document.hidden) times(document); }, 5000);

// Charts: the step under the pointer, in words; they are those of the chart's own table.
addEventListener("pointermove", (event) => {
  const drawing = event.target.closest?.(".plot svg");
  if (!drawing) return;
  const plot = drawing.closest(".plot"), { since, step, steps } = plot.dataset;
  const box = drawing.getBoundingClientRect();
  const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.999);
  const rows = [...plot.querySelectorAll("tbody tr")];
  const start = (row) => new Date(row.querySelector("time").dateTime).getTime();
  const ends = [...plot.querySelectorAll(".x time")].at(-1);
  const at = steps ? +since + Math.floor(share * steps) * step : +since + share * (new Date(ends.dateTime) - since);
  const row = steps ? rows.find((row) => start(row) === at)
    : rows.reduce((best, row) => Math.abs(start(row) - at) < Math.abs(start(best) - at) ? row : best);
  const heads = [...plot.querySelectorAll("thead th")].slice(1);
  const words = row ? heads.map((head, n) => [row.cells[n + 1].textContent, head.textContent]).filter(([count]) => count !== "0")
    .map(([count, word]) => `${count} ${word}`).join(", ") : "nothing";
  plot.querySelector(".readout").textContent = `${local(new Date(row ? start(row) : at), new Date())}: ${words}`;
});

// Live regions: the server says when something changed, and sends the marked ones that did. What the
// reader is using stays.
const pause = find("button.live");
let tag = "", busy = false, due = false, source = null;
const paused = () => pause?.getAttribute("aria-pressed") === "true";
function inUse(region) {
  const chosen = getSelection();
  return region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary")
    || region.querySelector("details[open]:not([data-open], .json *), .json details:not([open]), input:checked:not([type=radio])")
    || (chosen && !chosen.isCollapsed && region.contains(chosen.anchorNode));
}
async function refresh() {
  if (busy) { due = true; return; }
  busy = true;
  due = false;
  try {
    const headers = { "hookpost-live": self === top ? "page" : "frame" };
    if (tag) headers["if-none-match"] = tag;
    const answer = await fetch(location.href, { headers, redirect: "manual", cache: "no-store" });
    if (answer.status === 200) {
      tag = answer.headers.get("etag") ?? "";
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      each("[data-live]", (region) => {
        const next = fresh.getElementById(region.id);
        if (!next) return;
        if (inUse(region)) { tag = ""; return; }
        const focused = region.contains(document.activeElement) && document.activeElement.getAttribute("href");
        times(next);
        if (next.innerHTML === region.innerHTML) return;
        region.replaceChildren(...next.childNodes);
        if (focused) region.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      });
    } else if (answer.type === "opaqueredirect" || answer.status === 401) stop();
  } catch { /* The next change tries again. */ }
  setTimeout(() => { busy = false; if (due) refresh(); }, 1000);
}
function stop() { source?.close(); source = null; }
function start() {
  if (source || paused() || document.hidden || !find("[data-live]")) return;
  // What changed since the page was drawn is told at once.
  source = new EventSource(`/live?since=${root.dataset.changes}`);
  source.addEventListener("change", refresh);
}
if (pause) {
  addEventListener("visibilitychange", () => { if (document.hidden) stop(); else { start(); if (source) refresh(); } });
  addEventListener("pagehide", stop);
  pause.addEventListener("click", () => {
    const next = !paused();
    pause.setAttribute("aria-pressed", next);
    pause.querySelector("span").textContent = next ? "Paused" : "Live";
    if (next) stop(); else { start(); refresh(); }
  });
  start();
}
// Where no signal is to be had (the portal), a page asks again while something is under way.
setInterval(() => { if (!document.hidden && find("[data-again]")) refresh(); }, 2000);

// Forms: one box ticks all rows, filters apply on choice, a form is sent once.
addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("[data-all]")) each(`input[name="${box.dataset.all}"]`, (other) => { other.checked = box.checked; }, box.form ?? box.closest("table"));
  if (box.matches("form[data-auto] select")) box.form.requestSubmit();
});
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") { each("input, select", (field) => { if (!field.value) field.disabled = true; }, form); return; }
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
addEventListener("pageshow", () => each("form", (form) => { delete form.dataset.sent; each("input:disabled, select:disabled", (field) => { field.disabled = false; }, form); }));

// A field narrows what is to be picked; one that names something is offered what the server finds.
let asking;
addEventListener("input", ({ target }) => {
  if (target.matches("[data-narrows]")) each("label", (one) => { one.hidden = !one.textContent.includes(target.value); }, target.parentElement);
  if (!target.dataset.complete) return;
  clearTimeout(asking);
  const mine = asking = setTimeout(async () => {
    const answer = await fetch(`${target.dataset.complete}?q=${encodeURIComponent(target.value)}`).catch(() => null);
    const options = answer?.ok ? await answer.text() : null;
    if (options !== null && mine === asking) target.list.innerHTML = options;
  }, 150);
});

// Shortcuts: j and k walk the rows, Enter opens, / and Ctrl-K search, g and a letter goes, ? explains.
if (root.dataset.shortcuts !== "off") {
  let went = -9e9;
  // Once the key is up: what it types must not land in the next page's field.
  const go = (link) => addEventListener("keyup", () => link?.click(), { once: true });
  addEventListener("keydown", (event) => {
    const { key } = event;
    const held = event.ctrlKey || event.metaKey;
    const typing = event.altKey || event.target.closest("input, select, textarea, dialog");
    if ((held || typing) && !(held && key === "k")) return;
    const rows = [...document.querySelectorAll("a.open")];
    const at = rows.indexOf(document.activeElement);
    const link = event.timeStamp - went < 2000 && find(`[data-go="${CSS.escape(key)}"]`);
    went = -9e9;
    if (link) go(link);
    else if (key === "/" || held) {
      const field = !held && find("[data-search]");
      if (field) field.focus(); else go(find('nav [href="/search"]'));
    } else if (key === "j" || key === "k") {
      (rows[key === "j" ? at + 1 : at - 1] ?? (at < 0 ? rows[0] : null))?.focus();
    } else if (key === "g") { went = event.timeStamp; return; }
    else if (key === "?") find("#shortcuts")?.showModal();
    else return;
    event.preventDefault();
  });
}
