// The live controls and pictures: mounted once, then fed. Streamlit calls the default export anew
// with every message; everything that must outlive a message hangs on the root element.

const CHART_HEIGHT_PX = 300;
const TALL_PX = 500; // A higher picture stands beside two others.
const FAR_CHART_MS = 1000; // A chart that is out of sight is redrawn once a second.
const SCRUB_MS = 90; // Least time between two positions sent while the scrubber is dragged.
const MISSING_MS = 400; // Least time between two requests for pictures that did not arrive.
const FRAME_MS = 120; // Between two frames of an animation that plays.
const STORED_RUNS = "gradviz.runs."; // sessionStorage: one tab's own runs, found again after a reload.
const KEYS = { p: ".gv-play", 1: "[data-value='1']", 2: "[data-value='10']", 3: "[data-value='100']" };

const AXIS_LETTER = { timestep: "t", lag: "k", step: "step" };

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
    if (selector && !this.root.querySelector(".gv-buttons").hidden) this.root.querySelector(selector).click();
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
      button.disabled = button.dataset.order === "reset" ? !message.runs : over;
    for (const part of this.root.querySelectorAll("[data-part]"))
      part.hidden = !message.parts.includes(part.dataset.part);
    this.root.querySelector(".gv-bar").hidden = !message.parts.length;
    this.last = message.last;
    this.start = message.runs && message.last ? "Resume" : message.start;
    if (!this.orders.awaits("play", "pause", "step", "reset")) this.showPlay(message.status);
    const era = `${message.runs}:${message.generation}:${message.recording}`;
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
    this.play.textContent = running ? "❚❚ Pause" : `▶ ${this.start}`;
    this.play.title = `${running ? "Pause" : this.start === "Resume" ? "Go on" : "Train this network"} (key P)`;
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
      this.orders.give("scrub", this.scrub, { replaces: true });
    };
    if (wait <= 0) send();
    else this.trailing = setTimeout(send, wait);
  }
}

// A picture with frames: play, one back, one on, or any of them by the slider.
class Player {
  constructor(plot) {
    this.plot = plot;
    this.frames = [];
    this.root = element("div", "gv-player");
    this.root.hidden = true;
    this.button = element("button", "gv-button", "▶ Play");
    this.back = element("button", "gv-button", "◀");
    this.on = element("button", "gv-button", "▶");
    this.range = element("input", "gv-slider");
    this.place = element("span", "gv-at");
    Object.assign(this.range, { type: "range", min: 0, step: 1, value: 0 });
    this.range.setAttribute("aria-label", "Frame");
    this.back.setAttribute("aria-label", "One frame back");
    this.on.setAttribute("aria-label", "One frame on");
    for (const each of [this.button, this.back, this.on]) each.type = "button";
    this.button.addEventListener("click", () => this.play());
    this.back.addEventListener("click", () => this.go(this.at - 1));
    this.on.addEventListener("click", () => this.go(this.at + 1));
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.root.append(this.button, this.back, this.range, this.on, this.place);
    this.at = 0;
  }

  take(frames) {
    this.frames = frames;
    this.root.hidden = !frames.length;
    this.range.max = Math.max(frames.length - 1, 0);
    if (!frames.length) return this.close();
    // A picture that was drawn anew shows its first frame; the user was perhaps at another.
    if (this.at) this.show(Math.min(this.at, frames.length - 1));
    else this.label();
  }

  play() {
    if (this.timer) return this.close();
    if (this.at >= this.frames.length - 1) this.show(0);
    this.button.textContent = "❚❚ Stop";
    this.timer = setInterval(() => {
      if (this.at >= this.frames.length - 1 || !this.root.isConnected) this.close();
      else this.show(this.at + 1);
    }, FRAME_MS);
  }

  close() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.button.textContent = "▶ Play";
  }

  go(index) {
    this.close();
    this.show(Math.max(0, Math.min(index, this.frames.length - 1)));
  }

  show(index) {
    this.at = index;
    this.label();
    const { data, traces, layout } = this.frames[index];
    window.Plotly.animate(this.plot, { data, traces, layout }, {
      mode: "immediate",
      frame: { duration: 0, redraw: true },
      transition: { duration: 0 },
    });
  }

  label() {
    this.range.value = this.at;
    this.place.textContent = this.frames[this.at]?.name ?? "";
    this.range.setAttribute("aria-valuetext", this.place.textContent);
    this.root.dataset.at = String(this.at);
  }
}

