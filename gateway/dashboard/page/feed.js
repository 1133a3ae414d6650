// The one connection: tells what is looked at, takes the newest, and knows when nothing comes.

const STALE_MS = 2000; // the server sends at least once a second
const RETRY_MS = [250, 500, 1000, 2000];

export const look = { type: "look", symbol: "", order: "symbol", reverse: false, text: "", first: 0, rows: 40, levels: 100 };

let socket = null;
let attempts = 0;
let newest = null;
let heard = 0;
let handlers = null;

export function start(found) {
  handlers = found;
  connect();
  setInterval(tell, 250);
  document.addEventListener("visibilitychange", () => document.hidden || show());
}

// What is looked at has changed: the answer comes at once.
export function ask(change) {
  Object.assign(look, change);
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(look));
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/feed`);
  socket.onopen = () => { attempts = 0; ask({}); taken(); };
  socket.onmessage = (event) => {
    newest = event.data;
    // A page that nobody sees is content with one a second.
    if (document.hidden) setTimeout(show, 900);
    else requestAnimationFrame(show);
  };
  socket.onclose = () => {
    setTimeout(connect, RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)]);
    attempts += 1;
    tell();
  };
}

function show() {
  if (newest === null) return;
  const message = JSON.parse(newest);
  newest = null;
  heard = performance.now();
  try {
    handlers.show(message);
  } finally {
    tell();
    taken();
  }
}

// Only now the next one is sent: what waits anywhere is never old.
function taken() {
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"seen"}');
}

function tell() {
  const age = heard ? performance.now() - heard : null;
  const open = socket.readyState === WebSocket.OPEN;
  const state = age === null ? "connecting" : !open && age > 500 ? "closed" : age > STALE_MS ? "stale" : "live";
  handlers.feed(state, age);
}
