/* SPDX-FileCopyrightText: The patrol.workmail contributors
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
const table = document.querySelector(".findings");
if (table) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, data: row.dataset, text: row.textContent.toLowerCase() }));
  const filters = document.querySelector(".filters");
  const shown = document.querySelector("#shown");
  const value = (name) => filters.elements[name].value;

  const filter = () => {
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, data, text } of rows) {
      const keep = ["severity", "rule", "organization", "muted"].every((name) => !value(name) || value(name) === data[name])
        && words.every((word) => text.includes(word));
      row.hidden = !keep;
      count += keep;
    }
    shown.textContent = `${count} of ${rows.length} findings shown`;
  };

  const sort = (header) => {
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const key = ({ row }) => row.cells[header.cellIndex].dataset.sort ?? row.cells[header.cellIndex].textContent.trim();
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = rows.map((entry) => [key(entry), entry.row]);
    keyed.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
    body.append(...keyed.map(([, row]) => row));
  };

  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  for (const header of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent.trim();
    button.addEventListener("click", () => sort(header));
    header.replaceChildren(button);
  }
  filter();
}
