// Goes through a lecture's slides by buttons and keys. Mounted once; called anew with every message.

const AGAIN_MS = 1000; // An order the server has not answered is sent again: Streamlit may lose one.
const KEYS = {
  ArrowRight: "next", PageDown: "next", ArrowLeft: "previous", PageUp: "previous",
  Home: "first", End: "last", n: "notes", N: "notes",
};
const NARROW_PX = 640;
const KEEPS_FOCUS = "input[type=radio], input[type=range]";

class SlideBar {
  constructor(root) {
    this.root = root;
    this.waiting = [];
    this.last = Date.now(); // Above every number of this tab before a reload.
    this.tries = 0;
    for (const button of root.querySelectorAll(".gv-turn"))
      button.addEventListener("click", () => this.give(button.dataset.value));
    this.onKey = (event) => this.key(event);
    this.onClick = (event) => this.letGo(event);
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("click", this.onClick);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("click", this.onClick);
    clearTimeout(this.again);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const order = KEYS[event.key];
    if (!order || isTaken(event)) return;
    event.preventDefault();
    this.give(order);
  }

  // Who clicked an answer or moved the scrubber by mouse goes on with the keys of the slides.
  letGo(event) {
    if (!event.detail) return; // A click that a key made: the keys stay there.
    setTimeout(() => {
      if (document.activeElement?.matches(KEEPS_FOCUS)) document.activeElement.blur();
    });
  }

  give(order) {
    this.waiting.push({ id: ++this.last, order });
    this.send();
  }

  send() {
    clearTimeout(this.again);
    if (!this.waiting.length) return;
    // A list that is equal to the last one would not be sent.
    this.tries += 1;
    this.component.setStateValue("orders", this.waiting.map((each) => ({ ...each, tries: this.tries })));
    this.again = setTimeout(() => this.send(), AGAIN_MS);
  }

  receive({ handled, at, of, notes, narrow }, component) {
    this.component = component;
    this.waiting = this.waiting.filter((each) => each.id > handled);
    if (!this.waiting.length) clearTimeout(this.again);
    this.root.querySelector(".gv-count").textContent = `${at} of ${of}`;
    this.button("previous").disabled = at <= 1;
    this.button("next").disabled = at >= of;
    this.button("notes").setAttribute("aria-pressed", String(notes));
    this.root.dataset.at = String(at);
    // On a phone larger type would leave a picture no room.
    const size = window.innerWidth < NARROW_PX ? "narrow" : "wide";
    if ((size === "narrow") !== narrow && !this.waiting.some((each) => each.order === size)) this.give(size);
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
