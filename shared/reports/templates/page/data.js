// The data of the page, as it was written into it.

function readData(id) {
  return JSON.parse(byId(`data-${id}`).textContent);
}

const overview = readData("overview");

/** The exceptions, in the order of their value. */
const rows = readData("rows");
rows.forEach((row, place) => {
  row.place = place;
  row.sources ??= [];
  row.product ??= row.service;
});

const membersOf = groupBy(rows.filter((row) => row.part_of), (row) => row.part_of);

/** Blocks that were read, by number: reading one takes longer than finding a row in it. */
const blocks = new Map();

/** What is behind a row: its parts and items. Of an entry for several rows, and of what is no comparison, nothing is. */
function behind(row) {
  if (row.block === undefined) return undefined;
  if (!blocks.has(row.block)) blocks.set(row.block, readData(`block-${row.block}`));
  return blocks.get(row.block)[row.id];
}
