// The code that waits: fetches the source of a lane when its fold is opened, and
// puts the numbers that the server sends beside the lines. On a page without the
// hub it asks for them once a second.
const { body } = document;
const pollMillis = 1000;

const set = (e, name, value) => {
  if (e.getAttribute(name) !== value) e.setAttribute(name, value);
};

// show puts a number beside a line, or takes it away. A badge that stays is
// changed in place, so that it keeps the focus and nothing moves.
const show = (parked, row, all, words) => {
  let badge = parked.firstElementChild;
  if (!row) {
    badge?.remove();
    return;
  }
  const { here, within, why } = row.dataset;
  const count = here === "0" ? within : here;
  if (!badge) {
    badge = parked.appendChild(document.createElement("span"));
    badge.tabIndex = 0;
    badge.setAttribute("role", "note");
  }
  const kind = here === "0" ? "within" : "here";
  const word = words.get(why) ?? { name: why, text: "" };
  const where = kind === "here" ? "at this line" : "in what this line has called";
  const wait = why === "running" || why === "syscall" ? "are" : "wait";
  const sentence = `${count} ${wait} ${where}. ${word.name}: ${word.text}`;
  set(badge, "class", kind);
  set(badge, "aria-label", sentence);
  if (badge.textContent !== count) badge.textContent = count;
  badge.style.setProperty("--share", Math.min(1, count / all));
};

const follow = (part) => {
  const lane = part.dataset.code;
  const now = document.getElementById(`code-${lane}`);
  const why = document.getElementById(`why-${lane}`);
  const listing = part.querySelector(".code-listing");
  const words = new Map(
    [...part.querySelectorAll("dt[data-why]")].map((dt) => [dt.dataset.why, { name: dt.textContent, text: dt.nextElementSibling.textContent }]),
  );
  let placed = false; // the box shows the line that says most; from then on it is the reader's
  let wanted = ""; // the link that has the focus, which every update replaces

  const lineOf = (at) => listing.querySelector(`[data-line="${CSS.escape(at)}"]`);
  const look = (line) => {
    const box = line.closest(".code-box");
    box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
  };
  const apply = () => {
    const list = now.querySelector(".code-rows");
    const rows = new Map([...(list?.querySelectorAll("[data-at]") ?? [])].map((row) => [row.dataset.at, row]));
    const old = [...listing.querySelectorAll(".parked:not(:empty)")].map((e) => e.closest("[data-line]"));
    for (const line of new Set([...old, ...[...rows.keys()].map(lineOf)])) {
      if (line) show(line.querySelector(".parked"), rows.get(line.dataset.line), list.dataset.all, words);
    }
    const main = part.dataset.listing && !placed && now.querySelector("[data-main]")?.dataset.main;
    const line = main && lineOf(main);
    if (line) {
      look(line);
      placed = true;
    }
    if (wanted && document.activeElement === body) now.querySelector(`[data-at="${CSS.escape(wanted)}"] a`)?.focus();
  };

  let fetched = false;
  const open = async () => {
    if (fetched || !part.dataset.listing) return;
    fetched = true;
    try {
      const response = await fetch(part.dataset.listing);
      if (!response.ok) throw new Error(response.statusText);
      listing.innerHTML = await response.text();
      apply();
    } catch {
      fetched = false; // the link to the page stays
    }
  };
  part.addEventListener("toggle", () => part.open && open());
  if (part.open) open();

  const point = ({ target }) => {
    const badge = target.closest?.(".parked > span");
    if (badge) why.textContent = badge.getAttribute("aria-label");
  };
  const rest = () => (why.textContent = why.dataset.rest);
  listing.addEventListener("pointerover", point);
  listing.addEventListener("focusin", point);
  listing.addEventListener("pointerout", rest);
  listing.addEventListener("focusout", rest);
  now.addEventListener("focusin", ({ target }) => (wanted = target.closest("[data-at]")?.dataset.at ?? ""));
  now.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget) wanted = "";
  });
  now.addEventListener("click", (event) => {
    const row = event.target.closest("a")?.closest("[data-at]");
    const line = row && lineOf(row.dataset.at);
    if (!line) return;
    event.preventDefault();
    look(line);
  });

  new MutationObserver(apply).observe(now, { childList: true });
  apply();
  if ("poll" in body.dataset) poll(lane, now);
};

// poll keeps a part up to date while the page is seen.
const poll = async (lane, now) => {
  const cost = document.getElementById(`code-cost-${lane}`);
  const banner = document.getElementById("code-away");
  for (;;) {
    await new Promise((done) => setTimeout(done, pollMillis));
    if (document.hidden) continue;
    let fresh;
    try {
      const response = await fetch(`/code/lanes/${lane}/now`);
      if (!response.ok) throw new Error(response.statusText);
      fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      banner.hidden = true;
    } catch {
      banner.hidden = false;
      continue;
    }
    for (const e of [now, cost]) {
      const { innerHTML } = fresh.getElementById(e.id);
      if (e.innerHTML !== innerHTML) e.innerHTML = innerHTML;
    }
  }
};

document.querySelectorAll("[data-code]").forEach(follow);

addEventListener("click", async (event) => {
  const { action, lane } = event.target.closest?.("button[data-action]")?.dataset ?? {};
  if (action !== "lookAnyway") return;
  const toast = document.getElementById("toast");
  try {
    const response = await fetch(`/api/run/lanes/${lane}/code`, { method: "POST" });
    if (!response.ok) toast.textContent = (await response.json().catch(() => null))?.error ?? response.statusText;
  } catch {
    toast.textContent = "The server does not answer.";
  }
});
