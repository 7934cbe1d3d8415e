// The live pictures: mounted once, then fed. Streamlit calls the default export anew with every
// message; everything that must outlive a message hangs on the root element.

const LINE_HEIGHT_PX = 300;
const FAR_CHART_MS = 1000; // A chart that is out of sight is redrawn once a second.
const SCRUB_MS = 90; // Least time between two positions sent while the scrubber is dragged.
const STORED_RUN = "gradviz.run"; // sessionStorage: one tab's own run, found again after a reload.

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

class Pictures {
  constructor(root) {
    this.root = root;
    this.charts = new Map(); // name -> {card, plot, wanted, drawn, near, drawnAt}
    this.version = -1;
    this.scrub = null;
    this.sentAt = 0;
    this.nonce = Date.now(); // Makes every message to the server a change, the same position twice too.
    this.scheduled = false;
    this.grid = root.querySelector(".gv-grid");
    this.range = root.querySelector(".gv-range");
    this.place = root.querySelector(".gv-place");
    this.liveButton = root.querySelector(".gv-live");
    this.note = root.querySelector(".gv-note");
    this.range.addEventListener("input", () => this.moveTo(Number(this.range.value)));
    this.liveButton.addEventListener("click", () => this.moveTo(null));
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
    clearTimeout(this.trailing);
    if (window.Plotly) for (const { plot } of this.charts.values()) window.Plotly.purge(plot);
  }

  receive(message, component) {
    this.component = component;
    const stored = sessionStorage.getItem(STORED_RUN);
    if (message.run) sessionStorage.setItem(STORED_RUN, message.run);
    else if (!message.run && stored && !this.asked) {
      this.asked = true;
      this.send("stored_run", stored);
    }
    if (message.same !== undefined) {
      // The picture this stands for may have been overtaken on the way: then ask for it whole.
      if (message.same !== this.version && this.wantedVersion !== message.same) {
        this.wantedVersion = message.same;
        this.send("missing", message.same);
      }
      return;
    }
    this.version = message.version;
    const era = `${message.run}:${message.generation}`;
    if (era !== this.era) {
      this.era = era;
      this.scrub = message.scrub;
    }
    this.updateScrubber(message);
    for (const [name, figure] of Object.entries(message.figures)) this.want(name, figure);
    loadPlotly(message.plotly).then(
      () => this.schedule(),
      (error) => { this.note.textContent = error.message; },
    );
  }

  send(name, value) {
    this.component.setStateValue(name, { value, nonce: ++this.nonce });
  }

  want(name, figure) {
    let chart = this.charts.get(name);
    if (!chart) {
      const card = document.createElement("div");
      card.className = "gv-card";
      card.dataset.picture = name;
      const plot = document.createElement("div");
      plot.className = "gv-plot";
      plot.style.minHeight = `${LINE_HEIGHT_PX}px`;
      card.appendChild(plot);
      this.grid.appendChild(card);
      chart = { card, plot, near: true, drawnAt: 0 };
      this.charts.set(name, chart);
      this.observer.observe(card);
    }
    chart.wanted = figure;
  }

  updateScrubber({ first, last, shown }) {
    this.range.disabled = !(last > first);
    this.range.min = first;
    this.range.max = last;
    if (this.scrub === null) this.range.value = last;
    else if (document.activeElement !== this.range) this.range.value = this.scrub;
    this.last = last;
    this.shown = shown;
    this.label(shown);
  }

  label(shown) {
    const live = this.scrub === null;
    this.liveButton.disabled = live;
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
      this.send("scrub", this.scrub);
    };
    if (wait <= 0) send();
    else this.trailing = setTimeout(send, wait);
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
      next.drawn = next.wanted;
      next.drawnAt = now;
      const { data, layout } = next.wanted;
      window.Plotly.react(next.plot, data, { ...layout, autosize: true }, {
        responsive: true,
        displaylogo: false,
        modeBarButtonsToRemove: ["select2d", "lasso2d"],
      });
      next.card.dataset.drawn = String(Number(next.card.dataset.drawn || 0) + 1);
      this.schedule();
    } else if (waiting) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.schedule(), FAR_CHART_MS / 4);
    } else {
      this.root.dataset.complete = this.shown; // All pictures are of this step: screenshots wait for it.
    }
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".gv-live-pictures");
  if (!root) return;
  if (!root.pictures) root.pictures = new Pictures(root);
  root.pictures.receive(JSON.parse(decoder.decode(component.data)), component);
  return () => {
    root.pictures?.close();
    root.pictures = undefined;
  };
}