// The words of a picture, each with what it means and its equation.
class Tooltip {
  constructor(root) {
    this.root = element("div", "gv-tooltip");
    this.root.id = `gv-tooltip-${Math.random().toString(36).slice(2)}`;
    this.root.setAttribute("role", "tooltip");
    this.root.hidden = true;
    root.appendChild(this.root);
  }

  show(button, term) {
    this.root.replaceChildren(element("strong", "", term.name), element("code", "", term.equation), element("span", "", term.text));
    this.root.hidden = false;
    const at = button.getBoundingClientRect();
    const own = this.root.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, window.innerWidth - own.width - 8));
    const above = at.top - own.height - 6;
    this.root.style.left = `${left}px`;
    this.root.style.top = `${above > 0 ? above : at.bottom + 6}px`;
  }

  hide() {
    this.root.hidden = true;
  }
}

function termsOf(terms, tooltip) {
  const list = element("div", "gv-terms");
  for (const term of terms) {
    const button = element("button", "gv-term", term.name);
    button.type = "button";
    button.setAttribute("aria-describedby", tooltip.root.id);
    for (const event of ["mouseenter", "focus", "click"])
      button.addEventListener(event, () => tooltip.show(button, term));
    for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => tooltip.hide());
    button.addEventListener("keydown", (event) => { if (event.key === "Escape") tooltip.hide(); });
    list.appendChild(button);
  }
  return list;
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

class Pictures {
  constructor(root, orders) {
    this.root = root;
    this.orders = orders;
    this.tooltip = new Tooltip(root);
    this.terms = {};
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
    // plotly.js follows the window only; the sidebar that comes or goes changes a picture's place too.
    this.sizes = new ResizeObserver((entries) => {
      for (const { target } of entries)
        if (target.on && target.clientWidth) window.Plotly.Plots.resize(target);
    });
    this.onVisible = () => this.schedule();
    document.addEventListener("visibilitychange", this.onVisible);
  }

  close() {
    document.removeEventListener("visibilitychange", this.onVisible);
    this.observer.disconnect();
    this.sizes.disconnect();
    clearTimeout(this.later);
    if (window.Plotly) for (const { plot } of this.charts.values()) window.Plotly.purge(plot);
  }

  receive(message) {
    this.shown = message.shown;
    this.terms = message.terms;
    for (const [name, chart] of this.charts)
      if (!(name in message.figures)) this.remove(name, chart);
    // Figures come as text: one that has not changed, or is overtaken, is not even parsed.
    for (const [name, text] of Object.entries(message.figures)) this.want(name, text);
    loadPlotly(message.plotly).then(
      () => this.schedule(),
      (error) => { this.root.querySelector(".gv-note").textContent = error.message; },
    );
  }

  remove(name, chart) {
    if (window.Plotly) window.Plotly.purge(chart.plot);
    this.observer.unobserve(chart.card);
    this.sizes.unobserve(chart.plot);
    chart.player.close();
    chart.card.remove();
    this.charts.delete(name);
  }

  want(name, text) {
    let chart = this.charts.get(name);
    if (!chart) {
      chart = this.mount(name);
      this.charts.set(name, chart);
      this.observer.observe(chart.card);
      this.sizes.observe(chart.plot);
    }
    chart.wanted = text;
  }

  mount(name) {
    const card = element("div", "gv-card");
    card.dataset.picture = name;
    const plot = element("div", "gv-plot");
    plot.style.minHeight = `${CHART_HEIGHT_PX}px`;
    const cursor = element("div", "gv-cursor");
    cursor.hidden = true;
    const frame = element("div", "gv-frame");
    frame.append(plot, cursor);
    const player = new Player(plot);
    const save = element("button", "gv-export", "Export");
    save.type = "button";
    save.addEventListener("click", () => this.orders.give("export", name));
    const foot = element("div", "gv-foot");
    foot.append(termsOf(this.terms[name] ?? [], this.tooltip), save);
    card.append(frame, player.root, foot);
    this.grid.appendChild(card);
    return { name, card, plot, cursor, player, save, near: true, drawnAt: 0 };
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
    const { data, layout, frames } = JSON.parse(chart.wanted);
    const first = !chart.plot.on;
    window.Plotly.react(chart.plot, data, { ...layout, autosize: true }, {
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d"],
    });
    chart.meta = layout.meta ?? {};
    const title = (layout.title?.text ?? chart.name).split("<br>")[0].replace(/<[^>]*>/g, "");
    chart.save.setAttribute("aria-label", `Export ${title}`);
    chart.card.classList.toggle("gv-tall", layout.height > TALL_PX);
    if (first) this.listen(chart);
    chart.player.take(frames ?? []);
    chart.card.dataset.drawn = String(Number(chart.card.dataset.drawn || 0) + 1);
  }

