// The steps of a lesson: the buttons that play them, and what the visitor has
// answered. Answers stay in this tab, for this run.
const { body } = document;

const toast = document.getElementById("toast");
let shown;
const tell = (sentence) => {
  toast.textContent = sentence;
  clearTimeout(shown);
  shown = setTimeout(() => (toast.textContent = ""), 6000);
};

const post = async (path) => {
  try {
    const response = await fetch(body.dataset.api + path, { method: "POST" });
    if (response.ok) return;
    const answer = await response.json().catch(() => null);
    tell(answer?.error ?? `The server refused: ${response.statusText}`);
  } catch {
    tell("The server does not answer.");
  }
};

const remember = (question, answer) => {
  try {
    sessionStorage.setItem(`spillway.${question}.${body.dataset.run}`, answer);
  } catch {} // storage may be forbidden: then this page alone knows it
};
const remembered = (question) => {
  try {
    return sessionStorage.getItem(`spillway.${question}.${body.dataset.run}`) ?? "";
  } catch {
    return "";
  }
};

const paths = { play: "/steps/play", doit: "/steps/play", continue: "/steps/continue", stopsteps: "/steps/stop" };
addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-action]");
  const { action, guess, choice } = button?.dataset ?? {};
  if (action in paths) post(paths[action]);
  if (action === "guess") {
    body.dataset.guess = guess;
    remember("guess", guess);
  }
  if (action === "choose") {
    const asked = button.closest("[data-ask]");
    asked.dataset.choice = choice;
    remember(asked.dataset.ask, choice);
    show();
  }
});

// show marks what the visitor has answered, and what became of it.
const show = () => {
  const mark = (name, mine) => {
    document.querySelectorAll(`[data-action][data-${name}]`).forEach((e) => e.setAttribute("aria-pressed", e.dataset[name] === mine));
    document.querySelectorAll(`[data-if-${name}]`).forEach((e) => (e.hidden = e.getAttribute(`data-if-${name}`) !== mine));
  };
  mark("guess", body.dataset.guess);
  const asked = document.querySelector("[data-ask]");
  if (asked) mark("choice", asked.dataset.choice ?? remembered(asked.dataset.ask));
};
const recall = () => {
  body.dataset.guess = remembered("guess");
  show();
};
new MutationObserver(recall).observe(body, { attributeFilter: ["data-run"] });
const changed = new MutationObserver(show);
changed.observe(body, { attributeFilter: ["data-guess"] });
for (const id of ["verdict", "ask"]) changed.observe(document.getElementById(id), { childList: true });
recall();
