// The charts: bars with their words. What can be filtered by is a button that does so.

function charts(choose) {
  const section = byId("charts");
  if (overview.charts.length === 0) return;
  section.hidden = false;
  // On a phone the exceptions would be far below them.
  section.open = matchMedia("(min-width: 821px)").matches;
  const currencies = new Set(overview.charts.map((chart) => chart.currency));
  section.append(el("div", { class: "charts" }, overview.charts.map((chart) => oneChart(chart, currencies.size > 1, choose))));
}

function oneChart({ title, currency, bars, more }, isNamed, choose) {
  const head = isNamed ? `${title}, ${currency}` : title;
  return el("div", { class: "chart" }, el("h3", {}, head), el("ul", {}, bars.map((bar) => oneBar(bar, choose))),
    more && el("p", { class: "soft small" }, more));
}

function oneBar({ name: text, filter, parts }, choose) {
  const isKnown = filter && rows.some((row) => FIELDS[filter[0]].keys(row).includes(keyOf(filter)));
  const title = isKnown
    ? el("button", { class: "plain bar-name", type: "button", on: { click: () => choose(filter[0], keyOf(filter)) } }, bdi(text))
    : el("span", { class: "bar-name" }, bdi(text));
  return el("li", {}, title, " ", el("span", { class: "soft small" }, parts.map((part) => part.text).join("; ")),
    parts.map(({ kind, share }) => {
      const bar = el("span", { class: `bar ${kind}`, "aria-hidden": "true" });
      bar.style.inlineSize = `${share / 10}%`;
      return bar;
    }));
}

function keyOf([field, value]) {
  return field === "client" ? `id ${value}` : value;
}
