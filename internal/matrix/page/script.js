"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.querySelector("main");
  const panel = document.getElementById("panel");
  const filter = document.getElementById("filter");
  const all = document.getElementById("shown").textContent; // how many cells there are
  const chips = [...document.querySelectorAll(".chip")];
  const names = [...document.querySelectorAll("tr.names th:not(.corner)")];
  const groups = [...document.querySelectorAll("tr.groups th")].map((th) => ({ th, size: th.colSpan }));

  // grid is the table as the script sees it: rows of slots, empty ones null.
  const grid = [...document.querySelectorAll("tr.row")].map((tr) => {
    const row = data.rows[tr.dataset.row];
    const slots = [...tr.children].slice(1).map((td) => {
      const button = td.firstElementChild;
      if (!button) return { td, button: null };
      const cell = row.cells[button.dataset.cell];
      const text = [row.id, row.policy, row.file, cell.fault, cell.code, cell.group, cell.rule, cell.default, cell.outcome].join(" ").toLowerCase();
      return { td, button, cell, text };
    });
    return { tr, row, slots };
  });
  const find = new Map();
  grid.forEach((line, y) => line.slots.forEach((slot, x) => { if (slot.button) find.set(slot.button, { line, slot, x, y }); }));

  // --- filter
  function pressed() { return chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.outcome); }
  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(pressed());
    const used = names.map(() => false);
    let shown = 0;
    for (const line of grid) {
      let any = false;
      line.slots.forEach((slot, x) => {
        if (!slot.button) return;
        const on = (!wanted.size || wanted.has(slot.cell.outcome)) && words.every((w) => slot.text.includes(w));
        slot.button.hidden = !on;
        if (on) { any = used[x] = true; shown++; }
      });
      line.tr.hidden = !any;
    }
    for (const line of grid) line.slots.forEach((slot, x) => { slot.td.hidden = !used[x]; });
    names.forEach((th, x) => { th.hidden = !used[x]; });
    let x = 0;
    for (const g of groups) {
      const n = used.slice(x, x + g.size).filter(Boolean).length;
      g.th.hidden = n === 0;
      if (n) g.th.colSpan = n;
      x += g.size;
    }
    hideHeadings();
    document.getElementById("nothing").hidden = shown > 0;
    document.getElementById("shown").textContent = shown === find.size ? all : shown + " of " + all;
    home();
  }

  // hideHeadings hides flows and endpoints none of whose rows is left.
  function hideHeadings() {
    for (const body of document.querySelectorAll("tbody")) {
      let flow = null, any = false;
      for (const tr of body.rows) {
        if (tr.className === "flow") { flow = tr; flow.hidden = true; }
        if (tr.classList.contains("row") && !tr.hidden) { flow.hidden = false; any = true; }
      }
      body.hidden = !any;
    }
  }

  // --- keyboard: one cell is in the tab order; arrows move among those shown
  let current = null;
  function home() {
    if (current && !current.hidden && !current.closest("tr").hidden) return;
    const next = [...find.keys()].find((b) => !b.hidden);
    if (current) current.tabIndex = -1;
    current = next || null;
    if (current) current.tabIndex = 0;
  }
  function go(button) {
    if (!button) return;
    if (current) current.tabIndex = -1;
    current = button;
    button.tabIndex = 0;
    button.focus();
  }
  function step(from, dx, dy) {
    const at = find.get(from);
    if (dx) {
      for (let x = at.x + dx; x >= 0 && x < names.length; x += dx) {
        const b = at.line.slots[x].button;
        if (b && !b.hidden) return b;
      }
      return null;
    }
    for (let y = at.y + dy; y >= 0 && y < grid.length; y += dy) {
      if (grid[y].tr.hidden) continue;
      const near = grid[y].slots.map((s, x) => ({ s, d: Math.abs(x - at.x) })).filter((o) => o.s.button && !o.s.button.hidden).sort((a, b) => a.d - b.d)[0];
      if (near) return near.s.button;
    }
    return null;
  }
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.getElementById("map").addEventListener("keydown", (e) => {
    const way = arrows[e.key];
    if (!way || !find.has(e.target)) return;
    e.preventDefault();
    const next = step(e.target, way[0], way[1]);
    go(next);
    if (next && !panel.hidden) show(next);
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && !panel.hidden) { close(); }
    if (e.key === "/" && document.activeElement !== filter) { e.preventDefault(); filter.focus(); filter.select(); }
  });

  // --- the story of a cell
  function el(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
    for (const c of children) if (c !== null && c !== undefined && c !== "") e.append(c);
    return e;
  }
  function section(title, ...children) {
    const kept = children.filter(Boolean);
    if (kept.length) panel.append(el("h3", {}, title), ...kept);
  }
  function facts(list) {
    const dl = el("dl");
    for (const [name, value] of list) if (value) dl.append(el("dt", {}, name), el("dd", {}, value));
    return dl.children.length ? dl : null;
  }
  function sentence(text) { return text[0].toUpperCase() + text.slice(1) + "."; }
  function pretty(body) {
    try { return JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
  }
  function sign(mark, kind) { return el("span", { class: "mark " + kind }, mark); }
  function tried(list) {
    const signs = { ran: ["✓", "yes"], false: ["✗", "no"] };
    const ol = el("ol");
    for (const t of list) {
      const [mark, kind] = signs[t.result] || ["–", "no"];
      const name = el("b", {}, t.rule);
      ol.append(el("li", {}, sign(mark, kind), name, t.default ? " (DefaultFaultRule) " : " ", el("span", { class: "soft" }, t.result), t.text ? el("pre", {}, t.text) : null));
    }
    return ol;
  }
  // steps shows the conditions of steps where they were looked at.
  function steps(list, conditions) {
    const ol = el("ol");
    for (let i = 0; i <= list.length; i++) {
      for (const c of conditions) {
        if ((c.before || 0) === i) ol.append(el("li", {}, sign(c.result ? "✓" : "✗", c.result ? "yes" : "no"), "condition of " + c.owner, el("pre", {}, c.text)));
      }
      if (i < list.length) ol.append(ranStep(list[i]));
    }
    return ol;
  }
  function ranStep(s) {
    const mark = sign(s.error ? "✗" : s.idle ? "–" : "✓", s.error ? "bad" : s.idle ? "no" : "yes");
    const li = el("li", { style: "margin-left:" + 16 * (s.depth || 0) + "px" }, mark, el("code", {}, s.name));
    if (s.error) li.append(el("p", { class: "bad" }, s.error));
    if (s.idle) li.append(el("p", { class: "soft" }, s.idle));
    return li;
  }
  function response(r) {
    const head = ["HTTP " + r.status + " " + r.reason, ...(r.headers || [])].join("\n");
    return el("pre", {}, head + (r.body ? "\n\n" + pretty(r.body) : ""));
  }
  function tell(row, c) {
    const s = c.story || {};
    const raised = (s.faults || [])[0];
    panel.append(el("p", { class: "verdict " + c.outcome }, sentence(c.verdict)));
    section("What the client gets", s.response ? response(s.response) : null);
    section("The fault", facts([
      ["code", c.code], ["faultstring", raised && raised.faultstring], ["status", raised && String(raised.status)],
      ["happens when", c.cause], ["note", c.note], ["", row.note],
    ]));
    section("Where", facts([
      ["endpoint", row.side + " " + row.endpoint + " of " + row.proxy], ["flow", [row.phase, row.flow].filter(Boolean).join(" ")],
      ["policy", row.policy], ["file", row.file ? row.file + ":" + row.line : ""], ["request", row.request],
    ]));
    section("Fault rules, as they are tried: " + (row.lastFirst ? "last to first" : "first to last"), s.rules && tried(s.rules));
    section("Steps that ran", (s.steps || s.conditions) && steps(s.steps || [], s.conditions || []));
    section("Faults in the fault rules", ...(s.faults || []).slice(1).map((f) => el("p", {}, el("code", {}, f.code), " in " + (f.in || "?") + ": " + f.faultstring)));
    section("Variables that the rules read", s.reads && facts(s.reads.map((v) => [v.name, v.value === "" ? '""' : v.value])));
    section("Taken as true on the way", ...(s.forced || []).map((t) => el("pre", {}, t)));
    section("Notes", ...(s.notes || []).map((t) => el("p", {}, t)));
  }
  function mark(button, on) {
    const at = find.get(button);
    button.classList.toggle("here", on);
    at.line.tr.classList.toggle("here", on);
    names[at.x].classList.toggle("here", on);
  }
  let open = null;
  function show(button) {
    if (open) mark(open, false);
    open = button;
    mark(open, true);
    const { line, slot } = find.get(button);
    panel.replaceChildren();
    const shut = el("button", { class: "close", type: "button", "aria-label": "Close the story" }, "Esc");
    shut.addEventListener("click", close);
    panel.append(el("header", {}, el("h2", {}, slot.cell.fault, el("small", {}, line.row.step + " · " + line.row.side + " " + line.row.endpoint)), shut));
    tell(line.row, slot.cell);
    panel.hidden = false;
    main.classList.add("open");
    panel.scrollTop = 0;
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
    link();
  }
  function close() {
    panel.hidden = true;
    main.classList.remove("open");
    if (!open) return;
    mark(open, false);
    go(open);
    open = null;
    link();
  }
  document.querySelector("table").addEventListener("click", (e) => {
    const button = e.target.closest(".cell");
    if (button) { go(button); show(button); }
  });
  for (const [button, at] of find) button.title = at.slot.cell.fault + ": " + at.slot.cell.verdict;
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
      link();
    });
  }
  filter.addEventListener("input", () => { apply(); link(); });

  // --- the address: what is shown can be linked to, as
  // #outcome=leaked,unhandled&filter=quota&cell=PLACE / FAULT. A cell has the name
  // that it has in a baseline.
  function key(at) { return at.line.row.id + " / " + at.slot.cell.fault; }
  function link() {
    const wanted = pressed();
    const parts = [];
    if (wanted.length) parts.push("outcome=" + encodeURIComponent(wanted.join(",")));
    if (filter.value) parts.push("filter=" + encodeURIComponent(filter.value));
    if (open) parts.push("cell=" + encodeURIComponent(key(find.get(open))));
    history.replaceState(null, "", "#" + parts.join("&"));
  }
  function follow() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const wanted = (asked.get("outcome") || "").split(",");
    for (const chip of chips) chip.setAttribute("aria-pressed", String(wanted.includes(chip.dataset.outcome)));
    filter.value = asked.get("filter") || "";
    apply();
    const linked = [...find].find(([, at]) => key(at) === asked.get("cell"));
    if (linked) { go(linked[0]); show(linked[0]); } else if (open) close();
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
