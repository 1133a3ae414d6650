// The chosen instrument: its ladder, its depth chart, and whether it may be traded on.

import { duration, element, mark, say } from "./format.js";
import { verdict } from "./trust.js";

const $ = (id) => document.getElementById(id);
const RUNG = 19; // px, as in panels.css
const [asks, middle, bids] = $("ladder").children;
const [bidPath, askPath] = [".bids", ".asks"].map((side) => $("depth-chart").querySelector(side));
const axis = $("depth").querySelector(".axis").children;

let room = 10;
new ResizeObserver(([entry]) => {
  const tall = matchMedia("(min-width: 1080px)").matches;
  room = tall ? Math.max(3, Math.floor((entry.contentRect.height - 32) / RUNG / 2)) : 10;
}).observe($("ladder"));

export function show(selected) {
  const row = selected?.row;
  const state = row ? selected.book?.state ?? row.state : "WAITING";
  say($("symbol"), selected?.symbol || "Book");
  mark($("state"), "state", state);
  say($("state"), row ? state : "–");
  trust(selected, row, state);
  const [bidSide, askSide] = sides(selected, row);
  ladder(bidSide, askSide, selected?.book, row);
  depth(bidSide, askSide, selected?.book?.imbalance ?? null);
  foot(selected, row);
}

function trust(selected, row, state) {
  let said = row ? verdict(state, selected.book?.reason) : null;
  if (selected && !row) said = { tone: "bad", title: "NOT CARRIED", why: `this gateway carries no ${selected.symbol}` };
  for (const panel of document.querySelectorAll(".trust")) panel.classList.toggle("untrusted", said !== null);
  const box = $("book").querySelector(".verdict");
  box.hidden = said === null;
  if (!said) return;
  mark(box, "tone", said.tone);
  say(box.firstElementChild, said.title);
  say(box.lastElementChild, said.why);
}

// Without a book the best bid and offer are a ladder of one rung.
function sides(selected, row) {
  if (selected?.book) return [selected.book.bids, selected.book.asks];
  const one = (px, qty) => (px === null || px === undefined ? [] : [[px, qty ?? "", qty ?? ""]]);
  return row ? [one(row.bid, selected.bid_qty), one(row.ask, selected.ask_qty)] : [[], []];
}

function ladder(bidSide, askSide, book, row) {
  const shownBids = bidSide.slice(0, room), shownAsks = askSide.slice(0, room).reverse();
  const most = Math.max(0, ...[...shownBids, ...shownAsks].map((rung) => Number(rung[2])));
  rungs(asks, shownAsks, most);
  rungs(bids, shownBids, most);
  const last = book?.middle ? trimmed(book.middle, bidSide[0]?.[0]) : row?.last ?? "–";
  say(middle.firstElementChild, last);
  say(middle.lastElementChild, book?.spread ? `spread ${book.spread} · ${bps(book.spread_bps)} bp` : row?.kind ? row.kind.toLowerCase().replace("_", " ") : "");
}

function rungs(list, side, most) {
  while (list.children.length > side.length) list.lastElementChild.remove();
  while (list.children.length < side.length) {
    const made = element("li", "rung");
    made.append(element("i"), element("span"), element("span"), element("span"));
    list.append(made);
  }
  side.forEach((rung, at) => {
    const [bar, ...cells] = list.children[at].children;
    cells.forEach((cell, n) => say(cell, rung[n]));
    bar.style.transform = `scaleX(${most ? (Number(rung[2]) / most).toFixed(4) : 0})`;
  });
}

function depth(bidSide, askSide, imbalance) {
  const is = bidSide.length > 1 && askSide.length > 1;
  const more = imbalance === null ? "" : ` · ${Math.abs(imbalance * 100).toFixed(0)} % more ${imbalance < 0 ? "asked" : "bid"}`;
  say($("depth-note"), is ? `${bidSide.length} + ${askSide.length} levels${more}` : "no order book to draw");
  if (!is) {
    for (const path of [bidPath, askPath]) path.removeAttribute("d");
    for (const label of axis) say(label, "");
    return;
  }
  const [bid, ask] = [Number(bidSide[0][0]), Number(askSide[0][0])];
  const mid = (bid + ask) / 2;
  const far = Math.max(mid - Number(bidSide.at(-1)[0]), Number(askSide.at(-1)[0]) - mid) || 1;
  const top = 1.06 * Math.max(Number(bidSide.at(-1)[2]), Number(askSide.at(-1)[2])) || 1;
  const x = (px) => (500 + (500 * (Number(px) - mid)) / far).toFixed(1);
  const y = (quantity) => (400 - (400 * Number(quantity)) / top).toFixed(1);
  bidPath.setAttribute("d", steps(bidSide, x, y, 0));
  askPath.setAttribute("d", steps(askSide, x, y, 1000));
  const digits = (bidSide[0][0].split(".")[1] ?? "").length;
  [mid - far, mid, mid + far].forEach((px, at) => say(axis[at], px.toFixed(digits)));
  $("depth-chart").setAttribute("aria-label", `Depth chart: ${bidSide.at(-1)[2]} bid, ${askSide.at(-1)[2]} asked within ${far.toPrecision(3)}`);
}

function steps(side, x, y, end) {
  let path = `M${x(side[0][0])} 400`;
  for (const [px, , cumulated] of side) path += `H${x(px)}V${y(cumulated)}`;
  return `${path}H${end}V400Z`;
}

function foot(selected, row) {
  const book = selected?.book;
  let text = "";
  if (book) {
    text = `update ${book.update_id} · ${duration(book.age)} ago`;
  } else if (row) {
    const [market, name] = selected.symbol.split(":");
    text = `no order book is carried: gateway subscribe ${market}:${name.toLowerCase()}@depth@100ms`;
  }
  say($("ladder-foot"), text);
}

const bps = (value) => (value === null ? "–" : value < 0.1 ? value.toFixed(3) : value.toFixed(2));

function trimmed(price, like) {
  const digits = (String(like ?? "").split(".")[1] ?? "").length;
  return price.toFixed(digits + 1).replace(/0$/, "").replace(/\.$/, "");
}
