// Keeps a page up to date: opens its stream of events while the page can be seen, and hands each event on.
//
//   follow("/live/requests?verdict=DENIED", Number(list.dataset.size), {row: (data) => …});
//
// Knows nothing of what events say. A page that is hidden holds no connection; when it is seen again it asks
// for what it missed.

export function follow(address, size, handlers) {
  let seen = size;
  let source = null;

  function open() {
    const url = new URL(address, location.href);
    url.searchParams.set("after", String(seen));
    source = new EventSource(url);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        seen = Number(event.lastEventId) || seen;
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener("open", () => tell("live"));
    source.addEventListener("error", () => tell(source.readyState === EventSource.CLOSED ? "ended" : "waiting"));
  }

  function close() {
    source?.close();
    source = null;
    tell("paused");
  }

  function turn() {
    if (document.hidden) close();
    else if (source === null || source.readyState === EventSource.CLOSED) open();
  }

  document.addEventListener("visibilitychange", turn);
  turn();
}

const WORDS = {
  live: "live",
  waiting: "connecting again",
  paused: "paused",
  ended: "not live: reload the page",
};

// What `<span data-live></span>` shows.
function tell(state) {
  for (const place of document.querySelectorAll("[data-live]")) {
    place.dataset.live = state;
    place.textContent = WORDS[state];
  }
}
