// Goes through a lecture's slides by buttons and keys. Mounted once; called anew with every message.

const KEYS = {
  ArrowRight: "next", PageDown: "next", ArrowLeft: "previous", PageUp: "previous",
  Home: "first", End: "last", n: "notes", N: "notes",
};
const NARROW_PX = 640;
const KEEPS_FOCUS = "input[type=radio], input[type=range]";

class SlideBar {
  constructor(root) {
    this.root = root;
    this.orders = new Orders();
    for (const button of root.querySelectorAll(".gv-turn"))
      button.addEventListener("click", () => this.orders.give(button.dataset.value));
    this.onKey = (event) => this.key(event);
    this.onClick = (event) => this.letGo(event);
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("click", this.onClick);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("click", this.onClick);
    this.orders.close();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const order = KEYS[event.key];
    if (!order || isTaken(event)) return;
    event.preventDefault();
    this.orders.give(order);
  }

  // Who clicked an answer or moved the scrubber by mouse goes on with the keys of the slides.
  letGo(event) {
    if (!event.detail) return; // A click that a key made: the keys stay there.
    setTimeout(() => {
      if (document.activeElement?.matches(KEEPS_FOCUS)) document.activeElement.blur();
    });
  }

  receive({ handled, at, of, notes, narrow }, component) {
    this.orders.component = component;
    this.orders.heard(handled);
    this.root.querySelector(".gv-count").textContent = `${at} of ${of}`;
    this.button("previous").disabled = at <= 1;
    this.button("next").disabled = at >= of;
    this.button("notes").setAttribute("aria-pressed", String(notes));
    this.root.dataset.at = String(at);
    // On a phone larger type would leave a picture no room.
    const size = window.innerWidth < NARROW_PX ? "narrow" : "wide";
    if ((size === "narrow") !== narrow && !this.orders.awaits(size)) this.orders.give(size);
  }

  button(value) {
    return this.root.querySelector(`[data-value=${value}]`);
  }
}

// A text, a slider and a list have these keys for themselves; a choice has the arrows.
function isTaken(event) {
  const at = event.composedPath()[0];
  if (!(at instanceof Element)) return false;
  if (at.matches("input[type=radio], input[type=checkbox]")) return event.key.startsWith("Arrow");
  return at.isContentEditable || at.matches("input, textarea, select") || Boolean(at.closest("[role=slider], [role=listbox], [role=menu]"));
}

export default function (component) {
  const root = component.parentElement.querySelector(".gv-slide-bar");
  if (!root) return;
  if (!root.bar) root.bar = new SlideBar(root);
  root.bar.receive(component.data, component);
  return () => {
    // Streamlit also calls this between two messages, with the same root still in the page.
    setTimeout(() => {
      if (!root.isConnected) root.bar.close();
    });
  };
}
