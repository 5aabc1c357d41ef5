// What a press does without the client: keys press buttons, and some buttons
// are this tab's own: theme, help, the speaker's notes, one slider each.
const { body, documentElement: root } = document;

// Storage may be forbidden; what is stored is a convenience.
const store = (where, key, value) => {
  try {
    globalThis[where].setItem(key, value);
  } catch {}
};
const stored = (where, key) => {
  try {
    return globalThis[where].getItem(key);
  } catch {
    return null;
  }
};

// set turns a switch of the body on or off and shows it on its button.
const set = (name, on) => {
  body.dataset[name] = on;
  document.querySelectorAll(`[data-action=${name}]`).forEach((e) => e.setAttribute("aria-pressed", on));
};

const actions = {
  theme() {
    const next = { auto: "light", light: "dark" }[root.dataset.theme] ?? "auto";
    root.dataset.theme = next;
    store("localStorage", "theme", next);
  },
  help() {
    const dialog = document.getElementById("help");
    if (dialog.open) dialog.close();
    else dialog.showModal();
  },
  each() {
    set("each", body.dataset.each !== "true");
  },
  notes() {
    const on = body.dataset.notes !== "true";
    set("notes", on);
    store("sessionStorage", "spillway.notes", on);
  },
};
addEventListener("click", (event) => actions[event.target.closest?.("button[data-action]")?.dataset.action]?.());

// A speaker opens a second window with /?notes.
const asked = new URLSearchParams(location.search).has("notes");
if (asked) store("sessionStorage", "spillway.notes", true);
set("notes", asked || stored("sessionStorage", "spillway.notes") === "true");

// A key presses the button that names it in data-key, where several are parted by
// a bar. Keys that move a slider stay with a slider that has the focus.
const typing = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
const spaced = "button, a[href], summary, input, [role=button]";
addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "Escape") root.dataset.quiet = ""; // puts an explanation away
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey || !key) return;
  const within = (selector) => target.closest?.(selector);
  if (within(typing) || (key === " " && within(spaced)) || (/^(Arrow|Page|Home|End)/.test(key) && within("input"))) return;
  const modal = document.querySelector("dialog[open]");
  const small = key.toLowerCase();
  const named = (e) => e.dataset.key.toLowerCase().split("|").includes(small);
  const button = [...document.querySelectorAll("[data-key]")].find(
    (e) => named(e) && !e.disabled && e.checkVisibility() && (!modal || e.dataset.action === "help"),
  );
  if (button) {
    event.preventDefault();
    button.click();
  } else if (key === "s" && !modal) {
    [...document.querySelectorAll("input[data-set=throttle], #seek")].find((e) => e.checkVisibility())?.focus();
  }
});
for (const moved of ["pointerover", "focusin"]) addEventListener(moved, () => delete root.dataset.quiet);
