// Target, command and measured value of one control over the last 20 s.
const SPAN_MS = 20000;
const LINES = [['target', [5, 4], 1.5], ['measured', [], 3], ['command', [], 1.5]];

export class Chart {
  constructor(canvas, title) {
    this.canvas = canvas;
    this.title = title;
    this.controls = [];
    this.samples = [];
    this.index = 0;
  }

  build(controls) {
    this.controls = controls;
    this.samples = [];
  }

  select(index) {
    this.index = index;
    this.title.textContent = `${this.controls[index]?.name ?? ''} · last 20 s`;
    this.draw();
  }

  add({ target, command, measured }) {
    const now = performance.now();
    this.samples.push({ time: now, target, command, measured });
    while (this.samples.length && now - this.samples[0].time > SPAN_MS) this.samples.shift();
    if (!document.hidden) this.draw();
  }

  draw() {
    const control = this.controls[this.index];
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!control || !width) return;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const y = (value) => 8 + (height - 24) * (control.high - value) / (control.high - control.low);
    this.drawGrid(context, width, height, y, control, style);
    for (const [name, dash, thickness] of LINES) {
      context.setLineDash(dash);
      context.lineWidth = thickness;
      context.strokeStyle = style.getPropertyValue(`--${name}`);
      this.drawLine(context, width, name, y);
    }
    context.setLineDash([]);
  }

  drawGrid(context, width, height, y, control, style) {
    context.lineWidth = 1;
    context.setLineDash([]);
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = style.getPropertyValue('--quiet');
    context.strokeStyle = style.getPropertyValue('--line');
    for (const value of [control.low, control.neutral, control.high]) {
      const at = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(0, at);
      context.lineTo(width, at);
      context.stroke();
    }
    context.fillText(`${control.high}`, 2, y(control.high) + 11);
    context.fillText(`${control.low}`, 2, y(control.low) - 3);
    for (let seconds = 5; seconds < 20; seconds += 5) {
      context.fillText(`−${seconds} s`, width * (1 - seconds * 1000 / SPAN_MS) - 10, height - 3);
    }
  }

  drawLine(context, width, name, y) {
    const now = performance.now();
    let isDrawing = false;
    context.beginPath();
    for (const sample of this.samples) {
      const value = sample[name]?.[this.index];
      if (value === undefined) {
        isDrawing = false;
        continue;
      }
      const x = width * (1 - (now - sample.time) / SPAN_MS);
      context[isDrawing ? 'lineTo' : 'moveTo'](x, y(value));
      isDrawing = true;
    }
    context.stroke();
  }
}
