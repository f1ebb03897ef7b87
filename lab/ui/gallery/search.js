// Search that forgives typing. Every word of every experiment is known once, with who has it and
// how much that says; a typed word finds the words that begin with it, contain it, or are an error
// or two away.

const FIELDS = [[1, 6], [2, 4], [3, 4], [7, 3], [8, 2]]; // places in a row, and what they weigh

const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const split = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** Errors that are forgiven in a word of so many letters. */
const forgiven = (length) => (length < 4 ? 0 : length < 8 ? 1 : 2);

/**
 * Errors between a typed word and the beginning of another: letters too many, missing, wrong or
 * swapped. Infinity beyond `most`.
 */
function errors(typed, word, most) {
  const n = typed.length, m = Math.min(word.length, n + most);
  if (m < n - most) return Infinity;
  let before = null, above = Array.from({ length: m + 1 }, (_, j) => j);
  for (let i = 1; i <= n; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= m; j++) {
      const same = typed[i - 1] === word[j - 1];
      let cost = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1])
        cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least > most) return Infinity;
    [before, above] = [above, row];
  }
  const found = Math.min(...above);
  return found <= most ? found : Infinity;
}

/** The letters of a word as bits: a letter that another word lacks is an error at least. */
const letters = (word) => [...word].reduce((bits, c) => bits | (1 << (c.charCodeAt(0) % 32)), 0);

function countBits(bits) {
  let n = 0;
  for (; bits; bits &= bits - 1) n += 1;
  return n;
}

/** How well a typed word fits a known one: 0 not at all, 1 exactly. */
function fit(typed, bits, word, known) {
  if (word === typed) return 1;
  if (word.startsWith(typed)) return 0.8;
  const most = forgiven(typed.length);
  if (countBits(bits & ~known) > most) return 0;
  if (typed.length > 2 && word.includes(typed)) return 0.5;
  const wrong = most ? errors(typed, word, most) : Infinity;
  return wrong === Infinity ? 0 : 0.4 / (1 + wrong);
}

class Index {
  /** @param rows of the page  @param titles slug of a family -> its title and words */
  constructor(rows, titles) {
    this.words = new Map();
    rows.forEach((row, at) => {
      for (const [place, weight] of FIELDS) {
        const text = place === 3 ? `${row[3]} ${titles.get(row[3]) ?? ""}` : row[place];
        for (const word of split(text)) {
          const known = this.words.get(word) ?? this.words.set(word, new Map()).get(word);
          known.set(at, Math.max(known.get(at) ?? 0, weight));
        }
      }
    });
    this.letters = new Map([...this.words.keys()].map((word) => [word, letters(word)]));
    this.answers = new Map();
  }

  /** Place of a row -> how well it fits one typed word. */
  one(typed) {
    const kept = this.answers.get(typed);
    if (kept) return kept;
    const found = new Map(), bits = letters(typed);
    for (const [word, rows] of this.words) {
      const how = fit(typed, bits, word, this.letters.get(word));
      if (how) for (const [at, weight] of rows)
        found.set(at, Math.max(found.get(at) ?? 0, how * weight));
    }
    if (this.answers.size > 200) this.answers.clear();
    this.answers.set(typed, found);
    return found;
  }

  /** Place of a row -> how well it fits all that was typed; null when nothing was. */
  find(text) {
    const typed = split(text.slice(0, 200)).slice(0, 12);
    if (!typed.length) return null;
    let found = null;
    for (const word of typed) {
      const more = this.one(word), both = new Map();
      for (const [at, how] of found ?? more)
        if (!found || more.has(at)) both.set(at, found ? how + more.get(at) : how);
      found = both;
    }
    return found;
  }
}
