// Each reader of a lane: asks for the rows ten times a second while the page is
// seen, and changes only the texts that differ, so that the focus and what is
// scrolled stay.
const page = document.querySelector("main[data-rows]");
const pollMillis = 100;
const away = document.getElementById("readers-away");

// Rows keep their elements; as many come or go at the end as there are more or
// fewer readers.
const patch = (old, fresh) => {
  for (const [i, row] of [...fresh.rows].entries()) {
    const here = old.rows[i];
    if (!here || here.cells.length !== row.cells.length) {
      if (here) here.replaceWith(row);
      else old.append(row);
      continue;
    }
    here.dataset.reader = row.dataset.reader ?? "";
    for (const [j, cell] of [...row.cells].entries()) {
      if (here.cells[j].innerHTML !== cell.innerHTML) here.cells[j].innerHTML = cell.innerHTML;
    }
  }
  while (old.rows.length > fresh.rows.length) old.deleteRow(-1);
};

const draw = async () => {
  try {
    const response = await fetch(page.dataset.rows, { cache: "no-store" });
    if (!response.ok) throw new Error(response.statusText);
    const box = new DOMParser().parseFromString(`<table>${await response.text()}</table>`, "text/html");
    for (const id of ["readers-told", "readers-rows"]) patch(document.getElementById(id), box.getElementById(id));
    away.hidden = true;
  } catch {
    away.hidden = false;
  }
};

for (;;) {
  await new Promise((done) => setTimeout(done, away.hidden ? pollMillis : 1000));
  if (!document.hidden) await draw();
}
