"use strict";
// Steps through a run. All that programs wrote arrives as data and is shown as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  const rungs = [...document.querySelectorAll(".rung")];
  const lives = [...document.querySelectorAll(".life")];
  let now = -1;

  function element(tag, words, ...classes) {
    const made = document.createElement(tag);
    if (words !== undefined) made.textContent = words;
    made.classList.add(...classes.filter(Boolean));
    return made;
  }

  function append(parent, ...children) {
    parent.append(...children);
    return parent;
  }

  // The panel scrolls, the page does not.
  function show(panel, item) {
    const box = panel.getBoundingClientRect(), mine = item.getBoundingClientRect();
    const margin = Math.min(60, box.height / 4);
    if (mine.top < box.top + margin) panel.scrollTop -= box.top + margin - mine.top;
    if (mine.bottom > box.bottom - margin) panel.scrollTop += mine.bottom - box.bottom + margin;
  }

  // --- source ---

  let shownFile = null;
  function remarks(line, inside) { // [piece, is a comment]..., and whether a comment goes on
    const pieces = [];
    let rest = line;
    while (rest) {
      const from = inside ? 0 : rest.search(/\/\*|\/\//);
      if (from < 0) { pieces.push([rest, false]); break; }
      if (from > 0) pieces.push([rest.slice(0, from), false]);
      rest = rest.slice(from);
      const whole = !inside && rest.startsWith("//");
      const end = whole ? -1 : rest.indexOf("*/", inside ? 0 : 2);
      const length = end < 0 ? rest.length : end + 2;
      pieces.push([rest.slice(0, length), true]);
      inside = end < 0 && !whole;
      rest = rest.slice(length);
    }
    return [pieces, inside];
  }

  function openFile(name) {
    if (name === shownFile) return;
    shownFile = name;
    const list = element("ol", undefined, "lines");
    let inside = false;
    for (const line of data.sources[name] || []) {
      const item = element("li");
      const [pieces, goesOn] = remarks(line, inside);
      inside = goesOn;
      for (const [piece, remark] of pieces)
        item.append(remark ? element("span", piece, "remark") : piece);
      list.append(item);
    }
    at("code").replaceChildren(list);
  }

  // The file of the nearest moment of this lane that has one.
  function fileOf(index) {
    const mine = data.moments.map((moment, i) => [moment, i])
      .filter(([moment]) => moment.lane === data.moments[index].lane && data.sources[moment.file]);
    const [nearest] = mine.sort((a, b) => Math.abs(a[1] - index) - Math.abs(b[1] - index));
    return nearest && nearest[0].file;
  }

  function showSource(index) {
    const moment = data.moments[index];
    const known = moment.file && data.sources[moment.file];
    const file = known ? moment.file : fileOf(index);
    if (!file && (moment.lane >= 0 || !shownFile)) {
      shownFile = null;
      at("file").textContent = "Source";
      at("code").replaceChildren(element("p", moment.lane < 0 ? "Nothing has run yet." : "This program's source is not here.", "empty"));
      return;
    }
    if (file) openFile(file);
    for (const old of at("code").querySelectorAll(".here")) {
      old.classList.remove("here");
      old.removeAttribute("aria-current");
    }
    at("file").textContent = known ? `${moment.file}, line ${moment.line}` : shownFile;
    const line = known && at("code").querySelectorAll("li")[moment.line - 1];
    if (!line) return;
    line.classList.add("here");
    line.setAttribute("aria-current", "step");
    show(at("code"), line);
  }

  // --- state ---

  function processCard(state, changed) {
    const card = element("div", undefined, "card", "process", "c" + data.lanes[state.lane].color);
    const table = element("table");
    append(card, append(element("h4"), element("span", state.name, "name"),
      element("span", `process ${state.pid}`, "kind")), table);
    table.setAttribute("aria-label", `Descriptors of ${state.name}`);
    const head = append(element("tr"), ...["fd", "leads to", ""].map(words => element("th", words)));
    head.querySelectorAll("th").forEach(th => th.scope = "col");
    table.append(append(element("thead"), head), element("tbody"));
    for (const [fd, name, about] of state.fds.slice(1)) {
      const row = append(element("tr"), element("td", fd), element("td", name, "to"), element("td", about));
      if (changed && !changed.has(`${fd} ${name} ${about}`)) row.classList.add("changed");
      table.tBodies[0].append(row);
    }
    return card;
  }

  function objectCard(state, changed) {
    const card = element("div", undefined, "card", changed && "changed");
    append(card, append(element("h4"), element("span", state.name), element("span", state.kind, "kind", "grow"),
      ...(state.state ? [element("span", state.state, "badge")] : [])));
    const rows = element("dl");
    for (const [name, value] of state.rows.slice(1))
      rows.append(element("dt", name), element("dd", value));
    card.append(rows);
    if (state.letters.length > 1) {
      const list = element("ul", undefined, "letters");
      for (const [name, words] of state.letters.slice(1))
        list.append(append(element("li"), ...(name ? [element("b", name)] : []), element("code", words)));
      card.append(list);
    }
    return card;
  }

  function showState(moment, before) {
    const rowsBefore = new Map();
    for (const entry of before ? before.p : []) {
      const state = data.pool[entry];
      rowsBefore.set(state.pid, new Set(state.fds.slice(1).map(row => row.join(" "))));
    }
    at("processes").replaceChildren(...moment.p.map(entry =>
      processCard(data.pool[entry], before && (rowsBefore.get(data.pool[entry].pid) || new Set()))));
    at("objects").replaceChildren(...moment.o.map(entry =>
      objectCard(data.pool[entry], before && !before.o.includes(entry))));
    if (moment.p.length === 0) at("processes").append(element("p", "No process runs.", "quiet-text"));
    at("objects-head").hidden = moment.o.length === 0;
  }

  // --- a moment ---

  function describe(index) {
    const moment = data.moments[index];
    const lane = data.lanes[moment.lane];
    const call = data.calls[moment.call];
    at("who").textContent = lane ? lane.name : "";
    at("who").className = lane ? "c" + lane.color : "";
    at("call").textContent = lane ? moment.text + (moment.waits ? " …" : "") : "";
    at("note").textContent = [moment.note, moment.label].filter(Boolean).join("  ");
    at("what").classList.toggle("failed", Boolean(moment.failed));
    at("scene").textContent = moment.scene;
    at("about").textContent = [moment.waits && "It sleeps in this call.",
      moment.failed && moment.why, call && `${call[0]}: ${call[1]}`].filter(Boolean).join(" ");
  }

  function go(index, byKey) {
    index = Math.max(0, Math.min(data.moments.length - 1, index));
    if (index === now) return;
    const before = data.moments[index - 1];
    now = index;
    describe(now);
    at("slider").value = now;
    at("slider").setAttribute("aria-valuetext", `${now + 1} of ${data.moments.length}: ${at("who").textContent} ${data.moments[now].text}`);
    at("count").textContent = `${now + 1} of ${data.moments.length}`;
    at("first").disabled = at("back").disabled = now === 0;
    at("last").disabled = at("on").disabled = now === data.moments.length - 1;
    for (const life of lives)
      life.classList.toggle("later", Number(life.dataset.moment) > now);
    for (const rung of rungs) {
      const mine = Number(rung.dataset.moment);
      rung.classList.toggle("now", mine === now);
      rung.classList.toggle("later", mine > now);
      rung.tabIndex = mine === now ? 0 : -1;
      if (mine === now) rung.setAttribute("aria-current", "step");
      else rung.removeAttribute("aria-current");
      if (mine === now && rung.getClientRects().length) {
        show(at("ladder"), rung.querySelector(".hit"));
        if (byKey && at("ladder").contains(document.activeElement)) rung.focus({preventScroll: true});
      }
    }
    showSource(now);
    showState(data.moments[now], before);
    try { history.replaceState(null, "", "#" + (now + 1)); } catch { /* a page without an address */ }
  }

  for (const rung of rungs) {
    const index = Number(rung.dataset.moment);
    const lane = data.lanes[data.moments[index].lane];
    rung.setAttribute("role", "button");
    rung.setAttribute("aria-label", `${index + 1}: ${lane ? lane.name + " " : ""}${data.moments[index].text}`);
    rung.addEventListener("click", () => go(index));
    rung.addEventListener("mouseenter", () => describe(index));
    rung.addEventListener("mouseleave", () => describe(now));
  }
  at("first").addEventListener("click", () => go(0));
  at("back").addEventListener("click", () => go(now - 1));
  at("on").addEventListener("click", () => go(now + 1));
  at("last").addEventListener("click", () => go(data.moments.length - 1));
  at("slider").addEventListener("input", event => go(Number(event.target.value)));
  document.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const inLadder = at("ladder").contains(event.target) || event.target.closest(".steps");
    const steps = {ArrowRight: 1, ArrowLeft: -1, ...(inLadder ? {ArrowDown: 1, ArrowUp: -1, Home: -1e9, End: 1e9} : {})};
    if (!(event.key in steps)) return;
    event.preventDefault();
    go(now + steps[event.key], true);
  });
  go(Math.max(0, (parseInt(location.hash.slice(1), 10) || 1) - 1));
})();
