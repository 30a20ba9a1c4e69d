// Reads Prometheus' text format as strictly as promtool does, and throws a sentence for what is not right.
const name_pattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const label_pattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function number_of(text, line) {
  if (text === '+Inf') return Infinity;
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw new Error(`not a number: ${line}`);
  return Number(text);
}

// `{a="x",b="y"}` from `at` on: [labels, where it ends].
function labels_of(line, at) {
  const labels = {};
  if (line[at] !== '{') return [labels, at];
  at += 1;
  while (line[at] !== '}') {
    const equals = line.indexOf('="', at);
    const name = line.slice(at, equals);
    if (equals < 0 || !label_pattern.test(name)) throw new Error(`not a label: ${line}`);
    if (name in labels) throw new Error(`a label twice: ${line}`);
    let value = '';
    at = equals + 2;
    while (line[at] !== '"') {
      if (at >= line.length) throw new Error(`an open label: ${line}`);
      if (line[at] === '\\') {
        const meant = { n: '\n', '"': '"', '\\': '\\' }[line[at + 1]];
        if (meant === undefined) throw new Error(`an unknown escape: ${line}`);
        value += meant;
        at += 2;
      } else {
        value += line[at];
        at += 1;
      }
    }
    labels[name] = value;
    at += 1;
    if (line[at] === ',') at += 1;
    else if (line[at] !== '}') throw new Error(`labels without a comma: ${line}`);
  }
  return [labels, at + 1];
}

const family_of = (name, families) => (families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));

function check_histogram(family) {
  const series = new Map();
  for (const { name, labels, value } of family.samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (!series.has(key)) series.set(key, { buckets: [] });
    if (name.endsWith('_bucket')) series.get(key).buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
    else if (name.endsWith('_sum')) series.get(key).sum = value;
    else series.get(key).count = value;
  }
  for (const [key, { buckets, sum, count }] of series) {
    const where = `${family.name}${key}`;
    if (sum === undefined || count === undefined) throw new Error(`${where} has no sum or no count`);
    if (buckets.length === 0 || buckets.at(-1)[0] !== Infinity) throw new Error(`${where} has no last bucket`);
    if (buckets.at(-1)[1] !== count) throw new Error(`${where}: its last bucket is not its count`);
    for (let i = 1; i < buckets.length; i += 1) {
      if (!(buckets[i][0] > buckets[i - 1][0])) throw new Error(`${where}: bounds do not rise`);
      if (buckets[i][1] < buckets[i - 1][1]) throw new Error(`${where}: buckets fall`);
    }
  }
}

// {families: Map(name -> {name, type, help, samples}), value(name, labels): the one sample that has these labels}
export function read_exposition(text) {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map();
  const seen = new Set();
  let current;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      if (!name_pattern.test(name)) throw new Error(`not a name: ${line}`);
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`${name} comes twice`);
        current = { name, samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0 || what.toLowerCase() in current) throw new Error(`late or twice: ${line}`);
      current[what.toLowerCase()] = rest;
      continue;
    }
    const name = /^[^{ ]+/.exec(line)?.[0] ?? '';
    if (!name_pattern.test(name)) throw new Error(`not a sample: ${line}`);
    const [labels, end] = labels_of(line, name.length);
    if (line[end] !== ' ') throw new Error(`no value: ${line}`);
    const value = number_of(line.slice(end + 1), line);
    const family = families.get(family_of(name, families));
    if (!family || family !== current) throw new Error(`a sample outside its family: ${line}`);
    if (!family.type || !family.help) throw new Error(`${name} has no TYPE or no HELP`);
    const identity = name + JSON.stringify(Object.entries(labels).sort());
    if (seen.has(identity)) throw new Error(`a series twice: ${line}`);
    seen.add(identity);
    if (family.type === 'counter' && value < 0) throw new Error(`a counter below 0: ${line}`);
    family.samples.push({ name, labels, value });
  }
  for (const family of families.values()) {
    if (family.samples.length === 0) throw new Error(`${family.name} has no sample`);
    if (family.type === 'counter' && !family.name.endsWith('_total')) throw new Error(`${family.name} does not end in _total`);
    if (family.type === 'histogram') check_histogram(family);
  }
  const value = (name, labels = {}) => {
    const fits = (families.get(family_of(name, families))?.samples ?? []).filter((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v));
    if (fits.length > 1) throw new Error(`${fits.length} series are ${name} ${JSON.stringify(labels)}`);
    return fits[0]?.value;
  };
  return { families, value };
}
