// The instruments: sorted and filtered by the server, of which only the rows that are seen are sent.

import { ask, look } from "./feed.js";
import { count, duration, element, mark, rate, say } from "./format.js";

const ROW = 25; // px, as in table.css
const MARGIN = 8; // rows beyond what is seen
const COLUMNS = [
  ["instrument", "symbol"], ["state", "state"], ["bid", ""], ["ask", ""], ["last", ""],
  ["bp", "spread", "Spread in hundredths of a per cent"], ["msgs/s", "rate", "Messages a second"],
  ["heard", "age", "Since its last message"], ["gaps", "gaps", "Gaps since the start"],
];
const table = document.getElementById("table");
const titles = table.querySelector(".titles [role=row]");
const scroll = table.querySelector(".scroll");
const space = table.querySelector(".space");
const filter = document.getElementById("filter");

let page = { first: 0, rows: [], matching: 0 };
let chosen = "";
let pending = null; // a row that the keys went to before it was there

for (const [title, order, hint] of COLUMNS) {
  const cell = element("div");
  cell.setAttribute("role", "columnheader");
  if (order) {
    const button = element("button", "", title);
    button.type = "button";
    button.title = hint ?? "";
    button.onclick = () => { ask({ order, reverse: look.order === order && !look.reverse, first: 0 }); scroll.scrollTop = 0; sorted(); };
    cell.append(button);
  } else cell.textContent = title;
  titles.append(cell);
}

filter.oninput = () => { scroll.scrollTop = 0; ask({ text: filter.value.slice(0, 200), first: 0 }); };
filter.onkeydown = (event) => {
  if (event.key === "Enter" && page.rows.length) choose(page.rows[0].symbol);
  else if (event.key === "ArrowDown") scroll.focus();
  else return;
  event.preventDefault();
};
scroll.onscroll = seen;
scroll.onkeydown = keys;
space.onclick = (event) => { const row = event.target.closest(".row"); if (row) choose(row.dataset.symbol); };
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  filter.focus();
});
new ResizeObserver(seen).observe(scroll);
addEventListener("hashchange", fromAddress);
fromAddress();
sorted();

export function show(found, symbol) {
  page = found;
  if (pending !== null && page.rows[pending - page.first]) choose(page.rows[pending - page.first].symbol);
  else if (!look.symbol) chosen = symbol;
  say(document.getElementById("matching"), found.matching === found.total ? count(found.total) : `${count(found.matching)} of ${count(found.total)}`);
  table.setAttribute("aria-rowcount", found.matching + 1);
  space.style.height = `${found.matching * ROW}px`;
  titles.parentElement.style.setProperty("--bar-width", `${scroll.offsetWidth - scroll.clientWidth}px`);
  render();
}

function choose(symbol) {
  chosen = symbol;
  pending = null;
  ask({ symbol });
  // An address that shows this instrument again.
  history.replaceState(null, "", `#${symbol}`);
  render();
}

function fromAddress() {
  chosen = decodeURIComponent(location.hash.slice(1)).slice(0, 64);
  ask({ symbol: chosen });
}

// Tell which rows are seen, so that others are not sent.
function seen() {
  const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - MARGIN);
  const rows = Math.min(200, Math.ceil(scroll.clientHeight / ROW) + 2 * MARGIN);
  if (first !== look.first || rows !== look.rows) ask({ first, rows });
}

function sorted() {
  COLUMNS.forEach(([, order], at) => {
    const is = order && order === look.order;
    // The noteworthy first: a number falls then, a name rises.
    const falls = ["symbol", "state"].includes(order) ? look.reverse : !look.reverse;
    if (order) titles.children[at].setAttribute("aria-sort", is ? (falls ? "descending" : "ascending") : "none");
  });
}

function render() {
  while (space.children.length > page.rows.length) space.lastElementChild.remove();
  while (space.children.length < page.rows.length) space.append(made());
  page.rows.forEach((row, at) => update(space.children[at], row, page.first + at));
  const active = page.rows.findIndex((row) => row.symbol === chosen);
  if (active >= 0) scroll.setAttribute("aria-activedescendant", `row-${page.first + active}`);
  else scroll.removeAttribute("aria-activedescendant");
}

function made() {
  const row = element("div", "row");
  row.setAttribute("role", "row");
  for (const _ of COLUMNS) {
    const cell = element("div");
    cell.setAttribute("role", "gridcell");
    row.append(cell);
  }
  return row;
}

function update(node, row, index) {
  node.id = `row-${index}`;
  node.style.top = `${index * ROW}px`;
  node.setAttribute("aria-rowindex", index + 2);
  node.setAttribute("aria-selected", String(row.symbol === chosen));
  mark(node, "symbol", row.symbol);
  mark(node, "state", row.state);
  node.classList.toggle("untrusted", row.state !== "LIVE");
  const spread = row.spread === null ? "–" : row.spread < 0.1 ? row.spread.toFixed(3) : row.spread.toFixed(2);
  [row.symbol, row.halted ? "HALTED" : row.state, row.bid ?? "–", row.ask ?? "–", row.last ?? "–", spread, rate(row.rate), duration(row.age), count(row.gaps)]
    .forEach((text, at) => say(node.children[at], text));
}

function keys(event) {
  const here = page.rows.findIndex((row) => row.symbol === chosen);
  const at = pending ?? (here < 0 ? page.first - 1 : page.first + here);
  const many = Math.max(1, Math.floor(scroll.clientHeight / ROW) - 1);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + many, PageUp: at - many, Home: 0, End: page.matching - 1 }[event.key];
  if (to === undefined || !page.matching) return;
  event.preventDefault();
  const index = Math.max(0, Math.min(page.matching - 1, to));
  scroll.scrollTop = Math.min(index * ROW, Math.max(scroll.scrollTop, (index + 1) * ROW - scroll.clientHeight));
  const row = page.rows[index - page.first];
  if (row) choose(row.symbol);
  else pending = index;
}
