// Runs before the first paint, so that nobody sees the other theme flash.
{
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {} // storage may be forbidden: the system's theme then
}
