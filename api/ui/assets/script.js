// Refresh, keys and the clock. Without this script the pages show and do the same, but for these.
"use strict";

const EVERY_MS = 30000;
let etag = document.documentElement.dataset.etag || null;
let row = -1;

const $ = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("main a.row")];

function ago(text) {
  const minutes = Math.floor((Date.now() - Date.parse(text)) / 60000);
  if (minutes < 1) return " · just now";
  if (minutes < 60) return ` · ${minutes} min ago`;
  return minutes < 2880 ? ` · ${Math.floor(minutes / 60)} h ${minutes % 60} min ago` : "";
}

function tellAges() {
  for (const place of document.querySelectorAll(".ago[data-at]")) {
    const said = ago(place.dataset.at);
    if (place.textContent !== said) place.textContent = said;
  }
}

// Whether somebody has chosen or written something that a new page would take away.
function isChanged(field) {
  if (!field.options) return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(0, first);
}

function isBusy() {
  return document.hidden || $("dialog[open]") || [...document.querySelectorAll("main input, main select, main textarea")].some(isChanged);
}

// Put what another version of this page shows in place of what is shown, and stay where we are.
function replace(html) {
  const there = new DOMParser().parseFromString(html, "text/html");
  const open = [...document.querySelectorAll("details[open][id]")].map((each) => each.id);
  const focus = document.activeElement && document.activeElement.id;
  const href = document.activeElement && document.activeElement.getAttribute("href");
  const scroll = [window.scrollX, window.scrollY];
  for (const part of ["header.top", "main", "footer"]) {
    if (part === "header.top" && document.activeElement && document.activeElement.id === "q") continue;
    $(part).replaceWith(there.querySelector(part));
  }
  document.documentElement.dataset.clock = there.documentElement.dataset.clock;
  document.title = there.title;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const again = (focus && document.getElementById(focus)) || (href && rows().find((each) => each.getAttribute("href") === href));
  again?.focus({ preventScroll: true });
  window.scrollTo(...scroll);
  mark(row, false);
  tellAges();
}

async function look(address, always) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-cache", headers: { Accept: "text/html" } });
  } catch {
    return; // The service is away; the next look may find it.
  }
  if (new URL(answer.url).pathname.endsWith("/login")) return location.reload();
  const found = answer.headers.get("ETag");
  if (answer.ok && (always || (etag !== null && found !== etag))) replace(await answer.text());
  etag = found;
}

function refresh() {
  tellAges();
  if (!isBusy()) look(location.href, false);
}

// Of the other windows with pages.
const others = new BroadcastChannel("clock");
others.onmessage = () => look(location.href, true);

// What the buttons do, by their ids.
const acts = {
  async clock() {
    await look($("#clock").href, true);
    others.postMessage("changed");
  },
  help: () => $("#keys").showModal(),
};

function mark(number, moves) {
  const all = rows();
  for (const each of document.querySelectorAll("tr.at")) each.classList.remove("at");
  if (number < 0 || !all.length) return;
  row = Math.min(number, all.length - 1);
  all[row].closest("tr")?.classList.add("at");
  if (moves) {
    all[row].focus({ preventScroll: true });
    all[row].scrollIntoView({ block: "nearest" });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const does = {
    "/": () => $("#q")?.focus(),
    j: () => mark(row + 1, true),
    k: () => mark(Math.max(0, row - 1), true),
    t: () => $("#clock") && acts.clock(),
    "?": acts.help,
    Enter: () => event.target === document.body && rows()[row]?.click(),
  }[event.key];
  if (!does) return;
  if (event.key !== "Enter") event.preventDefault();
  does();
});

document.addEventListener("click", (event) => {
  const act = acts[event.target.closest(".top .button")?.id];
  if (!act || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  act();
});

document.addEventListener("visibilitychange", refresh);
window.addEventListener("pageshow", (event) => event.persisted && refresh());

function keepLooking() {
  // What changes soon says how many seconds later to look again.
  const wait = Number($("main [data-every]")?.dataset.every) * 1000 || EVERY_MS;
  setTimeout(() => {
    refresh();
    keepLooking();
  }, wait);
}

tellAges();
keepLooking();