  // Charts that share an axis share the pointer's place on it, and the zoom along it.
  listen(chart) {
    // A picture's second axis, as that of a whole image, is not the shared one.
    chart.plot.on("plotly_hover", ({ points: [at] }) => this.point(chart, at?.xaxis?._id === "x" ? at.x : undefined));
    chart.plot.on("plotly_unhover", () => this.point(chart, undefined));
    chart.plot.on("plotly_relayout", (change) => this.zoomed(chart, change));
    chart.plot.on("plotly_click", ({ points, event }) => {
      if (chart.meta.click && points.length)
        this.orders.give("point", { picture: chart.name, x: points[0].x, y: points[0].y, ...this.place(chart, event) });
    });
  }

  // Where the pointer is: near a line, what was hit is a point of that line.
  place(chart, event) {
    const area = chart.plot.querySelector(".nsewdrag")?.getBoundingClientRect();
    const { xaxis, yaxis } = chart.plot._fullLayout;
    if (!area || !event) return {};
    return { at_x: xaxis.p2d(event.clientX - area.left), at_y: yaxis.p2d(event.clientY - area.top) };
  }

  *sharing(chart) {
    for (const other of this.charts.values())
      if (chart.meta?.axis && other.meta?.axis === chart.meta.axis) yield other;
  }

  point(chart, x) {
    for (const other of this.sharing(chart)) {
      const { xaxis, _size: size } = other.plot._fullLayout ?? {};
      const left = x === undefined || !xaxis ? NaN : xaxis.d2p(x);
      other.cursor.hidden = !(left >= 0 && left <= xaxis._length);
      if (other.cursor.hidden) continue;
      other.cursor.style.left = `${size.l + left}px`;
      other.cursor.style.top = `${size.t}px`;
      other.cursor.style.height = `${size.h}px`;
      other.cursor.dataset.at = `${AXIS_LETTER[chart.meta.axis] ?? chart.meta.axis} = ${x}`;
    }
  }

  zoomed(chart, change) {
    const asked = Object.entries(change).filter(([key]) => /^xaxis\.(range|autorange)/.test(key));
    if (this.zooming || !asked.length) return;
    this.zooming = true;
    const done = [...this.sharing(chart)]
      .filter((other) => other !== chart)
      .map((other) => window.Plotly.relayout(other.plot, Object.fromEntries(asked)));
    Promise.allSettled(done).then(() => { this.zooming = false; });
  }
}

class Live {
  constructor(root) {
    this.orders = new Orders();
    this.controls = new Controls(root, this.orders);
    this.pictures = new Pictures(root, this.orders);
  }

  close() {
    clearTimeout(this.lacking);
    this.orders.close();
    this.controls.close();
    this.pictures.close();
  }

  receive(message, component) {
    this.orders.component = component;
    this.rememberRuns(message);
    this.controls.receive(message);
    this.wanted = message.version;
    if (message.figures) {
      this.version = message.version;
      this.pictures.receive(message);
    } else this.askForMissing();
  }

  // The message with these pictures was overtaken on its way here.
  askForMissing() {
    clearTimeout(this.lacking);
    if (this.version === this.wanted) return;
    this.lacking = setTimeout(() => {
      if (this.version === this.wanted) return;
      this.orders.give("missing", null, { replaces: true });
      this.askForMissing();
    }, MISSING_MS);
  }

  rememberRuns({ stage, runs }) {
    const place = STORED_RUNS + stage;
    const stored = sessionStorage.getItem(place);
    if (runs) sessionStorage.setItem(place, runs);
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
