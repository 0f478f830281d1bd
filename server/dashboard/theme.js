// Light, dark, or as the system has it: the button goes round, the browser remembers.
// @ts-check
/// <reference lib="dom" />

const KEY = "taba-theme";

const themes = /** @type {const} */ ({
  system: { next: "light", sign: "◐", label: "Colours: as the system has them" },
  light: { next: "dark", sign: "☀", label: "Colours: light" },
  dark: { next: "system", sign: "☾", label: "Colours: dark" },
});

const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen = remembered();
apply();

/** @param {HTMLElement} button */
export function connectThemeButton(button) {
  const show = () => {
    const { sign, label } = themes[chosen];
    button.textContent = sign;
    button.title = label;
    button.setAttribute("aria-label", label);
  };
  show();
  button.addEventListener("click", () => {
    chosen = themes[chosen].next;
    remember();
    apply();
    show();
    announce();
  });
  dark.addEventListener("change", announce);
}

/**
 * For what is drawn and not styled.
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function onThemeChange(listener, signal) {
  document.addEventListener("taba-theme", listener, { signal });
}

function announce() {
  document.dispatchEvent(new Event("taba-theme"));
}

function apply() {
  document.documentElement.dataset.theme = chosen;
}

/** @returns {keyof typeof themes} */
function remembered() {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system"; // storage may be forbidden
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage may be forbidden: then the choice holds for this page alone.
  }
}
