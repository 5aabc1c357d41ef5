// The table of a comparison while it plays: it is asked for anew each second and
// changed in place, so that whoever stands somewhere in it stays there. Without
// this script the page is as it was when it was loaded.
const { body } = document;
const every = 1000; // ms

let order = location.search; // ?sort=KEY&turned=true

const playing = () => document.getElementById("compare-status")?.dataset.playing === "true";

// same moves rows into their new order and takes over what changed in their cells.
const same = (old, fresh) => {
  const rows = new Map([...old.tBodies[0].rows].map((row) => [row.dataset.strategy, row]));
  const at = document.activeElement;
  for (const row of [...fresh.tBodies[0].rows]) {
    const known = rows.get(row.dataset.strategy);
    if (!known) return false;
    known.dataset.died = row.dataset.died;
    for (const [i, cell] of [...row.cells].entries()) {
      const mine = known.cells[i];
      const part = cell.querySelector(".fate") ? [mine.querySelector(".fate"), cell.querySelector(".fate")] : [mine, cell];
      if (part[0].innerHTML !== part[1].innerHTML) part[0].innerHTML = part[1].innerHTML;
      if (cell.dataset.mark !== undefined) mine.dataset.mark = cell.dataset.mark;
    }
    old.tBodies[0].append(known);
  }
  for (const [i, head] of [...fresh.tHead.rows[0].cells].entries()) {
    const mine = old.tHead.rows[0].cells[i];
    mine.setAttribute("aria-sort", head.getAttribute("aria-sort"));
    mine.firstElementChild.href = head.firstElementChild.href;
  }
  if (at !== document.activeElement && body.contains(at)) at.focus({ preventScroll: true });
  return rows.size === fresh.tBodies[0].rows.length;
};

const look = async () => {
  let text;
  try {
    const response = await fetch(body.dataset.table + order);
    if (!response.ok) return;
    text = await response.text();
  } catch {
    return; // the server is away; it is asked again
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const status = fresh.getElementById("compare-status");
  if (!status) return;
  const mine = document.getElementById("compare-status");
  if ("away" in body.dataset) {
    if (status.dataset.playing === "false") location.reload();
    else mine.textContent = status.textContent.trim();
    return;
  }
  const old = document.querySelector(".compare-table");
  const table = fresh.querySelector(".compare-table");
  if (old && table && same(old, table)) {
    for (const id of ["compare-status", "compare-actions"]) {
      const [was, is] = [document.getElementById(id), fresh.getElementById(id)];
      if (was.innerHTML !== is.innerHTML) was.innerHTML = is.innerHTML;
    }
    mine.dataset.playing = status.dataset.playing;
  } else {
    document.getElementById("comparison").replaceChildren(...fresh.body.childNodes);
  }
  const begin = document.getElementById("begin");
  if (begin) begin.disabled = playing();
};

addEventListener("click", (event) => {
  const head = event.target.closest?.("a[data-sort]");
  if (!head || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  order = head.search;
  history.replaceState(null, "", head.href);
  look();
});

// One question at a time, and none from a tab that nobody sees.
const go = async () => {
  if (!document.hidden && (playing() || "away" in body.dataset)) await look();
  setTimeout(go, every);
};
setTimeout(go, every);
