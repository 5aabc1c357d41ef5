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

// Ways to read that this browser does not have are shown with the reason. A thread
// is blocked in memory that the page shares, which takes an isolated page.
const has = {
  fetch: "ReadableStreamBYOBReader" in globalThis,
  "websocket-blocking": crossOriginIsolated,
  websocketstream: "WebSocketStream" in globalThis,
};
for (const option of document.querySelectorAll("option[data-lacking]")) {
  if (has[option.value]) continue;
  option.disabled = true;
  option.textContent = option.dataset.lacking;
}

// What the browser counts for this tab. It may take its time to answer, since it
// waits for a collection of garbage.
const tabEveryMillis = 10_000;
async function measureTab() {
  const whole = crossOriginIsolated && performance.measureUserAgentSpecificMemory;
  let bytes, of = "";
  try {
    if (whole) ({ bytes } = await performance.measureUserAgentSpecificMemory());
    else if (performance.memory) [bytes, of] = [performance.memory.usedJSHeapSize, " JavaScript"];
  } catch {} // as if there were none
  if (bytes !== undefined) {
    const text = `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB${of}`;
    document.querySelectorAll("[data-tab]").forEach((e) => (e.textContent = e.title = text)); // the title where there is no room
  }
}
if (document.querySelector("[data-tab]")) {
  measureTab();
  setInterval(() => body.dataset.state === "running" && !document.hidden && measureTab(), tabEveryMillis);
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
