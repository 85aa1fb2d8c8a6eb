// A request's page says when the log has something new on it. Reading it again is for the reader to decide.

import { follow } from "./live.js";

const page = document.querySelector("[data-request]");
if (page !== null) {
  follow(`/live/request/${page.dataset.request}`, Number(page.dataset.size), {
    grown({ records }) {
      const news = document.querySelector("[data-news]");
      const known = Number(news.dataset.count ?? 0) + records;
      news.dataset.count = String(known);
      news.hidden = false;
      news.querySelector("output").textContent = known === 1 ? "1 new record" : `${known} new records`;
    },
  });
}
