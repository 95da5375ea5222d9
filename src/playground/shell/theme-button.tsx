/** Light, dark, or as the system has it. The choice stays in this browser. */
import { useLayoutEffect, useState } from "hono/jsx/dom";

const name = "longline-theme";

export function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem(name) ?? "");
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(name, theme);
  }, [theme]);
  const dark = theme === "dark" || (theme === "" && matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <button type="button" class="quiet" onClick={() => setTheme(dark ? "light" : "dark")}>
      {dark ? "Light" : "Dark"}
    </button>
  );
}
