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
