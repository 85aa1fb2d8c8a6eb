// The list of requests follows the log: rows change where they stand, and new ones come in at the top.
//
// What an event says is data: it becomes text and one address of ours, never markup.

import { follow } from "/static/live.js";

const LONGEST = 200; // rows; older ones go to the next page anyway
const LOOKS = { ALLOWED: "good", DENIED: "bad", NEEDS_REVIEW: "wait" };
const list = document.getElementById("requests");
const template = document.getElementById("row");

const WRITE = {
  address(place, row) { place.href = new URL(row.address, location.origin).pathname; },
  began(place, row) {
    place.dateTime = row.began;
    place.textContent = `${row.began.slice(0, 10)} ${row.began.slice(11, 19)}`;
  },
  verdict(place, row) {
    place.replaceChildren();
    if (!row.verdict) return;
    const badge = document.createElement("span");
    badge.className = `badge ${LOOKS[row.verdict] ?? "plain"}`;
    badge.textContent = row.verdict.replaceAll("_", " ");
    place.append(badge);
  },
  rules(place, row) { place.textContent = row.rules.join(", "); },
};

function show(row) {
  const rows = [...list.children];
  const found = rows.find((each) => each.dataset.request === row.request_id);
  if (!found && list.dataset.first !== "1") return; // a new request is on the first page
  const shown = found ?? template.content.firstElementChild.cloneNode(true);
  for (const place of shown.querySelectorAll("[data-field]")) {
    const name = place.dataset.field;
    if (name in WRITE) WRITE[name](place, row);
    else place.textContent = row[name];
  }
  if (!found) insert(shown, row, rows);
  shown.classList.remove("fresh");
  void shown.offsetWidth; // so that the same row can light up again
  shown.classList.add("fresh");
}

function insert(shown, row, rows) {
  shown.dataset.request = row.request_id;
  shown.dataset.place = row.place;
  list.insertBefore(shown, rows.find((each) => Number(each.dataset.place) < row.place) ?? null);
  while (list.children.length > LONGEST) list.lastElementChild.remove();
  for (const none of document.querySelectorAll("[data-none]")) none.hidden = true;
}

function tooMany() {
  for (const notice of document.querySelectorAll("[data-many]")) notice.hidden = false;
}

if (list.dataset.liveList === "1") {
  follow(`/live/requests${location.search}`, Number(list.dataset.size), { row: show, many: tooMany });
}
