// The live controls and pictures: mounted once, then fed. Streamlit calls the default export anew
// with every message; everything that must outlive a message hangs on the root element.

const CHART_HEIGHT_PX = 300;
const FAR_CHART_MS = 1000; // A chart that is out of sight is redrawn once a second.
const SCRUB_MS = 90; // Least time between two positions sent while the scrubber is dragged.
const MISSING_MS = 400; // Least time between two requests for pictures that did not arrive.
const STORED_RUN = "gradviz.run"; // sessionStorage: one tab's own run, found again after a reload.
const KEYS = { p: ".gv-play", 1: "[data-value='1']", 2: "[data-value='10']", 3: "[data-value='100']" };

const decoder = new TextDecoder();

function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  if (!window.gradvizPlotly) {
    window.gradvizPlotly = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        window.gradvizPlotly = undefined;
        reject(new Error("plotly.js could not be loaded from this server. Reload the page."));
      };
      document.head.appendChild(script);
    });
  }
  return window.gradvizPlotly;
}

// What the user wants, numbered. Streamlit may send one click twice (once more with an automatic
// rerun of the same moment) or join two; the server obeys every number once, and the list keeps an
// order until the server says that it was obeyed.
class Orders {
  constructor() {
    this.waiting = [];
    this.last = Date.now(); // Above every number of this tab before a reload.
  }

  give(order, value = null) {
    if (order === "scrub") this.waiting = this.waiting.filter((each) => each.order !== "scrub");
    this.waiting.push({ id: ++this.last, order, value });
    this.component.setStateValue("orders", this.waiting);
  }

  heard(handled) {
    this.waiting = this.waiting.filter((each) => each.id > handled);
  }

  get pending() {
    return this.waiting.some((each) => ["play", "pause", "step", "reset"].includes(each.order));
  }
}

class Controls {
  constructor(root, orders) {
    this.orders = orders;
    this.scrub = null;
    this.sentAt = 0;
    this.root = root;
    this.play = root.querySelector(".gv-play");
    this.range = root.querySelector(".gv-range");
    this.place = root.querySelector(".gv-place");
    this.newest = root.querySelector(".gv-newest");
    this.progress = root.querySelector(".gv-progress");
    for (const button of root.querySelectorAll("[data-order]"))
      button.addEventListener("click", () => this.press(button));
    this.range.addEventListener("input", () => this.moveTo(Number(this.range.value)));
    this.newest.addEventListener("click", () => this.moveTo(null));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    clearTimeout(this.trailing);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const at = event.composedPath()[0];
    if (at.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && at !== this.range)) return;
    const selector = KEYS[event.key.toLowerCase()];
    if (selector) this.root.querySelector(selector).click();
  }

  press(button) {
    const { order, value } = button.dataset;
    this.orders.give(order, value ? Number(value) : null);
    // The button answers at once; the server's word follows.
    if (order === "play" || order === "pause") this.showPlay(order === "play" ? "running" : "pausing");
  }

  receive(message) {
    this.orders.heard(message.handled);
    this.progress.textContent = message.progress;
    const over = message.status === "stopped" || message.status === "lost";
    for (const button of this.root.querySelectorAll("[data-order]"))
      button.disabled = button.dataset.order === "reset" ? !message.run : over;
    this.last = message.last;
    if (!this.orders.pending) this.showPlay(message.status);
    const era = `${message.run}:${message.generation}`;
    if (era !== this.era) {
      this.era = era;
      this.scrub = message.scrub;
    }
    this.range.disabled = !(message.last > message.first);
    this.range.min = message.first;
    this.range.max = message.last;
    if (this.scrub === null) this.range.value = message.last;
    else if (document.activeElement !== this.range) this.range.value = this.scrub;
    this.label(message.shown);
  }

  showPlay(status) {
    const running = status === "running";
    this.play.dataset.order = running ? "pause" : "play";
    this.play.textContent = running ? "❚❚ Pause" : this.last ? "▶ Resume" : "▶ Train";
    this.play.title = `${running ? "Pause" : this.last ? "Go on" : "Train this network"} (key P)`;
  }

  label(shown) {
    const live = this.scrub === null;
    this.newest.disabled = live;
    this.place.textContent = this.last
      ? `pictures of step ${shown} of ${this.last}${live ? " · newest" : ""}`
      : "no step yet";
    this.range.setAttribute("aria-valuetext", this.place.textContent);
  }

  moveTo(step) {
    this.scrub = step;
    if (step === null) this.range.value = this.last;
    this.label(step === null ? this.last : step);
    clearTimeout(this.trailing);
    const wait = this.sentAt + SCRUB_MS - performance.now();
    const send = () => {
      this.sentAt = performance.now();
      this.orders.give("scrub", this.scrub);
    };
    if (wait <= 0) send();
    else this.trailing = setTimeout(send, wait);
  }
}

