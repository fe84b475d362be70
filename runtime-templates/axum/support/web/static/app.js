// Makes pages quicker to use; every page works without it.
"use strict";

// Relative times stay right while a page is open; the words of the interface are English.
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
function tell(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(0, "second");
}
function tellAll() {
  for (const time of document.querySelectorAll("time[data-relative]")) time.textContent = tell(time);
}
tellAll();
setInterval(tellAll, 60000);

// Menus close on Escape and on a click elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  // "/" goes to the search box.
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select")) {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  // A filter leaves what is empty out of the address.
  if (form.method === "get") {
    for (const control of form.elements) if (control.name && control.value === "") control.disabled = true;
  }
  // A second click sends nothing twice.
  if (form.method === "post") {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; form.removeAttribute("aria-busy"); }
  for (const control of document.querySelectorAll("form[method=get] :disabled")) control.disabled = false;
});

// Choosing in a filter is enough.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.matches("select, input[type=checkbox]")) form.requestSubmit();
});

// A picker with many rows looks for them as one types.
for (const input of document.querySelectorAll("input[data-options]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let waiting;
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++asked;
      const address = input.dataset.options + "?q=" + encodeURIComponent(input.value);
      const answer = await fetch(address, { headers: { accept: "application/json" } }).catch(() => null);
      if (!answer || !answer.ok || mine !== asked) return;
      const found = await answer.json();
      list.replaceChildren(...found.map((row) => {
        const option = document.createElement("option");
        option.value = row.text;
        return option;
      }));
    }, 160);
  });
}

// Work that is not saved yet is not lost by a slip.
let changed = false;
document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) changed = true; });
document.addEventListener("submit", () => { changed = false; });
window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
