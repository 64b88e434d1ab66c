// What a person sees and does: samples of seeds, around a sample, between two.

const byId = (id) => document.getElementById(id);
const model = JSON.parse(byId("model").textContent);
const network = new Network(model.plan, fromBase64(byId("weights").textContent));
const { facts } = model;
const latentSize = size(model.plan.inputs.latents ?? [0]); // none: it translates
const labelShape = model.plan.inputs.labels;
const translates = labelShape?.length === 4;
const ofClasses = model.soft || labelShape?.length === 1;
const classes = ofClasses ? facts.classes ?? [] : [];
const attributes = labelShape?.length === 2 && !model.soft ? labelShape[1] : 0;
const classCount = classes.length || (ofClasses ? model.classes : 0);
const state = { seed: 0, latents: null, label: null, mixed: null, attributes: [], source: null, truncation: null, moves: [] };
const ends = [null, null]; // of a walk: { latents, label }
const steps = 8; // samples around one
let shown = 16; // seeds in the grid
let job = 0; // the newest request to draw: older ones end

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// Latents and labels ---------------------------------------------------------------------------

function latentsOf(seed) {
  if (model.prior === "normal") return normal(seed, SAMPLES, 0, latentSize, bound());
  if (model.prior === "uniform") return uniform(seed, SAMPLES, 0, latentSize);
  return Float32Array.from(model.latents[seed % model.latents.length]);
}

const bound = () => (model.truncates === "latents" && state.truncation ? state.truncation : Infinity);

function labelOf(place) {
  if (translates) return state.source;
  if (attributes) return state.attributes;
  const chosen = state.label ?? place % Math.max(classCount, 1);
  return model.soft ? Array.from({ length: classCount }, (_, i) => Number(i === chosen)) : [chosen];
}

/** The labels of the sample on the stage: on a walk from one class to another, between the two. */
const currentLabel = () => state.mixed ?? labelOf(state.seed ?? 0);

function mixedLabel(first, last, t) {
  if (!model.soft) return t < 0.5 ? first : last;
  return first.map((weight, i) => (1 - t) * weight + t * last[i]);
}

function describeLabel(label) {
  if (!classCount) return "";
  const named = (i) => classes[i] ?? i;
  if (!model.soft) return `, class ${named(label[0])}`;
  const parts = label.map((weight, i) => (weight === 1 ? named(i) : `${Math.round(100 * weight)} % ${named(i)}`));
  return `, class ${parts.filter((_, i) => label[i] > 0).join(" and ")}`;
}

/** Between two latents: on a great circle if they are normal, for these lie near a sphere. */
function between(a, b, t) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-12);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const round = model.prior === "normal" && Math.sin(angle) > 1e-6;
  const [first, last] = round
    ? [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)]
    : [1 - t, t];
  return a.map((value, i) => first * value + last * b[i]);
}

/** The sum of all moves along directions, added to numbers. */
function moved(numbers) {
  return numbers.map((value, i) =>
    state.moves.reduce((sum, move, k) => sum + move * model.directions[k][i], value));
}

function sampleOf(latents, place, label = labelOf(place)) {
  const styled = "move" in model.plan.inputs; // the directions are those of styles
  const inputs = { latents: styled ? latents : moved(latents), labels: label };
  if (styled) inputs.move = moved(new Float32Array(size(model.plan.inputs.move)));
  if ("psi" in model.plan.inputs) inputs.psi = [state.truncation ?? 1];
  return network.run(inputs);
}

// Pixels -----------------------------------------------------------------------------------------

