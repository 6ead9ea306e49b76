// The console works without this: it adds j and k, and says so when a request of htmx fails.
(function () {
  "use strict";
  const notice = document.getElementById("notice");

  function links() {
    return Array.from(document.querySelectorAll("[data-row] th a, [data-row] td:first-child a"));
  }

  function step(by) {
    const all = links();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
    all[next].focus();
  }

  document.querySelectorAll("[data-needs-script]").forEach((one) => { one.hidden = false; });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  function failed(event) {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "get") return;
    notice.textContent = "That was not kept. Load the page again and repeat.";
    notice.classList.add("bad");
  }
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:sendError", failed);
})();
