// The table of exceptions, a page at a time. A row opens to what is behind it.

const ROWS_OF_PAGE = 100;
const ROWS_OF_PRINT = 2000;
const TONES = { true: "reduce", false: "add" };
const HAS_HISTORY = rows.some((row) => row.since || row.state || row.decided);
const COLUMNS = [
  ["number", "No.", "no"], ["client", "Client", "client"], ["service", "Service", "product"], ["kind", "Finding", "finding"],
  ["value", "A month", "value"], ["step", "Next step", "step"], ...(HAS_HISTORY ? [["since", "Since", "since"]] : []),
];

/** Ids of rows that are open. */
const openRows = new Set();

/** The head. `sort` is called with the column that somebody wants to sort by. */
function tableHead(sort) {
  const cells = COLUMNS.map(([key, title, css]) => {
    const isSorted = selection.sort === key;
    const isDescending = selection.isReversed !== (key === "value");
    return el("th", { scope: "col", role: "columnheader", class: css, "aria-sort": isSorted && (isDescending ? "descending" : "ascending") },
      el("button", { class: "plain", type: "button", on: { click: () => sort(key) } }, title, isSorted && (isDescending ? " ▾" : " ▴")));
  });
  return el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, cells));
}

/** The rows of `groups` from place `first` on, with the head of each group. */
function tableBody(groups, first, rowsMax) {
  const body = el("tbody", { role: "rowgroup" });
  let place = 0;
  for (const group of groups) {
    const from = Math.max(first - place, 0);
    const shown = group.rows.slice(from, Math.max(first + rowsMax - place, 0));
    place += group.rows.length;
    if (shown.length === 0) continue;
    if (group.title !== undefined) body.append(groupHead(group, from > 0));
    shown.forEach((row) => appendRow(body, row));
  }
  return body;
}

function groupHead({ title, rows: members }, isContinued) {
  const sums = inShort(totalsOf(members));
  const told = [count(members.length, "row", "rows"), sums].filter(Boolean).join(": ");
  return el("tr", { class: "group", role: "row" }, el("th", { scope: "rowgroup", colspan: COLUMNS.length, role: "rowheader" },
    bdi(title), isContinued && " (continued)", " ", el("span", { class: "soft" }, told)));
}

function appendRow(body, row) {
  const id = `behind-${row.place}`;
  const title = [row.client, row.product, row.account].filter(Boolean).join(", ") || row.sources.join(", ");
  const number = row.number ? String(row.number) : row.state === "new" ? "new" : "–";
  const opener = el("button", { class: "opener", type: "button", "aria-expanded": "false", "aria-label": `${number} ${title}: what is behind it` }, number);
  const line = el("tr", { class: `row${row.is_set_aside ? " aside" : ""}`, role: "row" }, cells(row, opener));
  line.addEventListener("click", (event) => {
    // Text that is being marked, and links of its own, are no wish to open it.
    if (event.target !== opener && (String(getSelection()) || event.target.closest("button"))) return;
    toggle();
  });
  let below;
  function toggle() {
    const isOpen = !openRows.has(row.id);
    if (isOpen) openRows.add(row.id); else openRows.delete(row.id);
    show();
  }
  function show() {
    const isOpen = openRows.has(row.id);
    opener.setAttribute("aria-expanded", String(isOpen));
    line.classList.toggle("open", isOpen);
    if (isOpen && !below) {
      below = el("tr", { id, role: "row" }, el("td", { class: "detail", colspan: COLUMNS.length, role: "cell" }, detail(row)));
      line.after(below);
      opener.setAttribute("aria-controls", id);
    }
    if (below) below.hidden = !isOpen;
  }
  body.append(line);
  if (openRows.has(row.id)) show();
}

function cells(row, opener) {
  const cell = (css, ...content) => el("td", { class: css, role: "cell" }, ...content);
  const small = (...content) => el("span", { class: "soft small" }, ...content);
  const isChange = row.change !== undefined || row.members !== undefined;
  const tone = row.kind === "not_reconciled" ? "unknown" : isChange ? TONES[row.is_over === true] : "cleanup";
  const what = [FIELDS.kind.words(row.kind), row.change].filter(Boolean).join(", ");
  const since = [row.since ? monthInWords(row.since) : "", row.state].filter(Boolean).join(", ");
  // The head of the group has the client's name already.
  const who = row.account ?? (selection.group === "client" && !row.clients ? undefined : row.client);
  const agreement = row.agreement && small(bdi(row.agreement));
  return [
    cell("no", opener),
    cell("client", who && el("b", {}, bdi(who)), who && agreement && el("br", {}), agreement),
    cell("product", bdi(row.product), row.sources.length > 0 && [el("br", {}), small(bdi(row.sources.join(", ")))]),
    cell("finding", el("span", { class: `what ${tone}` }, what), el("span", { class: "reason" }, bdi(row.reason))),
    cell("value", el("b", {}, row.value ?? "value unknown"), row.basis === "estimated" && [el("br", {}), small("estimated")],
      row.confidence && [el("br", {}), small(`confidence ${row.confidence}`)]),
    cell("step", row.step, el("br", {}), small(row.owner), row.needs_approval && [el("br", {}), small("approval needed")]),
    HAS_HISTORY && cell("since", since, row.decided && [since && el("br", {}), small(bdi(row.decided))]),
  ];
}

/** Arrow keys, Home and End go from row to row; Escape closes the row that one is in. */
function rowKeys(event) {
  const openers = [...event.currentTarget.querySelectorAll(".opener")];
  if (event.key === "Escape") {
    const below = event.target.closest("tr[id^=behind-]");
    const opener = below ? below.previousElementSibling.querySelector(".opener") : event.target;
    if (opener.matches?.(".opener[aria-expanded=true]")) {
      opener.click();
      opener.focus();
    }
    return;
  }
  const at = openers.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: openers.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  openers[Math.min(Math.max(to, 0), openers.length - 1)].focus();
}
