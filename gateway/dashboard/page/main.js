// Joins the parts: what comes is shown by each of them.

import * as book from "./book.js";
import * as feed from "./feed.js";
import * as latency from "./latency.js";
import * as panels from "./panels.js";
import * as table from "./table.js";
import * as trust from "./trust.js";

function show(message) {
  trust.gatewayIs(message);
  panels.who(message.gateway);
  title(message);
  if (message.gateway.state === "WAITING") return;
  panels.totals(message);
  table.show(message.table, message.selected?.symbol ?? "");
  book.show(message.selected);
  latency.show(message.stages, message.totals.seconds);
  panels.shards(message.shards);
  panels.gaps(message.gaps, message.totals);
  panels.counters(message.counters);
}

function title({ gateway, selected }) {
  const price = selected?.row ? ` ${selected.row.bid ?? selected.row.last ?? ""} ${selected.symbol}` : "";
  const state = gateway.state === "LIVE" ? selected?.book?.state ?? selected?.row?.state ?? "" : gateway.state;
  document.title = `${state === "LIVE" ? "" : `✖ ${state}`}${price} · gateway`.trim();
}

feed.start({ show, feed: trust.feedIs });
