// What the user wants, numbered; every component's script begins with this. Streamlit may send one
// click twice (once more with an automatic rerun of the same moment) or join two; the server obeys
// every number once, and the list keeps an order until the server says that it was obeyed.

const AGAIN_MS = 1000; // An order the server has not answered is sent again: Streamlit may lose one.

// What a page that is being left still sends reaches Streamlit as of the old page: it would leave
// the new one blank, or lose the click that asked for it. Who stays after all is heard then.
const LEAVING_MS = 10_000;

class Orders {
  constructor() {
    this.waiting = [];
    this.last = Date.now(); // Above every number of this tab before a reload.
    this.tries = 0;
    this.heldUntil = 0;
    this.path = location.pathname;
    this.onLeaving = (event) => this.leaving(event);
    // In front of Streamlit's own listeners.
    window.addEventListener("click", this.onLeaving, true);
    window.addEventListener("popstate", this.onLeaving, true);
  }

  close() {
    clearTimeout(this.again);
    window.removeEventListener("click", this.onLeaving, true);
    window.removeEventListener("popstate", this.onLeaving, true);
  }

  leaving(event) {
    const away = event.type === "click" ? leadsAway(event) : location.pathname !== this.path;
    if (!away) return;
    this.heldUntil = Date.now() + LEAVING_MS;
    this.later(LEAVING_MS);
  }

  // Only the newest of some orders counts.
  give(order, value = null, { replaces = false } = {}) {
    if (replaces) this.waiting = this.waiting.filter((each) => each.order !== order);
    this.waiting.push({ id: ++this.last, order, value });
    this.send();
  }

  send() {
    const held = this.heldUntil - Date.now();
    if (held > 0) return this.later(held);
    clearTimeout(this.again);
    if (!this.waiting.length) return;
    // A list that is equal to the last one would not be sent.
    this.tries += 1;
    this.component.setStateValue("orders", this.waiting.map((each) => ({ ...each, tries: this.tries })));
    this.later(AGAIN_MS);
  }

  later(ms) {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.send(), ms);
  }

  heard(handled) {
    this.waiting = this.waiting.filter((each) => each.id > handled);
    if (!this.waiting.length) clearTimeout(this.again);
  }

  awaits(...orders) {
    return this.waiting.some((each) => orders.includes(each.order));
  }
}

function leadsAway(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return false; // Opens elsewhere.
  const link = event.target.closest?.("a[href]:not([target=_blank], [download])");
  // Streamlit writes its first page as an empty link.
  const path = link && new URL(link.getAttribute("href") || "./", location.href).pathname;
  return Boolean(link) && path !== location.pathname;
}
