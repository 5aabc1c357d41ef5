// Starts the client, and does the few things that must not wait for it.
const body = document.body;
const { exec, wasm } = document.querySelector("script[data-wasm]").dataset;

async function start() {
  globalThis.spillwayRole = "page";
  await import(exec);
  const response = await fetch(wasm);
  if (!response.ok) throw new Error(`${wasm}: ${response.status}`);
  globalThis.spillwayModule = await WebAssembly.compileStreaming(response);
  const go = new Go();
  await go.run(await WebAssembly.instantiate(globalThis.spillwayModule, go.importObject));
  throw new Error("the client has ended");
}
start().catch((error) => {
  console.error(error);
  body.dataset.client = "failed";
});

// Figures that fold away on a small screen or beside many lanes stand open else.
const wide = matchMedia("(min-width: 60rem)");
const few = document.querySelector("main").dataset.lanes <= 2;
const fold = () => document.querySelectorAll("details[data-wide]").forEach((d) => (d.open = few && wide.matches));
wide.addEventListener("change", fold);
fold();
document.documentElement.dataset.ready = "";

// What became of the visitor's guess is shown to who made it.
const answer = () => {
  const guess = body.dataset.guess;
  document.querySelectorAll("[data-if-guess]").forEach((e) => (e.hidden = e.dataset.ifGuess !== guess));
  document.querySelectorAll("[data-action=guess]").forEach((e) => e.setAttribute("aria-pressed", e.dataset.guess === guess));
};
const guessed = new MutationObserver(answer);
guessed.observe(body, { attributeFilter: ["data-guess"] });
guessed.observe(document.getElementById("verdict"), { childList: true });
answer();

// Escape puts an explanation away until the pointer or the focus moves on;
// S goes to the slider.
const root = document.documentElement;
addEventListener("keydown", (event) => {
  if (event.key === "Escape") root.dataset.quiet = "";
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest("input, textarea, dialog");
  const sliders = [...document.querySelectorAll("input[data-set=throttle]")];
  if (event.key === "s" && plain) sliders.find((s) => s.checkVisibility())?.focus();
});
for (const moved of ["pointerover", "focusin"]) addEventListener(moved, () => delete root.dataset.quiet);