class Pictures {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".gv-grid");
    this.charts = new Map(); // name -> {card, plot, wanted, drawn, near, drawnAt}
    this.scheduled = false;
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const chart = this.charts.get(entry.target.dataset.picture);
          if (chart) chart.near = entry.isIntersecting;
        }
        this.schedule();
      },
      { rootMargin: "200px" },
    );
    this.onVisible = () => this.schedule();
    document.addEventListener("visibilitychange", this.onVisible);
  }

  close() {
    document.removeEventListener("visibilitychange", this.onVisible);
    this.observer.disconnect();
    clearTimeout(this.later);
    if (window.Plotly) for (const { plot } of this.charts.values()) window.Plotly.purge(plot);
  }

  receive(message) {
    this.shown = message.shown;
    // Figures come as text: one that has not changed, or is overtaken, is not even parsed.
    for (const [name, text] of Object.entries(message.figures)) this.want(name, text);
    loadPlotly(message.plotly).then(
      () => this.schedule(),
      (error) => { this.root.querySelector(".gv-note").textContent = error.message; },
    );
  }

  want(name, text) {
    let chart = this.charts.get(name);
    if (!chart) {
      const card = document.createElement("div");
      card.className = "gv-card";
      card.dataset.picture = name;
      const plot = document.createElement("div");
      plot.className = "gv-plot";
      plot.style.minHeight = `${CHART_HEIGHT_PX}px`;
      card.appendChild(plot);
      this.grid.appendChild(card);
      chart = { card, plot, near: true, drawnAt: 0 };
      this.charts.set(name, chart);
      this.observer.observe(card);
    }
    chart.wanted = text;
  }

  schedule() {
    if (this.scheduled || !window.Plotly || document.hidden) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.drawOne();
    });
  }

  // One chart an animation frame: seven at once would stall the browser for 100 ms.
  drawOne() {
    const now = performance.now();
    let next = null;
    let waiting = false;
    for (const chart of this.charts.values()) {
      if (!chart.wanted || chart.wanted === chart.drawn) continue;
      if (!chart.near && now - chart.drawnAt < FAR_CHART_MS) {
        waiting = true;
        continue;
      }
      if (!next || (chart.near && !next.near) || (chart.near === next.near && chart.drawnAt < next.drawnAt)) next = chart;
    }
    if (next) {
      this.draw(next, now);
      this.schedule();
    } else if (waiting) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.schedule(), FAR_CHART_MS / 4);
    } else {
      this.root.dataset.complete = this.shown; // All pictures are of this step: screenshots wait for it.
    }
  }

  draw(chart, now) {
    chart.drawn = chart.wanted;
    chart.drawnAt = now;
    const { data, layout } = JSON.parse(chart.wanted);
    window.Plotly.react(chart.plot, data, { ...layout, autosize: true }, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d"],
    });
    chart.card.dataset.drawn = String(Number(chart.card.dataset.drawn || 0) + 1);
  }
}

class Live {
  constructor(root) {
    this.orders = new Orders();
    this.controls = new Controls(root, this.orders);
    this.pictures = new Pictures(root);
    this.missingAt = -MISSING_MS;
  }

  close() {
    this.controls.close();
    this.pictures.close();
  }

  receive(message, component) {
    this.orders.component = component;
    this.rememberRun(message.run);
    this.controls.receive(message);
    if (message.figures) {
      this.version = message.version;
      this.pictures.receive(message);
    } else if (message.version !== this.version && performance.now() > this.missingAt + MISSING_MS) {
      // The message with these pictures was overtaken on its way here.
      this.missingAt = performance.now();
      this.orders.give("missing");
    }
  }

  rememberRun(run) {
    const stored = sessionStorage.getItem(STORED_RUN);
    if (run) sessionStorage.setItem(STORED_RUN, run);
    else if (stored && !this.asked) {
      this.asked = true;
      this.orders.give("attach", stored);
    }
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".gv-live-pictures");
  if (!root) return;
  if (!root.live) root.live = new Live(root);
  root.live.receive(JSON.parse(decoder.decode(component.data)), component);
  return () => {
    // Streamlit also calls this between two messages, with the same root still in the page.
    setTimeout(() => {
      if (!root.isConnected) root.live.close();
    });
  };
}
