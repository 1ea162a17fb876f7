// A finished run: videos and controls in step, along one time line.
import { Controls } from './controls.js';
import { setBanner, clearBanner } from './banners.js';

const NAMES = { 'driving.mp4': 'Camera', 'animated.mp4': 'Portrait', 'robot.mp4': 'Robot', 'side_by_side.mp4': 'Side by side' };
const $ = (id) => document.getElementById(id);
const element = (tag, text = '') => Object.assign(document.createElement(tag), { textContent: text });

class Run {
  constructor() {
    this.videos = [];
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
    $('run-view').hidden = run.kind !== 'run';
    $('run-controls').hidden = !run.controls;
    if (run.kind === 'bag') this.showBag(name, run); else this.showRun(name, run);
  }

  showBag(name, { topics, messages, duration_s: duration, path }) {
    const list = element('ul');
    list.append(...Object.entries(topics).map(([topic, type]) => element('li', `${topic}  (${type})`)));
    const title = Object.assign(element('div', name), { className: 'card-title' });
    const command = element('code', `ros_animate replay ${path}`);
    $('bag-view').replaceChildren(title, element('p', messages ? `${messages} messages in ${duration} s` : ''), list, command);
  }

  showRun(name, run) {
    $('run-name').textContent = name;
    const { frames, fps, face_missing: missing } = run.report;
    $('run-figures').textContent = frames === undefined ? '' : `${frames} frames, ${fps} a second, ${missing} without a face`;
    const several = run.videos.filter((file) => file !== 'side_by_side.mp4');
    const files = several.length ? several : run.videos;
    $('videos').replaceChildren(...files.map((file) => {
      const figure = Object.assign(element('figure'), { className: 'view live' });
      const video = Object.assign(element('video'), { muted: true, playsInline: true, preload: 'auto',
        src: `/api/video?${new URLSearchParams({ name, file })}` });
      video.onloadedmetadata = () => figure.style.setProperty('--aspect', video.videoWidth / video.videoHeight);
      const caption = element('figcaption');
      caption.append(element('b', NAMES[file]));
      figure.append(video, caption);
      return figure;
    }));
    this.videos = [...$('videos').querySelectorAll('video')];
    this.table = run.controls;
    this.controls.build(run.controls?.controls || []);
    this.time = 0;
    this.seek(0);
  }

  duration() {
    const ends = this.videos.map((video) => video.duration).filter(Number.isFinite);
    return Math.max(0.01, ...ends, this.table?.times.at(-1) || 0);
  }

  toggle() {
    const [first] = this.videos;
    if (!first) return;
    const starts = first.paused;
    this.videos.forEach((video) => (starts ? video.play() : video.pause()));
  }

  seek(time) {
    this.videos.forEach((video) => { video.currentTime = Math.min(time, video.duration || time); });
    this.show(time);
  }

  follow() {
    const [first, ...others] = this.videos;
    if (first && !first.paused) {
      others.filter((video) => Math.abs(video.currentTime - first.currentTime) > 0.08)
        .forEach((video) => { video.currentTime = first.currentTime; });
      this.show(first.currentTime);
    }
    $('play').textContent = first && !first.paused ? '❚❚' : '▶';
    requestAnimationFrame(() => this.follow());
  }

  show(time) {
    this.time = time;
    Object.assign($('seek'), { max: this.duration(), value: time });
    $('clock').textContent = `${time.toFixed(2)} s`;
    if (!this.table) return;
    const command = this.table.positions[this.row(time)];
    this.controls.update({ command, measured: command });
    this.draw();
  }

  row(time) {
    const { times } = this.table;
    let [low, high] = [0, times.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time + 1e-3) low = middle; else high = middle - 1;
    }
    return low;
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
