// The exact text of an element that macros of text.html or program.html made: what was hidden is put back.
//
// Whoever digests or signs what a page shows takes it from here, not from what the server says of it.

export function textOf(element) {
  if (element.dataset.lines !== undefined) {
    return [...element.querySelectorAll("[data-line]")].map(textOf).join("\n");
  }
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.data;
    else if (node.dataset.code !== undefined) text += String.fromCodePoint(parseInt(node.dataset.code, 16));
    else text += textOf(node);
  }
  return text;
}
