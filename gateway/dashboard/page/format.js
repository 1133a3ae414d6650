// Numbers as people read them, and the few things that are done to elements.

const UNITS = [[1e3, 1, "ns"], [1e6, 1e3, "µs"], [1e9, 1e6, "ms"], [12e10, 1e9, "s"]];
const HOUR = 3600e9;

export const three = (value) => (value >= 99.5 ? value.toFixed(0) : String(Number(value.toPrecision(3))));

export function rate(perSecond) {
  if (perSecond >= 1e6) return `${three(perSecond / 1e6)}M`;
  if (perSecond >= 1e4) return `${three(perSecond / 1e3)}k`;
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

export function duration(ns) {
  if (ns === null || ns === undefined) return "–";
  for (const [limit, unit, name] of UNITS) if (ns < limit) return `${three(ns / unit)} ${name}`;
  const minutes = Math.floor(ns / 60e9);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Above an hour the clocks are not of one time: a replay.
export const latency = (ns) => (ns === null || ns > HOUR ? "–" : duration(ns));

export function size(bytes) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (bytes < 1024) return `${three(bytes)} ${unit}`;
    bytes /= 1024;
  }
  return `${three(bytes)} GiB`;
}

export const count = (number) => number.toLocaleString("en-US");
export const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Most of what is shown is what was shown before: the browser is left alone then.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

// One child for each item: made once, kept by its key, in the order of the items.
export function keyed(parent, items, key, make, update) {
  const known = (parent.children_by_key ??= new Map());
  const wanted = new Set(items.map(key));
  for (const [name, node] of known) if (!wanted.has(name)) { node.remove(); known.delete(name); }
  items.forEach((item, at) => {
    const name = key(item);
    let node = known.get(name);
    if (!node) known.set(name, (node = make(item)));
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
    update(node, item);
  });
}
