(() => {
  "use strict";
  document.documentElement.classList.add("js");

  const make = (tag, className, parent) => {
    const element = document.createElement(tag);
    element.className = className;
    parent.append(element);
    return element;
  };

  // The view before the page refreshed itself
  const memory = `ganzoo ${location.pathname}`;
  let before = {};
  try {
    before = JSON.parse(sessionStorage.getItem(memory)) || {};
    sessionStorage.removeItem(memory);
  } catch {}

  const caption = (frame) => frame.querySelector("b").textContent;

  const viewer = (stage) => {
    const frames = [...stage.querySelectorAll(".frames li")];
    const show = (at) => frames.forEach((frame, index) => frame.classList.toggle("on", index === at));
    const found = frames.findIndex((frame) => caption(frame) === before.frame);
    const first = found < 0 ? frames.length - 1 : found;
    show(first);
    if (frames.length < 2) return;
    const bar = make("div", "viewer", stage);
    stage.querySelector(".frames").after(bar);
    const button = make("button", "", bar);
    const slider = make("input", "", bar);
    Object.assign(slider, { type: "range", min: 0, max: frames.length - 1, value: first });
    slider.setAttribute("aria-label", "Sample image, from first to last");
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "▶ Play";
      button.classList.remove("moving");
    };
    const move = (at) => {
      slider.value = at;
      slider.setAttribute("aria-valuetext", caption(frames[at]));
      show(at);
    };
    const next = () => (+slider.value < frames.length - 1 ? move(+slider.value + 1) : stop());
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (+slider.value === frames.length - 1) move(0);
      timer = setInterval(next, Math.max(90, Math.min(500, 6000 / frames.length)));
      button.textContent = "❚❚ Pause";
      button.classList.add("moving");
    });
    slider.addEventListener("input", () => (stop(), move(+slider.value)));
    stop();
    move(first);
  };

  const pointer = (chart) => {
    const data = JSON.parse(chart.dataset.hover);
    const left = +chart.dataset.left;
    const top = +chart.dataset.top;
    const bottom = +chart.dataset.bottom;
    const box = chart.viewBox.baseVal;
    const svg = (tag, className) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      element.setAttribute("class", className);
      chart.append(element);
      return element;
    };
    let marks = [];
    let at = -1;
    const hide = () => {
      marks.forEach((mark) => mark.remove());
      marks = [];
      at = -1;
    };
    const show = (index) => {
      if (index === at) return;
      hide();
      at = index;
      const x = left + data.x[index];
      const line = svg("path", "cross");
      line.setAttribute("d", `M${x} ${top}V${bottom}`);
      const tip = make("div", "tip", chart.parentElement);
      marks = [line, tip];
      const row = (name, value, color) => {
        const line = make("div", "", tip);
        const cell = make("span", "", line);
        if (color) make("i", `swatch ${color}`, cell);
        cell.append(name);
        make(color ? "b" : "span", "", line).textContent = value;
      };
      row(`step ${data.step[index]}`, data.note[index]);
      for (const curve of data.curves) {
        if (!curve.text[index]) continue;
        row(curve.label, curve.text[index], curve.color);
        if (curve.y[index] === null) continue;
        const dot = svg("circle", `dot ${curve.color}`);
        for (const [name, value] of [["cx", x], ["cy", top + curve.y[index]], ["r", 5]]) dot.setAttribute(name, value);
        marks.push(dot);
      }
      const drawn = chart.getBoundingClientRect();
      const card = chart.parentElement.getBoundingClientRect();
      const scale = drawn.width / box.width;
      const place = drawn.left - card.left + x * scale;
      const beside = x > box.width / 2 ? place - tip.offsetWidth - 14 : place + 14;
      const heights = data.curves.map((curve) => curve.y[index]).filter((y) => y !== null);
      const high = heights.reduce((sum, y) => sum + y, 0) < (heights.length * (bottom - top)) / 2;
      const edge = high ? bottom * scale - tip.offsetHeight - 6 : top * scale + 6;
      tip.style.left = `${Math.max(0, Math.min(card.width - tip.offsetWidth - 2, beside))}px`;
      tip.style.top = `${drawn.top - card.top + edge}px`;
    };
    const nearest = (x) => data.x.reduce((best, value, index) => (Math.abs(value - x) < Math.abs(data.x[best] - x) ? index : best), 0);
    chart.addEventListener("pointermove", (event) => {
      const frame = chart.getBoundingClientRect();
      show(nearest(((event.clientX - frame.left) * box.width) / frame.width - left));
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const last = data.x.length - 1;
      show(at < 0 ? last : Math.max(0, Math.min(last, at + by)));
    });
  };

  const copy = (text) => {
    if (!navigator.clipboard) return;
    const button = make("button", "", text.parentElement);
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select and copy";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  };

  // Reload what changes: from a server when it says so, from a file now and then
  const refresh = (note) => {
    const written = new Date(document.lastModified);
    note.textContent = `As of ${written.toLocaleTimeString()}.`;
    const fast = 5;
    let wait = before.written === document.lastModified ? Math.min(before.wait * 1.5, 60) : fast;
    const isNew = async () => {
      if (location.protocol === "file:") return true;
      wait = fast;
      const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
      return answer.ok && new Date(answer.headers.get("Last-Modified")) > written;
    };
    const busy = () => document.hidden || document.querySelector(".moving, .tip") || `${getSelection()}`;
    const reload = () => {
      const frames = [...document.querySelectorAll(".stage .frames li")];
      const frame = frames.slice(0, -1).find((one) => one.classList.contains("on"));
      const open = [...document.querySelectorAll("details")].map((one) => one.open);
      const kept = { written: document.lastModified, wait, top: scrollY, open, frame: frame && caption(frame) };
      try {
        sessionStorage.setItem(memory, JSON.stringify(kept));
      } catch {}
      location.reload();
    };
    const look = async () => {
      try {
        if (!busy() && (await isNew())) return reload();
        setTimeout(look, 1000 * (busy() ? 1 : wait));
      } catch {
        note.textContent += " Nobody serves this page any more.";
      }
    };
    setTimeout(look, 1000 * wait);
  };

  document.querySelectorAll(".stage").forEach(viewer);
  document.querySelectorAll(".chart").forEach(pointer);
  document.querySelectorAll("pre.copy").forEach(copy);
  document.querySelectorAll(".refresh").forEach(refresh);
  (before.open || []).forEach((open, index) => document.querySelectorAll("details")[index]?.toggleAttribute("open", open));
  if (before.top) scrollTo(0, before.top);
})();
