// Notes and the other sheets of the run.

function notes() {
  byId("notes").append(...overview.notes.map(({ kind, title, text, lines = [] }) =>
    el("div", { class: `note ${kind}` }, el("p", {}, el("b", {}, title, ". "), bdi(text)),
      lines.length > 0 && el("ul", {}, lines.map((line) => el("li", {}, el("bdi", {}, ...withCode(line.text)), line.command && [" ", el("code", {}, line.command)]))))));
}

/** Each sheet is made when it is opened. */
function sheets() {
  const all = readData("sheets");
  byId("sheets").hidden = all.length === 0;
  byId("sheets").append(...all.map((sheet) => {
    const box = el("details", { class: "more" }, el("summary", {}, `${sheet.title} (${count(sheet.rows.length, "row", "rows")})`));
    box.addEventListener("toggle", () => box.append(oneSheet(sheet)), { once: true });
    return box;
  }));
}

function oneSheet({ title, columns, rows: lines, more }) {
  const css = (at) => columns[at].is_number && "number";
  const head = el("tr", {}, columns.map((column, at) => el("th", { scope: "col", class: css(at) }, column.name)));
  const body = lines.map((line) => el("tr", {}, line.map((cell, at) => el("td", { class: css(at) }, bdi(cell)))));
  const table = el("table", { class: "sheet" }, el("thead", {}, head), el("tbody", {}, body));
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title }, table, more && el("p", {}, more));
}
