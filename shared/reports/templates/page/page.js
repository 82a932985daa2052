// The page: what was selected is shown, and shown again when the selection changes.

const view = { page: 0, rowsMax: ROWS_OF_PAGE };
const status = el("p", { role: "status", class: "small" });
const sums = el("div", { class: "sums" });
const table = el("table", { class: "rows", role: "table", "aria-labelledby": "exceptions-title", on: { keydown: rowKeys } });
const pages = el("div", { class: "pages" });

/** Selects and shows from the first page on. */
function refresh() {
  view.page = 0;
  show();
}

function show() {
  const { fitting, counts } = select();
  for (const [field, one] of filters) one.update(counts[field]);
  clear.hidden = selection.words.length === 0 && [...selection.chosen.values()].every((keys) => keys.size === 0);
  sortBy.value = selection.sort;
  status.textContent = fitting.length === rows.length
    ? `${count(rows.length, "row", "rows")}.`
    : `${fitting.length.toLocaleString("en")} of ${count(rows.length, "row", "rows")}.`;
  showSums(fitting);
  showTable(fitting);
}

function showSums(fitting) {
  const totals = totalsOf(fitting);
  const told = fourTotals(totals).filter(([, , texts]) => texts.length > 0);
  const isShared = overview.shared && [...totals.values()].some(({ up }) => up);
  const isAll = fitting.length === rows.length && !overview.more;
  sums.hidden = told.length === 0;
  sums.replaceChildren(el("b", {}, isAll ? "Of all rows" : "Of these rows"), isShared ? el("p", { class: "soft small" }, overview.shared) : "",
    ...told.map(([title, css, texts]) => el("div", { class: css }, el("span", { class: "soft" }, `${title}: `), texts.join("; "))));
}

function showTable(fitting) {
  const pageLast = Math.max(Math.ceil(fitting.length / view.rowsMax) - 1, 0);
  view.page = Math.min(view.page, pageLast);
  const first = view.page * view.rowsMax;
  table.hidden = fitting.length === 0;
  table.replaceChildren(tableHead(sort), tableBody(grouped(fitting), first, view.rowsMax));
  const turn = (title, page) => el("button", { type: "button", disabled: page < 0 || page > pageLast, on: { click: () => {
    view.page = page;
    showTable(fitting);
    byId("exceptions").scrollIntoView();
    table.querySelector(".opener")?.focus({ preventScroll: true });
  } } }, title);
  const last = Math.min(first + view.rowsMax, fitting.length);
  pages.hidden = pageLast === 0;
  pages.replaceChildren(turn("Previous", view.page - 1), turn("Next", view.page + 1), el("span", { class: "soft" },
    `Rows ${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${fitting.length.toLocaleString("en")}`));
}

/** By a column; once more: the other way round. */
function sort(key) {
  selection.isReversed = selection.sort === key && !selection.isReversed;
  selection.sort = key;
  refresh();
  table.querySelector("th[aria-sort] button")?.focus();
}

/** Only the rows of one key. */
function choose(field, key) {
  selection.chosen = new Map([[field, new Set([key])]]);
  refresh();
  byId("exceptions").scrollIntoView();
  byId("exceptions").focus({ preventScroll: true });
}

/** Calls a function when nobody has typed for a moment. */
function afterTyping(call) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, 120);
  };
}

function choices(options, change) {
  return el("select", { on: { change: (event) => change(event.target.value) } },
    options.map(([value, title]) => el("option", { value }, title)));
}

const search = el("input", { type: "search", placeholder: "client, service, device, number", on: { input: afterTyping(() => {
  selection.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  refresh();
}) } });
const sortBy = choices(Object.entries(SORTS).map(([key, { title }]) => [key, title]), (key) => {
  selection.sort = key;
  selection.isReversed = false;
  refresh();
});
const groupedBy = choices([["client", "client"], ["service", "service"], ["kind", "kind"], ["owner", "who"], ["step", "next step"], ["", "nothing"]],
  (field) => {
    selection.group = field;
    refresh();
  });
const filters = new Map(FILTERS.map((field) => [field, filter(field, refresh)]));
const clear = el("button", { type: "button", on: { click: () => {
  selection.words = [];
  selection.chosen = new Map();
  search.value = "";
  refresh();
  search.focus();
} } }, "Show all");

// A list that is open is closed by whatever happens outside of it.
for (const event of ["click", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    for (const { box } of filters.values()) if (box.open && !box.contains(target)) box.open = false;
  });
}

// Paper has no pages to turn: as many rows as can be printed.
addEventListener("beforeprint", () => {
  Object.assign(view, { page: 0, rowsMax: ROWS_OF_PRINT });
  show();
});
addEventListener("afterprint", () => {
  view.rowsMax = ROWS_OF_PAGE;
  show();
});

notes();
charts(choose);
sheets();
if (rows.length === 0) {
  byId("exceptions").append(el("p", {}, "There are no exceptions, and nothing that is not reconciled."));
} else {
  const label = (title, field, css) => el("label", { class: css }, title, field);
  byId("exceptions").append(
    ...(overview.more ? [el("p", { class: "banner" }, overview.more)] : []),
    el("div", { class: "tools" }, label("Search", search, "search"), label("Sort by", sortBy), label("Group by", groupedBy)),
    el("div", { class: "tools", role: "group", "aria-label": "Filters" }, [...filters.values()].map((one) => one.box), clear),
    status, sums, table, pages);
  show();
}
performance.mark("usable");
