/* A text names a picture's light form; on a dark page the dark one beside it is shown. */
(() => {
  const follow = () => {
    const theme = document.body.dataset.mdColorScheme === "slate" ? "dark" : "light";
    // A <source> follows the system, and not the switch at the top of the page.
    document.querySelectorAll('picture > source[media*="prefers-color-scheme"]').forEach((each) => each.remove());
    for (const image of document.querySelectorAll('img[src$=".light.png"], img[src$=".dark.png"]')) {
      image.src = image.src.replace(/\.(light|dark)\.png$/, `.${theme}.png`);
    }
  };
  follow();
  new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
})();
