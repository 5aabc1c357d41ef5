// Where the bytes are: the server renders each band once a second. Its figures
// are copied to the buttons beneath, which stay, so that the focus does too.
const { body } = document;
const pollMillis = 1000;

const follow = (part) => {
  const lane = part.dataset.account;
  const band = document.getElementById(`band-${lane}`);
  const amounts = [...part.querySelectorAll("[data-amount]")];
  const apply = () => {
    const told = band.firstElementChild?.dataset;
    if (!told) return;
    for (const e of amounts) {
      const text = told[e.dataset.amount] ?? "";
      if (e.textContent !== text) e.textContent = text;
      if (e.title && e.title !== text) e.title = text;
    }
  };
  new MutationObserver(apply).observe(band, { childList: true });
  apply();
  // A press on a segment presses its button. The segment may be a new one by the
  // time the finger is up, so what counts is where it was.
  band.addEventListener("click", ({ clientX, clientY }) => {
    const key = document.elementsFromPoint(clientX, clientY).map((e) => e.closest?.(".band [data-place]")).find(Boolean)?.dataset.place;
    const button = key && part.querySelector(`.part[data-place=${key}]`);
    button?.focus();
    button?.click();
  });
};
document.querySelectorAll("[data-account]").forEach(follow);

// A fold that stands open is drawn anew once a second while the page is seen.
const watch = (fold) => {
  const box = fold.lastElementChild;
  let last = 0;
  const draw = async () => {
    if (!fold.open || document.hidden || body.dataset.link === "down") return;
    const mine = ++last;
    try {
      const response = await fetch(`${fold.dataset.over}?width=${Math.round(box.clientWidth)}`);
      if (!response.ok) throw new Error(response.statusText);
      const html = await response.text();
      if (mine === last && box.innerHTML !== html) box.innerHTML = html;
    } catch {} // the last picture stays
  };
  fold.addEventListener("toggle", () => {
    if (fold.open) box.scrollIntoView({ block: "nearest" });
    draw();
  });
  setInterval(draw, pollMillis);
};
document.querySelectorAll("[data-over]").forEach(watch);

// A knob of a lane that was chosen goes to the server. What holds then comes back
// in its place, and the focus with it.
let held = "";
addEventListener("focusin", ({ target: { dataset } }) => (held = dataset?.setting ? `[data-setting=${dataset.setting}][data-lane="${dataset.lane}"]` : ""));
const regain = () => held && document.activeElement === body && document.querySelector(held)?.focus();
document.querySelectorAll("[id^=bounds-]").forEach((place) => new MutationObserver(regain).observe(place, { childList: true }));
addEventListener("change", async ({ target }) => {
  const { setting, lane } = target.dataset ?? {};
  if (!setting) return;
  const undo = (why) => {
    target.value = [...target.options].find((o) => o.defaultSelected)?.value;
    document.getElementById("toast").textContent = why;
  };
  try {
    const patch = { lanes: { [lane]: { [setting]: Number(target.value) } } };
    const response = await fetch(body.dataset.api, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(patch) });
    if (!response.ok) undo((await response.json().catch(() => null))?.error ?? `The server refused: ${response.statusText}`);
  } catch {
    undo("The server does not answer.");
  }
});