/** The whole number nearest to a value, the even one of two. */
function rint(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

function pixelsOf(values, channels, range = facts.value_range) {
  const scale = Math.fround(255 / (range[1] - range[0]));
  const level = (value) => rint(Math.fround(Math.fround(value - range[0]) * scale));
  const count = values.length / channels;
  const pixels = new Uint8ClampedArray(4 * count).fill(255);
  for (let i = 0; i < count; i++) {
    for (let color = 0; color < 3; color++) {
      pixels[4 * i + color] = level(values[i * channels + (channels < 3 ? 0 : color)]);
    }
    if (channels === 4) pixels[4 * i + 3] = level(values[4 * i + 3]);
  }
  return pixels;
}

function drawImage(canvas, values, [height, width, channels]) {
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(pixelsOf(values, channels), width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function drawCurve(canvas, values, [length, channels]) {
  [canvas.width, canvas.height] = [256, 128];
  const context = canvas.getContext("2d");
  context.fillStyle = "#27c";
  for (let x = 0; x < 256; x++) {
    const part = values.slice(Math.floor((x * length) / 256) * channels, Math.ceil(((x + 1) * length) / 256) * channels);
    const [low, high] = [Math.min(...part), Math.max(...part)];
    context.fillRect(x, 64 - 60 * high, 1, Math.max(60 * (high - low), 1));
  }
}

function drawPoint(canvas, values) {
  [canvas.width, canvas.height] = [128, 128];
  const context = canvas.getContext("2d");
  context.fillStyle = "#8888";
  for (const point of cloud()) context.fillRect(...place(point), 2, 2);
  context.fillStyle = "#d33";
  context.fillRect(...place(values).map((x) => x - 2), 6, 6);
}

let points = null;
const extent = () => Math.max(...cloud().flatMap((point) => [...point].map(Math.abs)), 1e-6);
const place = (point) => [64 + (56 * point[0]) / extent(), 64 - (56 * (point[1] ?? 0)) / extent()];
function cloud() {
  points ??= Array.from({ length: 256 }, (_, seed) => sampleOf(latentsOf(seed), seed));
  return points;
}

const shape = facts.sample_shape;
const draw = {
  images: (canvas, values) => drawImage(canvas, values, shape),
  videos: (canvas, values, frame = 0) => {
    const length = size(shape.slice(1));
    drawImage(canvas, values.subarray(frame * length, (frame + 1) * length), shape.slice(1));
  },
  sounds: (canvas, values) => drawCurve(canvas, values, shape),
  points: drawPoint,
}[facts.samples];

// Drawing, a few milliseconds at a time ---------------------------------------------------------------

/** Draws what is asked for, the first task first; a newer call ends it. */
function work(tasks) {
  const own = ++job;
  const go = () => {
    const begun = performance.now();
    while (tasks.length && own === job && performance.now() - begun < 30) tasks.shift()();
    if (tasks.length && own === job) setTimeout(go);
    else if (own === job) document.body.dataset.done = String(own);
  };
  go();
}

let current = null; // the numbers of the large sample

function drawCurrent() {
  if (translates && !state.source) {
    byId("caption").textContent = "Choose an image to translate.";
    return;
  }
  current = sampleOf(state.latents, 0, currentLabel());
  draw(byId("large"), current);
  const name = describeLabel(currentLabel());
  const text = state.seed === null ? `a sample between seeds${name}` : `Seed ${state.seed}${name}`;
  byId("caption").textContent = text;
  byId("large").setAttribute("aria-label", text);
}

function thumbnails(section, entries, choose) {
  const grid = byId(section).querySelector(".grid");
  grid.replaceChildren();
  return entries.map((entry) => {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.append(canvas);
    button.setAttribute("aria-label", entry.name);
    button.title = entry.name;
    button.onclick = () => choose(entry);
    grid.append(button);
    return () => draw(canvas, sampleOf(entry.latents, entry.place, entry.label));
  });
}

function refresh({ seeds = true, around = true } = {}) {
  const tasks = [drawCurrent];
  if (translates && !state.source) {
    work(tasks);
    return;
  }
  if (seeds) {
    points = null;
    const entries = Array.from({ length: shown }, (_, seed) => ({ name: `Seed ${seed}`, latents: latentsOf(seed), place: seed, seed }));
    tasks.push(...thumbnails("seeds", entries, (entry) => choose(entry.latents, entry.seed)));
  }
  if (around) {
    const entries = Array.from({ length: steps }, (_, i) => {
      const latents = between(state.latents, latentsOf(1000 + i), 0.25);
      // without classes the label is the source or the attributes that are set when it is drawn
      const label = classCount ? currentLabel() : undefined;
      return { name: `A step toward seed ${1000 + i}`, latents, place: 0, label };
    });
    tasks.push(...thumbnails("around", entries, (entry) => choose(entry.latents, null, entry.label)));
  }
  tasks.push(...ends.map((end, i) => () => draw(document.querySelectorAll(".end")[i], sampleOf(end.latents, i, end.label))));
  work(tasks);
}

function choose(latents, seed, mixed = null) {
  Object.assign(state, { latents, seed, mixed });
  refresh({ seeds: false });
}

// Controls ---------------------------------------------------------------------------------------

function slider(parent, name, low, high, value, change) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "range", min: low, max: high, step: (high - low) / 100 });
  input.value = value;
  input.oninput = () => change(Number(input.value));
  label.append(name, " ", input);
  byId(parent).append(label);
  byId(parent).hidden = false;
}

function setUpClasses() {
  if (!classCount) return;
  byId("classes").hidden = false;
  const all = [[null, "in turn"], ...Array.from({ length: classCount }, (_, i) => [i, classes[i] ?? String(i)])];
  const buttons = all.map(([label, name]) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.setAttribute("aria-pressed", String(label === null));
    button.onclick = () => {
      Object.assign(state, { label, mixed: null });
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      refresh();
    };
    return button;
  });
  byId("classes").append(...buttons);
}

