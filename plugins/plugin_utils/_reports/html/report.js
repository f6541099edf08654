/* SPDX-FileCopyrightText: The patrol.workmail contributors
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
const table = document.querySelector(".findings");
if (table) {
  const PAGE = 25, MOST_PRINTED = 2_000, NAMES = ["q", "status", "by", "severity", "rule", "account", "organization", "sort"];
  const RANKS = { critical: 0, high: 1, medium: 2, low: 3 };
  const { rows: given, texts } = JSON.parse(document.querySelector("#data").textContent);
  const form = document.querySelector(".filters"), shown = document.querySelector("#shown"), pager = document.querySelector(".pager");
  const body = table.tBodies[0], sample = body.rows[0].cloneNode(true), sampleLabel = sample.querySelector("li").cloneNode(true);
  const bars = new Map(), headers = Array.from(table.tHead.rows[0].cells);
  const grouped = (count) => count.toLocaleString("en");
  const number = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;

  // A row as the page shows it, with what it is filtered and sorted by.
  const read = ([name, id, owner, state, organization, account, place, created, used, expires, numbers], order) => {
    const labels = [];
    for (let index = 0; index < numbers.length; index += 4) {
      const [severity, rule, status, note] = numbers.slice(index, index + 4).map((key) => texts[key]);
      labels.push({ severity, rule, status, note });
    }
    const parts = texts[place].split("\n");
    return { name, id, owner: texts[owner], state: texts[state], organization: texts[organization], account: texts[account],
      parts, place: parts.join("/"), created, used, expires, labels, order };
  };
  const rows = given.map(read);
  const total = { tokens: 0, findings: 0, fixed: 0 };
  for (const { labels } of rows) {
    if (labels[0].status === "fixed") total.fixed += labels.length;
    else {
      total.tokens += 1;
      total.findings += labels.length;
    }
  }
  const searched = new Map();
  const text = (row) => {
    if (!searched.has(row)) {
      const labels = row.labels.map(({ severity, rule, note }) => `${severity} ${rule} ${note}`);
      searched.set(row, [row.name, row.id, row.owner, row.state, row.place, row.created, row.used, row.expires, ...labels].join(" ").toLowerCase());
    }
    return searched.get(row);
  };

  let state = Object.fromEntries(NAMES.map((name) => [name, ""])), page = 0, entries = [];

  const select = () => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = ({ severity, rule, status }) => (state.status ? status === state.status : status !== "fixed")
      && (!state.severity || severity === state.severity) && (!state.rule || rule === state.rule);
    let tokens = 0, findings = 0;
    entries = [];
    for (const row of rows) {
      if ((state.account && row.account !== state.account) || (state.organization && row.organization !== state.organization)) continue;
      const labels = row.labels.filter(wanted);
      if (!labels.length || !words.every((word) => text(row).includes(word))) continue;
      tokens += 1;
      findings += labels.length;
      if (state.by === "finding") for (const label of labels) entries.push({ row, labels: [label] });
      else entries.push({ row, labels: row.labels });
    }
    sort();
    if (state.status === "fixed") shown.textContent = `${number(tokens, "token")} with ${number(findings, "fixed finding")}`;
    else if (findings === total.findings) shown.textContent = `${number(tokens, "token")} with ${number(findings, "finding")}`;
    // A link can lead to a page with filters, and nobody is to mistake what they show for everything.
    else shown.textContent = `${grouped(tokens)} of ${number(total.tokens, "token")} with ${grouped(findings)} of ${number(total.findings, "finding")}`;
    if (total.findings && !findings && state.status !== "fixed") shown.textContent += ". Clear the filters to show all.";
    if (!total.findings && !state.status) shown.textContent += `. The status Fixed shows ${number(total.fixed, "fixed finding")}.`;
  };

  const sort = () => {
    const key = state.sort.replace("-", ""), sign = state.sort.startsWith("-") ? -1 : 1;
    const keys = {
      token: ({ row }) => `${row.name}\n${row.id}`.toLowerCase(),
      severity: ({ labels }) => Math.min(...labels.map((label) => RANKS[label.severity])),
      owner: ({ row }) => row.owner.toLowerCase(),
      place: ({ row }) => row.place.toLowerCase(),
    };
    if (!key) return;
    const value = keys[key] ?? (({ row }) => row[key]);
    const keyed = entries.map((entry) => [value(entry), entry]);
    keyed.sort(([a, one], [b, other]) => sign * (a < b ? -1 : a > b ? 1 : 0) || one.row.order - other.row.order);
    entries = keyed.map(([, entry]) => entry);
  };

  const element = ({ row, labels }) => {
    const copy = sample.cloneNode(true), [token, findings, owner, place, created, used, expires] = copy.cells;
    const fill = (cell, ...values) => cell.querySelectorAll("bdi").forEach((bdi, index) => { bdi.textContent = values[index]; });
    fill(token, row.name, row.id);
    fill(owner, row.owner, row.state);
    findings.firstElementChild.replaceChildren(...labels.map((label) => {
      const item = sampleLabel.cloneNode(true), [severity, rule, note] = item.children;
      severity.className = `severity ${label.severity}`;
      severity.textContent = label.severity;
      rule.textContent = label.rule;
      note.className = `note ${label.status}`;
      note.textContent = label.note;
      return item;
    }));
    place.replaceChildren(...row.parts.flatMap((part, index) => {
      const bdi = document.createElement("bdi");
      bdi.textContent = part;
      return index ? ["/", bdi] : [bdi];
    }));
    [created, used, expires].forEach((cell, index) => { cell.textContent = [row.created, row.used, row.expires][index]; });
    return copy;
  };

  const draw = (first = page * PAGE, count = PAGE) => body.replaceChildren(...entries.slice(first, first + count).map(element));

  const turn = () => {
    const pages = Math.max(1, Math.ceil(entries.length / PAGE));
    page = Math.min(page, pages - 1);
    pager.hidden = pages === 1;
    document.querySelector("#page").textContent = `Page ${page + 1} of ${grouped(pages)}`;
    pager.querySelector("[name=previous]").disabled = page === 0;
    pager.querySelector("[name=next]").disabled = page === pages - 1;
    draw();
  };

  const update = () => {
    select();
    turn();
    for (const [rule, button] of bars) button.setAttribute("aria-pressed", String(state.rule === rule));
    for (const header of headers) {
      const direction = { [header.dataset.sort]: "ascending", [`-${header.dataset.sort}`]: "descending" }[state.sort];
      if (direction) header.setAttribute("aria-sort", direction);
      else header.removeAttribute("aria-sort");
    }
  };

  // The filters and the page are in the fragment of the address, so that a link leads to what is shown.
  const remember = () => {
    const parts = new URLSearchParams(NAMES.filter((name) => state[name]).map((name) => [name, state[name]]));
    if (page) parts.set("page", page + 1);
    history.replaceState(null, "", `${location.href.split("#")[0]}${parts.size ? `#${parts}` : ""}`);
  };
  const restore = () => {
    const parts = new URLSearchParams(location.hash.slice(1));
    form.reset();
    for (const name of NAMES) {
      const field = form.elements[name], value = parts.get(name) ?? "";
      if (!field) continue;
      field.value = value;
      // A choice that this report does not have.
      if (field.value !== value) field.value = "";
    }
    collect();
    page = Math.max(0, (parseInt(parts.get("page"), 10) || 1) - 1);
    update();
  };
  const collect = () => {
    for (const name of NAMES) state[name] = form.elements[name]?.value ?? "";
  };
  const change = () => {
    collect();
    page = 0;
    update();
    remember();
  };
  const set = (name, value) => {
    form.elements[name].value = value;
    change();
  };

  form.hidden = false;
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.clear.addEventListener("click", () => {
    form.reset();
    change();
  });
  pager.addEventListener("click", ({ target }) => {
    if (!target.name) return;
    page += target.name === "next" ? 1 : -1;
    turn();
    remember();
    document.querySelector("#findings").scrollIntoView();
  });
  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => set("sort", state.sort === header.dataset.sort ? `-${header.dataset.sort}` : header.dataset.sort));
    header.replaceChildren(button);
  }
  for (const item of document.querySelectorAll(".rules li")) {
    const button = document.createElement("button"), rule = item.dataset.rule;
    button.type = "button";
    button.className = "row";
    button.append(...item.firstElementChild.childNodes);
    button.addEventListener("click", () => {
      set("rule", state.rule === rule ? "" : rule);
      // The table can be below the window.
      if (state.rule) document.getElementById("findings").scrollIntoView({ block: "start" });
    });
    item.replaceChildren(button);
    bars.set(rule, button);
  }
  document.querySelector("#rest")?.remove();
  window.addEventListener("hashchange", restore);
  window.addEventListener("beforeprint", () => {
    draw(0, MOST_PRINTED);
    if (entries.length > MOST_PRINTED) shown.textContent += `, of which this shows ${grouped(MOST_PRINTED)} rows`;
  });
  window.addEventListener("afterprint", update);
  restore();
  document.documentElement.className = "";
}
