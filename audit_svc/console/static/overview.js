// The overview's figures follow the log; its charts are as of the page's loading.

import { follow } from "/static/live.js";

const figures = document.getElementById("figures");

follow(`/live/overview?range=${encodeURIComponent(figures.dataset.range)}`, Number(figures.dataset.size), {
  figures(told) {
    for (const place of figures.querySelectorAll("[data-figure]")) place.textContent = told[place.dataset.figure];
  },
});
