// The steps of a plan (plan.py), executed on tensors { shape, data } of a batch of one.

const size = (shape) => shape.reduce((product, n) => product * n, 1);
const tensor = (shape, data) => ({ shape, data: data ?? new Float32Array(size(shape)) });

/** The distance in memory between neighbors along each axis. */
function distances(shape) {
  const found = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) found[axis] = found[axis + 1] * shape[axis + 1];
  return found;
}

/** Calls `visit(result, source)` with the places of a result and of what it is read from. */
function gather(shape, start, steps, visit) {
  const counter = new Array(shape.length).fill(0);
  const last = shape.length - 1;
  const count = size(shape);
  const [row, step] = last < 0 ? [1, 0] : [shape[last], steps[last]];
  let source = start;
  for (let result = 0; result < count; result += row) {
    for (let i = 0; i < row; i++) visit(result + i, source + i * step);
    for (let axis = last - 1; axis >= 0; axis--) {
      source += steps[axis];
      if (++counter[axis] < shape[axis]) break;
      source -= steps[axis] * shape[axis];
      counter[axis] = 0;
    }
  }
}

/** The steps in memory that repeat a smaller tensor over a larger shape, as NumPy does. */
function broadcastSteps(from, to) {
  const own = distances(from);
  return to.map((_, axis) => {
    const place = axis - (to.length - from.length);
    return place < 0 || from[place] === 1 ? 0 : own[place];
  });
}

const UNARY = {
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  neg: (x) => -x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  rsqrt: (x) => 1 / Math.sqrt(x),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  sqrt: Math.sqrt,
  square: (x) => x * x,
  tanh: Math.tanh,
  trunc: Math.trunc,
};

const BINARY = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  pow: Math.pow,
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
};

const map = (x, change) => tensor(x.shape, x.data.map(change));

