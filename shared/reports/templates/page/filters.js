// The filters: one list of choices for each field, with how many rows each choice would leave.

const FILTERS = ["kind", "client", "service", "source", "owner", "manager", "state", "since", "decision", "basis"];
const CHOICES_MAX = 200;
const CHOICES_WITHOUT_SEARCH = 12;

/** A filter of a field. `change` is called when a choice was made. */
function filter(field, change) {
  const { title, words } = FIELDS[field];
  const summary = el("summary", {}, title);
  const list = el("fieldset", {});
  const box = el("details", { class: "filter" }, summary, list);
  let counts = new Map();
  const keys = () => selection.chosen.get(field) ?? new Set();

  function choice(key) {
    const input = el("input", { type: "checkbox", on: { change: () => {
      const chosen = new Set(keys());
      if (input.checked) chosen.add(key); else chosen.delete(key);
      selection.chosen.set(field, chosen);
      change();
    } } });
    input.checked = keys().has(key);
    const number = el("span", { class: "count" }, (counts.get(key) ?? 0).toLocaleString("en"));
    return { key, number, label: el("label", {}, input, bdi(words(key)), number) };
  }

  let shown = [];
  function fill(wanted) {
    const all = [...new Set([...counts.keys(), ...keys()])];
    const fit = all.filter((key) => words(key).toLowerCase().includes(wanted));
    fit.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || collator.compare(words(a), words(b)));
    shown = fit.slice(0, CHOICES_MAX).map(choice);
    const more = fit.length - shown.length;
    return { all, list: [...shown.map((one) => one.label), more > 0 && el("p", { class: "soft small" }, `and ${count(more, "more", "more")}`)] };
  }

  function open() {
    const choices = el("div", {});
    const refill = (wanted) => {
      const filled = fill(wanted);
      choices.replaceChildren(...filled.list.filter(Boolean));
      return filled.all.length;
    };
    const search = el("input", { type: "search", "aria-label": `Search ${title.toLowerCase()}`, placeholder: "search", on: {
      input: () => refill(search.value.trim().toLowerCase()),
    } });
    const number = refill("");
    list.replaceChildren(el("legend", { class: "hidden" }, title), ...(number > CHOICES_WITHOUT_SEARCH ? [search] : []), choices);
  }

  box.addEventListener("toggle", () => { if (box.open) open(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) {
      box.open = false;
      summary.focus();
    }
  });
  return {
    box,
    /** Shows new counts; a list that is open keeps its order, so that nothing moves below a finger. */
    update(newCounts) {
      counts = newCounts;
      const size = keys().size;
      summary.textContent = size ? `${title} (${size})` : title;
      box.classList.toggle("used", size > 0);
      box.hidden = size === 0 && counts.size < 2 && !box.open;
      if (box.open) for (const { key, number } of shown) number.textContent = (counts.get(key) ?? 0).toLocaleString("en");
    },
  };
}
