// A bar for each control, by group; in manual mode each one is a slider.
const SEND_MS = 50;

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

function formatted(value, unit) {
  if (value === undefined || value === null) return '–';
  return unit === '' ? value.toFixed(2) : `${value.toFixed(1)}${unit === 'deg' ? '°' : ' rad'}`;
}

class Control {
  constructor(description, index, actions) {
    Object.assign(this, description, { index, span: description.high - description.low });
    this.row = element('div', 'control');
    this.button = element('button', 'control-name', this.name);
    this.button.type = 'button';
    this.button.title = `Show ${this.name} in the chart`;
    this.button.onclick = () => actions.select(index);
    this.track = element('div', 'track');
    this.marks = {};
    for (const mark of ['shut-low', 'shut-high', 'fill', 'neutral', 'command', 'target']) {
      this.marks[mark] = element('i', mark);
      this.track.append(this.marks[mark]);
    }
    this.place('neutral', this.neutral);
    this.value = element('output', 'control-value');
    this.makeSlider(actions);
    this.row.append(this.button, this.track, this.value);
  }

  makeSlider(actions) {
    this.slider = element('input', 'jog');
    Object.assign(this.slider, { type: 'range', min: this.low, max: this.high, disabled: true,
      step: this.span / 500 });
    this.slider.setAttribute('aria-label', `Move ${this.name}`);
    this.slider.dataset.control = this.name;
    this.sentAt = 0;
    const send = () => {
      this.sentAt = performance.now();
      actions.jog(this.name, Number(this.slider.value));
    };
    this.slider.oninput = () => {
      this.touchedAt = performance.now();
      if (performance.now() - this.sentAt > SEND_MS) send();
    };
    this.slider.onchange = send;
    this.track.append(this.slider);
  }

  percent(value) {
    return Math.min(100, Math.max(0, 100 * (value - this.low) / this.span));
  }

  place(mark, value) {
    const { style } = this.marks[mark];
    style.display = value === null || value === undefined ? 'none' : '';
    if (value !== null && value !== undefined) style.left = `${this.percent(value)}%`;
  }

  update(target, command, measured, limits) {
    this.place('target', target);
    this.place('command', command);
    const shown = measured ?? command;
    const from = this.percent(this.neutral);
    const to = this.percent(shown ?? this.neutral);
    this.marks.fill.style.left = `${Math.min(from, to)}%`;
    this.marks.fill.style.width = `${Math.abs(to - from)}%`;
    this.value.textContent = formatted(shown, this.unit);
    if (this.coupled) this.showLimits(...(limits || [null, null]));
  }

  showLimits(low, high) {
    this.marks['shut-low'].style.width = `${low === null ? 0 : this.percent(low)}%`;
    const right = high === null ? 0 : 100 - this.percent(high);
    this.marks['shut-high'].style.width = `${right}%`;
  }

  setManual(manual, target) {
    this.slider.disabled = !manual;
    const isTouched = performance.now() - (this.touchedAt || 0) < 1000;
    if (target !== undefined && !isTouched) this.slider.value = target;
  }
}

export class Controls {
  constructor(place, actions) {
    this.place = place;
    this.controls = [];
    this.actions = { ...actions, select: (index) => this.select(index, actions.select) };
  }

  build(descriptions) {
    this.controls = descriptions.map((d, i) => new Control(d, i, this.actions));
    const groups = new Map();
    for (const control of this.controls) {
      if (!groups.has(control.group)) groups.set(control.group, []);
      groups.get(control.group).push(control);
    }
    this.place.replaceChildren(...[...groups].map(([name, controls]) => {
      const section = element('div', controls.length > 8 ? 'group long' : 'group');
      section.append(element('h3', 'group-name', name), ...controls.map((c) => c.row));
      return section;
    }));
    if (this.controls.length) this.actions.select(this.mostTelling());
  }

  // The jaw, where there is one, moves most.
  mostTelling() {
    return Math.max(0, this.controls.findIndex((c) => /jaw/i.test(c.name)));
  }

  select(index, then) {
    this.controls.forEach((c) => c.row.classList.toggle('selected', c.index === index));
    then(index);
  }

  update({ target, command, measured, limits = {} }) {
    this.controls.forEach((control, i) => {
      control.update(target?.[i], command?.[i], measured?.[i], limits[i]);
    });
  }

  setManual(manual, jog) {
    this.controls.forEach((control) => control.setManual(manual, jog[control.name]));
  }
}