function setUpTruncation() {
  if (!model.truncates) return;
  const psi = model.truncates === "psi";
  byId("truncated").hidden = false;
  const input = Object.assign(byId("truncation"), psi ? { min: 0, max: 1, step: 0.05 } : { min: 0.2, max: 4, step: 0.1 });
  input.value = input.max;
  const tell = () => (byId("truncated").querySelector("output").textContent = state.truncation ?? "none");
  input.oninput = () => {
    state.truncation = input.value === input.max ? null : Number(input.value);
    tell();
    if (state.seed !== null) state.latents = latentsOf(state.seed);
    refresh();
  };
  tell();
}

async function readSource(file) {
  const [, height, width, channels] = labelShape;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width / width, bitmap.height / height);
  const [w, h] = [side * width, side * height];
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const [low, high] = facts.value_range;
  const gray = (i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  state.source = Float32Array.from({ length: width * height * channels }, (_, i) => {
    const level = channels < 3 ? gray(Math.floor(i / channels)) : data[4 * Math.floor(i / channels) + (i % channels)];
    return level * ((high - low) / 255) + low;
  });
  refresh();
}

function animate(frames, delay) {
  let frame = 0;
  const timer = setInterval(() => {
    if (frame < frames.length) frames[frame++]();
    else clearInterval(timer);
  }, delay);
}

function listen() {
  const context = new AudioContext();
  const [length, channels] = shape;
  const buffer = context.createBuffer(channels, length, facts.rate ?? 16000);
  for (let channel = 0; channel < channels; channel++) {
    buffer.getChannelData(channel).set(current.filter((_, i) => i % channels === channel));
  }
  const node = new AudioBufferSourceNode(context, { buffer });
  node.connect(context.destination);
  node.start();
}

function setUpButtons() {
  byId("random").onclick = () => {
    const seed = Math.floor(Math.random() * 2 ** 20);
    choose(latentsOf(seed), seed);
  };
  byId("more").onclick = () => {
    shown += 16;
    refresh({ around: false });
  };
  byId("save").onclick = () => {
    const link = document.createElement("a");
    link.download = `${facts.model ?? "sample"}-${state.seed ?? "walk"}.png`;
    link.href = byId("large").toDataURL("image/png");
    link.click();
  };
  byId("animate").hidden = !["sounds", "videos"].includes(facts.samples);
  if (facts.samples === "sounds") byId("animate").textContent = "Listen";
  byId("animate").onclick = () => {
    if (facts.samples === "sounds") return listen();
    return animate(Array.from({ length: shape[0] }, (_, i) => () => draw(byId("large"), current, i)), 100);
  };
  const walkTo = (t) => {
    const mixed = classCount ? mixedLabel(...ends.map(({ label }, i) => label ?? labelOf(i)), t) : null;
    Object.assign(state, { latents: between(ends[0].latents, ends[1].latents, t), seed: null, mixed });
    refresh({ seeds: false, around: false });
  };
  ["from", "to"].forEach((id, i) => {
    byId(id).onclick = () => {
      ends[i] = { latents: state.latents, label: classCount ? currentLabel() : undefined };
      refresh({ seeds: false, around: false });
    };
  });
  byId("between").oninput = (event) => walkTo(Number(event.target.value));
  byId("go").onclick = () => {
    const frames = Array.from({ length: 61 }, (_, i) => () => {
      byId("between").value = i / 60;
      walkTo(i / 60);
    });
    animate(frames, 50);
  };
  byId("file").onchange = (event) => event.target.files[0] && readSource(event.target.files[0]);
}

function start() {
  document.title = model.title;
  byId("title").textContent = model.title;
  byId("about").textContent = model.about;
  byId("foot").textContent = model.foot;
  byId("source").hidden = !translates;
  setUpClasses();
  setUpTruncation();
  model.directions.forEach((_, k) => {
    state.moves.push(0);
    slider("directions", String(k + 1), -3, 3, 0, (value) => {
      state.moves[k] = value;
      refresh({ seeds: false });
    });
  });
  Array.from({ length: attributes }, (_, k) => {
    const [low, high] = facts.label_range?.map((end) => end[k]) ?? [0, 1];
    state.attributes.push((low + high) / 2);
    slider("attributes", facts.classes?.[k] ?? String(k + 1), low, high, (low + high) / 2, (value) => {
      state.attributes[k] = value;
      refresh();
    });
  });
  setUpButtons();
  state.latents = latentsOf(0);
  ends[0] = { latents: latentsOf(0) };
  ends[1] = { latents: latentsOf(1) };
  refresh();
}

start();
