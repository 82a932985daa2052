// Sums of amounts. An amount is text with all of its places; here it is a whole number of the smallest place that any
// amount of the page has. So sums are exact, and are rounded once: where a person reads them.

const PLACES = rows.reduce((most, row) => {
  const amounts = Object.values(row.totals ?? {}).flatMap((of) => Object.values(of));
  return amounts.reduce((most, amount) => Math.max(most, (amount.split(".")[1] ?? "").length), most);
}, 2);

function exact(amount) {
  const [whole, fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.padEnd(PLACES, "0"));
}

/** `1,234.50`: two places, half away from zero. */
function amountInWords(amount) {
  const unit = 10n ** BigInt(PLACES - 2);
  const size = amount < 0n ? -amount : amount;
  const cents = (size + unit / 2n) / unit;
  const whole = (cents / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = amount < 0n && cents > 0n ? "-" : "";
  return `${sign}${whole}.${(cents % 100n).toString().padStart(2, "0")}`;
}

/** What rows come to, by currency: the sums of the run's totals. What rests is in none of them. */
function totalsOf(chosen) {
  const totals = new Map(overview.currencies.map((currency) => [currency, {}]));
  for (const row of chosen) {
    if (row.is_set_aside || !row.totals) continue;
    row.exact ??= Object.entries(row.totals).map(([currency, of]) => [
      currency,
      Object.entries(of).map(([sum, amount]) => [sum, exact(amount)]),
    ]);
    for (const [currency, of] of row.exact) {
      if (!totals.has(currency)) totals.set(currency, {});
      const sums = totals.get(currency);
      for (const [sum, amount] of of) sums[sum] = (sums[sum] ?? 0n) + amount;
    }
  }
  return totals;
}

/** `USD 120.00 a month on these invoices, 30.00 later`; nothing where there is nothing. */
function nowAndLater(currency, now = 0n, later = 0n) {
  if (now === 0n && later === 0n) return undefined;
  if (later === 0n) return `${currency} ${amountInWords(now)} a month on these invoices`;
  if (now === 0n) return `${currency} ${amountInWords(later)} a month on later invoices`;
  return `${currency} ${amountInWords(now)} a month on these invoices, ${amountInWords(later)} later`;
}

function about(amount) {
  return amount && `about ${amount}, estimated`;
}

function atStake(currency, up = 0n, down = 0n) {
  if (up === 0n && down === 0n) return undefined;
  if (down === 0n) return `${currency} ${amountInWords(up)} up a month`;
  if (up === 0n) return `${currency} ${amountInWords(down)} down a month`;
  return `${currency} ${amountInWords(up)} up, ${amountInWords(down)} down a month`;
}

/** The four totals in the words of the run's: a title, a class for its colour, and texts. */
function fourTotals(totals) {
  const each = (text) => [...totals].map(([currency, sums]) => text(currency, sums)).filter(Boolean);
  return [
    ["To add", "add", [
      ...each((currency, sums) => nowAndLater(currency, sums.add, sums.later_add)),
      ...each((currency, sums) => about(nowAndLater(currency, sums.estimated_add, sums.estimated_later_add))),
    ]],
    ["To reduce", "reduce", [
      ...each((currency, sums) => nowAndLater(currency, sums.reduce, sums.later_reduce)),
      ...each((currency, sums) => about(nowAndLater(currency, sums.estimated_reduce, sums.estimated_later_reduce))),
    ]],
    ["Clean up", "cleanup", each((currency, { clean_up: cost = 0n }) =>
      cost === 0n ? undefined : `${currency} ${amountInWords(cost)} a month at vendors (cost, not revenue)`)],
    ["Not reconciled", "unknown", each((currency, sums) => atStake(currency, sums.up, sums.down))],
  ];
}

/** The same in short, for the head of a group. */
function inShort(totals) {
  const plus = (one = 0n, other = 0n) => one + other;
  const parts = [...totals].flatMap(([currency, sums]) => [
    ["", plus(sums.add, sums.later_add), "to add"],
    ["about ", plus(sums.estimated_add, sums.estimated_later_add), "to add, estimated"],
    ["", plus(sums.reduce, sums.later_reduce), "to reduce"],
    ["about ", plus(sums.estimated_reduce, sums.estimated_later_reduce), "to reduce, estimated"],
    ["", plus(sums.clean_up), "of cost"],
    ["", plus(sums.up), "up, not reconciled"],
    ["", plus(sums.down), "down, not reconciled"],
  ].filter(([, amount]) => amount !== 0n).map(([before, amount, what]) => `${before}${currency} ${amountInWords(amount)} ${what}`));
  return parts.join("; ");
}
