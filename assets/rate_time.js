/* Seconds of attention: the page is seen, and somebody moved, typed or touched in the last
   minute. A break is not counted. */

const IDLE = 60; // seconds
const TICK = 1; // seconds

const now = () => performance.now() / 1000;
let seconds = 0;
let last = now(); // a tick
let used = now();

for (const kind of ["pointerdown", "pointermove", "keydown", "input", "wheel", "scroll", "touchstart"])
  addEventListener(kind, () => { used = now(); }, { passive: true, capture: true });

function tick() {
  const time = now();
  // A machine that slept makes one long tick.
  if (document.visibilityState === "visible" && time - used < IDLE) seconds += Math.min(time - last, 2 * TICK);
  last = time;
}
setInterval(tick, TICK * 1000);
document.addEventListener("visibilitychange", () => {
  last = now();
});

/* Count from here, after the seconds of an earlier look at the item. */
export function begin(before) {
  tick();
  seconds = before || 0;
  used = last;
}

export function attention() {
  tick();
  return Math.round(seconds * 10) / 10;
}
