// The editor of a scenario: line numbers, checks while somebody types, jumps to
// errors, run, reset, download. The server knows the language; this only asks it.
const $ = (id) => document.getElementById(id);
const [text, gutter, status, errors, run] = ["text", "gutter", "status", "errors", "run"].map($);
const { check, run: runURL, from, file } = document.querySelector(".edit-area").dataset;
const original = text.defaultValue;
const kept = "edit:" + from; // in sessionStorage: what was typed, and what it began with
const pauseMillis = 300;

// Show only what is new, so that nothing is read aloud twice.
const say = (element, words) => {
  if (element.textContent !== words) element.textContent = words;
  element.hidden = words === "";
};

// Line numbers. A line with an error has a mark beside its number.
let shown = "";
function number(wrong = new Set()) {
  const count = text.value.split("\n").length;
  const state = count + ":" + [...wrong].join();
  if (state === shown) return;
  shown = state;
  const lines = [];
  for (let n = 1; n <= count; n++) {
    const line = document.createElement("span");
    line.textContent = (wrong.has(n) ? "✕ " : "") + n + "\n";
    if (wrong.has(n)) line.className = "bad";
    lines.push(line);
  }
  gutter.replaceChildren(...lines);
  follow();
}
const follow = () => (gutter.scrollTop = text.scrollTop);
text.addEventListener("scroll", follow);

// Where a line and a column are in the text. Columns count characters, the text
// counts UTF-16 units.
function place(line, column, length) {
  const lines = text.value.split("\n");
  const at = lines.slice(0, Math.max(line - 1, 0)).reduce((sum, l) => sum + l.length + 1, 0);
  const units = (n) => [...(lines[line - 1] ?? "")].slice(0, Math.max(n, 0)).join("").length;
  return line < 1 ? [0, 0] : [at + units(column - 1), at + units(column - 1 + length)];
}
function select(line, column, length) {
  text.focus();
  text.setSelectionRange(...place(line, column, length));
  const height = text.scrollHeight / Math.max(text.value.split("\n").length, 1);
  text.scrollTop = Math.max(0, (line - 4) * height);
  text.scrollLeft = 0;
}
// execCommand is the one way that undo knows.
function insert(words) {
  const done = words === "" ? document.execCommand("delete") : document.execCommand("insertText", false, words);
  if (!done) {
    text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    typed();
  }
}

function button(words, does) {
  const b = document.createElement("button");
  b.type = "button";
  b.append(...words);
  b.addEventListener("click", does);
  return b;
}
const element = (name, words, hidden) => {
  const e = document.createElement(name);
  e.textContent = words;
  if (hidden) (e.className = "sign"), e.setAttribute("aria-hidden", "true");
  return e;
};
function list(found) {
  errors.replaceChildren(
    ...found.map((e) => {
      const item = document.createElement("li");
      const where = e.line ? "Line " + e.line : "The whole file";
      const jump = button([element("span", "✕", true), element("b", where), " " + e.text], () => select(e.line, e.column, e.length));
      jump.dataset.line = e.line;
      item.append(jump);
      if (e.nearest) {
        item.append(button(["Replace with “" + e.nearest + "”"], () => {
          select(e.line, e.column, e.length);
          insert(e.nearest);
        }));
      }
      return item;
    }),
  );
  number(new Set(found.map((e) => e.line)));
}

// Only the newest question counts.
let asked, timer;
async function ask() {
  asked?.abort();
  const mine = (asked = new AbortController());
  const of = text.value;
  try {
    const response = await fetch(check, { method: "POST", body: of, signal: mine.signal, headers: { Accept: "application/json", "Content-Type": "application/yaml" } });
    const answer = await response.json();
    if (mine !== asked || of !== text.value) return;
    if (!answer.errors && !answer.ok) throw new Error(answer.error ?? response.statusText);
    tell(answer.ok ? "ok: " + answer.summary : answer.errors.length === 1 ? "1 error" : answer.errors.length + " errors", answer.ok ? "" : "grave");
    list(answer.errors ?? []);
    if (run) run.disabled = !answer.ok;
  } catch (error) {
    if (error.name === "AbortError" || mine !== asked) return;
    tell("not checked: " + (error instanceof TypeError ? "the server does not answer" : error.message), "busy"); // running it still checks it
    if (run) run.disabled = false;
  }
}
function tell(words, kind) {
  status.className = kind;
  if (status.textContent !== words) status.textContent = words;
}
function typed() {
  number();
  keep();
  say($("failed"), "");
  asked?.abort();
  if (run) run.disabled = true; // what is there now has not been checked
  status.className = "busy";
  clearTimeout(timer);
  timer = setTimeout(ask, pauseMillis);
}
text.addEventListener("input", typed);

// What was typed outlives a reload of this tab.
function keep() {
  try {
    if (text.value === original) sessionStorage.removeItem(kept);
    else sessionStorage.setItem(kept, JSON.stringify({ text: text.value, original }));
  } catch {} // storage may be forbidden or full: it does not outlive then
}
function restore() {
  try {
    const before = JSON.parse(sessionStorage.getItem(kept));
    if (!before || before.text === original) return;
    text.value = before.text;
    number();
    say($("restored"), before.original === original
      ? "What you had typed is back. Reset shows the file."
      : "What you had typed is back, but the file has changed since. Reset shows it.");
  } catch {}
}

// Tab indents. It never holds the keyboard: Escape and then Tab leaves, and so
// does Shift+Tab.
let leaving = false;
text.addEventListener("keydown", (event) => {
  const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
  if (event.key === "Tab" && plain && !leaving) {
    event.preventDefault();
    const [start, end] = [text.selectionStart, text.selectionEnd];
    const begin = text.value.lastIndexOf("\n", start - 1) + 1;
    const picked = text.value.slice(begin, end);
    if (text.value.slice(start, end).includes("\n")) {
      const indented = picked.replace(/^(?=.)/gm, "  ");
      text.setSelectionRange(begin, end);
      insert(indented);
      text.setSelectionRange(begin, begin + indented.length);
    } else insert("  ");
  }
  leaving = event.key === "Escape" || (leaving && event.key === "Shift");
});
text.addEventListener("blur", () => (leaving = false));

errors.addEventListener("click", (event) => { // those that the server wrote
  const at = event.target.closest("button[data-column]")?.dataset;
  if (at) select(+at.line, +at.column, +at.length);
});
run?.addEventListener("click", async () => {
  run.disabled = true;
  say($("failed"), "");
  try {
    const response = await fetch(runURL, { method: "POST", body: text.value, headers: { Accept: "application/json", "Content-Type": "application/yaml" } });
    if (response.ok) return location.assign("/");
    const answer = await response.json().catch(() => ({}));
    say($("failed"), "It was not run: " + (answer.error ?? response.statusText));
    if (answer.errors) list(answer.errors);
  } catch (error) {
    say($("failed"), "It was not run: the server does not answer.");
  }
  run.disabled = false;
});
$("reset").addEventListener("click", () => { // Ctrl+Z brings the text back
  if (text.value !== original) {
    text.focus();
    text.select();
    insert(original);
  }
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
  say($("restored"), "");
});
$("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text.value], { type: "application/yaml" }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});

number(new Set([...errors.querySelectorAll("button")].map((b) => +b.dataset.line)));
restore();
ask();
