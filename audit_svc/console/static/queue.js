// Keeps the queue's rows as they are now.

import { follow } from "./live.js";

const table = document.querySelector("[data-queue]");
follow(`/live/queue?order=${table.dataset.order}`, Number(table.dataset.size), { queue: show });

// A row that has the focus keeps it: whoever goes through the list by keys is not thrown out of it.
function show({ rows, total }) {
  const focused = document.activeElement.closest?.("[data-queue] a")?.getAttribute("href");
  const body = table.tBodies[0];
  body.replaceChildren(...rows.map(row));
  table.hidden = rows.length === 0;
  document.querySelector("[data-empty]").hidden = rows.length > 0;
  document.querySelector("[data-total]").textContent = String(total);
  if (focused) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

function row(item) {
  const link = made("a", `${item.time.slice(0, 10)} ${item.time.slice(11, 19)}`);
  link.href = item.path;
  const cells = [link, badge(item.severity), `${item.risk_pct} %`, item.state];
  cells.push(bare(item.scope), bare(item.caller), item.people, bare(item.rules.join(", ")));
  const line = document.createElement("tr");
  line.append(...cells.map((content) => made("td", content)));
  line.cells[2].className = "number";
  line.cells[7].className = "rules";
  return line;
}

function badge(severity) {
  if (!severity) return "none";
  const mark = made("span", severity);
  mark.className = `badge ${{ CRITICAL: "bad", HIGH: "bad", MEDIUM: "wait" }[severity] ?? "plain"}`;
  return mark;
}

// Text of strangers: what would turn its neighbours around, or not be seen, stands as its number (text.html).
function bare(text) {
  const place = document.createElement("bdi");
  text.split(/((?! )[\p{C}\p{Z}])/u).forEach((piece, at) => place.append(at % 2 ? unseen(piece) : piece));
  return place;
}

function unseen(character) {
  const mark = made("span", `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  mark.className = "unseen";
  return mark;
}

function made(name, content) {
  const element = document.createElement(name);
  element.append(content);
  return element;
}