const STEPS = {
  unary: ([x], { kind }) => map(x, UNARY[kind]),
  leaky_relu: ([x], { slope }) => map(x, (value) => (value > 0 ? value : slope * value)),
  clip: ([x], { low, high }) => map(x, (value) => Math.min(Math.max(value, low), high)),
  reshape: ([x], { shape }) => tensor(shape, x.data),
  broadcast: ([x], { shape }) => {
    const result = tensor(shape);
    gather(shape, 0, broadcastSteps(x.shape, shape), (i, j) => (result.data[i] = x.data[j]));
    return result;
  },

  binary([a, b], { kind, shape }) {
    const result = tensor(shape);
    const change = BINARY[kind];
    const count = result.data.length;
    if (a.data.length === count && count % b.data.length === 0 && isSuffix(b.shape, shape)) {
      const period = b.data.length;
      for (let i = 0, j = 0; i < count; i++, j = j + 1 === period ? 0 : j + 1) {
        result.data[i] = change(a.data[i], b.data[j]);
      }
      return result;
    }
    const wide = [a, b].map((x) => STEPS.broadcast([x], { shape }).data);
    for (let i = 0; i < count; i++) result.data[i] = change(wide[0][i], wide[1][i]);
    return result;
  },

  where([condition, a, b], { shape }) {
    const wide = [condition, a, b].map((x) => STEPS.broadcast([x], { shape }).data);
    return tensor(shape, wide[0].map((one, i) => (one ? wide[1][i] : wide[2][i])));
  },

  /** Batch norm: a scale and an offset for each channel. */
  affine([x, scale, offset]) {
    const channels = scale.data.length;
    return map(x, (value, i) => value * scale.data[i % channels] + offset.data[i % channels]);
  },

  softmax([x]) {
    const result = tensor(x.shape);
    const row = x.shape.at(-1);
    for (let start = 0; start < x.data.length; start += row) {
      const values = x.data.subarray(start, start + row);
      const largest = values.reduce((a, b) => Math.max(a, b));
      let sum = 0;
      for (const value of values) sum += Math.exp(value - largest);
      for (let i = 0; i < row; i++) result.data[start + i] = Math.exp(values[i] - largest) / sum;
    }
    return result;
  },

  reduce([x], { kind, axes, shape }) {
    const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const places = broadcastSteps(kept, x.shape);
    const extreme = kind === "max" || kind === "min";
    const start = { max: -Infinity, min: Infinity }[kind] ?? 0;
    const sums = new Float64Array(size(shape)).fill(start);
    const join = extreme ? Math[kind] : BINARY.add;
    gather(x.shape, 0, places, (i, j) => (sums[j] = join(sums[j], x.data[i])));
    const count = kind === "mean" ? x.data.length / sums.length : 1;
    return tensor(shape, Float32Array.from(sums, (sum) => sum / count));
  },

  transpose([x], { axes, shape }) {
    const own = distances(x.shape);
    const result = tensor(shape);
    const steps = axes.map((axis) => own[axis]);
    gather(shape, 0, steps, (i, j) => (result.data[i] = x.data[j]));
    return result;
  },

  slice([x], { starts, steps, shape }) {
    const own = distances(x.shape);
    const result = tensor(shape);
    const first = starts.reduce((sum, start, axis) => sum + start * own[axis], 0);
    gather(shape, first, steps.map((step, axis) => step * own[axis]), (i, j) => {
      result.data[i] = x.data[j];
    });
    return result;
  },

  concatenate(inputs, { axis, shape }) {
    const result = tensor(shape);
    const own = distances(shape);
    let start = 0;
    for (const x of inputs) {
      gather(x.shape, start * own[axis], own, (i, j) => (result.data[j] = x.data[i]));
      start += x.shape[axis];
    }
    return result;
  },

  repeat([x], { axis, times, shape }) {
    const result = tensor(shape);
    const inner = size(x.shape.slice(axis + 1));
    for (let i = 0; i * inner < x.data.length; i++) {
      const row = x.data.subarray(i * inner, (i + 1) * inner);
      for (let t = 0; t < times; t++) result.data.set(row, (i * times + t) * inner);
    }
    return result;
  },

  pad([x], { before, reflect, shape }) {
    const own = distances(x.shape);
    const result = tensor(shape);
    const position = new Array(shape.length).fill(0);
    for (let i = 0; i < result.data.length; i++) {
      let rest = i;
      let source = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        position[axis] = (rest % shape[axis]) - before[axis];
        rest = Math.floor(rest / shape[axis]);
      }
      for (let axis = 0; axis < shape.length; axis++) {
        let place = position[axis];
        const last = x.shape[axis] - 1;
        if (reflect) place = Math.abs(place > last ? 2 * last - place : place);
        source = place < 0 || place > last ? NaN : source + place * own[axis];
      }
      result.data[i] = Number.isNaN(source) ? 0 : x.data[source];
    }
    return result;
  },

  one_hot([x], { shape }) {
    const result = tensor(shape);
    const classes = shape.at(-1);
    x.data.forEach((one, i) => {
      if (one >= 0 && one < classes) result.data[i * classes + one] = 1;
    });
    return result;
  },

  take([table, index], { shape }) {
    const row = size(table.shape.slice(1));
    const result = tensor(shape);
    index.data.forEach((one, i) => result.data.set(table.data.subarray(one * row, (one + 1) * row), i * row));
    return result;
  },

  /** (..., m, k) x (..., k, n) -> (..., m, n) */
  matmul([a, b], { shape }) {
    const [m, k, n] = [shape.length > 1 ? a.shape.at(-2) : 1, a.shape.at(-1), b.shape.at(-1)];
    const result = tensor(shape);
    const batches = size(shape) / (m * n);
    const stepA = a.data.length > m * k ? m * k : 0;
    const stepB = b.data.length > k * n ? k * n : 0;
    const sums = new Float64Array(n);
    for (let batch = 0; batch < batches; batch++) {
      for (let row = 0; row < m; row++) {
        sums.fill(0);
        for (let i = 0; i < k; i++) {
          const factor = a.data[batch * stepA + row * k + i];
          if (factor === 0) continue;
          const start = batch * stepB + i * n;
          for (let j = 0; j < n; j++) sums[j] += factor * b.data[start + j];
        }
        result.data.set(sums, (batch * m + row) * n);
      }
    }
    return result;
  },

  /** (1, ..., groups c) x (..., c, d) -> (1, ..., d) */
  convolution([x, kernel], { strides, padding, shape }) {
    const result = tensor(shape);
    const [inputs, taps, outputs] = [x.shape.slice(1, -1), kernel.shape.slice(0, -2), shape.slice(1, -1)].map(threeAxes);
    const [c, d, channels] = [kernel.shape.at(-2), kernel.shape.at(-1), x.shape.at(-1)];
    const groups = channels / c;
    const width = d / groups;
    const before = taps.map((k, axis) => {
      const total = Math.max((Math.ceil(inputs[axis] / strides) - 1) * strides + k - inputs[axis], 0);
      return padding === "same" ? Math.floor(total / 2) : 0;
    });
    const step = taps.map((k, axis) => (inputs[axis] === 1 && k === 1 ? 1 : strides));
    const sums = new Float64Array(d);
    positions(outputs, (place, z, y, column) => {
      sums.fill(0);
      positions(taps, (tap, tz, ty, tx) => {
        const i = z * step[0] + tz - before[0];
        const j = y * step[1] + ty - before[1];
        const k = column * step[2] + tx - before[2];
        if (i < 0 || j < 0 || k < 0 || i >= inputs[0] || j >= inputs[1] || k >= inputs[2]) return;
        const from = ((i * inputs[1] + j) * inputs[2] + k) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const factor = x.data[from + channel];
          if (factor === 0) continue;
          const group = groups === 1 ? 0 : Math.floor(channel / c);
          const row = (tap * c + channel - group * c) * d + group * width;
          const to = group * width;
          for (let o = 0; o < width; o++) sums[to + o] += factor * kernel.data[row + o];
        }
      });
      result.data.set(sums, place * d);
    });
    return result;
  },

  /** (1, ..., c) x (..., d, c) -> (1, ..., d) */
  transposed_convolution([x, kernel], { strides, padding, shape }) {
    const result = tensor(shape);
    const [inputs, taps, outputs] = [x.shape.slice(1, -1), kernel.shape.slice(0, -2), shape.slice(1, -1)].map(threeAxes);
    const [d, c] = [kernel.shape.at(-2), kernel.shape.at(-1)];
    const step = taps.map((k, axis) => (inputs[axis] === 1 && k === 1 && outputs[axis] === 1 ? 1 : strides));
    const before = taps.map((k, axis) => (padding === "same" ? Math.max(Math.floor((k - step[axis]) / 2), 0) : 0));
    const source = (place, tap, axis) => {
      const i = (place + before[axis] - tap) / step[axis];
      return Number.isInteger(i) && i >= 0 && i < inputs[axis] ? i : -1;
    };
    const sums = new Float64Array(d);
    positions(outputs, (place, z, y, column) => {
      sums.fill(0);
      positions(taps, (tap, tz, ty, tx) => {
        const i = source(z, tz, 0);
        const j = i < 0 ? -1 : source(y, ty, 1);
        const k = j < 0 ? -1 : source(column, tx, 2);
        if (k < 0) return;
        const from = ((i * inputs[1] + j) * inputs[2] + k) * c;
        for (let o = 0, row = tap * d * c; o < d; o++, row += c) {
          let sum = 0;
          for (let channel = 0; channel < c; channel++) sum += x.data[from + channel] * kernel.data[row + channel];
          sums[o] += sum;
        }
      });
      result.data.set(sums, place * d);
    });
    return result;
  },

  /** Noise of latents: ganzoo/layers/latent_noise.py. */
  noise([latents], { stream, distribution, shape }) {
    let state = 1n;
    const weights = Array.from({ length: 2 * latents.data.length }, () => {
      state = BigInt.asUintN(64, 6364136223846793005n * state + 1442695040888963407n);
      return Number(BigInt.asIntN(32, (state >> 32n) | 1n));
    });
    const key = [0, 0];
    latents.data.forEach((value, i) => {
      const whole = Math.trunc(Math.fround(value * 4096)) | 0;
      for (const half of [0, 1]) {
        key[half] = (key[half] + Math.imul(whole, weights[half * latents.data.length + i])) | 0;
      }
    });
    const draw = distribution === "normal" ? normal : uniform;
    return tensor(shape, draw(key[0], key[1], stream, size(shape)));
  },
};

