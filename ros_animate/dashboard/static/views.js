// The images, with the outline of the face that is followed.
const NAMES = ['camera', 'animated', 'robot'];
const HEADER_BYTES = 5;
const STALE_MS = 2000;

class View {
  constructor(figure) {
    this.figure = figure;
    this.canvas = figure.querySelector('canvas');
    this.rate = figure.querySelector('.rate');
    this.times = [];
    this.frames = 0;
  }

  draw(bitmap, size, decorate) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      this.figure.style.setProperty('--aspect', bitmap.width / bitmap.height);
    }
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    decorate(context, canvas);
    this.frames += 1;
    canvas.dataset.frames = this.frames;
    this.size = size;
    this.times.push(performance.now());
    if (this.times.length > 30) this.times.shift();
    this.figure.classList.add('live');
  }

  tick() {
    const now = performance.now();
    const recent = this.times.filter((time) => now - time < STALE_MS);
    this.figure.classList.toggle('live', recent.length > 0);
    const rate = recent.length > 1 ? (recent.length - 1) / (recent.at(-1) - recent[0]) * 1000 : 0;
    this.rate.textContent = recent.length ? `${this.size[0]} × ${this.size[1]} · ${rate.toFixed(0)} / s` : '';
  }
}

export class Views {
  constructor(figures) {
    this.views = Object.fromEntries([...figures].map((f) => [f.dataset.view, new View(f)]));
    this.face = null;
    setInterval(() => Object.values(this.views).forEach((view) => view.tick()), 500);
  }

  async show(data) {
    const header = new DataView(data, 0, HEADER_BYTES);
    const name = NAMES[header.getUint8(0)];
    const size = [header.getUint16(1, true), header.getUint16(3, true)];
    const blob = new Blob([new Uint8Array(data, HEADER_BYTES)], { type: 'image/jpeg' });
    const bitmap = await createImageBitmap(blob);
    this.views[name].draw(bitmap, size, (context, canvas) => {
      if (name === 'camera' && this.face) drawOutline(context, canvas, this.face.outline);
    });
    bitmap.close();
  }
}

function drawOutline(context, canvas, outline) {
  context.beginPath();
  outline.forEach(([x, y], i) => {
    context[i ? 'lineTo' : 'moveTo'](x * canvas.width, y * canvas.height);
  });
  context.closePath();
  context.lineWidth = 2;
  context.strokeStyle = '#4fd1b5';
  context.stroke();
}
