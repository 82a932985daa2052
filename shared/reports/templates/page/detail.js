// What is behind a row: the lines, the count step by step, why it is not sure, the value, and each item.

const MEMBERS_MAX = 50;

function detail(row) {
  const told = behind(row);
  const parts = el("dl", { class: "detail-parts" });
  const add = (label, ...content) => {
    if (label) parts.append(el("dt", {}, label));
    parts.append(el("dd", {}, ...content));
  };
  if (told) {
    for (const part of told.parts) {
      if (Array.isArray(part)) add(part[0], el("bdi", {}, ...withCode(part[1])));
      else add("count", steps(part.steps));
    }
  } else {
    withoutComparison(row, add);
  }
  const members = membersOf.get(row.id) ?? [];
  return [parts, members.length > 0 && tellsTogether(members), told?.items && items(told)].filter(Boolean);
}

/** A row that stands for several, or for an account or a source: what the row itself knows. */
function withoutComparison(row, add) {
  add("why", el("bdi", {}, ...withCode(row.reason ?? "")));
  if (row.settled_by) add("settled by", ...withCode(row.settled_by));
  if (row.if_confirmed) add("proposal", el("bdi", {}, ...withCode(row.if_confirmed)));
  if (row.account) add("vendor account", bdi(row.account));
  if (row.clients) add("clients", bdi(row.clients.join(", ")));
  if (row.history) add("history", row.history);
  if (row.decided) add("decided", bdi(row.decided));
  add("next step", `${row.step} (${row.owner})`);
}

function steps(all) {
  const lines = all.map(([number, what, isSum]) => el("tr", { class: isSum === 1 && "sum" }, el("td", {}, number), el("td", {}, bdi(what))));
  return el("table", { class: "steps" }, el("tbody", {}, lines));
}

function tellsTogether(members) {
  const lines = members.slice(0, MEMBERS_MAX).map((row) =>
    el("li", {}, bdi(row.client), ", ", bdi(row.product), row.change && `: ${row.change}`, row.value && `; ${row.value}`));
  const more = members.length - lines.length;
  return el("div", {}, el("h3", {}, "What it tells together"), el("ul", {}, lines), more > 0 && el("p", {}, `and ${count(more, "more", "more")}`));
}

/** Whether each item counts, and why not. */
function items({ items: all, more }) {
  const columns = ["Item", "Counts?", "Why not", "Units", "Kind", "Source", "Account"];
  const head = el("tr", {}, columns.map((column) => el("th", { scope: "col", class: column === "Units" && "number" }, column)));
  const lines = all.map(([title, id, fate, why, units, kind, source, account]) => el("tr", {},
    el("td", {}, bdi(title), id && [" ", el("span", { class: "soft" }, "[", bdi(id), "]")]),
    el("td", {}, fate), el("td", {}, bdi(why)), el("td", { class: "number" }, units),
    el("td", {}, bdi(kind)), el("td", {}, bdi(source)), el("td", {}, bdi(account))));
  const table = el("table", { class: "sheet" }, el("thead", {}, head), el("tbody", {}, lines));
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Items" }, table, more && el("p", {}, ...withCode(more)));
}