const isSuffix = (shape, of) => shape.every((n, i) => n === of[of.length - shape.length + i]);
const threeAxes = (sizes) => [1, 1, ...sizes].slice(-3);

function positions([a, b, c], visit) {
  for (let i = 0, place = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++, place++) visit(place, i, j, k);
    }
  }
}

/** A half-precision number of its 16 bits. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

class Network {
  /** A plan, and the bytes of its constants. */
  constructor(plan, bytes) {
    this.plan = plan;
    this.constants = plan.constants.map(([shape, start, type]) => {
      if (type === "float32") return tensor(shape, new Float32Array(bytes.slice(start, start + 4 * size(shape)).buffer));
      const halves = new Uint16Array(bytes.slice(start, start + 2 * size(shape)).buffer);
      return tensor(shape, Float32Array.from(halves, fromHalf));
    });
  }

  /** Numbers of each input by name -> the numbers of a sample. */
  run(inputs) {
    const given = Object.entries(this.plan.inputs).map(([name, shape]) => tensor(shape, Float32Array.from(inputs[name])));
    const values = [...given, ...this.constants];
    for (const [step, places, attributes] of this.plan.steps) {
      values.push(STEPS[step](places.map((place) => values[place]), attributes));
    }
    return values[this.plan.output].data;
  }
}
