
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { words, messages, notes, left_out: leftOut } = data.talk;
  const make = (tag, cls, text) => {
    const e = document.createElement(tag);
    if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text;
    return e;
  };

  // Messages and notes in one list, by time; of two at the same time the note comes after.
  const items = [
    ...messages.map((m, i) => ({ t: m[0], side: m[1], message: m, order: i })),
    ...notes.map((n, i) => ({ t: n[0], side: n[1], note: n, order: messages.length + i })),
  ].sort((a, b) => a.t - b.t || a.order - b.order);
  const stem = item => words[item.message[2]].replace(/(Req|Res)$/, '');

  const content = message => {
    const box = make('div', 'content');
    const rows = message[5];
    for (let i = 0; i < rows.length; i += 3) {
      const line = make('div');
      line.append(make('span', '', '  '.repeat(rows[i]) + words[rows[i + 1]]), make('u', '', words[rows[i + 2]]));
      box.append(line);
    }
    return box;
  };

  const row = item => {
    const lane = make('span', 'lane');
    const side = item.side ? 'se' : 'ev';
    let box, last = '';
    if (item.note) {
      const name = words[item.note[2]], detail = words[item.note[3]];
      box = make('div', 'row note ' + side + (name === 'fault' ? ' fault' : ''));
      lane.append(make('i', '', detail ? name + ': ' + detail : name));
    } else {
      const message = item.message, facts = words[message[4]];
      const failed = /^FAILED|^error|^Failed/.test(facts);
      box = make('div', 'row said ' + side + (failed ? ' failed' : ''));
      const line = make('span', 'line');
      const parts = [make('b', '', words[message[2]]), make('span', 'facts', facts)];
      if (item.side) parts.reverse();
      line.append(...parts);
      line.title = facts;
      line.tabIndex = 0;
      line.setAttribute('role', 'button');
      const toggle = () => {
        const shown = lane.querySelector('.content');
        if (shown) shown.remove(); else lane.append(content(message));
        line.setAttribute('aria-expanded', String(!shown));
      };
      line.addEventListener('click', toggle);
      line.addEventListener('keydown', e => {
        if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); toggle(); }
      });
      lane.append(line);
      if (message[3] !== null) last = message[3].toFixed(2);
    }
    box.append(make('span', '', item.t.toFixed(3)), lane, make('span', '', last));
    return box;
  };

  // A long stretch of one exchange is folded; it unfolds some rows at a time.
  const STEP = 200, FOLD = 12, SHOWN = 4;
  const fold = (stretch, title) => {
    const box = make('div', 'row fold'), lane = make('span', 'lane'), button = make('button');
    let next = 0;
    const label = () => { button.textContent = next ? 'Show ' + (stretch.length - next) + ' more rows' : title; };
    button.addEventListener('click', () => {
      box.before(...stretch.slice(next, next + STEP).map(row));
      next += STEP;
      if (next >= stretch.length) box.remove(); else label();
    });
    label();
    lane.append(button);
    box.append(make('span', '', stretch[0].t.toFixed(3)), lane, make('span'));
    return box;
  };

  const talk = document.getElementById('talk'), found = document.getElementById('found');
  const all = () => {
    const out = [];
    let from = 0;
    while (from < items.length) {
      let to = from, name = null, count = 0;
      while (to < items.length) {
        const item = items[to];
        if (item.message) {
          name = name ?? stem(item);
          if (stem(item) !== name) break;
          count++;
        }
        to++;
      }
      const stretch = items.slice(from, to);
      if (count > FOLD) {
        const inner = stretch.slice(SHOWN, -SHOWN);
        const waits = inner.filter(i => i.message && i.message[3] !== null).map(i => i.message[3]);
        const longest = Math.max(0, ...waits.slice(0, 50000));
        const n = inner.filter(i => i.message).length, events = inner.length - n;
        const title = `▸ ${name}: ${n} messages` + (events ? `, ${events} events` : '') +
          `, longest response ${longest.toFixed(2)} ms`;
        out.push(...stretch.slice(0, SHOWN).map(row), fold(inner, title), ...stretch.slice(-SHOWN).map(row));
      } else {
        out.push(...stretch.map(row));
      }
      from = to;
    }
    talk.replaceChildren(...out);
    found.textContent = messages.length + ' messages' + (leftOut ? ', ' + leftOut + ' in the middle left out' : '');
  };
  const find = wanted => {
    const has = number => words[number].toLowerCase().includes(wanted);
    const hits = items.filter(({ message, note }) => message
      ? has(message[2]) || has(message[4]) || message[5].some((n, i) => i % 3 && has(n))
      : has(note[2]) || has(note[3]));
    talk.replaceChildren(...hits.slice(0, STEP).map(row));
    if (hits.length > STEP) talk.append(fold(hits.slice(STEP), '▸ ' + (hits.length - STEP) + ' more'));
    found.textContent = hits.length + ' found';
  };
  let timer;
  document.getElementById('find').addEventListener('input', event => {
    clearTimeout(timer);
    const wanted = event.target.value.trim().toLowerCase();
    timer = setTimeout(() => { if (wanted) find(wanted); else all(); }, 150);
  });
  all();

  // The cursor over the curves.
  const stops = data.stops, curves = document.getElementById('curves'), at = document.getElementById('at');
  const charts = [...curves.querySelectorAll('figure')].map(figure => ({
    svg: figure.querySelector('svg'), line: figure.querySelector('.cursor'), out: figure.querySelector('figcaption output'),
  }));
  const texts = s => [
    `${s[1]} kW` + (s[2] === null ? '' : ` · set-point ${s[2]}`) + ` · most ${s[3]} / ${s[4]}`,
    `${s[5]} A`, `${s[6]} V`, `${s[7]} %`,
  ];
  curves.addEventListener('pointermove', event => {
    const svg = event.target.closest('svg');
    if (!svg || !stops.length) return;
    const { left, width, seconds } = svg.dataset;
    const scale = svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
    const x = (event.clientX - svg.getBoundingClientRect().left) * scale;
    const t = (x - left) / width * seconds;
    let low = 0, high = stops.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stops[middle][0] < t) low = middle + 1; else high = middle;
    }
    if (low && t - stops[low - 1][0] < stops[low][0] - t) low--;
    const stop = stops[low], place = +left + stop[0] / seconds * width;
    at.textContent = `at ${stop[0].toFixed(3)} s`;
    texts(stop).forEach((text, i) => {
      charts[i].out.textContent = text;
      charts[i].line.setAttribute('x1', place);
      charts[i].line.setAttribute('x2', place);
    });
  });
})();
