// A finished run: videos and controls in step, along one time line.
import { Controls } from './controls.js';
import { setBanner, clearBanner } from './banners.js';

const NAMES = { 'driving.mp4': 'Camera', 'animated.mp4': 'Portrait', 'robot.mp4': 'Robot', 'side_by_side.mp4': 'Side by side' };
const TITLES = { camera: 'Camera', animated: 'Portrait', robot: 'Robot' };
const $ = (id) => document.getElementById(id);
const element = (tag, text = '') => Object.assign(document.createElement(tag), { textContent: text });

function indexAt(times, time) {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time + 1e-3) low = middle; else high = middle - 1;
  }
  return low;
}

// A video of a run.
class Film {
  constructor(name, file) {
    this.title = NAMES[file];
    this.element = Object.assign(element('video'), { muted: true, playsInline: true, preload: 'auto',
      src: `/api/video?${new URLSearchParams({ name, file })}` });
    this.element.onloadedmetadata = () => this.onsize(this.element.videoWidth / this.element.videoHeight);
  }

  duration() { return this.element.duration || 0; }

  play() { this.element.play(); }

  pause() { this.element.pause(); }

  seek(time) { this.element.currentTime = Math.min(time, this.duration() || time); }

  follow(time) { if (Math.abs(this.element.currentTime - time) > 0.1 && time < this.duration()) this.seek(time); }
}

// The images of a view of a bag.
class Slides {
  constructor(name, view, times) {
    Object.assign(this, { name, view, times, shown: -1, title: TITLES[view], element: element('img') });
    this.element.alt = this.title;
    this.element.onload = () => this.onsize(this.element.naturalWidth / this.element.naturalHeight);
  }

  duration() { return this.times.at(-1) || 0; }

  play() {}

  pause() {}

  seek(time) {
    const number = indexAt(this.times, time);
    if (number === this.shown || !this.times.length) return;
    this.shown = number;
    this.element.src = `/api/bag_image?${new URLSearchParams({ name: this.name, view: this.view, number })}`;
  }

  follow(time) { this.seek(time); }
}

class Run {
  constructor() {
    this.media = [];
    this.time = 0;
    this.playing = null;
    this.index = 0;
    this.controls = new Controls($('controls'), { select: (i) => { this.index = i; this.draw(); }, jog: () => {} });
    $('seek').oninput = () => this.seek(Number($('seek').value));
    $('play').onclick = () => this.toggle();
    new ResizeObserver(() => this.draw()).observe($('chart'));
    $('chart').onpointerdown = (event) => this.seek(event.offsetX / $('chart').clientWidth * this.duration());
    requestAnimationFrame(() => this.follow());
  }

  async list() {
    const entries = await (await fetch('/api/runs')).json();
    if (!entries.length) return;
    $('run-list').replaceChildren(...entries.map(({ name, kind, time }) => {
      const button = Object.assign(element('button', name), { type: 'button', className: `run ${kind}` });
      button.append(element('small', `${kind}, ${new Date(time * 1000).toLocaleString()}`));
      button.onclick = () => this.open(name, button);
      return button;
    }));
  }

  async open(name, button) {
    const answer = await fetch(`/api/run?${new URLSearchParams({ name })}`);
    if (!answer.ok) return;
    const run = await answer.json();
    document.querySelectorAll('.run').forEach((other) => other.classList.toggle('on', other === button));
    if (run.trouble) setBanner('run', run.trouble); else clearBanner('run');
    $('choose').hidden = true;
    $('bag-view').hidden = run.kind !== 'bag';
    $('run-view').hidden = false;
    $('run-controls').hidden = !run.controls;
    $('run-name').textContent = name;
    this.pause();
    if (run.kind === 'bag') this.showBag(name, run); else this.showRun(name, run);
    this.table = run.controls;
    this.controls.build(run.controls?.controls || []);
    this.seek(0);
  }

  showBag(name, { topics, messages, duration_s: duration, path, views = {}, is_cut: isCut }) {
    $('run-figures').textContent = messages ? `${messages} messages in ${duration} s${isCut ? ', the beginning is shown' : ''}` : '';
    const list = element('ul');
    list.append(...Object.entries(topics).map(([topic, type]) => element('li', `${topic}  (${type})`)));
    const details = element('details');
    details.append(element('summary', 'Topics'), list);
    $('bag-view').replaceChildren(element('code', `ros_animate replay ${path}`), details);
    this.setMedia(Object.entries(views).map(([view, times]) => new Slides(name, view, times)));
  }

  showRun(name, run) {
    const { frames, fps, face_missing: missing } = run.report;
    $('run-figures').textContent = frames === undefined ? '' : `${frames} frames, ${fps} a second, ${missing} without a face`;
    const several = run.videos.filter((file) => file !== 'side_by_side.mp4');
    const files = several.length ? several : run.videos;
    this.setMedia(files.map((file) => new Film(name, file)));
  }

  setMedia(media) {
    this.media = media;
    $('videos').replaceChildren(...media.map((medium) => {
      const figure = Object.assign(element('figure'), { className: 'view live' });
      medium.onsize = (aspect) => figure.style.setProperty('--aspect', aspect);
      const caption = element('figcaption');
      caption.append(element('b', medium.title));
      figure.append(medium.element, caption);
      return figure;
    }));
  }

  duration() {
    return Math.max(0.01, ...this.media.map((medium) => medium.duration()), this.table?.times.at(-1) || 0);
  }

  toggle() {
    if (this.playing) this.pause(); else this.play();
  }

  play() {
    if (this.time >= this.duration() - 0.05) this.seek(0);
    this.playing = { from: this.time, at: performance.now() };
    this.media.forEach((medium) => medium.play());
    $('play').textContent = '❚❚';
  }

  pause() {
    this.playing = null;
    this.media.forEach((medium) => medium.pause());
    $('play').textContent = '▶';
  }

  seek(time) {
    if (this.playing) this.playing = { from: time, at: performance.now() };
    this.media.forEach((medium) => medium.seek(time));
    this.show(time);
  }

  follow() {
    if (this.playing) {
      const time = this.playing.from + (performance.now() - this.playing.at) / 1000;
      this.media.forEach((medium) => medium.follow(time));
      this.show(Math.min(time, this.duration()));
      if (time >= this.duration()) this.pause();
    }
    requestAnimationFrame(() => this.follow());
  }

  show(time) {
    this.time = time;
    Object.assign($('seek'), { max: this.duration(), value: time });
    $('clock').textContent = `${time.toFixed(2)} s`;
    if (!this.table) return;
    const command = this.table.positions[indexAt(this.table.times, time)];
    this.controls.update({ command, measured: command });
    this.draw();
  }

  draw() {
    const canvas = $('chart');
    const control = this.table?.controls[this.index];
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!control || !width) return;
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const x = (time) => width * time / this.duration();
    const y = (value) => 6 + (height - 12) * (control.high - value) / (control.high - control.low);
    context.strokeStyle = style.getPropertyValue('--command');
    context.beginPath();
    this.table.times.forEach((time, i) => context.lineTo(x(time), y(this.table.positions[i][this.index])));
    context.stroke();
    context.fillStyle = style.getPropertyValue('--quiet');
    context.fillText(control.name, 4, 12);
    context.fillStyle = style.getPropertyValue('--accent');
    context.fillRect(x(this.time) - 1, 0, 2, height);
  }
}

// NiceGUI builds the page after this file was loaded.
function start() {
  if (!document.getElementById('run-list')) {
    requestAnimationFrame(start);
    return;
  }
  window.run = new Run();
  window.run.list();
}
start();
