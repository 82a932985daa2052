// Which exceptions are shown, and in which order.

/** What can be filtered and grouped by: the keys of a row, and what a person reads of a key. */
const FIELDS = {
  kind: { title: "Kind", keys: (row) => [row.kind], words: (kind) => overview.kinds[kind] ?? kind },
  client: { title: "Client", keys: (row) => [clientKey(row)], words: (key) => clientNames.get(key) ?? key },
  service: { title: "Service", keys: (row) => [row.service ?? ""], words: (service) => service || "no service" },
  source: { title: "Source", keys: (row) => (row.sources.length ? row.sources : [""]), words: (source) => source || "no source" },
  owner: { title: "Who", keys: (row) => [row.owner], words: (owner) => owner },
  manager: { title: "Account manager", keys: (row) => [row.manager ?? ""], words: (name) => name || "nobody" },
  step: { title: "Next step", keys: (row) => [row.step], words: (step) => step },
  state: { title: "State", keys: (row) => [row.state ?? ""], words: (state) => state || "no history" },
  decision: { title: "Decision", keys: (row) => [row.decision ?? ""], words: (decision) => decision || "not decided" },
  basis: { title: "Value", keys: (row) => [row.basis ?? ""], words: (basis) => basis || "not known" },
  since: { title: "Since", keys: (row) => [row.since ?? ""], words: (month) => (month ? monthInWords(month) : "no history") },
};

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];

/** `2026-06` as `June 2026`. */
function monthInWords(month) {
  return `${MONTHS[Number(month.slice(5, 7)) - 1]} ${month.slice(0, 4)}`;
}

/** `2026-06-30` as `30 June 2026`. */
function dayInWords(day) {
  return `${Number(day.slice(8, 10))} ${monthInWords(day.slice(0, 7))}`;
}

function clientKey(row) {
  if (row.clients) return "several";
  return row.client_id ? `id ${row.client_id}` : "none";
}

const clientNames = new Map([["several", "Several clients"], ["none", "No client"]]);
for (const row of rows) if (row.client_id) clientNames.set(clientKey(row), row.client ?? row.client_id);

const collator = new Intl.Collator("en", { numeric: true });
const SORTS = {
  value: { title: "value a month", compare: (a, b) => a.place - b.place },
  number: { title: "number", compare: (a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || a.place - b.place },
  client: { title: "client", text: (row) => row.client },
  service: { title: "service", text: (row) => row.product },
  kind: { title: "kind", text: (row) => FIELDS.kind.words(row.kind) },
  step: { title: "next step", text: (row) => row.step },
  since: { title: "since when", text: (row) => row.since },
  invoice: { title: "next invoice", text: (row) => row.invoice },
};

function comparing({ compare, text }) {
  // What has no text comes last.
  return compare ?? ((a, b) => !text(a) - !text(b) || collator.compare(text(a) ?? "", text(b) ?? "") || a.place - b.place);
}

const selection = { words: [], chosen: new Map(), sort: "value", isReversed: false, group: "client" };

/** Everything of a row that a person may look for. */
function haystack(row) {
  row.haystack ??= [row.number, row.client, row.client_id, row.agreement, row.product, row.service, FIELDS.kind.words(row.kind),
    row.reason, row.items, row.account, row.decided, row.manager, row.sources.join(" "), (row.clients ?? []).join(" "), row.id]
    .join("\n").toLowerCase();
  return row.haystack;
}

/**
 * The rows that fit, in order, and for each field how many rows each key would leave: a field's own choice does not count
 * for its keys.
 */
function select() {
  const chosen = [...selection.chosen].filter(([, keys]) => keys.size > 0);
  const counts = Object.fromEntries(Object.keys(FIELDS).map((field) => [field, new Map()]));
  const fitting = [];
  const add = (field, row) => {
    for (const key of FIELDS[field].keys(row)) counts[field].set(key, (counts[field].get(key) ?? 0) + 1);
  };
  for (const row of rows) {
    if (selection.words.length && !selection.words.every((word) => haystack(row).includes(word))) continue;
    const against = chosen.filter(([field, keys]) => !FIELDS[field].keys(row).some((key) => keys.has(key)));
    if (against.length === 0) {
      fitting.push(row);
      for (const field of Object.keys(FIELDS)) add(field, row);
    } else if (against.length === 1) {
      add(against[0][0], row);
    }
  }
  if (selection.sort !== "value") fitting.sort(comparing(SORTS[selection.sort]));
  if (selection.isReversed) fitting.reverse();
  return { fitting, counts };
}

/** The rows in groups, in the order of the first row of each; one group without a key where they are not grouped. */
function grouped(fitting) {
  const field = FIELDS[selection.group];
  if (!field) return [{ rows: fitting }];
  const groups = groupBy(fitting, (row) => field.keys(row)[0]);
  return [...groups].map(([key, members]) => ({ title: field.words(key), rows: members }));
}
