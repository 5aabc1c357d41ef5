// The bar that moves through a recording: what is pressed goes to the server,
// which says in replay-state where it is.
const bar = document.getElementById("replay");
const [play, seek, at, speed, state, toast] = ["replay-play", "seek", "replay-at", "replay-speed", "replay-state", "toast"].map((id) =>
  document.getElementById(id),
);
const jumpSeconds = 5;
const quietMillis = 600; // after a hand has moved the slider the server's word waits this long
let moved = -Infinity;
let playing = false;

// One request at a time; of what changes meanwhile the newest counts.
let waiting = null;
let sending = false;
const patch = async (change) => {
  waiting = { ...waiting, ...change };
  if (sending) return;
  sending = true;
  while (waiting) {
    const body = JSON.stringify(waiting);
    waiting = null;
    try {
      const response = await fetch(bar.dataset.api, { method: "PATCH", headers: { "Content-Type": "application/json" }, body });
      const answer = response.ok ? null : await response.json().catch(() => null);
      toast.textContent = response.ok ? "" : (answer?.error ?? response.statusText);
    } catch {
      toast.textContent = "The server does not answer.";
    }
  }
  sending = false;
};

const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return (hours ? `${hours}:` : "") + two(Math.floor(whole / 60) % 60) + ":" + two(whole % 60);
};
const place = (seconds) => {
  seek.value = seconds;
  at.textContent = clock(seconds);
  seek.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(Number(seek.max))}`);
};
const go = (seconds) => {
  moved = performance.now();
  place(Math.min(Math.max(seconds, 0), Number(seek.max)));
  patch({ atSeconds: Number(seek.value) });
};

seek.addEventListener("input", () => go(Number(seek.value)));
speed.addEventListener("change", () => patch({ speed: Number(speed.value) }));
bar.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button === play) patch({ playing: !playing });
  else if (button) go(Number(button.dataset.at));
});
addEventListener("keydown", (event) => {
  if (document.body.dataset.steer === "false" || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target !== seek && event.target.closest?.("input, select, textarea")) return;
  const now = Number(seek.value);
  const to = { ArrowLeft: now - jumpSeconds, ArrowRight: now + jumpSeconds, Home: 0, End: Number(seek.max) }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  go(to);
});

const follow = () => {
  const told = state.querySelector("[data-at]")?.dataset;
  if (!told) return;
  playing = told.playing === "true";
  play.setAttribute("aria-pressed", !playing);
  if (document.activeElement !== speed) speed.value = told.speed;
  if (performance.now() - moved > quietMillis) place(Number(told.at));
};
new MutationObserver(follow).observe(state, { childList: true });
follow();
