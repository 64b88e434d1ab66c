// Random numbers: the same bits as ganzoo/layers/counter.py, which says where they are from.

const SAMPLES = 2; // the stream of the latents of samples

/** Threefry-2x32 with 20 rounds: two words of key and counter -> two words of bits. */
function threefry(key0, key1, x, y) {
  const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]];
  const keys = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  x = (x + key0) | 0;
  y = (y + key1) | 0;
  for (let group = 0; group < 5; group++) {
    for (const bits of rotations[group % 2]) {
      x = (x + y) | 0;
      y = ((y << bits) | (y >>> (32 - bits))) ^ x;
    }
    x = (x + keys[(group + 1) % 3]) | 0;
    y = (y + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return [x, y];
}

function randomBits(key0, key1, step, count) {
  const half = Math.ceil(count / 2);
  const bits = new Int32Array(2 * half);
  for (let i = 0; i < half; i++) [bits[i], bits[half + i]] = threefry(key0, key1, step, i);
  return bits.subarray(0, count);
}

/** Uniform numbers in [0, 1). */
function uniform(key0, key1, step, count) {
  return Float32Array.from(randomBits(key0, key1, step, count), (word) => (word >>> 8) * 2 ** -24);
}

/** Standard normal numbers, cut off at `bound` standard deviations. */
function normal(key0, key1, step, count, bound = Infinity) {
  const words = randomBits(key0, key1, step, Math.ceil(count / 2));
  const inside = Number.isFinite(bound) ? erf(bound / Math.SQRT2) : 1;
  return Float32Array.from({ length: count }, (_, i) => {
    const low = i < words.length;
    const index = low ? words[i] & 0xffff : (words[i - words.length] >>> 16) & 0xffff;
    const above = index >= 0x8000;
    const place = above ? index - 0x8000 : 0x7fff - index;
    const quantile = normalQuantile(0.5 + (inside * (place + 0.5)) / 0x10000);
    return above ? quantile : -quantile;
  });
}

/** The error function, by its series. */
function erf(x) {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// Coefficients of Wichura 1988, algorithm AS 241, the highest power first
const CENTRAL = [
  [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
  [5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0],
];
const MIDDLE = [
  [7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.4178072517745061177e-1,
    1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
    1.42343711074968357734],
  [1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2,
    1.4810397642748007459e-1, 6.8976733498510000455e-1, 1.6763848301838038494,
    2.05319162663775882187, 1.0],
];
const TAIL = [
  [2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3,
    2.65321895265761230930e-2, 2.9656057182850489123e-1, 1.7848265399172913358,
    5.4637849111641143699, 6.6579046435011037772],
  [2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.84631831751005468180e-5,
    7.868691311456132591e-4, 1.4875361290850615025e-2, 1.3692988092273580531e-1,
    5.9983220655588793769e-1, 1.0],
];

/** The quantile of the standard normal distribution, for p in [0.5, 1). */
function normalQuantile(p) {
  const horner = (coefficients, r) => coefficients.reduce((sum, next) => sum * r + next);
  const q = p - 0.5;
  if (q <= 0.425) {
    const r = 0.180625 - q * q;
    return (horner(CENTRAL[0], r) * q) / horner(CENTRAL[1], r);
  }
  const r = Math.sqrt(-Math.log(1 - p));
  const [table, shift] = r <= 5 ? [MIDDLE, 1.6] : [TAIL, 5];
  return horner(table[0], r - shift) / horner(table[1], r - shift);
}
