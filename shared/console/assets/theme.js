/**
 * Light or dark. Runs before the page is painted, so it is no module: <html data-theme> is what it sets.
 * Without a choice the system decides.
 */
(() => {
  const PLACE = "spooled.theme";
  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  apply(localStorage.getItem(PLACE));
  globalThis.spooledTheme = {
    choice: () => localStorage.getItem(PLACE) ?? "system",
    choose: (theme) => {
      if (theme === "system") localStorage.removeItem(PLACE);
      else localStorage.setItem(PLACE, theme);
      apply(theme === "system" ? null : theme);
    },
  };
})();
