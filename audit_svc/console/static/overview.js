// The overview follows the log: its figures at once, its charts at most every few seconds, read from the page anew.

import { follow } from "/static/live.js";

const EVERY_MS = 5000;
const figures = document.getElementById("figures");
let renewed = Date.now();
let coming = false;

follow(`/live/overview?range=${encodeURIComponent(figures.dataset.range)}`, Number(figures.dataset.size), {
  figures(told) {
    for (const place of figures.querySelectorAll("[data-figure]")) place.textContent = told[place.dataset.figure];
    renewSoon();
  },
});

function renewSoon() {
  if (coming) return;
  coming = true;
  setTimeout(renew, Math.max(0, renewed + EVERY_MS - Date.now()));
}

// The browser makes a document of the answer that runs nothing; what is not the page (a session that ended) is none.
function renew() {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.addEventListener("loadend", () => {
    coming = false;
    renewed = Date.now();
    if (request.status === 200) show(request.response);
  });
  request.send();
}

// Card by card: one that somebody is in, or that says the same, stays; a table that was opened stays open.
function show(fresh) {
  const [shown, found] = [cards(document), cards(fresh)];
  if (shown.length !== found.length) return;
  shown.forEach((card, at) => {
    if (card.querySelector("details[open]")) found[at].querySelector("details")?.setAttribute("open", "");
    if (card.contains(document.activeElement) || card.isEqualNode(found[at])) return;
    card.replaceWith(document.adoptNode(found[at]));
  });
}

function cards(page) {
  return [...page.querySelectorAll("#main section.card")];
}
