// Keys for everything that a mouse can do. Every page loads it; `?` shows what there is.
//
//   <tbody data-keys="list">               j and k, or the arrows, go from row to row: to each row's first link
//   <input type="search">                  / goes to it
//   <button data-key="a">Approve</button>  a chooses it, and goes to the form's <textarea>; Ctrl+Enter sends
//
// Single letters can be switched off (WCAG 2.1.4); then Tab and Enter remain. Knows pages by these marks only.

const PLACES = {
  o: ["/", "overview"],
  r: ["/requests", "requests"],
  q: ["/queue", "queue"],
  l: ["/labels", "labels"],
  p: ["/replay", "replay"],
  k: ["/keys", "keys"],
};
const HELP = [
  ["j  k  ↓  ↑", "next and previous row of a list"],
  ["Enter", "open the row"],
  ["/", "search"],
  ...Object.entries(PLACES).map(([key, [, words]]) => [`g ${key}`, `go to ${words}`]),
  ["a  d", "on a review: approve, deny; go to the reason"],
  ["Ctrl+Enter", "send the form"],
  ["Esc", "leave the field"],
  ["?", "this help"],
];
const OFF = "placet.keys";
const FIELDS = "input, textarea, select, [contenteditable]";
const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const SECOND_KEY_MS = 1500;
let going = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.metaKey) return;
  const field = event.target.closest?.(FIELDS) ?? null;
  const acted = event.ctrlKey ? event.key === "Enter" && send(event.target) : pressed(event.key, field);
  if (acted) event.preventDefault();
});

function pressed(key, field) {
  if (document.querySelector("dialog[open]")) return false;
  if (field) return key === "Escape" && leave(field);
  if (key === "?") return help();
  if (localStorage.getItem(OFF) === "off") return false;
  if (Date.now() < going) return go(key);
  if (key === "g") return (going = Date.now() + SECOND_KEY_MS) > 0;
  if (key === "/") return focus(document.querySelector("input[type=search]"));
  if (key in STEPS) return step(STEPS[key], key.length > 1);
  return choose(document.querySelector(`button[data-key="${CSS.escape(key)}"]`));
}

function go(key) {
  going = 0;
  if (!(key in PLACES)) return false;
  location.assign(PLACES[key][0]);
  return true;
}

// From row to row. The arrows do so only inside a list: elsewhere they scroll.
function step(by, arrow) {
  const active = document.activeElement;
  const list = active.closest("[data-keys=list]") ?? (arrow ? null : document.querySelector("[data-keys=list]"));
  if (list === null) return false;
  const rows = [...list.children].filter((row) => !row.hidden && row.querySelector("a[href]"));
  const at = rows.findIndex((row) => row.contains(active));
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
  return focus(rows[next]?.querySelector("a[href]"));
}

function focus(element) {
  element?.focus();
  return Boolean(element);
}

function leave(field) {
  field.blur();
  return true;
}

// The next Ctrl+Enter in this button's form is this button.
function choose(button) {
  if (button === null || button.disabled || button.form === null) return false;
  for (const each of button.form.querySelectorAll("[data-key]")) each.toggleAttribute("data-chosen", each === button);
  return focus(button.form.querySelector("textarea") ?? button);
}

// A form with several buttons wants one chosen: nothing is sent by guess.
function send(target) {
  const form = target.closest?.("form");
  if (!form) return false;
  const buttons = [...form.querySelectorAll("button:not([type=button]):not([disabled])")];
  const button = buttons.find((each) => each.hasAttribute("data-chosen")) ?? (buttons.length === 1 ? buttons[0] : null);
  if (button === null) return focus(buttons[0]);
  form.requestSubmit(button);
  return true;
}

function help() {
  const dialog = element("dialog", { className: "keys-help" });
  dialog.setAttribute("aria-label", "Keys");
  const table = element("dl");
  for (const [keys, words] of HELP) {
    table.append(element("dt", { textContent: keys }), element("dd", { textContent: words }));
  }
  const form = element("form", { method: "dialog" });
  form.append(element("button", { textContent: "Close", autofocus: true }));
  dialog.append(element("h2", { textContent: "Keys" }), table, onOff(), form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return true;
}

function onOff() {
  const box = element("input", { type: "checkbox", checked: localStorage.getItem(OFF) !== "off" });
  box.addEventListener("change", () => localStorage.setItem(OFF, box.checked ? "on" : "off"));
  const label = element("label");
  label.append(box, " Single letters act");
  return label;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
