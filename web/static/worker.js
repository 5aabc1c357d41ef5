// Runs the client as a worker: one reader of one lane, away from the page's
// thread. The page sends {module, exec}; whatever comes before the client
// listens is kept in spillwayInbox.
globalThis.spillwayRole = "worker";
globalThis.spillwayInbox = [];
globalThis.onmessage = async ({ data }) => {
  globalThis.onmessage = (event) => globalThis.spillwayInbox.push(event.data);
  importScripts(data.exec);
  const go = new Go();
  go.run(await WebAssembly.instantiate(data.module, go.importObject));
};
