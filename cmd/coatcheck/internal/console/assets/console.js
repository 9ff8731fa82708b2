"use strict";

// Keeps the list of sessions up to date. When the server says that something has changed, this page asks for itself again
// and takes over the differences. All words and markup come from the server. XMLHttpRequest parses them and runs no
// scripts in them, and nothing here makes markup from text.
(() => {
  const live = document.getElementById("live");
  const state = document.getElementById("state");
  if (!live || !state) return;

  const GONE = 1400; // ms for which an ended row stays in place, so that no other row's button slides under the pointer
  const HOLD = 4000; // ms for which a pointer that moves over a button may hold changes back, for the same reason
  const REST = 700; // ms after which a pointer that does not move is not about to press
  const TOLD = 12000; // ms for which a line about what has happened stays
  const RETRY = 2000; // ms until a store that did not answer is asked again
  const ROUTINE = 30000; // ms after which times such as "2 min ago" are asked for anew

  const say = (kind, text) => {
    state.hidden = false;
    state.dataset.kind = kind;
    if (state.textContent !== text) state.textContent = text;
  };

  // tell shows a line for a while.
  let told = 0;
  const tell = (text) => {
    const notice = document.getElementById("notice");
    notice.textContent = text;
    clearTimeout(told);
    if (text) told = setTimeout(() => { notice.textContent = ""; }, TOLD);
  };

  // ask resolves to the document that the server answers with, or null.
  const ask = (method, url, headers, body) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.setRequestHeader("Accept", "text/html");
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.onloadend = () => resolve(request.response);
    request.send(body);
  });

  // take gives an element its new content, if that is different. The element stays: what announces changes has to be there before.
  const take = (id, from) => {
    const old = document.getElementById(id), fresh = from.getElementById(id);
    if (!old.isEqualNode(fresh)) old.replaceChildren(...document.adoptNode(fresh).childNodes);
  };

  let timer = 0, busy = false, again = false, held = 0, moved = -REST;

  const soon = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(refresh, delay);
  };

  const retire = (row) => {
    if (row.classList.contains("gone")) return;
    row.classList.add("gone");
    for (const button of row.querySelectorAll("button")) button.disabled = true;
    setTimeout(() => {
      row.remove();
      const rows = document.getElementById("rows");
      if (rows && !rows.children.length) soon(0); // for the words that stand in an empty list's place
    }, GONE);
  };

  // takeRows keeps each row that is still there, so that focus, selection and pointer stay on what they were on.
  const takeRows = (from) => {
    const rows = document.getElementById("rows"), fresh = from.getElementById("rows");
    if (!rows || !rows.children.length) return take("list", from);
    if (!fresh) return [...rows.children].forEach(retire);
    const kept = new Set([...fresh.children].map((row) => row.id));
    if (from.querySelector("#pages .older")) { // the last rows have not ended, they are on the next page now
      while (rows.lastElementChild && !kept.has(rows.lastElementChild.id)) rows.lastElementChild.remove();
    }
    for (const row of rows.children) if (!kept.has(row.id)) retire(row);
    let before = rows.firstElementChild;
    for (const row of [...fresh.children]) {
      const old = document.getElementById(row.id);
      if (!old) {
        row.classList.add("fresh");
        rows.insertBefore(document.adoptNode(row), before);
        continue;
      }
      [...row.cells].forEach((cell, i) => {
        if (!old.cells[i].isEqualNode(cell)) old.cells[i].replaceWith(document.adoptNode(cell.cloneNode(true)));
      });
      before = old.nextElementSibling;
    }
  };

  const takeAll = (from) => {
    take("count", from);
    // A store that does not answer has not lost anything.
    if (from.getElementById("live").dataset.failed !== undefined) return soon(RETRY);
    take("all", from);
    takeRows(from);
    take("pages", from);
  };

  async function refresh() {
    if (busy) { again = true; return; }
    if (performance.now() - moved < REST && held < HOLD && document.querySelector("#rows button:hover")) {
      held += 250;
      return soon(250);
    }
    busy = true;
    again = false;
    held = 0;
    const start = performance.now();
    const from = await ask("GET", location.href, { "Coatcheck-Live": "1" });
    if (!from) gone();
    else if (from.getElementById("live")) { back(); takeAll(from); }
    else location.reload(); // most likely to the sign-in page
    // A list that takes the server long to make is asked for less often.
    setTimeout(() => { busy = false; if (again) soon(0); }, Math.max(250, 4 * (performance.now() - start)));
  }

  // While the program does not answer, the page says since when, and its buttons rest: a press would do nothing.
  let since = "";

  const gone = () => {
    since = since || new Date().toLocaleTimeString();
    say("off", "No answer since " + since);
    for (const link of document.querySelectorAll("main a.button")) link.setAttribute("aria-disabled", "true");
    for (const button of document.querySelectorAll("main button:not(dialog button, :disabled)")) {
      button.disabled = true;
      button.dataset.rests = "";
    }
    soon(RETRY);
  };

  const back = () => {
    if (!since) return;
    since = "";
    say("on", "Live");
    for (const link of document.querySelectorAll("main a.button")) link.removeAttribute("aria-disabled");
    for (const button of document.querySelectorAll("button[data-rests]")) {
      button.disabled = false;
      delete button.dataset.rests;
    }
  };

  // A page that nobody sees follows nothing: browsers allow few connections to one host.
  let source = null;

  const follow = () => {
    if (source || document.hidden) return;
    source = new EventSource("/events");
    source.onopen = () => { say("on", "Live"); soon(0); };
    source.addEventListener("change", () => soon(0));
    source.addEventListener("end", () => location.reload());
    source.onerror = () => {
      if (!since) say("off", "Reconnecting");
      soon(0); // to know whether it is the stream alone
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(follow, 5000);
      }
    };
  };

  const rest = () => {
    if (source) source.close();
    source = null;
  };

  document.addEventListener("pointermove", () => { moved = performance.now(); }, { passive: true });
  document.addEventListener("visibilitychange", () => document.hidden ? rest() : follow());
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", follow);
  setInterval(() => { if (!document.hidden) soon(0); }, ROUTINE);

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-live]")) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form)), row = form.closest("#rows tr");
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const from = await ask("POST", form.action, {}, fields);
    if (from && from.getElementById("live")) {
      tell(from.getElementById("notice").textContent);
      takeAll(from);
      if (row && row.classList.contains("gone")) goOn(row);
      return;
    }
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    const heading = from && from.querySelector("h1");
    tell(heading ? heading.textContent : "The console does not answer. It is not known whether anything has changed.");
    if (from && from.getElementById("token")) location.reload();
  });

  // goOn brings the focus from a row that has ended to the next one's button.
  const goOn = (row) => {
    if (document.activeElement !== document.body && !row.contains(document.activeElement)) return;
    let to = row;
    do to = to.nextElementSibling; while (to && to.classList.contains("gone"));
    if (!to) to = document.querySelector("#rows tr:not(.gone)");
    const button = to && to.querySelector("button, a");
    (button || document.querySelector(".search input")).focus();
  };

  // step brings the focus to the row before or after the one that has it.
  const step = (by) => {
    const rows = [...document.querySelectorAll("#rows tr:not(.gone)")];
    const at = rows.indexOf(document.activeElement.closest("#rows tr"));
    const row = rows[at < 0 ? (by > 0 ? 0 : -1) : at + by];
    if (!row) return false;
    row.querySelector("a").focus();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const keys = document.getElementById("keys");
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.target.closest("input, textarea, select, summary")) return;
    const search = document.querySelector(".search input");
    if (event.key === "/") { search.focus(); search.select(); }
    else if (event.key === "?") keys.showModal();
    else if (event.key !== "ArrowDown" && event.key !== "ArrowUp" || !step(event.key === "ArrowDown" ? 1 : -1)) return;
    event.preventDefault();
  });

  tell(document.getElementById("notice").textContent);
  follow();
})();
