// The page Keys: loads a person's key into this browser, or makes one here, and shows its public half.

import { forget, fresh, fromPem, keep, keyOf, publicPem } from "./keystore.js";

const page = document.querySelector("[data-keys-of]");
const name = page.dataset.keysOf;
const trusted = page.dataset.trusted.split(" ");

on("load", "submit", async (form) => {
  const [file] = form.elements.file.files;
  const text = file ? await file.text() : form.elements.pem.value;
  form.reset();
  await use(await fromPem(name, text));
});
on("make", "click", async () => use(await fresh(name)));
on("forget", "click", async () => {
  await forget(name);
  show(undefined);
});
// Only now: a form that nobody listens to would send the key to the console.
page.hidden = false;
show(await keyOf(name));

async function use(key) {
  await keep(key);
  show(key);
}

function on(what, kind, handle) {
  const element = page.querySelector(`[data-do="${what}"]`);
  element.addEventListener(kind, async (event) => {
    event.preventDefault();
    try {
      await handle(element);
      say("");
    } catch (error) {
      say(error.message);
    }
  });
}

function show(key) {
  page.querySelector("[data-has-key]").hidden = key === undefined;
  page.querySelector("[data-has-none]").hidden = key !== undefined;
  if (key === undefined) return;
  const known = trusted.includes(key.id);
  page.querySelector("[data-key-id]").textContent = key.id;
  page.querySelector("[data-known]").hidden = !known;
  page.querySelector("[data-unknown]").hidden = known;
  page.querySelector("[data-pem]").value = publicPem(key);
}

function say(text) {
  const place = page.querySelector("[data-status]");
  place.textContent = text;
  place.hidden = text === "";
}
